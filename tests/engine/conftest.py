from decimal import Decimal
from typing import Any

import pytest

from engine import processing
from engine.domain.events import EventType
from engine.handlers import HANDLERS
from engine.models import Account
from tests.engine.flow import Clock, poison
from tests.support.factories import account, instrument

ROOMY = {
    "max_position_size_percent": Decimal(100),
    "max_portfolio_exposure_percent": Decimal(100),
    "max_sector_exposure_percent": Decimal(100),
}


@pytest.fixture
def desk(db: None) -> Account:
    """Three shares at 100 rupees, and the account of asha with a million and room to use it.

    A test that needs real commits asks for `transactional_db` as well.
    """
    for symbol, sector in {"RELIANCE": "Energy", "INFY": "IT", "BAD": "Metals"}.items():
        instrument(symbol, sector=sector)
    return roomy("asha")


def roomy(user_id: str, **limits: Any) -> Account:
    opened = account(user_id)
    Account.objects.filter(user_id=user_id).update(**(ROOMY | limits))
    opened.refresh_from_db()
    return opened


@pytest.fixture
def clock(settings: Any) -> Clock:
    settings.PRICE_MAX_AGE_SECONDS = 3600
    return Clock()


@pytest.fixture
def poisoned(desk: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """Signals for BAD make their handler raise."""
    monkeypatch.setitem(HANDLERS, EventType.SIGNAL_RECEIVED, poison())


@pytest.fixture(autouse=True)
def _turns_from_the_start() -> None:
    processing._served.clear()
