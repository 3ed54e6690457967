"""An account with a past: events of some days ago, some of which are still needed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.db.models import F

from engine import folding, processing, retention
from engine.models import Account, Event
from engine.processing import run_until_idle
from engine.retention import Pruned
from engine.services.trading import emergency_stop
from tests.engine.conftest import roomy
from tests.engine.flow import a_signal, rest, send
from tests.support.factories import instrument

NOW = datetime.now(UTC)
WEEK = timedelta(days=7)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """So few at a time that every border is crossed."""
    monkeypatch.setattr(folding, "CHUNK", 7)
    monkeypatch.setattr(retention, "WINDOW", 20)
    monkeypatch.setattr(retention, "IDS", 6)
    processing._served.clear()


def trade() -> None:
    """Some of everything: open and closed, long and short, held, refused, and a cancel by an emergency stop."""
    send(a_signal(size=10), a_signal(kind="SELL", size=None), a_signal(size=3), a_signal("INFY", "SELL", 5))
    send(a_signal(kind="HOLD"), a_signal(confidence=0), a_signal(size=50_000), user_id="ravi")
    rest(price=91, user_id="ravi")
    run_until_idle()


def age(days: float) -> None:
    """All that happened so far happened so many days earlier."""
    past = timedelta(days=days)
    Event.objects.update(created_at=F("created_at") - past, processed_at=F("processed_at") - past)
    for account in Account.objects.all():
        sent = [[second - int(past.total_seconds()), count] for second, count in account.orders_by_second]
        Account.objects.filter(pk=account.pk).update(orders_by_second=sent)


@pytest.fixture
def desk(db: None) -> Account:
    for symbol, sector in {"RELIANCE": "Energy", "INFY": "IT", "BAD": "Metals"}.items():
        instrument(symbol, sector=sector)
    return roomy("asha")


@pytest.fixture
def old_desk(desk: Account) -> Account:
    """A fortnight ago there was a lot; a resting order of asha's is still at work. Since then a little more."""
    roomy("ravi")
    trade()
    rest(price=90)
    emergency_stop(user_ids=["ravi"], by="chief", reason="drill", now=datetime.now(UTC))
    trade()
    age(14)
    send(a_signal(size=2), a_signal("INFY", "BUY", 1))
    run_until_idle()
    return desk


@pytest.fixture
def prune(tmp_path: Path) -> Callable[..., Pruned]:
    def run(before: datetime = NOW - WEEK) -> Pruned:
        return retention.prune(before=before, folder=tmp_path, now=datetime.now(UTC))

    return run


def log_of(stream: str) -> list[tuple[int, UUID]]:
    """The stream's handled events that are still in the log."""
    rows = Event.objects.filter(stream=stream, seq__isnull=False).order_by("seq")
    return [(seq or 0, uid) for seq, uid in rows.values_list("seq", "uid")]
