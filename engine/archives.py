"""Files of events that left the log: JSON lines, compressed, one gzip member for each stream, a manifest beside each file.

`zcat` reads a whole file; a stream's own part is read alone, for the manifest says where it is. A file is never changed, never
overwritten and never deleted: its name holds its content's checksum. Only the files that the database knows (`EventArchive`)
are history; another one is the work of a run that was killed before it had deleted anything, and holds nothing of its own.
"""

import fcntl
import gzip
import hashlib
import heapq
import json
import os
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Q

from engine import bulk, folding
from engine.domain.events import Event, EventType
from engine.domain.values import iso
from engine.folding import Numbered, Timed, events_after
from engine.models import Event as EventRow
from engine.models import EventArchive

FORMAT = 1
PART = ".part"
MANIFEST = ".manifest.json"
COLUMNS = (
    "id", "uid", "type", "stream", "seq", "data", "priority", "correlation_id", "causation_id", "created_at", "processed_at",
    "duration_us", "attempts", "error",
)  # fmt: skip


Item = TypeVar("Item", bound=tuple[Any, ...])  # of an event; its number comes first


class ArchiveDamagedError(Exception):
    """An archive file is not there, or not what was written."""


class ArchiveBusyError(Exception):
    """Another process is writing to this archive folder."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stream's events in an archive file: bytes `offset` to `offset + size`."""

    file: str
    stream: str
    offset: int
    size: int
    events: int
    first_seq: int
    last_seq: int
    sha256: str


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """The folder is ours alone. What a killed run left half written is removed. Raises ArchiveBusyError."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ArchiveBusyError(f"another process is writing to {folder}") from error
        for leftover in folder.rglob(f"*{PART}"):
            leftover.unlink()
        yield


# --- writing ---------------------------------------------------------------------------------------------------------------
def write(folder: Path, rows: Sequence[EventRow], *, now: datetime) -> EventArchive:
    """Write the rows (by stream, then seq) to a file of their own and wait for the disk; the row that describes it, not saved.

    Where a killed run had written the very same events, its file is taken.
    """
    content, streams = _packed(rows)
    sha256 = hashlib.sha256(content).hexdigest()
    times = [row.created_at for row in rows]
    first_at, last_at = min(times), max(times)
    name = f"{first_at:%Y-%m}/events-{first_at:%Y%m%dT%H%M%S}-{sha256[:16]}.jsonl.gz"
    manifest = {
        "format": FORMAT,
        "file": name,
        "sha256": sha256,
        "size": len(content),
        "events": len(rows),
        "first_at": iso(first_at),
        "last_at": iso(last_at),
        "streams": streams,
    }
    _put(folder / name, content)
    _put(folder / f"{name}{MANIFEST}", json.dumps(manifest, indent=1).encode())
    return EventArchive(
        name=name,
        sha256=sha256,
        size=len(content),
        events=len(rows),
        first_at=first_at,
        last_at=last_at,
        streams=streams,
        archived_at=now,
    )


def _packed(rows: Sequence[EventRow]) -> tuple[bytes, dict[str, dict[str, Any]]]:
    """The file's content, and where each stream's events are in it. The same rows always give the same bytes."""
    by_stream: dict[str, list[EventRow]] = {}
    for row in rows:
        by_stream.setdefault(row.stream, []).append(row)
    members: list[bytes] = []
    streams, offset = {}, 0
    for stream, events in sorted(by_stream.items()):
        text = "".join(_line(row) for row in events).encode()
        members.append(gzip.compress(text, compresslevel=6, mtime=0))
        streams[stream] = {
            "offset": offset,
            "size": len(members[-1]),
            "events": len(events),
            "first_seq": events[0].seq,
            "last_seq": events[-1].seq,
            "sha256": hashlib.sha256(text).hexdigest(),
        }
        offset += len(members[-1])
    return b"".join(members), streams


def _line(row: EventRow) -> str:
    return bulk.dumps({name: getattr(row, name) for name in COLUMNS}) + "\n"


def _put(path: Path, content: bytes) -> None:
    """Write the file as a whole or not at all. One that is there stays, and must be the same."""
    if path.exists():
        if path.read_bytes() != content:
            raise ArchiveDamagedError(f"{path} is not what its name says")
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + PART)
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)
    for folder in (path.parent, path.parent.parent):  # the names, too
        _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# --- reading ---------------------------------------------------------------------------------------------------------------
def parts_by_stream(*, created_by: datetime | None = None) -> dict[str, list[Part]]:
    """Where the archived events of each stream are, by their first number; `created_by`: only of files with some of by then."""
    found: dict[str, list[Part]] = {}
    for archive in EventArchive.objects.filter(Q(first_at__lte=created_by) if created_by else Q()):
        for stream, where in archive.streams.items():
            found.setdefault(stream, []).append(Part(archive.name, stream, **where))
    for parts in found.values():
        parts.sort(key=lambda part: part.first_seq)
    return found


def check(folder: Path, archive: EventArchive) -> None:
    """Read the whole file and its manifest. Raises ArchiveDamagedError when they are not what was written."""
    content = _bytes(folder / archive.name)
    if hashlib.sha256(content).hexdigest() != archive.sha256:
        raise ArchiveDamagedError(f"{archive.name}: its checksum is not the one that was written down")
    try:
        manifest = json.loads(_bytes(folder / f"{archive.name}{MANIFEST}"))
    except ValueError as error:
        raise ArchiveDamagedError(f"{archive.name}: its manifest cannot be read: {error}") from error
    if (manifest["sha256"], manifest["streams"]) != (archive.sha256, archive.streams):
        raise ArchiveDamagedError(f"{archive.name}: its manifest differs from what the database knows")


def read(folder: Path, part: Part) -> Iterator[Numbered]:
    """A stream's events of one file, in the order in which they were handled. Raises ArchiveDamagedError."""
    return map(_numbered, _rows(folder, part))


def read_timed(folder: Path, part: Part) -> Iterator[Timed]:
    """The same, each with the time when it was handled."""
    for row in _rows(folder, part):
        seq, event = _numbered(row)
        yield seq, datetime.fromisoformat(row["processed_at"]), event


def rows_between(
    folder: Path, stream: str, first: int, last: int | None = None, *, created_by: datetime | None = None
) -> list[EventRow]:
    """The stream's archived events of these numbers, as the rows that they were in the log. Raises ArchiveDamagedError."""
    parts = parts_by_stream(created_by=created_by).get(stream, ())
    wanted = [part for part in parts if part.last_seq >= first and (last is None or part.first_seq <= last)]
    rows = [_as_row(row) for part in wanted for row in _rows(folder, part) if first <= row["seq"] <= (last or row["seq"])]
    found = [row for row in rows if created_by is None or row.created_at <= created_by]
    return sorted(found, key=lambda row: row.seq or 0)


def _as_row(row: Mapping[str, Any]) -> EventRow:
    times = {name: datetime.fromisoformat(row[name]) for name in ("created_at", "processed_at")}
    ids = {name: UUID(row[name]) for name in ("uid", "correlation_id", "causation_id") if row[name]}
    return EventRow(**{**row, **times, **ids})


def _rows(folder: Path, part: Part) -> Iterator[Mapping[str, Any]]:
    with _opened(folder / part.file) as file:
        file.seek(part.offset)
        member = file.read(part.size)
    try:
        text = gzip.decompress(member)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise ArchiveDamagedError(f"{part.file}: {part.stream} cannot be unpacked: {error}") from error
    if hashlib.sha256(text).hexdigest() != part.sha256:
        raise ArchiveDamagedError(f"{part.file}: the checksum of {part.stream} is not the one that was written down")
    yield from map(bulk.loads, text.splitlines())


def history(
    folder: Path, parts: Sequence[Part], hot: Iterator[Item], read: Callable[[Path, Part], Iterator[Item]]
) -> Iterator[Item]:
    """A stream's archived events and those still in the log, merged by their number. Few files are open at a time.

    They overlap where an event stayed longer than its neighbours, for something still referred to it.
    """
    waiting = list(reversed(parts))
    heap: list[tuple[int, int, Item, Iterator[Item]]] = []

    def push(events: Iterator[Item]) -> None:
        if (item := next(events, None)) is not None:
            heapq.heappush(heap, (item[0], id(events), item, events))

    push(hot)
    while heap or waiting:
        while waiting and (not heap or waiting[-1].first_seq <= heap[0][0]):
            push(read(folder, waiting.pop()))
        _, _, item, events = heapq.heappop(heap)
        yield item
        push(events)


def whole_history(folder: Path, stream: str) -> Iterator[list[Numbered]]:
    """All the stream's handled events, from the first one on, in chunks. Raises ArchiveDamagedError."""
    hot = chain.from_iterable(events_after(stream, 0))
    events = history(folder, parts_by_stream().get(stream, ()), hot, read)
    while some := list(islice(events, folding.CHUNK)):
        yield some


def _numbered(row: Mapping[str, Any]) -> Numbered:
    event = Event(
        EventType(row["type"]),
        row["stream"],
        row["data"],
        datetime.fromisoformat(row["created_at"]),
        UUID(row["correlation_id"]),
        UUID(row["causation_id"]) if row["causation_id"] else None,
        UUID(row["uid"]),
        row["id"],
    )
    return row["seq"], event


def _bytes(path: Path) -> bytes:
    with _opened(path) as file:
        return bytes(file.read())


def _opened(path: Path) -> Any:
    try:
        return path.open("rb")
    except OSError as error:
        raise ArchiveDamagedError(f"{path} cannot be read: {error.strerror}") from error
