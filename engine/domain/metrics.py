"""Counting and timing, as plain accumulators: what one batch did, and how sums of them give percentiles.

A timing is kept as a histogram with logarithmic buckets: bucket i holds what took from GROWTH**i up to GROWTH**(i + 1)
microseconds. Any percentile is then known to half a bucket (2.5 %), whatever the number of timings, and histograms add up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from math import log
from typing import Any

GROWTH = 1.05
_LOG_GROWTH = log(GROWTH)

COUNTERS = (
    "signals_processed",
    "signals_failed",
    "signals_buy",
    "signals_sell",
    "signals_hold",
    "signals_strong_buy",
    "signals_strong_sell",
    "signals_low_confidence",
    "signals_held",
    "signals_refused",
    "signal_processing_errors",
    "orders_created",
    "orders_submitted",
    "orders_executed",
    "orders_cancelled",
    "orders_rejected",
    "orders_expired",
    "orders_processed",
    "failed_orders",
    "order_processing_errors",
    "order_execution_errors",
    "positions_opened",
    "positions_closed",
    "profitable_trades",
    "losing_trades",
    "profitable_positions",
    "losing_positions",
    "risk_alerts",
    "market_data_updates",
    "strategies_started",
    "strategies_stopped",
    "system_errors",
    "health_checks",
    "events_processed",
    "events_failed",
    "errors_count",
    "api_calls_count",
)
OPERATIONS = ("signal_processing", "order_execution", "signal_to_position", "event_handling", "batch")


@dataclass(slots=True)
class Histogram:
    """How long one operation took, over and over. Times in microseconds."""

    count: int = 0
    total_us: int = 0
    min_us: int = 0
    max_us: int = 0
    last_us: int = 0
    last_at: str = ""  # ISO, UTC: when the last of them was recorded
    buckets: dict[int, int] = field(default_factory=dict)

    def time(self, times: Sequence[int]) -> None:
        """Take in what single runs took, at least one of them, the latest last."""
        shortest = min(times)
        self.min_us = min(self.min_us, shortest) if self.count else shortest
        self.max_us = max(self.max_us, *times)
        self.count += len(times)
        self.total_us += sum(times)
        self.last_us = times[-1]
        for microseconds in times:
            bucket = bucket_of(microseconds)
            self.buckets[bucket] = self.buckets.get(bucket, 0) + 1

    def add(self, other: "Histogram") -> None:
        """Take in what another histogram holds."""
        if not other.count:
            return
        self.min_us = min(self.min_us, other.min_us) if self.count else other.min_us
        self.max_us = max(self.max_us, other.max_us)
        self.count += other.count
        self.total_us += other.total_us
        if other.last_at >= self.last_at:
            self.last_us, self.last_at = other.last_us, other.last_at
        for bucket, count in other.buckets.items():
            self.buckets[bucket] = self.buckets.get(bucket, 0) + count

    def copy(self) -> "Histogram":
        return Histogram(self.count, self.total_us, self.min_us, self.max_us, self.last_us, self.last_at, self.buckets.copy())

    def percentile(self, percent: float) -> float:
        """The time that `percent` of the timings did not exceed, in microseconds, interpolated within its bucket."""
        rank = self.count * percent / 100
        passed = 0
        for bucket, count in sorted(self.buckets.items()):
            if passed + count >= rank:
                within = float(GROWTH ** (bucket + (rank - passed) / count))
                return min(max(within, self.min_us), self.max_us)
            passed += count
        return float(self.max_us)

    def to_json(self) -> dict[str, Any]:
        return {
            "count": self.count,
            "total_us": self.total_us,
            "min_us": self.min_us,
            "max_us": self.max_us,
            "last_us": self.last_us,
            "last_at": self.last_at,
            "histogram": {str(bucket): count for bucket, count in self.buckets.items()},
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Histogram":
        return cls(
            stored["count"],
            stored["total_us"],
            stored["min_us"],
            stored["max_us"],
            stored["last_us"],
            stored["last_at"],
            {int(bucket): count for bucket, count in stored["histogram"].items()},
        )


@lru_cache(4096)  # most of what is timed takes one of a few hundred times
def bucket_of(microseconds: int) -> int:
    return int(log(microseconds) / _LOG_GROWTH) if microseconds > 1 else 0


@dataclass(slots=True)
class Delta:
    """What one batch counted and timed."""

    counters: dict[str, int] = field(default_factory=dict)
    timings: dict[str, Histogram] = field(default_factory=dict)

    def count(self, name: str, n: int = 1) -> None:
        self.counters[name] = self.counters.get(name, 0) + n

    def time(self, operation: str, microseconds: float) -> None:
        """How long one run of the operation took. A clock that was set back counts as no time at all."""
        self.time_all(operation, [max(0, int(microseconds))])

    def time_all(self, operation: str, times: Sequence[int]) -> None:
        """How long single runs of the operation took, if there were any."""
        if times:
            self.timings.setdefault(operation, Histogram()).time(times)

    def add(self, other: "Delta") -> None:
        """Take in what another delta holds."""
        for name, n in other.counters.items():
            self.counters[name] = self.counters.get(name, 0) + n
        for operation, histogram in other.timings.items():
            self.timings.setdefault(operation, Histogram()).add(histogram)

    def copy(self) -> "Delta":
        return Delta(self.counters.copy(), {name: histogram.copy() for name, histogram in self.timings.items()})

    def __bool__(self) -> bool:
        return bool(self.counters or self.timings)


@dataclass(frozen=True, slots=True)
class Timing:
    """How long an operation takes, in milliseconds. `last` is the latest of them, `last_at` when it was recorded."""

    count: int
    avg_ms: float
    min_ms: float
    max_ms: float
    p50: float
    p95: float
    p99: float
    last: float
    last_at: datetime

    @classmethod
    def of(cls, histogram: Histogram) -> "Timing":
        """The figures of a histogram that holds at least one timing."""
        return cls(
            count=histogram.count,
            avg_ms=_milliseconds(histogram.total_us / histogram.count),
            min_ms=_milliseconds(histogram.min_us),
            max_ms=_milliseconds(histogram.max_us),
            p50=_milliseconds(histogram.percentile(50)),
            p95=_milliseconds(histogram.percentile(95)),
            p99=_milliseconds(histogram.percentile(99)),
            last=_milliseconds(histogram.last_us),
            last_at=datetime.fromisoformat(histogram.last_at),
        )


def _milliseconds(microseconds: float) -> float:
    return round(microseconds / 1000, 3)
