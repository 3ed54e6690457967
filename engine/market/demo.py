"""The demo's market: simulated prices at a pace that a person can watch, and three strategies that trade on them."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import structlog
from django.db import Error as DatabaseError
from django.db import connection, transaction
from django.utils import timezone

from engine import log
from engine.domain.bars import Bar
from engine.domain.enums import StrategyType
from engine.domain.intervals import bar_start, interval_length
from engine.domain.simulator import SimulatedSlice, Simulator
from engine.domain.strategies import RULES
from engine.market.feeds import figures_of, prices_publish
from engine.market.history import candles_save
from engine.market.instruments import NIFTY_50_LISTINGS
from engine.models import Account, Candle, Instrument, Strategy
from engine.services.strategies import started

logger = structlog.get_logger(__name__)

SOURCE = "simulated"
INTERVAL = "5s"
BAR = interval_length(INTERVAL)
SEED = 50
BACKFILLED_BARS = 120
KEPT = timedelta(hours=6)  # of bars shorter than a minute
PRUNE_SPACING = timedelta(minutes=1)
LATEST = timedelta(seconds=5)  # behind the clock; then slices are left out

Execute = Callable[..., Awaitable[Any]]


class DemoFeed:
    """The simulator on the wall clock: one slice each `pace`, and a bar each five seconds."""

    def __init__(self, *, pace: timedelta, seed: int = SEED) -> None:
        self.pace, self.seed = pace, seed
        self.next_at: datetime  # market time of the next slice
        self._market: Simulator
        self._bars: dict[str, Bar] = {}  # in the making
        self._pruned_at: datetime | None = None

    def start(self, *, now: datetime) -> None:
        """Go on from the last prices there are; where strategies have too little to look back on, simulate that first."""
        symbols = [listing.symbol for listing in NIFTY_50_LISTINGS]
        priced = Instrument.objects.filter(symbol__in=symbols, last_price__isnull=False)
        latest = dict(priced.values_list("symbol", "last_price"))
        times = [at for at in priced.values_list("priced_at", flat=True) if at]
        seed = self.seed + int(max(times).timestamp()) if times else self.seed
        self._market = Simulator(NIFTY_50_LISTINGS, seed=seed, last_prices=latest)
        begun = bar_start(now, BAR)
        self.next_at = begun + ((now - begun) // self.pace + 1) * self.pace
        self._prune(now)
        known = Candle.objects.filter(symbol=symbols[0], interval=INTERVAL, start__lt=self.next_at)
        if known.count() < BACKFILLED_BARS:
            self._backfill()

    def publish_next(self, *, now: datetime) -> None:
        """Publish the slice that is due, with the bars that it closes. After a long delay, skip what was missed."""
        if now - self.next_at > LATEST:
            self.next_at, self._bars = bar_start(now, BAR), {}
        at, self.next_at = self.next_at, self.next_at + self.pace
        simulated = next(self._market)
        self._add(simulated, at)
        bars = self._closed(at)
        prices_publish(
            at=at,
            source=SOURCE,
            interval=INTERVAL,
            prices=simulated.prices,
            bars={bar.symbol: figures_of(bar) for bar in bars},
            now=now,
        )
        if self._pruned_at is None or now - self._pruned_at >= PRUNE_SPACING:
            self._prune(now)

    def _backfill(self) -> None:
        """The bars before the first slice, stored as if they had been traded."""
        slices_a_bar, end = max(1, BAR // self.pace), bar_start(self.next_at, BAR)
        with transaction.atomic():
            for place in range(BACKFILLED_BARS, 0, -1):
                start = end - place * BAR
                for _ in range(slices_a_bar):
                    self._add(next(self._market), start)
                candles_save(INTERVAL, list(self._bars.values()))
                self._bars = {}

    def _add(self, simulated: SimulatedSlice, at: datetime) -> None:
        start = bar_start(at, BAR)
        for symbol, price in simulated.prices.items():
            volume, bar = simulated.volumes[symbol], self._bars.get(symbol)
            if bar is None:
                self._bars[symbol] = Bar(symbol, start, price, price, price, price, volume)
            else:
                high, low = max(bar.high, price), min(bar.low, price)
                self._bars[symbol] = Bar(symbol, start, bar.open, high, low, price, bar.volume + volume)

    def _closed(self, at: datetime) -> list[Bar]:
        """The bars in the making, when the slice at `at` is their last."""
        if bar_start(at, BAR) == bar_start(at + self.pace, BAR):
            return []
        bars, self._bars = list(self._bars.values()), {}
        return bars

    def _prune(self, now: datetime) -> None:
        symbols = [listing.symbol for listing in NIFTY_50_LISTINGS]
        Candle.objects.filter(symbol__in=symbols, interval=INTERVAL, start__lt=now - KEPT).delete()
        self._pruned_at = now


async def run_demo_feed(*, stopping: asyncio.Event, pace_seconds: float = 0.5, execute: Execute | None = None) -> None:
    """Feed simulated prices until `stopping`. `execute` runs SQL in a thread; by default the feed has one of its own.

    A database that is away is waited for: the market goes on when it is back.
    """
    if execute is None:
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="demo-feed") as thread:
            await _run(stopping, pace_seconds, _executor(thread))
            await asyncio.get_running_loop().run_in_executor(thread, _close_connection)
    else:
        await _run(stopping, pace_seconds, execute)


async def _run(stopping: asyncio.Event, pace_seconds: float, execute: Execute) -> None:
    feed = DemoFeed(pace=timedelta(seconds=pace_seconds))
    work = feed.start
    while not stopping.is_set():
        wait = 0.0
        try:
            await execute(work, now=timezone.now())
            work = feed.publish_next
            wait = (feed.next_at - timezone.now()).total_seconds()
        except DatabaseError as error:
            logger.warning("demo_feed_waits", error=str(error).strip())
            wait = 1.0
        if wait > 0:
            await _sleep(wait, stopping)


async def _sleep(seconds: float, stopping: asyncio.Event) -> None:
    """Sleep, but wake up to stop."""
    try:
        async with asyncio.timeout(seconds):
            await stopping.wait()
    except TimeoutError:
        pass


def _executor(thread: ThreadPoolExecutor) -> Execute:
    def guarded(work: Callable[..., object], options: dict[str, Any]) -> None:
        try:
            work(**options)
        except DatabaseError:
            connection.close()
            raise

    async def execute(work: Callable[..., object], **options: Any) -> None:
        await asyncio.get_running_loop().run_in_executor(thread, guarded, work, options)

    return execute


def _close_connection() -> None:
    """Of the thread that this runs in."""
    connection.close()


# exits far enough away that a trade is about the market, not about its charges
PATIENT = {"stop_ranges": 8.0, "target_ranges": 12.0}
DEMO_STRATEGIES = (
    ("moving_average_cross", StrategyType.TREND_FOLLOWING, {"fast": 20, "slow": 60} | PATIENT),
    ("breakout", StrategyType.MOMENTUM, {"length": 100} | PATIENT),
    ("mean_reversion", StrategyType.MEAN_REVERSION, {"length": 60, "entry": 3.0} | PATIENT),
)
# the demo goes on trading, whatever its strategies earn
ROOMY = {
    "max_positions": 50,
    "max_daily_trades": 10_000,
    "max_drawdown_percent": Decimal(30),
    "min_win_rate_percent": Decimal(0),
    "max_errors": 1_000,
    "capital": Decimal(0),
}


@transaction.atomic
def demo_strategies_deploy(user_id: str, *, now: datetime, own_symbols: bool = False) -> list[Strategy]:
    """Deploy the three demo strategies to the account, where it does not have them yet; returns the new ones.

    Each trades every symbol, or, with `own_symbols`, a third of the NIFTY 50 of its own: all of it three times over would
    only run into the limit on exposure.
    """
    account = Account.objects.get(user_id=user_id)
    wanted = {_strategy_id(rule, user_id): (rule, kind, given) for rule, kind, given in DEMO_STRATEGIES}
    known = set(Strategy.objects.filter(id__in=wanted).values_list("id", flat=True))
    symbols = [listing.symbol for listing in NIFTY_50_LISTINGS]
    new = [
        Strategy(
            id=strategy_id,
            account=account,
            name=RULES[rule].title,
            strategy_type=kind,
            rule=rule,
            symbols=symbols[place::3] if own_symbols else [],
            parameters=RULES[rule].parameters(given),
            deployed_at=now,
            updated_at=now,
            **ROOMY,
        )
        for place, (strategy_id, (rule, kind, given)) in enumerate(wanted.items())
        if strategy_id not in known
    ]
    Strategy.objects.bulk_create(new)
    log.append([started(strategy, by="demo", now=now) for strategy in new], now=now)
    return new


def _strategy_id(rule: str, user_id: str) -> str:
    """At most 64 characters; an account's id may have as many itself."""
    name = f"{rule}-{user_id}"
    return name if len(name) <= 64 else f"{rule}-{uuid5(NAMESPACE_OID, user_id)}"
