"""A small market in the database: instruments, an account, and slices of prices that are applied at once."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from engine import log
from engine.domain.events import MARKET_STREAM
from engine.market import step
from engine.market.feeds import prices_publish
from engine.models import Account, Event, Instrument, Order, PendingEvent, Position
from engine.services.accounts import account_open
from tests.market.bars import START

ACCOUNT = "desk"


def set_up(*symbols: str, user_id: str = ACCOUNT, cash: int = 1_000_000) -> Account:
    """Instruments without a price, and an account that stands in the market's day."""
    Instrument.objects.bulk_create([Instrument(symbol=symbol) for symbol in symbols], ignore_conflicts=True)
    account = account_open(user_id=user_id, now=START, cash=Decimal(cash))
    log.ensure_streams([MARKET_STREAM])
    return account


def at(seconds: float) -> datetime:
    """Market time, from the first slice on."""
    return START + timedelta(seconds=seconds)


def publish(
    prices: Mapping[str, float],
    seconds: float = 0,
    *,
    bars: Mapping[str, Sequence[float]] | None = None,
    interval: str = "5s",
    day: int = 0,
) -> None:
    when = at(seconds) + timedelta(days=day)
    prices_publish(at=when, source="replay", interval=interval, prices=prices, bars=bars, now=timezone.now())


def apply_all(limit: int = 100) -> int:
    with transaction.atomic():
        return step.apply_waiting(now=timezone.now(), limit=limit)


def tick(prices: Mapping[str, float], seconds: float = 0, **options: Any) -> int:
    publish(prices, seconds, **options)
    return apply_all()


def position(quantity: int, symbol: str = "INFY", average: int = 100, user_id: str = ACCOUNT, **fields: Any) -> Position:
    return Position.objects.create(
        id=uuid4(),
        account_id=user_id,
        symbol=symbol,
        quantity=quantity,
        cost=quantity * average,
        average_price=average,
        status="OPEN",
        opened_at=START,
        updated_at=START,
        **fields,
    )


def order(side: str, order_type: str, *, status: str = "SUBMITTED", symbol: str = "INFY", **fields: Any) -> Order:
    return Order.objects.create(
        id=uuid4(),
        account_id=ACCOUNT,
        symbol=symbol,
        side=side,
        order_type=order_type,
        quantity=10,
        status=status,
        correlation_id=uuid4(),
        created_at=START,
        updated_at=START,
        **fields,
    )


def events(kind: str) -> list[Event]:
    return list(Event.objects.filter(type=kind).order_by("id"))


def forget_work() -> None:
    """As if the engine had handled all that waits, without any effect."""
    PendingEvent.objects.all().delete()
