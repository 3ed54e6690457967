"""A strategy in its account's book: where it stands, what it may do, and what it has done; and the one table of its life."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from engine.domain.enums import LifecycleStage, StrategyStatus, TriggeredBy
from engine.domain.values import as_decimal

ZERO = Decimal(0)


class StrategyTrigger(StrEnum):
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    RETIRE = "retire"


LIFE_CYCLE: dict[tuple[StrategyStatus, StrategyTrigger], StrategyStatus] = {
    (StrategyStatus.ACTIVE, StrategyTrigger.PAUSE): StrategyStatus.PAUSED,
    (StrategyStatus.ACTIVE, StrategyTrigger.STOP): StrategyStatus.STOPPED,
    (StrategyStatus.PAUSED, StrategyTrigger.RESUME): StrategyStatus.ACTIVE,
    (StrategyStatus.PAUSED, StrategyTrigger.STOP): StrategyStatus.STOPPED,
    (StrategyStatus.ERROR, StrategyTrigger.RESUME): StrategyStatus.ACTIVE,
    (StrategyStatus.ERROR, StrategyTrigger.STOP): StrategyStatus.STOPPED,
    (StrategyStatus.STOPPED, StrategyTrigger.RESUME): StrategyStatus.ACTIVE,
    (StrategyStatus.ACTIVE, StrategyTrigger.RETIRE): StrategyStatus.RETIRED,
    (StrategyStatus.PAUSED, StrategyTrigger.RETIRE): StrategyStatus.RETIRED,
    (StrategyStatus.ERROR, StrategyTrigger.RETIRE): StrategyStatus.RETIRED,
    (StrategyStatus.STOPPED, StrategyTrigger.RETIRE): StrategyStatus.RETIRED,
}
STAGES = {
    StrategyStatus.ACTIVE: LifecycleStage.ACTIVE,
    StrategyStatus.PAUSED: LifecycleStage.PAUSED,
    StrategyStatus.ERROR: LifecycleStage.PAUSED,
    StrategyStatus.STOPPED: LifecycleStage.STOPPED,
    StrategyStatus.RETIRED: LifecycleStage.RETIRED,
}


class StageReached(NamedTuple):
    """One step of a strategy's life, for its lifecycle log."""

    id: UUID
    strategy_id: str
    stage: LifecycleStage
    previous_stage: LifecycleStage | None
    at: datetime
    triggered_by: TriggeredBy
    reason: str
    metadata: Mapping[str, Any]
    number: int = 0  # its place among the steps of one moment


@dataclass(slots=True)
class StrategyState:
    """One strategy of a book. Money in rupees, `*_percent` in percent.

    A *trade* is a round trip: a position that the strategy opened and closed. `capital` is what its losses are measured
    against; 0 for the account's equity at the start of the day. Limits hold, and figures are counted, while it is `watched`:
    from when it is started, resumed or modified, so that no log of before has to be counted anew.
    """

    status: StrategyStatus
    reason: str = ""
    watched: bool = False
    # its limits
    max_positions: int = 10
    max_daily_trades: int = 50
    max_drawdown_percent: Decimal = Decimal(15)
    min_win_rate_percent: Decimal = Decimal(40)
    max_errors: int = 10
    capital: Decimal = ZERO
    # what it did
    signals: int = 0
    last_signal_at: datetime | None = None
    traded_on: date | None = None  # the trading day of `trades_today`
    trades_today: int = 0  # orders that opened or enlarged a position
    open_positions: int = 0
    trades: int = 0
    wins: int = 0
    net_pnl: Decimal = ZERO  # of its closed positions, after charges
    # what its limits look at, since it was started or last resumed
    peak_pnl: Decimal = ZERO  # the highest `net_pnl`
    trades_before: int = 0
    wins_before: int = 0
    errors: int = 0
    last_error: str = ""

    def after(self, trigger: StrategyTrigger) -> StrategyStatus | None:
        """Where the trigger leads from here; None where it leads nowhere."""
        return LIFE_CYCLE.get((self.status, trigger))

    def limit(self, given: Mapping[str, Any]) -> None:
        """Take over the limits that an event names."""
        for name, kind in LIMITS.items():
            if name in given:
                setattr(self, name, kind(given[name]))

    def watch(self, open_positions: int) -> None:
        """From here on figures are counted, and limits hold."""
        if not self.watched:
            self.watched, self.open_positions = True, open_positions

    def begin_anew(self) -> None:
        """Somebody looked at it: what its limits measure begins again."""
        self.peak_pnl = self.net_pnl
        self.trades_before, self.wins_before = self.trades, self.wins
        self.errors, self.last_error = 0, ""

    def count_signal(self, at: datetime) -> None:
        self.signals += 1
        self.last_signal_at = at

    def count_entry(self, day: date) -> None:
        self.trades_today = self.traded(day) + 1
        self.traded_on = day

    def traded(self, day: date) -> int:
        """How many entries it made on this trading day."""
        return self.trades_today if self.traded_on == day else 0

    def count_trade(self, net_pnl: Decimal) -> None:
        """One of its positions was closed, with this gain, in rupees after charges."""
        self.open_positions -= 1
        self.trades += 1
        self.wins += net_pnl > 0
        self.net_pnl += net_pnl
        self.peak_pnl = max(self.peak_pnl, self.net_pnl)


# its limits by name, with what makes a value of an event's number
LIMITS: dict[str, type[int] | Any] = {
    "max_positions": int,
    "max_daily_trades": int,
    "max_drawdown_percent": as_decimal,
    "min_win_rate_percent": as_decimal,
    "max_errors": int,
    "capital": as_decimal,
}
