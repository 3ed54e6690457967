"""Users, instruments and accounts for a test, written plainly. An account is opened as in life, so that its log is whole."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from knox.models import AuthToken

from engine.models import Account, Instrument
from engine.services.accounts import account_open
from tests.support.server import PASSWORD

CASH = Decimal(1_000_000)


def user_named(username: str, *, is_staff: bool = False) -> User:
    """A user with the suite's password; staff may also configure."""
    return User.objects.create_user(username, password=PASSWORD, is_staff=is_staff, is_superuser=is_staff)


def token_of(user: User) -> dict[str, Any]:
    """The request headers, for Django's test client, that prove to be the user."""
    return {"Authorization": f"Token {AuthToken.objects.create(user)[1]}"}


def instrument(symbol: str = "RELIANCE", *, price: Decimal | None = Decimal(100), sector: str = "Energy") -> Instrument:
    """A share whose price has come in just now; none when `price` is None."""
    now = datetime.now(UTC)
    priced: dict[str, Any] = {}
    if price is not None:
        priced = {"last_price": price, "previous_close": price, "priced_at": now, "received_at": now, "source": "simulated"}
    row, _ = Instrument.objects.update_or_create(symbol=symbol, defaults={"sector": sector, **priced})
    return row


def account(
    user_id: str = "asha", *, cash: Decimal = CASH, members: Iterable[User] = (), now: datetime | None = None
) -> Account:
    """An open paper account."""
    return account_open(user_id=user_id, now=now or datetime.now(UTC), cash=cash, members=members)
