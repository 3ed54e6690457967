"""Files of bars as a live market: slice by slice, at a chosen pace, or in lock-step with the engine, as fast as it goes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from time import monotonic, sleep

from django.utils import timezone

from engine.domain.intervals import DAY, IST, interval_name
from engine.market.feeds import PriceSlice, prices_publish, slices_of
from engine.market.readers import Survey, bars_by_time
from engine.models import EquityPoint, PendingEvent, PendingPrices

SOURCE = "replay"
IDLE_POLL = 0.005  # seconds between two looks whether the engine is done
LONGEST_DAY_STEP = timedelta(hours=2, minutes=5)  # between the slices of a day's bar; nights are not waited for


@dataclass(slots=True)
class Progress:
    """How far a replay is. Market times; `slices` of `total` are published."""

    slices: int
    total: int
    at: datetime | None = None
    started: float = 0.0

    @property
    def seconds(self) -> float:
        return monotonic() - self.started


class Replay:
    """Publishes the slices of the surveyed files in order.

    `speed` is times the real pace; 0 is full speed, where each slice waits until the engine has done all that the one before it
    set off: two replays then come to the same end. `drive` runs the engine in this process until it is idle; None leaves it
    to others. `wait_for_engine` is off where nobody would ever do the work.
    """

    def __init__(
        self,
        survey: Survey,
        *,
        speed: float,
        drive: Callable[[], int] | None,
        wait_for_engine: bool = True,
        tell: Callable[[Progress], None] = lambda progress: None,
    ) -> None:
        self.survey, self.speed, self.drive, self.tell = survey, speed, drive, tell
        self.wait_for_engine = wait_for_engine
        self.progress = Progress(0, survey.times * 4)

    def run(self) -> Progress:
        """All of it. Raises FeedError when a file changed since it was surveyed."""
        progress, interval = self.progress, interval_name(self.survey.interval)
        progress.started = monotonic()
        for prices in self._slices():
            self._pace(prices.at)
            prices_publish(
                at=prices.at, source=SOURCE, interval=interval, prices=prices.prices, bars=prices.bars, now=timezone.now()
            )
            self._let_engine_work()
            progress.slices, progress.at = progress.slices + 1, prices.at
            self.tell(progress)
        return progress

    def _slices(self) -> Iterator[PriceSlice]:
        for bars in bars_by_time(self.survey.files):
            yield from slices_of(bars, self.survey.interval)

    def _pace(self, at: datetime) -> None:
        before = self.progress.at
        if self.speed and before is not None:
            longest = LONGEST_DAY_STEP if self.survey.interval >= DAY else self.survey.interval
            sleep(max(timedelta(0), min(at - before, longest)).total_seconds() / self.speed)

    def _let_engine_work(self) -> None:
        if self.drive:
            self.drive()
        while self.wait_for_engine and not self.speed and not is_idle():
            sleep(IDLE_POLL)
            if self.drive:
                self.drive()


def is_idle() -> bool:
    """Whether the engine has nothing left to do. What was given up counts as done."""
    return not PendingPrices.objects.exists() and not PendingEvent.objects.filter(dead_at__isnull=True).exists()


def equity_by_day(user_id: str, first: datetime, last: datetime) -> dict[date, Decimal]:
    """The account's equity at the last point of each market day, in rupees."""
    points = EquityPoint.objects.filter(account=user_id, at__range=(first, last)).order_by("at")
    return {at.astimezone(IST).date(): equity for at, equity in points.values_list("at", "equity")}
