"""A bar of a price chart, and the grid that prices stand on."""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

TICK = Decimal("0.05")  # NSE's usual tick size, in rupees


@dataclass(frozen=True, slots=True)
class Bar:
    """What a symbol traded at from `start` on, for the length of the bar. Prices in rupees, volume in shares."""

    symbol: str
    start: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int = 0

    @property
    def is_up(self) -> bool:
        return self.close >= self.open

    @property
    def path(self) -> tuple[Decimal, Decimal, Decimal, Decimal]:
        """The four prices in the order that the bar's direction suggests: an up bar dips first, a down bar peaks first."""
        middle = (self.low, self.high) if self.is_up else (self.high, self.low)
        return self.open, *middle, self.close


def on_tick(price: float | Decimal, tick: Decimal = TICK) -> Decimal:
    """The tick nearest to a price, never below one tick. In rupees."""
    ticks = (Decimal(price) / tick).quantize(Decimal(1), ROUND_HALF_UP)
    return max(ticks, Decimal(1)) * tick
