"""Asking each part how it is. What one look found is a `Findings`; `engine.health.verdict` says what to think of it."""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic, perf_counter

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count, Max, Min, Q

from engine import bus, config, metrics
from engine.domain.brokers import BreakerState, LiveBroker
from engine.domain.enums import AlertLevel, AlertStatus, Lane, StrategyStatus
from engine.models import Alert, Instrument, PendingEvent, PendingPrices, Strategy, Worker
from engine.selectors.brokers import breaker_state, live_broker
from engine.selectors.lanes import ALIVE_WITHIN, lanes_alive

LAYER_SECONDS = 0.5  # that a message may take there and back
LAYER_AGE_SECONDS = 1.0  # that an answer of the layer is good for: many who ask at once share one round trip
LATE = timedelta(seconds=10)  # a lane whose oldest work waits longer is behind


@dataclass(frozen=True, slots=True)
class LaneState:
    """A lane: whether a worker goes through it, how many items wait, and for how long the oldest of them has been due."""

    alive: bool
    waiting: int
    lag: timedelta

    @property
    def is_late(self) -> bool:
        return self.lag > LATE


@dataclass(frozen=True, slots=True)
class Prices:
    """The newest price of any instrument: where it came from, and how long ago it reached us. None: there never was one."""

    source: str = ""
    received_at: datetime | None = None
    age: timedelta | None = None

    @property
    def status(self) -> str:
        if self.age is None:
            return "none"
        return "stale" if self.age > timedelta(seconds=settings.PRICE_MAX_AGE_SECONDS) else "fresh"


@dataclass(frozen=True, slots=True)
class Findings:
    """What one look at every part found. `system_alerts` are the open ones that concern no account."""

    at: datetime
    database_ms: float
    layer_answers: bool
    config: config.Config
    config_problems: list[str]
    migrated: bool
    lanes: dict[Lane, LaneState]
    dead_letters: int
    prices: Prices
    strategies_failed: int
    system_alerts: dict[AlertLevel, int]
    open_alerts: int
    uptime: timedelta
    counters: dict[str, int]
    broker: LiveBroker | None = None  # where real orders go; None: all are on paper
    breaker: BreakerState = BreakerState.CLOSED

    @property
    def waiting(self) -> int:
        return sum(lane.waiting for lane in self.lanes.values())


def look(*, now: datetime) -> Findings:
    """Ask every part. Raises a database error when that is the part which is away."""
    database_ms = database_round_trip()
    settings_in_force, wrong = config.checked()
    system_alerts, open_alerts = _alerts()
    broker = live_broker()
    return Findings(
        at=now,
        database_ms=database_ms,
        layer_answers=_layer.answers(),
        config=settings_in_force,
        config_problems=wrong,
        migrated=is_migrated(),
        lanes=_lanes(now),
        dead_letters=PendingEvent.objects.filter(dead_at__isnull=False).count(),
        prices=_prices(now),
        strategies_failed=Strategy.objects.filter(status=StrategyStatus.ERROR).count(),
        system_alerts=system_alerts,
        open_alerts=open_alerts,
        uptime=uptime(now=now),
        counters=metrics.total_counters(),
        broker=broker,
        breaker=breaker_state(broker, now=now) if broker else BreakerState.CLOSED,
    )


def database_round_trip() -> float:
    """How long the database takes to answer, in ms."""
    started = perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return round((perf_counter() - started) * 1000, 3)


class _Layer:
    """The channel layer's last answer, shared for a second by all who ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answer = False
        self._asked_at = -LAYER_AGE_SECONDS

    def answers(self) -> bool:
        with self._lock:
            if monotonic() - self._asked_at >= LAYER_AGE_SECONDS:
                self._answer = bus.round_trip(seconds=LAYER_SECONDS)
                self._asked_at = monotonic()
            return self._answer

    def forget(self) -> None:
        self._asked_at = -LAYER_AGE_SECONDS


_layer = _Layer()


def is_migrated() -> bool:
    """Whether every migration is applied. Once they are, they stay so for the life of the process."""
    global _migrated  # noqa: PLW0603
    if not _migrated:
        executor = MigrationExecutor(connection)
        _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _migrated


_migrated = False


def _lanes(now: datetime) -> dict[Lane, LaneState]:
    """Each lane's worker, and the work that waits in it. Prices wait in market_data."""
    living = PendingEvent.objects.filter(dead_at__isnull=True).order_by().values("lane")
    work = living.annotate(waiting=Count("pk"), due=Min("due_at")).values_list("lane", "waiting", "due")
    waiting = {lane: (count, due) for lane, count, due in work}
    slices, oldest = PendingPrices.objects.aggregate(n=Count("pk"), oldest=Min("created_at")).values()
    if slices:
        events, due = waiting.get(Lane.MARKET_DATA, (0, oldest))
        waiting[Lane.MARKET_DATA] = (events + slices, min(due, oldest))
    alive = lanes_alive(now=now)
    states = {}
    for lane in Lane:
        count, due = waiting.get(lane, (0, now))
        states[lane] = LaneState(alive[lane], count, max(now - due, timedelta(0)))
    return states


def _prices(now: datetime) -> Prices:
    """The newest of them by arrival, for that is what freshness is judged by."""
    rows = Instrument.objects.filter(received_at__isnull=False).order_by().values_list("source")
    newest = max(rows.annotate(at=Max("received_at")), key=lambda row: row[1], default=None)
    return Prices(newest[0], newest[1], now - newest[1]) if newest else Prices()


def _alerts() -> tuple[dict[AlertLevel, int], int]:
    """The open alerts that concern the system itself, by level; and how many are open in all."""
    rows = Alert.objects.exclude(status=AlertStatus.RESOLVED).order_by().values("level")
    counts = rows.annotate(all=Count("pk"), system=Count("pk", filter=Q(account=None))).values_list("level", "all", "system")
    by_level = dict.fromkeys(AlertLevel, 0)
    total = 0
    for level, count, system in counts:
        by_level[AlertLevel(level)] = system
        total += count
    return by_level, total


def uptime(*, now: datetime) -> timedelta:
    """For how long the engine has been up: since the oldest worker that is alive was started; zero while none is."""
    started = Worker.objects.filter(beat_at__gte=now - ALIVE_WITHIN).aggregate(at=Min("started_at"))["at"]
    return max(now - started, timedelta(0)) if started else timedelta(0)
