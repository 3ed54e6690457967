import heapq
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from engine.domain.events import FULL_NAMES, EventType
from engine.models import Event
from engine.selectors.log_times import created_between
from engine.selectors.units import Scope, milliseconds

MAX_RETRIES = 3  # attempts before an event is a dead letter
TRACE_LIMIT = 1_000  # events of one chain
COUNT_LIMIT = 10_000  # more than anybody reads


def events_history(
    user_id: str | None = None,
    event_type: EventType | None = None,
    correlation_id: UUID | None = None,
    limit: int = 100,
    before_id: int | None = None,
    *,
    symbol: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    oldest_first: bool = False,
    user_ids: Scope = None,
) -> list[dict[str, Any]]:
    """The last `limit` events of the log, newest first, or those same ones oldest first.

    `before_id` (a `log_id`) pages further back. `user_ids` bounds what a reader may see; within it, `user_id` picks
    one account. A bound of time costs one statement more.
    """
    rows = _matching(event_type, correlation_id, symbol, since, until)
    if before_id:
        rows = rows.filter(id__lt=before_id)
    events = [event_dict(row) for row in _latest(rows, _streams(user_id, user_ids), limit)]
    return events[::-1] if oldest_first else events


def events_counted(
    *,
    from_id: int,
    event_type: EventType | None = None,
    correlation_id: UUID | None = None,
    symbol: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    user_ids: Scope = None,
) -> int:
    """How many such events stand in the log from the number `from_id` on, COUNT_LIMIT at most."""
    rows = _matching(event_type, correlation_id, symbol, since, until).filter(id__gte=from_id)
    if user_ids is not None:
        rows = rows.filter(stream__in=user_ids)
    return rows.order_by()[:COUNT_LIMIT].count()


def _matching(
    event_type: EventType | None,
    correlation_id: UUID | None,
    symbol: str | None,
    since: datetime | None,
    until: datetime | None,
) -> QuerySet[Event]:
    rows = Event.objects.filter(created_between(since, until))
    if symbol:
        rows = rows.filter(symbol=symbol)
    if event_type:
        rows = rows.filter(type=event_type)
    return rows.filter(correlation_id=correlation_id) if correlation_id else rows


def _streams(user_id: str | None, user_ids: Scope) -> Sequence[str] | None:
    if user_id is None:
        return user_ids
    return [user_id] if user_ids is None or user_id in user_ids else []


def _latest(rows: QuerySet[Event], streams: Sequence[str] | None, limit: int) -> list[Event]:
    """The newest of the streams. One statement per stream: `stream IN (...) ORDER BY id` would sort whole streams,
    while each single one is read from the end of its index."""
    if streams is None:
        return list(rows.order_by("-id")[:limit])
    heads = [list(rows.filter(stream=stream).order_by("-id")[:limit]) for stream in streams]
    return list(islice(heapq.merge(*heads, key=lambda event: event.id, reverse=True), limit))


def event_dict(row: Event) -> dict[str, Any]:
    """An event with the keys of both old histories. `log_id` is its place in the log, for paging."""
    retries = max(row.attempts - 1, 0)
    return {
        "id": row.uid,
        "log_id": row.id,
        "event_type": row.type,
        "full_event_type": FULL_NAMES.get(EventType(row.type), row.type),
        "data": row.data,
        "user_id": None if row.stream.startswith("$") else row.stream,
        "priority": row.priority,
        "correlation_id": row.correlation_id,
        "causation_id": row.causation_id,
        "timestamp": row.created_at,
        "created_at": row.created_at,
        "processed": row.processed_at is not None,
        "processed_at": row.processed_at,
        "processing_time": None if row.duration_us is None else row.duration_us / 1000,
        "retry_count": retries,
        "max_retries": MAX_RETRIES,
        "error": row.error,
    }


def event_numbered(log_id: int) -> dict[str, Any] | None:
    """One event by its place in the log; None when it is not there, or not there any more."""
    row = Event.objects.filter(id=log_id).first()
    return event_dict(row) | {"stream_seq": row.seq, "attempts": row.attempts} if row else None


def event_trace(correlation_id: UUID) -> list[dict[str, Any]]:
    """A chain in causal order (each event right before what it led to); one statement.

    `depth` counts the causes above it. `hop_ms` is the time from its cause's being handled to its own; for the
    first, from its creation. `total_ms` is the time from the chain's beginning. Both are None while the event waits.
    """
    rows = list(Event.objects.filter(correlation_id=correlation_id).order_by("id")[:TRACE_LIMIT])
    known = {row.uid for row in rows}
    effects: dict[UUID | None, list[Event]] = defaultdict(list)
    for row in rows:
        effects[row.causation_id if row.causation_id in known else None].append(row)
    trace: list[dict[str, Any]] = []
    waiting: list[tuple[Event, int, datetime]] = [(row, 0, row.created_at) for row in reversed(effects[None])]
    while waiting:
        row, depth, cause_at = waiting.pop()
        trace.append(event_dict(row) | {"depth": depth} | _hop(row, cause_at, rows[0].created_at))
        since = row.processed_at or row.created_at
        waiting += [(effect, depth + 1, since) for effect in reversed(effects[row.uid])]
    return trace


def _hop(row: Event, cause_at: datetime, begun_at: datetime) -> dict[str, float | None]:
    if row.processed_at is None:
        return {"hop_ms": None, "total_ms": None}
    return {"hop_ms": milliseconds(row.processed_at - cause_at), "total_ms": milliseconds(row.processed_at - begun_at)}
