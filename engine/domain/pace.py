"""How fast an account trades: what the rules of pace count, kept up by each order that goes to the market."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from engine.domain.enums import Side
from engine.domain.orders import Order

MINUTE = timedelta(minutes=1)
NO_TIME = timedelta(0)

SignalKey = tuple[str, Side, str]  # symbol, side, strategy id


@dataclass(slots=True)
class Pace:
    """Orders sent this trading day and this minute, and when signals were last acted upon.

    A minute begins with its first order: counting is exact, and costs the same however many orders there are.
    """

    orders_today: int = 0
    orders_in_minute: int = 0
    minute_began: datetime | None = None
    last_signals: dict[SignalKey, datetime] = field(default_factory=dict)

    def count(self, order: Order, at: datetime) -> None:
        """The order goes to the market."""
        if self.minute_began is None or not NO_TIME <= at - self.minute_began < MINUTE:
            self.minute_began, self.orders_in_minute = at, 0
        self.orders_in_minute += 1
        self.orders_today += 1
        if order.signal_id:
            self.last_signals[order.symbol, order.side, order.strategy_id] = at

    def start_day(self) -> None:
        self.orders_today = 0

    def in_minute(self, now: datetime) -> int:
        """Orders sent so far in the minute that `now` is in."""
        began = self.minute_began
        return self.orders_in_minute if began is not None and NO_TIME <= now - began < MINUTE else 0
