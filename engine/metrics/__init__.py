"""Live metrics: counters and timings in buckets of a minute and of an IST trading day, written once per batch."""

from engine.domain.metrics import COUNTERS, OPERATIONS, Delta, Timing
from engine.metrics.reading import (
    counters,
    day_counters,
    day_timings,
    operations_by_minute,
    throughput,
    timings,
    total_counters,
)
from engine.metrics.recording import flush, forget, pending, prune, record

__all__ = [
    "COUNTERS",
    "OPERATIONS",
    "Delta",
    "Timing",
    "counters",
    "day_counters",
    "day_timings",
    "flush",
    "forget",
    "operations_by_minute",
    "pending",
    "prune",
    "record",
    "throughput",
    "timings",
    "total_counters",
]
