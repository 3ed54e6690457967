from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import transaction
from pytest_django import Settings

from engine import alerts
from engine.domain.alerts import AlertRaised
from engine.domain.enums import AlertLevel, Lane
from engine.models import Worker
from engine.processing import run_until_idle
from tests.support.api import Api
from tests.support.factories import account, instrument, token_of, user_named
from tests.support.trading_days import trade_some_weeks

SYMBOLS = {"RELIANCE": "Energy", "INFY": "IT", "M&M": "Automobile", "BAJAJ-AUTO": "Automobile"}


@pytest.fixture
def desk(db: None) -> None:
    """Four priced shares, and one account each for two people."""
    for symbol, sector in SYMBOLS.items():
        instrument(symbol, sector=sector)
    account("asha", members=[user_named("asha"), user_named("ashas-teammate")])
    account("bala", members=[user_named("bala")])
    user_named("chief", is_staff=True)
    cache.clear()


@pytest.fixture
def caller(desk: None) -> Callable[[str], Api]:
    """The API in the hands of a user; of nobody for the empty name."""

    def as_whom(username: str) -> Api:
        return Api(token_of(User.objects.get(username=username)) if username else {})

    return as_whom


@pytest.fixture
def chief(caller: Callable[[str], Api]) -> Api:
    return caller("chief")


@pytest.fixture
def open_doors(settings: Settings) -> None:
    settings.TRADING_ENGINE_LEGACY_ANONYMOUS = True


@pytest.fixture(scope="module")
def traded(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Weeks of trading (meera, bala, the empty account, chief), once for a module; each test runs in a savepoint inside."""
    with django_db_blocker.unblock(), transaction.atomic():
        trade_some_weeks(user_named("meera"), user_named("bala"))
        user_named("chief", is_staff=True)
        account("empty")
        yield
        transaction.set_rollback(True)


@pytest.fixture
def busy(chief: Api) -> Api:
    """An engine that has traded, refused, held, and raised an alert."""
    now = datetime.now(UTC)
    Worker.objects.create(
        id="00000000-0000-4000-8000-000000000001",
        host="here",
        pid=1,
        lanes={lane.value: now.isoformat() for lane in Lane},
        started_at=now,
        beat_at=now,
    )
    chief.signals(
        [
            {"position_size": 10, "strategy_id": "breakout"},
            {"symbol": "INFY", "signal_type": "sell", "position_size": 5, "target_price": 90, "stop_loss": 110},
            {"signal_type": "HOLD"},
            {"confidence_score": 0.1},
        ]
    )
    chief.post("/orders", {"symbol": "INFY", "side": "BUY", "order_type": "LIMIT", "quantity": 3, "price": 50}, user_id="asha")
    run_until_idle()
    chief.signal("INFY", "BUY", position_size=5)
    alerts.alerts_raise([alert("system-one"), alert("of-asha", user_id="asha"), alert("of-bala", user_id="bala")], now=now)
    run_until_idle()
    return chief


def alert(fingerprint: str, **fields: Any) -> AlertRaised:
    return AlertRaised(
        level=AlertLevel.WARNING,
        title=f"About {fingerprint}",
        message="Look at it",
        component="risk_engine",
        fingerprint=fingerprint,
        **fields,
    )
