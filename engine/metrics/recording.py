"""Writing the metrics: one statement per batch, in the batch's own transaction.

Every writer (a thread that records) has rows of its own and writes them whole: what it has committed plus what it is about to.
No two writers ever wait for the same row, and nothing is read before writing.
"""

import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, transaction

from engine import bulk
from engine.domain.metrics import Delta
from engine.metrics.buckets import day_start, minute_start
from engine.models import MetricBucket

MINUTES_KEPT = timedelta(days=8)  # a little more than the longest window that may be asked for

_UPSERT = """
    INSERT INTO engine_metricbucket (resolution, start, process, counters, timings, updated_at)
    VALUES (%s, %s, %s, %s, %s, %s), (%s, %s, %s, %s, %s, %s)
    ON CONFLICT (resolution, start, process)
    DO UPDATE SET counters = excluded.counters, timings = excluded.timings, updated_at = excluded.updated_at
"""


@dataclass(frozen=True, slots=True)
class _Span:
    """One minute, or one IST trading day."""

    resolution: str
    start: datetime


@dataclass(slots=True, eq=False)
class _Writer:
    """The rows of one thread, and what it has committed in the current minute and day. Only that thread touches it."""

    thread: threading.Thread
    process: UUID = field(default_factory=uuid4)
    committed: dict[str, tuple[_Span, Delta]] = field(default_factory=dict)

    def begin(self, minute: _Span) -> None:
        """A clock that was set back would overwrite older rows: from there on, the writer goes by another name."""
        current, _ = self.committed.get(minute.resolution, (minute, None))
        if minute.start < current.start:
            self.process, self.committed = uuid4(), {}

    def advance(self, span: _Span, delta: Delta) -> None:
        before, total = self.committed.get(span.resolution, (None, None))
        if total is None or before != span:
            total = Delta()
        total.add(delta)
        self.committed[span.resolution] = span, total

    def total(self, span: _Span, deltas: Iterable[Delta]) -> Delta:
        """What the row of this span is to hold."""
        before, committed = self.committed.get(span.resolution, (None, None))
        total = committed.copy() if committed is not None and before == span else Delta()
        for delta in deltas:
            total.add(delta)
        return total


@dataclass(slots=True, eq=False)
class _Advance:
    """What to remember once the transaction has committed. A rollback drops it, and with it the delta."""

    writer: _Writer
    spans: tuple[_Span, _Span]
    delta: Delta

    def __call__(self) -> None:
        for span in self.spans:
            self.writer.advance(span, self.delta)


_writers: list[_Writer] = []
_writers_lock = threading.Lock()


def _writer() -> _Writer:
    """The calling thread's writer; one that a finished thread left behind is taken over."""
    me = threading.current_thread()
    with _writers_lock:
        for writer in _writers:
            if writer.thread is me:
                return writer
        for writer in _writers:
            if not writer.thread.is_alive():
                writer.thread = me
                return writer
        _writers.append(_Writer(me))
        return _writers[-1]


def forget() -> None:
    """Go on under new names, with nothing counted yet: after the tables were emptied, and in a forked child."""
    _writers.clear()
    pending.take()


def record(delta: Delta, *, now: datetime) -> None:
    """Write what a batch counted and timed, in the batch's own transaction: one statement, whatever it holds.

    The delta is ours from here on: add no more to it.
    """
    if not delta:
        return
    writer = _writer()
    spans = _Span("minute", minute_start(now)), _Span("day", day_start(now))
    writer.begin(spans[0])
    stamp = now.astimezone(UTC).isoformat()
    for histogram in delta.timings.values():
        histogram.last_at = stamp
    parameters: list[Any] = []
    for span in spans:
        deltas = [advance.delta for advance in _uncommitted(writer) if span in advance.spans]
        parameters += _row(writer, span, writer.total(span, [*deltas, delta]), now)
    with connection.cursor() as cursor:
        cursor.execute(_UPSERT, parameters)
    transaction.on_commit(_Advance(writer, spans, delta), robust=True)


def _uncommitted(writer: _Writer) -> list[_Advance]:
    """What was recorded earlier in this transaction and not rolled back to a savepoint since: written, not yet remembered."""
    hooks = (entry[1] for entry in connection.run_on_commit)
    return [hook for hook in hooks if isinstance(hook, _Advance) and hook.writer is writer]


def _row(writer: _Writer, span: _Span, total: Delta, now: datetime) -> list[Any]:
    adapt = connection.ops.adapt_datetimefield_value
    timings = {operation: histogram.to_json() for operation, histogram in total.timings.items()}
    texts = bulk.dumps(total.counters), bulk.dumps(timings)
    return [span.resolution, adapt(span.start), writer.process.hex, *texts, adapt(now)]


class SharedDelta:
    """A delta that many threads add to: what web processes count between two flushes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._delta = Delta()

    def count(self, name: str, n: int = 1) -> None:
        with self._lock:
            self._delta.count(name, n)

    def time(self, operation: str, microseconds: float) -> None:
        with self._lock:
            self._delta.time(operation, microseconds)

    def add(self, delta: Delta) -> None:
        with self._lock:
            self._delta.add(delta)

    def take(self) -> Delta:
        """All of it, leaving nothing."""
        with self._lock:
            taken, self._delta = self._delta, Delta()
            return taken


pending = SharedDelta()
os.register_at_fork(after_in_child=forget)


def flush(*, now: datetime) -> bool:
    """Write what `pending` holds; about once a second is often enough. What cannot be written is kept for the next time."""
    delta = pending.take()
    if not delta:
        return False
    try:
        with transaction.atomic():
            record(delta, now=now)
    except BaseException:
        pending.add(delta)
        raise
    return True


def prune(*, now: datetime) -> int:
    """Drop the minutes that no window reaches any more; the days are kept."""
    return MetricBucket.objects.filter(resolution="minute", start__lt=now - MINUTES_KEPT).delete()[0]
