"""How fast an account trades: what the rules of pace count, kept up by each order that goes to the market."""

from dataclasses import dataclass, field
from datetime import datetime

from engine.domain.enums import Side
from engine.domain.orders import Order

MINUTE = 60  # seconds

SignalKey = tuple[str, Side, str]  # symbol, side, strategy id


@dataclass(slots=True)
class Pace:
    """Orders sent this trading day and in the last minute, and when signals were last acted upon.

    `orders_by_second` is [[second since 1970, orders sent in it], ...], oldest first, of the minute before the latest order: at
    most 61 entries, however many orders there are. The second that the minute began in counts as a whole, so that no sixty
    seconds ever hold more than what was counted.
    """

    orders_today: int = 0
    orders_by_second: list[list[int]] = field(default_factory=list)
    last_signals: dict[SignalKey, datetime] = field(default_factory=dict)
    _counted: int = field(init=False, repr=False)  # all of orders_by_second: adding them up for each order took 4 us

    def __post_init__(self) -> None:
        self._counted = sum(count for _, count in self.orders_by_second)

    def count(self, order: Order, at: datetime) -> None:
        """The order goes to the market."""
        self._count_second(int(at.timestamp()))
        self.orders_today += 1
        if order.signal_id:
            self.last_signals[order.symbol, order.side, order.strategy_id] = at

    def _count_second(self, second: int) -> None:
        counts = self.orders_by_second
        behind = counts[-1][0] - second if counts else -1
        if 0 <= behind <= MINUTE:  # by more than 0: the clock was set back a little, and the list stays in order
            counts[-1][1] += 1
            self._counted += 1
            return
        if behind > MINUTE:
            counts.clear()
            self._counted = 0
        counts.append([second, 1])
        self._counted += 1
        while counts[0][0] < second - MINUTE:
            self._counted -= counts.pop(0)[1]

    def start_day(self) -> None:
        self.orders_today = 0

    def in_minute(self, now: datetime) -> int:
        """Orders sent in the minute up to `now`."""
        second, counts = int(now.timestamp()), self.orders_by_second
        if not counts or abs(counts[-1][0] - second) > MINUTE:
            return 0
        passed = 0
        for sent_in, count in counts:
            if sent_in >= second - MINUTE:
                break
            passed += count
        return self._counted - passed
