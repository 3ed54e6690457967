"""People and an engine at work, for the pages to show."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.test import Client

from engine.domain.enums import SignalType
from engine.processing import run_until_idle
from engine.services.signals import SignalInput, signals_submit
from tests.support import factories

PEOPLE = ("owner", "teammate", "outsider", "staff")


@pytest.fixture
def visitors(db) -> dict[str, Client]:
    """Each of PEOPLE signed in; `asha` is the account of owner and teammate, `other` the outsider's."""
    users = {name: factories.user_named(name, is_staff=name == "staff") for name in PEOPLE}
    factories.account("asha", members=[users["owner"], users["teammate"]])
    factories.account("other", members=[users["outsider"]])
    clients = {name: Client() for name in PEOPLE}
    for name, client in clients.items():
        client.force_login(users[name])
    return clients


@pytest.fixture
def signal(db) -> Callable[..., str]:
    """Send a signal and let the engine finish; answers the correlation id."""
    factories.instrument()

    def send(
        user_id: str = "asha", signal_type: SignalType = SignalType.BUY, confidence: str = "0.9", symbol: str = "RELIANCE"
    ) -> str:
        wanted = SignalInput(
            symbol=symbol,
            signal_type=signal_type,
            confidence_score=Decimal(confidence),
            target_price=None,
            stop_loss=None,
            position_size=None,
            strategy_id="",
            signal_id=None,
        )
        [event] = signals_submit(user_id=user_id, signals=[wanted], now=datetime.now(UTC))
        run_until_idle()
        return str(event.correlation_id)

    return send
