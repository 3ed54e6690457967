"""The append-only log and its small work table: append, claim, finish, retry. All SQL on events stands here."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from engine import bulk, bus
from engine.domain.enums import Lane
from engine.domain.events import Event, EventType
from engine.handlers.decide import Handled
from engine.models import Event as EventRow
from engine.models import PendingEvent, Stream

MAX_ATTEMPTS = 3
RETRY_SECONDS = (1, 4)  # before the second and the third attempt; each up to half longer, by chance
LONGEST_WAIT = timedelta(seconds=RETRY_SECONDS[-1] * 1.5)
# An event waits for its next attempt, never for its first, and never longer than a wait that we give: what is due later than
# that was written by a clock that has been set back since, or by one that runs ahead of ours.
IS_DUE = "(attempts = 0 or due_at <= %s or due_at > %s)"
STREAMS_A_BATCH = 16  # few, so that other processes find streams to work on
CANDIDATES = 4 * STREAMS_A_BATCH  # streams looked at for those: other processes may hold the first of them
EVENT_COLUMNS = (
    "id",
    "uid",
    "type",
    "stream",
    "seq",
    "data",
    "symbol",
    "priority",
    "correlation_id",
    "causation_id",
    "created_at",
    "processed_at",
    "duration_us",
    "attempts",
)
PENDING_COLUMNS = ("event_id", "lane", "stream", "priority", "due_at", "attempts", "last_error")
HANDLED_COLUMNS = EVENT_COLUMNS[1:]  # the table numbers what nobody has to wait for


@dataclass(frozen=True, slots=True)
class Claimed:
    """An event that is ours to handle in this transaction, and how often it failed before."""

    event: Event
    attempts: int


@dataclass(frozen=True, slots=True)
class Claim:
    """The streams that this transaction holds, with how many events each has handled; and their due events, in order.

    `last` is the last of the streams in the order in which they take turns.
    """

    seqs: dict[str, int]
    items: list[Claimed]
    last: str = ""


def append(events: Sequence[Event], *, now: datetime) -> list[int]:
    """Put events into the log and onto their lanes, all or none; the doorbells ring after commit. Returns the log's ids."""
    if not events:
        return []
    if len(events) == 1 and connection.vendor == "postgresql":
        ids = [_append_one(events[0], now)]
    else:
        with transaction.atomic(savepoint=False):
            ids = _append_all(events, now)
    bus.ring_after_commit({event.lane for event in events})
    return ids


def _append_one(event: Event, now: datetime) -> int:
    """In one statement, which needs no transaction around it: two round trips instead of six, of a signal's ten."""
    if event.stream.startswith("$"):
        ensure_streams([event.stream])
    row: list[Any] = list(_row(event))
    row[HANDLED_COLUMNS.index("data")] = bulk.dumps(event.data)
    with connection.cursor() as cursor:
        cursor.execute(
            f"with logged as (insert into engine_event ({', '.join(HANDLED_COLUMNS)}) "
            f"values ({', '.join(['%s'] * len(HANDLED_COLUMNS))}) returning id) "
            f"insert into engine_pendingevent ({', '.join(PENDING_COLUMNS)}) "
            "select id, %s, %s, %s, %s, 0, '' from logged returning event_id",
            [*row, event.lane, event.stream, event.priority, now],
        )
        return int(cursor.fetchone()[0])


def _append_all(events: Sequence[Event], now: datetime) -> list[int]:
    ensure_streams({event.stream for event in events if event.stream.startswith("$")})
    ids = bulk.reserve_ids(EventRow, len(events))
    bulk.insert(EventRow, EVENT_COLUMNS, [(id, *_row(event)) for event, id in zip(events, ids, strict=True)])
    bulk.insert(
        PendingEvent,
        PENDING_COLUMNS,
        [(id, event.lane, event.stream, event.priority, now, 0, "") for event, id in zip(events, ids, strict=True)],
    )
    return ids


def record(event: Event, *, seq: int) -> None:
    """Put an event into the log that is handled already, in this very transaction, as its stream's number `seq`."""
    bulk.insert(EventRow, HANDLED_COLUMNS, [_row(event, seq, event.at, 0)])


def _row(
    event: Event, seq: int | None = None, processed_at: datetime | None = None, duration_us: int | None = None
) -> tuple[object, ...]:
    return (
        event.uid,
        event.type,
        event.stream,
        seq,
        event.data,
        event.data.get("symbol"),
        event.priority,
        event.correlation_id,
        event.causation_id,
        event.at,
        processed_at,
        duration_us,
        0,
    )


def claim(lane: Lane, *, now: datetime, limit: int, after: str = "") -> Claim:
    """Lock the streams that have work in this lane, and take their due events, as fairly as the streams are many.

    `after` rotates: streams that sort behind it come first. A stream whose next event waits for another attempt is left alone:
    nothing overtakes it.
    """
    waiting = _streams_waiting(lane, now, after)
    if after and len(waiting) < STREAMS_A_BATCH:  # once around
        waiting = list(dict.fromkeys(waiting + _streams_waiting(lane, now, "")))
    seqs = lock_streams(waiting, at_most=STREAMS_A_BATCH)
    if not seqs:
        return Claim({}, [])
    items, held_up = [], set()
    for item, due_at in _heads(lane, list(seqs), max(1, limit // len(seqs))):
        stream = item.event.stream
        if not _is_due(item.attempts, due_at, now):
            held_up.add(stream)
        if stream not in held_up:
            items.append(item)
    return Claim(seqs, items, last=next(name for name in reversed(waiting) if name in seqs))


def _is_due(attempts: int, due_at: datetime, now: datetime) -> bool:
    """IS_DUE, for one that is read already."""
    return attempts == 0 or not now < due_at <= now + LONGEST_WAIT


def claim_one(event_id: int) -> Claim:
    """Lock the event's stream and take the event alone, if it still waits and nobody else holds its stream."""
    pending = PendingEvent.objects.filter(event_id=event_id, dead_at__isnull=True).values_list("lane", "stream").first()
    if pending is None:
        return Claim({}, [])
    lane, stream = pending
    seqs = lock_streams([stream])
    if not seqs:
        return Claim({}, [])
    heads = _heads(Lane(lane), [stream], 1)
    return Claim(seqs, [item for item, _ in heads if item.event.id == event_id])


def has_work(lane: Lane) -> bool:
    """Whether anything living waits in the lane, due or not: a glance, without a lock."""
    with connection.cursor() as cursor:  # asked several times for each event: the ORM's making of the statement is its cost
        cursor.execute("select 1 from engine_pendingevent where lane = %s and dead_at is null limit 1", [lane])
        return cursor.fetchone() is not None


def _streams_waiting(lane: Lane, now: datetime, after: str) -> list[str]:
    """The next streams behind `after` whose first event in the lane is due.

    A few steps through the index for each stream that is looked at, however much work each has and however many there are.
    """
    living = "from engine_pendingevent where lane = %s and dead_at is null"
    next_stream = f"select min(stream) {living} and stream > waiting.stream"
    is_due = f"select {IS_DUE} {living} and stream = waiting.stream order by priority desc, event_id limit 1"
    with connection.cursor() as cursor:
        cursor.execute(
            f"with recursive waiting(stream) as (select min(stream) {living} and stream > %s "
            f"union all select ({next_stream}) from waiting where waiting.stream is not null) "
            f"select stream from waiting where stream is not null and ({is_due}) limit %s",
            [lane, after, lane, *map(connection.ops.adapt_datetimefield_value, (now, now + LONGEST_WAIT)), lane, CANDIDATES],
        )
        return [row[0] for row in cursor.fetchall()]


def lock_streams(names: Sequence[str], *, at_most: int = 1000) -> dict[str, int]:
    """Lock the first of the streams that nobody else holds, until the transaction ends; how many events each has handled.

    On SQLite the transaction itself is the lock: there is one writer at a time.
    """
    if not names:
        return {}
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "select s.name, s.seq from unnest(%s::text[]) with ordinality as wanted (name, place) "
                "join engine_stream s on s.name = wanted.name order by place limit %s for update of s skip locked",
                [list(names), at_most],
            )
        else:
            marks = ", ".join(["%s"] * len(names[:at_most]))
            cursor.execute(f"select name, seq from engine_stream where name in ({marks})", names[:at_most])
        return dict(cursor.fetchall())


def _heads(lane: Lane, streams: Sequence[str], share: int) -> list[tuple[Claimed, datetime]]:
    """The first `share` events of each stream, by priority and age. Cut where one waits for another attempt."""
    head = (
        "select * from (select event_id, attempts, due_at from engine_pendingevent where lane = %s and stream = %s "
        "and dead_at is null order by priority desc, event_id limit %s) as head"
    )
    heads = " union all ".join([head] * len(streams))
    parameters = [value for stream in streams for value in (lane, stream, share)]
    with connection.cursor() as cursor:
        cursor.execute(
            "select e.id, e.uid, e.type, e.stream, e.data, e.correlation_id, e.causation_id, e.created_at, head.attempts, "
            f"head.due_at, e.priority from ({heads}) as head join engine_event e on e.id = head.event_id",
            parameters,
        )
        rows = cursor.fetchall()
    rows.sort(key=lambda row: (-row[10], row[0]))
    return [(Claimed(_event(row), row[8]), _time(row[9])) for row in rows]


def handled_at(stream: str, seq: int) -> datetime | None:
    """When the stream's event of that number was handled; None where it is not in the log, or not any more."""
    return EventRow.objects.filter(stream=stream, seq=seq).values_list("processed_at", flat=True).first()


def handled_events(stream: str, *, after: int, limit: int) -> list[tuple[int, Event]]:
    """The stream's handled events behind its number `after`, with their numbers, in the order in which they were handled."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select id, uid, type, stream, data, correlation_id, causation_id, created_at, seq from engine_event "
            "where stream = %s and seq > %s order by seq limit %s",
            [stream, after, limit],
        )
        return [(row[8], _event(row)) for row in cursor.fetchall()]


def handled_until(stream: str, *, after: int, until: datetime, limit: int) -> list[tuple[int, datetime, Event]]:
    """The same, each with when it was handled, and no further than the first that was handled later than `until`."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute(
            "select id, uid, type, stream, data, correlation_id, causation_id, created_at, seq, processed_at from engine_event "
            "where stream = %s and seq > %s order by seq limit %s",
            [stream, after, limit],
        )
        for row in cursor.fetchall():
            handled_at = _time(row[9])
            if handled_at > until:
                break
            found.append((row[8], handled_at, _event(row)))
    return found


def _event(row: Sequence[Any]) -> Event:
    id, uid, kind, stream, data, correlation_id, causation_id, created_at, *_ = row
    return Event(
        EventType(kind),
        stream,
        bulk.loads(data),
        _time(created_at),
        _uuid(correlation_id),
        None if causation_id is None else _uuid(causation_id),
        _uuid(uid),
        id,
    )


def finish(claimed: Sequence[Event], handled: Sequence[Handled], seqs: dict[str, int]) -> None:
    """Mark the claimed events done, put what followed into the log, and advance the streams: all in one transaction."""
    done, follow_ups = [], []
    for item in handled:
        event = item.event
        seqs[event.stream] += 1
        seq = seqs[event.stream]
        if event.id is None:
            follow_ups.append(_row(event, seq, item.at, item.duration_us))
        else:
            done.append((event.id, seq, item.at, item.duration_us))
    bulk.update(EventRow, ("id", "seq", "processed_at", "duration_us"), done)
    bulk.insert(EventRow, HANDLED_COLUMNS, follow_ups)
    bulk.delete(PendingEvent, "event", [event.id for event in claimed])
    bulk.update(Stream, ("name", "seq"), [(name, seqs[name]) for name in {item.event.stream for item in handled}])


def fail(item: Claimed, error: str, *, now: datetime) -> bool:
    """Count a failed attempt: due again after a while, or dead after the third. Returns whether it is dead now."""
    event_id, attempts = item.event.id or 0, item.attempts + 1
    dead = attempts >= MAX_ATTEMPTS
    wait = 0 if dead else RETRY_SECONDS[attempts - 1] * (1 + random.random() / 2)  # noqa: S311 - jitter, no secret
    # no lock is held any more: another process may have handled the event, or failed at it, in the meantime
    still_ours = PendingEvent.objects.filter(event_id=event_id, attempts=item.attempts, dead_at__isnull=True)
    if not still_ours.update(
        attempts=attempts, last_error=error, due_at=now + timedelta(seconds=wait), dead_at=now if dead else None
    ):
        return False
    EventRow.objects.filter(id=event_id).update(attempts=attempts, error=error)
    return dead


def dead_letter_fingerprint(event_id: int) -> str:
    return f"dead:{event_id}"


def ensure_streams(names: Iterable[str]) -> None:
    """Streams exist before anything is appended to them."""
    bulk.insert(Stream, ("name", "seq"), [(name, 0) for name in names], on_conflict="on conflict do nothing")


def _time(value: datetime | str) -> datetime:
    """PostgreSQL gives times with their zone; SQLite times or text without one, in UTC."""
    at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _uuid(value: UUID | str) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)
