"""A trading desk to measure with: accounts rich enough that no limit binds, shares with a price, and signals in turn."""

import argparse
import json
import os
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import django
from django.utils import timezone

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "quantumleap.settings")
django.setup()

from engine import bus, log
from engine.domain.events import Event, EventType, new_event
from engine.models import Instrument
from engine.services.accounts import account_open

CASH = Decimal(10) ** 10  # rupees: ten shares more never come near a limit
SECTORS = ("Energy", "Banks", "IT", "Metals", "Pharma")


def options(**defaults: int) -> argparse.Namespace:
    """The command line's whole numbers."""
    parser = argparse.ArgumentParser()
    for name, value in defaults.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    return parser.parse_args()


def answer(**values: Any) -> None:
    """What the parent reads: the last line."""
    print(json.dumps(values, default=str))


def account_named(number: int) -> str:
    return f"bench-{number:03d}"


def open_desk(*, accounts: int, symbols: int, now: datetime) -> None:
    with bus.bus.muted():
        for number in range(accounts):
            account_open(user_id=account_named(number), now=now, cash=CASH)
    Instrument.objects.bulk_create(
        Instrument(
            symbol=f"S{number:03d}",
            sector=SECTORS[number % len(SECTORS)],
            last_price=100 + number,
            previous_close=100 + number,
            priced_at=now,
            received_at=now,
            source="simulated",
        )
        for number in range(symbols)
    )


def signal_data(number: int, *, accounts: int, symbols: int) -> dict[str, Any]:
    """Accounts take turns; each goes through all shares. Ten shares are bought."""
    return {
        "symbol": f"S{(number // accounts * 7 + number) % symbols:03d}",
        "signal_type": "BUY",
        "confidence_score": Decimal("0.9"),
        "target_price": None,
        "stop_loss": None,
        "position_size": Decimal(10),
        "strategy_id": "",
    }


def signal_events(first: int, count: int, *, accounts: int, symbols: int, now: datetime) -> list[Event]:
    return [
        new_event(
            EventType.SIGNAL_RECEIVED,
            account_named(number % accounts),
            now,
            signal_data(number, accounts=accounts, symbols=symbols),
        )
        for number in range(first, first + count)
    ]


def accept(count: int, *, batch: int, accounts: int, symbols: int) -> Iterator[int]:
    """Put `count` signals into the log and onto the lane, `batch` in a transaction, over all accounts in turn."""
    from django.db import transaction

    for first in range(0, count, batch):
        size = min(batch, count - first)
        with transaction.atomic():
            now = timezone.now()
            log.append(signal_events(first, size, accounts=accounts, symbols=symbols, now=now), now=now)
        yield size
