from datetime import UTC, datetime
from decimal import Decimal

import pytest

from engine.processing import run_until_idle
from engine.services.accounts import account_update_limits
from tests.support.api import Api
from tests.support.factories import account, instrument, token_of, user_named

SYMBOLS = {"RELIANCE": "Energy", "INFY": "IT", "HDFCBANK": "Financial Services", "ITC": "FMCG"}
ROOMY = {
    "max_position_size_percent": Decimal(100),
    "max_portfolio_exposure_percent": Decimal(100),
    "max_sector_exposure_percent": Decimal(100),
}


@pytest.fixture
def admin(transactional_db: None) -> Api:
    """The API in the hands of staff, with four priced shares and the account `asha`, whose own limits leave room."""
    for symbol, sector in SYMBOLS.items():
        instrument(symbol, sector=sector)
    open_roomy("asha")
    return Api(token_of(user_named("chief", is_staff=True)))


def open_roomy(user_id: str) -> None:
    """An account that is rich, and may put all of it into one symbol."""
    account(user_id, cash=Decimal(10_000_000))
    account_update_limits(user_id=user_id, limits=ROOMY, by="chief", now=datetime.now(UTC))
    run_until_idle()
