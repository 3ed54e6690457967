"""Reading the metrics: the sums of every writer's rows."""

from collections.abc import Iterable, Set
from datetime import datetime, timedelta
from typing import Any

from engine.domain.metrics import COUNTERS, Delta, Histogram, Timing
from engine.metrics.buckets import day_start, minute_start
from engine.models import MetricBucket


def counters(*, now: datetime, window_minutes: int) -> dict[str, int]:
    """What was counted in the last `window_minutes`; known counters that did not move are there with 0."""
    return _summed_counters(_window("counters", now, window_minutes))


def day_counters(*, now: datetime) -> dict[str, int]:
    """What was counted in the IST trading day so far."""
    return _summed_counters(_days("counters", start=day_start(now)))


def total_counters() -> dict[str, int]:
    """What was counted since the system was first started."""
    return _summed_counters(_days("counters"))


def timings(*, now: datetime, window_minutes: int) -> dict[str, Timing]:
    """How long each operation took in the last `window_minutes`; operations that did not run are left out."""
    return _as_timings(_summed_timings(_window("timings", now, window_minutes)))


def day_timings(*, now: datetime) -> dict[str, Timing]:
    """How long each operation took in the IST trading day so far."""
    return _as_timings(_summed_timings(_days("timings", start=day_start(now))))


def operations_by_minute(names: Set[str], *, now: datetime, minutes: int) -> dict[str, list[Timing | None]]:
    """How each of the named operations went in each of the last minutes, oldest first; None where it did not run.

    One statement. A timing's `count` is how often it ran.
    """
    latest = minute_start(now)
    first = latest - timedelta(minutes=minutes - 1)
    found: dict[str, list[Histogram | None]] = {name: [None] * minutes for name in names}
    rows = MetricBucket.objects.filter(resolution="minute", start__gte=first, start__lte=latest)
    for start, stored in rows.values_list("start", "timings"):
        place = (start - first) // timedelta(minutes=1)
        for name in names & stored.keys():
            known = found[name][place] or Histogram()
            known.add(Histogram.from_json(stored[name]))
            found[name][place] = known
    return {name: [Timing.of(one) if one else None for one in places] for name, places in found.items()}


def throughput(*, now: datetime, minutes: int) -> list[dict[str, Any]]:
    """The last `minutes` minutes, oldest first, quiet ones included: what went through, and how long signals took."""
    latest = minute_start(now)
    first = latest - timedelta(minutes=minutes - 1)
    counted: dict[datetime, list[dict[str, int]]] = {}
    timed: dict[datetime, list[dict[str, Any]]] = {}
    rows = MetricBucket.objects.filter(resolution="minute", start__gte=first, start__lte=latest)
    for start, of_counters, of_timings in rows.values_list("start", "counters", "timings"):
        counted.setdefault(start, []).append(of_counters)
        timed.setdefault(start, []).append(of_timings)
    starts = [first + timedelta(minutes=n) for n in range(minutes)]
    return [_minute(start, counted.get(start, []), timed.get(start, [])) for start in starts]


def _minute(start: datetime, counted: list[dict[str, int]], timed: list[dict[str, Any]]) -> dict[str, Any]:
    sums = _summed_counters(counted)
    timing = _as_timings(_summed_timings(timed)).get("signal_processing")
    return {
        "at": start,
        "signals": sums["signals_processed"],
        "orders": sums["orders_created"],
        "fills": sums["orders_executed"],
        "errors": sums["errors_count"],
        "p50_ms": timing and timing.p50,
        "p99_ms": timing and timing.p99,
    }


def _window(column: str, now: datetime, window_minutes: int) -> list[dict[str, Any]]:
    """The rows that cover the window: its first day by the minute, the days after it (today included) whole."""
    since = minute_start(now) - timedelta(minutes=window_minutes)
    next_day = day_start(since + timedelta(days=1))
    rows = MetricBucket.objects.filter(resolution="minute", start__gte=since, start__lt=next_day)
    minutes = list(rows.values_list(column, flat=True))
    return minutes + _days(column, start__gte=next_day) if next_day <= now else minutes


def _days(column: str, **conditions: datetime) -> list[dict[str, Any]]:
    return list(MetricBucket.objects.filter(resolution="day", **conditions).values_list(column, flat=True))


def _summed_counters(rows: Iterable[dict[str, int]]) -> dict[str, int]:
    total = Delta(dict.fromkeys(COUNTERS, 0))
    for row in rows:
        total.add(Delta(row))
    return total.counters


def _summed_timings(rows: Iterable[dict[str, Any]]) -> dict[str, Histogram]:
    total = Delta()
    for row in rows:
        total.add(Delta(timings={operation: Histogram.from_json(stored) for operation, stored in row.items()}))
    return total.timings


def _as_timings(histograms: dict[str, Histogram]) -> dict[str, Timing]:
    return {operation: Timing.of(histogram) for operation, histogram in histograms.items()}
