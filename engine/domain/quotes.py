"""An instrument's latest price, as handlers see it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

UNKNOWN_SECTOR = "Unknown"
LIVE = "live"  # the source of prices that keep the exchange's hours


@dataclass(frozen=True, slots=True)
class Quote:
    """An instrument and its latest price. `received_at` is when the price reached us."""

    symbol: str
    sector: str
    tick_size: Decimal
    lot_size: int
    last_price: Decimal | None
    received_at: datetime | None
    volume: int | None = None  # shares traded in the latest closed bar; None where the feed gives none
    source: str = ""  # simulated, replay or live
    volatility: Decimal | None = None  # of a day, as a fraction: lately, and usually
    usual_volatility: Decimal | None = None


Quotes = Mapping[str, Quote]  # by symbol. New prices make a new mapping: what was valued stays with the one that it saw


def sector_of(symbol: str, quotes: Quotes) -> str:
    quote = quotes.get(symbol)
    return quote.sector if quote else UNKNOWN_SECTOR
