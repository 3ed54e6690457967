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


def symbols_listed(symbols: Collection[str]) -> set[str]:
    """Which of the symbols are instruments that we know."""
    wanted, parameters = reading.among("symbol", symbols)
    return {symbol for (symbol,) in reading.select(Instrument, ("symbol",), f"where {wanted}", parameters)}


def quotes_of(symbols: Collection[str]) -> dict[str, Quote]:
    """The latest quote of each of the symbols that we know; one statement."""
    if not symbols:
        return {}
    wanted, parameters = reading.among("symbol", set(symbols))
    return {symbol: Quote(*quote) for symbol, *quote in reading.select(Instrument, FIELDS, f"where {wanted}", parameters)}
