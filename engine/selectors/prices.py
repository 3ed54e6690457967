from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from engine import reading
from engine.models import Instrument

FIELDS = ("symbol", "sector", "last_price", "previous_close", "priced_at", "received_at", "source")


@dataclass(frozen=True, slots=True)
class Quote:
    """What is known of an instrument's price: the price in rupees, its own time, and when it reached us."""

    sector: str
    last_price: Decimal | None
    previous_close: Decimal | None
    priced_at: datetime | None
    received_at: datetime | None
    source: str


UNQUOTED = Quote("Unknown", None, None, None, None, "")


def account_and_listed(user_id: str, symbols: Collection[str]) -> tuple[bool, set[str]]:
    """Whether there is such an account, and which of the symbols are instruments: one statement, at each signal."""
    wanted, parameters = reading.among("symbol", symbols)
    account = "select 1, user_id from engine_account where user_id = %s"
    instruments = f"select 0, symbol from engine_instrument where {wanted}"  # noqa: S608 - its text is ours
    found = reading.execute(f"{account} union all {instruments}", [user_id, *parameters])
    return any(is_account for is_account, _ in found), {name for is_account, name in found if not is_account}


def quotes_of(symbols: Collection[str]) -> dict[str, Quote]:
    """The latest quote of each of the symbols that we know; one statement."""
    if not symbols:
        return {}
    wanted, parameters = reading.among("symbol", set(symbols))
    return {symbol: Quote(*quote) for symbol, *quote in reading.select(Instrument, FIELDS, f"where {wanted}", parameters)}
