"""Folding a stream's log, from its beginning or from a snapshot on: what it makes of the book, in bounded memory."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from engine import log
from engine.domain.book import Book, Changes
from engine.domain.events import Event, EventType
from engine.domain.orders import LifeCycleError, OverfillError
from engine.domain.snapshots import VERSION, book_from_json, book_to_json
from engine.handlers.decide import fold
from engine.models import BookSnapshot, Landmark, Stream

UNFOLDABLE = (LookupError, ValueError, TypeError, ArithmeticError, LifeCycleError, OverfillError)
CHUNK = 2000  # events folded at a time: memory does not grow with the log
SNAPSHOTS_KEPT = 3  # of each stream; the older ones could be folded again, from the archives

Numbered = tuple[int, Event]  # an event, and its place among its stream's handled events
History = Callable[[str], Iterable[list[Numbered]]]  # a stream's events from the first one on, in chunks
Timed = tuple[int, datetime, Event]  # and when it was handled


class UnfoldableError(Exception):
    """The log of this stream cannot be folded."""


@dataclass(slots=True)
class Fold:
    """What a stream's first `seq` events give: the book, how many of each type there were, what the fills cost (rupees)."""

    book: Book
    seq: int = 0
    counts: dict[EventType, int] = field(default_factory=dict)
    paid: Decimal = Decimal(0)

    @classmethod
    def blank(cls, stream: str) -> "Fold":
        return cls(Book.blank(stream))

    @classmethod
    def of(cls, snapshot: BookSnapshot | Landmark) -> "Fold":
        counts = {EventType(name): number for name, number in snapshot.counts.items()}
        return cls(book_from_json(snapshot.stream, snapshot.book), snapshot.seq, counts, snapshot.paid)

    def count(self, seq: int, event: Event) -> None:
        self.seq = seq
        self.counts[event.type] = self.counts.get(event.type, 0) + 1


def latest_snapshot(stream: str) -> BookSnapshot | None:
    """The stream's latest that folding can go on from: one of before an upgrade may hold less than a book does now."""
    return BookSnapshot.objects.filter(stream=stream, version=VERSION).order_by("-seq").first()


def start_of(stream: str) -> Fold:
    """Where folding the stream begins: at its latest usable snapshot, or at the beginning."""
    snapshot = latest_snapshot(stream)
    return Fold.of(snapshot) if snapshot else Fold.blank(stream)


def events_after(stream: str, seq: int) -> Iterator[list[Numbered]]:
    """The stream's handled events that are still in the log, in the order in which they were handled, in chunks."""
    while chunk := log.handled_events(stream, after=seq, limit=CHUNK):
        seq = chunk[-1][0]
        yield chunk


def snapshot_take(*, stream: str, now: datetime, history: History | None = None) -> BookSnapshot:
    """Fold what has been handled since the stream's latest snapshot, and keep the outcome. Raises UnfoldableError.

    `history` gives the whole past, archives and all: read where neither a usable snapshot nor the log has the beginning.
    No lock is needed: what has been handled never changes, and the stream's number says how far that goes.
    """
    state, latest = start_of(stream), Stream.objects.values_list("seq", flat=True).get(name=stream)
    whole = history and state.seq == 0 and not begins_in_log(stream)
    fold_until(state, stream, latest, history(stream) if history and whole else events_after(stream, state.seq))
    taken_at = max(now, log.handled_at(stream, state.seq) or now)  # who prunes for minutes has one `now` for all of them
    snapshot, _ = BookSnapshot.objects.get_or_create(
        stream=stream, version=VERSION, seq=state.seq, defaults=as_columns(state) | {"taken_at": taken_at}
    )
    kept = BookSnapshot.objects.filter(stream=stream).order_by("-version", "-seq").values_list("id", flat=True)[:SNAPSHOTS_KEPT]
    BookSnapshot.objects.filter(stream=stream).exclude(id__in=list(kept)).delete()
    return snapshot


def as_columns(state: Fold) -> dict[str, Any]:
    counts = {event_type.value: number for event_type, number in sorted(state.counts.items())}
    return {"book": book_to_json(state.book), "counts": counts, "paid": state.paid}


def begins_in_log(stream: str) -> bool:
    """Whether the stream's first event is in the log still, or there is none yet."""
    first = next(iter(log.handled_events(stream, after=0, limit=1)), None)
    return first is None or first[0] == 1


def fold_until(state: Fold, stream: str, latest: int, chunks: Iterable[list[Numbered]]) -> None:
    """Fold on to the event with this number. Raises UnfoldableError for what cannot follow, or for one that is missing."""
    decided: set[UUID] = set()
    for chunk in chunks:
        for seq, event in chunk:
            if seq > latest:
                break
            if event.user_id and seq != state.seq + 1:
                raise UnfoldableError(f"{stream}: its event {state.seq + 1} is not in the log")
            fold_one(state, seq, event)
        decided = forget_finished(state, decided)
        if chunk[-1][0] >= latest:
            break
    if state.seq != latest and not stream.startswith("$"):
        raise UnfoldableError(f"{stream}: {latest} events were handled, the log ends after {state.seq}")


def fold_one(state: Fold, seq: int, event: Event) -> None:
    """Raises UnfoldableError for what cannot follow."""
    try:
        fold(state.book, event)
    except UNFOLDABLE as error:
        raise UnfoldableError(f"{event.stream}: event {event.id}, {event.type} ({type(error).__name__}: {error})") from error
    state.count(seq, event)


def forget_finished(state: Fold, decided: set[UUID]) -> set[UUID]:
    """Count what the fills cost, and let go of what will not change any more; the signals that are decided by now.

    A signal whose order was denied by the chunk's last event is refused by the next one's first: it is kept for that long.
    """
    changes = state.book.changes
    for fill in changes.executions:
        sign = 1 if fill.side == "BUY" else -1
        state.paid += sign * fill.quantity * fill.price + fill.charges["total"]
    signals = {id: signal for id, signal in changes.signals.items() if id not in decided}
    state.book.changes = Changes(signals=signals)
    return settled(state.book)


def settled(book: Book) -> set[UUID]:
    """The signals whose decision stands. That of an order which is not in the market yet may still be denied, and refuse it."""
    waiting = {order.signal_id for order in book.orders.values() if order.submitted_at is None}
    return {id for id, signal in book.changes.signals.items() if signal.decision and id not in waiting}
