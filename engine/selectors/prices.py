from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from engine.models import Instrument


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


def quotes_of(symbols: Collection[str]) -> dict[str, Quote]:
    """The latest quote of each of the symbols that we know; one statement."""
    if not symbols:
        return {}
    rows = Instrument.objects.filter(symbol__in=set(symbols)).values_list(
        "symbol", "sector", "last_price", "previous_close", "priced_at", "received_at", "source"
    )
    return {symbol: Quote(*quote) for symbol, *quote in rows}
