"""Old events out of the log, into archive files; never one that somebody still needs."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from uuid import UUID

from django.db import transaction

from engine import archives
from engine.domain.enums import HaltScope
from engine.domain.events import EventType
from engine.folding import UnfoldableError, latest_snapshot, snapshot_take
from engine.models import Alert, Event, EventArchive, Order, PendingEvent, Stream

WINDOW = 10_000  # events looked at, written to one file and deleted in one transaction: a second of SQLite's one writer at most
IDS = 2_000  # in one statement
HALTS = (EventType.EMERGENCY_STOP, EventType.TRADING_RESUMED)


class PruneConflictError(Exception):
    """Events that were to leave the log are gone from it, or needed again."""


@dataclass(slots=True)
class Pruned:
    """What a run did. `unfoldable` streams were left alone, each with the reason."""

    events: int = 0
    kept: int = 0
    files: list[str] = field(default_factory=list)
    size: int = 0
    unfoldable: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Candidate:
    id: int
    stream: str
    seq: int


def prune(*, before: datetime, folder: Path, now: datetime, tell: Callable[[Pruned], None] = lambda pruned: None) -> Pruned:
    """Move the events that were created and handled before that time into archive files in the folder.

    What stays, however old: what waits or was given up, with its whole chain; the chains of working orders and of open alerts;
    how everybody was halted and resumed, for that is in no account's book; what is behind its stream's latest snapshot, which
    is taken here where it is needed. Raises ArchiveBusyError, ArchiveDamagedError, OSError.

    A run that is killed loses nothing: the next one goes on.
    """
    pruned, last_id = Pruned(), 0
    with archives.locked(folder):
        held = held_chains()
        while True:
            window, last_id, old = _window(last_id, before, held)
            if not old:
                return pruned
            window = _covered(window, pruned, folder, now)
            pruned.kept += old - len(window)
            if window:
                archive = _move(window, folder, before=before, now=now)
                pruned.events += archive.events
                pruned.size += archive.size
                pruned.files.append(archive.name)
                tell(pruned)


def held_chains() -> set[UUID]:
    """The correlation ids of all that is still at work or before somebody's eyes, or that time travel looks up in the log."""
    for_everybody = Event.objects.filter(type__in=HALTS, data__scope=HaltScope.GLOBAL.value)
    return {
        *for_everybody.order_by().values_list("correlation_id", flat=True),
        *PendingEvent.objects.order_by().values_list("event__correlation_id", flat=True),
        *Order.objects.working().order_by().values_list("correlation_id", flat=True),
        *(chain for chain in Alert.objects.open().order_by().values_list("correlation_id", flat=True) if chain),
    }


def _window(after: int, before: datetime, held: set[UUID]) -> tuple[list[Candidate], int, int]:
    """Of the next events in the log: those that may go, the last one's id, and how many are old.

    The log's ids follow time nearly, not quite: a whole window without an old event is its end.
    """
    rows = list(
        Event.objects.filter(id__gt=after)
        .order_by("id")
        .values_list("id", "stream", "seq", "created_at", "processed_at", "correlation_id")[:WINDOW]
    )
    old = [row for row in rows if row[3] < before]
    free = [
        Candidate(id, stream, seq)
        for id, stream, seq, _, handled_at, chain in old
        if seq is not None and handled_at is not None and handled_at < before and chain not in held
    ]
    return free, rows[-1][0] if rows else after, len(old)


def _covered(window: list[Candidate], pruned: Pruned, folder: Path, now: datetime) -> list[Candidate]:
    """Those that are not behind their stream's latest snapshot. It is taken anew where that lets more of them go."""
    needed: dict[str, int] = {}
    for item in window:
        needed[item.stream] = max(needed.get(item.stream, 0), item.seq)
    covered: dict[str, int] = {}
    history = partial(archives.whole_history, folder)
    for stream, seq in needed.items():
        snapshot = latest_snapshot(stream)
        if (snapshot is None or snapshot.seq < seq) and stream not in pruned.unfoldable:
            try:
                snapshot = snapshot_take(stream=stream, now=now, history=history)
            except UnfoldableError as error:
                pruned.unfoldable[stream] = str(error)
        covered[stream] = snapshot.seq if snapshot else 0
    return [item for item in window if item.seq <= covered[item.stream]]


def _move(window: list[Candidate], folder: Path, *, before: datetime, now: datetime) -> EventArchive:
    """First to the disk, then out of the log: a kill in between leaves a file that the next run takes, or nobody reads."""
    ids = [item.id for item in window]
    rows = [row for some in _some_at_a_time(ids) for row in Event.objects.filter(id__in=some).order_by()]
    rows.sort(key=lambda row: (row.stream, row.seq or 0))
    archive = archives.write(folder, rows, now=now)
    with transaction.atomic():
        # whoever folds one of the streams just now reads it to the end first; engines pass locked streams by
        list(Stream.objects.select_for_update().filter(name__in={item.stream for item in window}).order_by("name"))
        _delete(ids, before)
        archive.save(force_insert=True)
    return archive


def _delete(ids: list[int], before: datetime) -> None:
    gone = 0
    for some in _some_at_a_time(ids):
        if PendingEvent.objects.filter(event_id__in=some).exists():
            raise PruneConflictError("an event that was to leave the log waits to be handled: nothing was deleted")
        rows = Event.objects.filter(id__in=some, seq__isnull=False, processed_at__lt=before)
        gone += rows._raw_delete(rows.db)  # one statement; the ORM's own delete would load every row first
    if gone != len(ids):
        raise PruneConflictError(f"{len(ids)} events were archived, {gone} of them are still in the log: nothing was deleted")


def _some_at_a_time(ids: list[int]) -> Iterable[list[int]]:
    return (ids[start : start + IDS] for start in range(0, len(ids), IDS))
