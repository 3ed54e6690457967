"""Prices on their way in: bars become slices of prices, and slices become the market_data lane's work."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction

from engine import bus
from engine.domain.bars import Bar
from engine.domain.enums import Lane
from engine.domain.intervals import DAY, market_day_bounds
from engine.models import PendingPrices

STEPS = 4  # slices of a bar: open, low and high as its direction suggests, close

Figures = tuple[float, float, float, float, int]  # open, high, low, close in rupees; volume in shares


@dataclass(frozen=True, slots=True)
class PriceSlice:
    """Prices of one instant of market time, in rupees; and the bars that close with it."""

    at: datetime
    prices: Mapping[str, float]
    bars: Mapping[str, Figures] = field(default_factory=dict)


def prices_publish(
    *,
    at: datetime,
    source: str,
    interval: str,
    prices: Mapping[str, float | Decimal],
    bars: Mapping[str, Sequence[float | Decimal]] | None = None,
    now: datetime,
) -> None:
    """Hand a slice of prices to the engine: committed, it will be applied. `at` is market time, `now` when it reached us.

    Raises ValueError for a price that is none.
    """
    checked = {symbol: _checked(symbol, price) for symbol, price in prices.items()}
    closed = {symbol: [float(figure) for figure in figures] for symbol, figures in (bars or {}).items()}
    with transaction.atomic():
        PendingPrices.objects.create(at=at, source=source, interval=interval, prices=checked, bars=closed, created_at=now)
        bus.ring_after_commit({Lane.MARKET_DATA})


def _checked(symbol: str, price: float | Decimal) -> float:
    price = float(price)
    if not 0 < price < float("inf"):
        raise ValueError(f"{symbol} cannot be priced at {price}")
    return price


def slices_of(bars: Sequence[Bar], interval: timedelta) -> Iterator[PriceSlice]:
    """The four slices of bars that begin together: their prices in the order each one's direction suggests."""
    times = _times(bars[0].start, interval)
    paths = {bar.symbol: bar.path for bar in bars}
    closed = {bar.symbol: figures_of(bar) for bar in bars}
    for step, at in enumerate(times):
        prices = {symbol: float(path[step]) for symbol, path in paths.items()}
        yield PriceSlice(at, prices, closed if step == STEPS - 1 else {})


def _times(start: datetime, interval: timedelta) -> list[datetime]:
    """When a bar's slices happen: evenly over the bar, all of them inside it; a day's bar from the opening to the close."""
    if interval >= DAY:
        opens, closes = market_day_bounds(start)
        return [opens + (closes - opens) * step / (STEPS - 1) for step in range(STEPS)]
    return [start + interval * step / STEPS for step in range(STEPS)]


def figures_of(bar: Bar) -> Figures:
    return float(bar.open), float(bar.high), float(bar.low), float(bar.close), bar.volume
