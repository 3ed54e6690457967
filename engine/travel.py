"""Time travel: an account's book as it stood at an instant, folded from the nearest book that is kept before it.

Folding takes some 20 µs an event, so a log of 100,000 would take two seconds. So a book is kept on the way, every 5,000 events
(`Landmark`), and whoever comes after begins there.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from django.conf import settings

from engine import archives, folding, log
from engine.domain.book import Changes
from engine.domain.events import EventType
from engine.domain.snapshots import VERSION
from engine.folding import Fold, Timed, UnfoldableError
from engine.models import Account, BookSnapshot, Landmark

LANDMARK_EVERY = 5_000  # events: at most a tenth of a second to fold
CHUNK = 1_000  # events read at a time
REMEMBERED = 64  # books of this process
SETTLED = timedelta(seconds=30)  # after so long no transaction can still add to what was handled by an instant
OF_SIGNALS = {EventType.SIGNAL_HELD, EventType.SIGNAL_REFUSED}  # they move nothing that a book keeps


class CannotTravelError(Exception):
    """The account cannot be shown as it stood then."""


@dataclass(frozen=True, slots=True)
class Instant:
    """An account, and when: what a remembered book goes by. A book of another account of that name is another one."""

    user_id: str
    opened_at: datetime
    at: datetime


_remembered: OrderedDict[Instant, Fold] = OrderedDict()
_lock = Lock()


def book_at(account: Account, at: datetime, *, now: datetime) -> Fold:
    """What the account's events that were handled by then gave; look at it only. Empty (seq 0) before its first.

    Raises CannotTravelError where its events are archived and the archive is not at hand, or cannot be folded.
    """
    key = Instant(account.user_id, account.created_at, at)
    with _lock:
        if key in _remembered:
            _remembered.move_to_end(key)
            return _remembered[key]
    try:
        state = _fold(account.user_id, at)
    except (UnfoldableError, archives.ArchiveDamagedError) as error:
        raise CannotTravelError(str(error)) from error
    if at < now - SETTLED:
        with _lock:
            _remembered[key] = state
            if len(_remembered) > REMEMBERED:
                _remembered.popitem(last=False)
    return state


def _fold(stream: str, at: datetime) -> Fold:
    state, landmarks = _start(stream, at), []
    for seq, handled_at, event in _events(stream, state.seq, at):
        if seq != state.seq + 1:
            raise CannotTravelError(f"{stream}: its event {state.seq + 1} is neither in the log nor in an archive at hand")
        if event.type in OF_SIGNALS:
            state.count(seq, event)
        else:
            folding.fold_one(state, seq, event)
        _count_fills(state)
        if seq % LANDMARK_EVERY == 0:
            landmarks.append(Landmark(stream=stream, version=VERSION, seq=seq, at=handled_at, **folding.as_columns(state)))
    Landmark.objects.bulk_create(landmarks, ignore_conflicts=True)
    return state


def _start(stream: str, at: datetime) -> Fold:
    """The last book that was kept by then. A snapshot was taken after all of its events were handled."""
    kept = (
        Landmark.objects.filter(stream=stream, version=VERSION, at__lte=at).order_by("-seq").first(),
        BookSnapshot.objects.filter(stream=stream, version=VERSION, taken_at__lte=at).order_by("-seq").first(),
    )
    latest = max((book for book in kept if book), key=lambda book: book.seq, default=None)
    return Fold.of(latest) if latest else Fold.blank(stream)


def _count_fills(state: Fold) -> None:
    """Folding goes event by event here: what one changed is let go of before the next."""
    if state.book.changes.executions:
        folding.forget_finished(state, set())
    state.book.changes = Changes()


def _events(stream: str, after: int, until: datetime) -> Iterator[Timed]:
    """Up to the first that was handled later, from the log, and from the archives where some have left it."""
    hot = _in_the_log(stream, after, until)
    parts = [part for part in archives.parts_by_stream().get(stream, ()) if part.last_seq > after]
    if not parts:
        yield from hot
        return
    for seq, handled_at, event in archives.history(settings.ARCHIVE_DIR, parts, hot, archives.read_timed):
        if handled_at > until:
            return
        if seq > after:
            yield seq, handled_at, event


def _in_the_log(stream: str, after: int, until: datetime) -> Iterator[Timed]:
    while chunk := log.handled_until(stream, after=after, until=until, limit=CHUNK):
        yield from chunk
        after = chunk[-1][0]
        if len(chunk) < CHUNK:
            return
