"""Sent twice, done once: a key is stored in the transaction of its effect, with the answer that the first caller got.

Of two that come at once the second waits for the first's commit: in the same process by the key, without holding a connection;
in another at the key's unique constraint. It then finds the answer, and has no effect of its own. It does not wait for long:
what is still in flight after IN_FLIGHT_SECONDS it is told so, and may ask again; so are those of whom many wait already.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import OperationalError, connection, transaction

from engine.models import IdempotencyKey, Signal
from engine.services.signals import SignalInput, signals_submit

KEPT = timedelta(hours=24)
IN_FLIGHT_SECONDS = 1.0
MOST_WAITING = 4  # requests of a process that wait like that: each keeps a thread, and a process serves with few
LOCK_NOT_AVAILABLE = "55P03"  # PostgreSQL's code for a lock that was not had in time


class KeyReused(Exception):
    """The key was used before, for something else."""

    def __init__(self, keys: list[str]) -> None:
        super().__init__("the key was used before, for something else")
        self.keys = keys


class KeyInFlight(Exception):
    """The first request with this key is still being handled."""


class _InHand:
    """The keys whose requests this process has in hand."""

    def __init__(self) -> None:
        self._keys: set[tuple[str, str]] = set()
        self._changed = threading.Condition()
        self._waiting = 0

    @contextmanager
    def alone(self, key: tuple[str, str]) -> Iterator[None]:
        """Wait until nobody else here has the key in hand, and take it. Raises KeyInFlight when that takes too long."""
        with self._changed:
            if key in self._keys:
                self._wait_for(key)
            self._keys.add(key)
        try:
            yield
        finally:
            with self._changed:
                self._keys.discard(key)
                self._changed.notify_all()

    def _wait_for(self, key: tuple[str, str]) -> None:
        if self._waiting >= MOST_WAITING:
            raise KeyInFlight
        if not connection.in_atomic_block:
            connection.close()  # nobody who waits keeps others from the database
        self._waiting += 1
        try:
            if not self._changed.wait_for(lambda: key not in self._keys, IN_FLIGHT_SECONDS):
                raise KeyInFlight
        finally:
            self._waiting -= 1


_in_hand = _InHand()


def once(*, scope: str, key: str, request: Mapping[str, object], now: datetime, effect: Callable[[], str]) -> str:
    """The answer to a request: `effect`'s, or, when the key was seen before, the answer of then, to the letter.

    `scope` says who sent it and to which route; `effect` runs inside the transaction and returns the answer's text.
    Raises KeyReused when the key came with another request, and KeyInFlight when its first request takes long.
    """
    digest = digest_of(request)
    with _in_hand.alone((scope, key)), transaction.atomic():
        with _short_wait_for_locks():
            held = claim(scope=scope, digests={key: digest}, now=now)
        if key in held:
            return held[key]
        answer = effect()
        IdempotencyKey.objects.filter(scope=scope, key=key).update(response=answer)
    return answer


@contextmanager
def _short_wait_for_locks() -> Iterator[None]:
    """Inside, on PostgreSQL: raises KeyInFlight instead of waiting long for another process. For SQLite there is none."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(f"set local lock_timeout = {int(IN_FLIGHT_SECONDS * 1000)}")
        try:
            yield
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) == LOCK_NOT_AVAILABLE:
                raise KeyInFlight from error
            raise
        cursor.execute("set local lock_timeout to default")


def claim(*, scope: str, digests: Mapping[str, str], now: datetime) -> dict[str, str]:
    """Take the keys, in the caller's transaction; which of them somebody else had already, with the answer stored there.

    Two statements, however many keys. Raises KeyReused for those that were taken for something else.
    """
    mark = uuid4().hex
    IdempotencyKey.objects.bulk_create(
        # sorted, so that two callers with the same keys never wait for each other
        [
            IdempotencyKey(scope=scope, key=key, request_hash=digest, status_code=200, response=mark, created_at=now)
            for key, digest in sorted(digests.items())
        ],
        ignore_conflicts=True,
    )
    rows = IdempotencyKey.objects.filter(scope=scope, key__in=digests).values_list("key", "request_hash", "response")
    held = {key: (digest, response) for key, digest, response in rows if response != mark}
    reused = [key for key, (digest, _) in held.items() if digest != digests[key]]
    if reused:
        raise KeyReused(reused)
    return {key: response for key, (_, response) in held.items()}


@dataclass(frozen=True, slots=True)
class Accepted:
    """A signal that stands in the log, now or since an earlier call."""

    signal_id: UUID
    correlation_id: UUID


class SignalReused(Exception):
    """Ids of signals were used before, for other signals; `indexes` says which of those handed in."""

    def __init__(self, indexes: list[int]) -> None:
        super().__init__("a signal's id was used before, for another signal")
        self.indexes = indexes


def signals_submit_once(*, user_id: str, signals: Sequence[SignalInput], now: datetime) -> list[Accepted]:
    """`signals_submit`, but a signal whose own id was accepted before is not submitted again. In order.

    Raises SignalReused, and then submits none; and what `signals_submit` raises.
    """
    own = {str(signal.signal_id): digest_of({"user_id": user_id, **asdict(signal)}) for signal in signals if signal.signal_id}
    if not own:
        return [
            Accepted(event.uid, event.correlation_id) for event in signals_submit(user_id=user_id, signals=signals, now=now)
        ]
    with transaction.atomic():
        return _submit_new(user_id, signals, own, now)


def _submit_new(user_id: str, signals: Sequence[SignalInput], own: Mapping[str, str], now: datetime) -> list[Accepted]:
    try:
        held = _accepted_before(user_id, own, now)
    except KeyReused as error:
        raise SignalReused([n for n, signal in enumerate(signals) if str(signal.signal_id) in error.keys]) from None
    new = [signal for signal in signals if str(signal.signal_id) not in held]
    events = iter(signals_submit(user_id=user_id, signals=new, now=now) if new else ())
    # the first event of a chain gives the chain its id
    ids = [signal.signal_id if str(signal.signal_id) in held else next(events).uid for signal in signals]
    return [Accepted(uid, uid) for uid in ids if uid]


def _accepted_before(user_id: str, digests: Mapping[str, str], now: datetime) -> set[str]:
    """Ids are everybody's: an id of another account's signal is refused, even when its key is forgotten already."""
    held = set(claim(scope="signal", digests=digests, now=now))
    decided = Signal.objects.filter(id__in=set(digests) - held).values_list("id", "account")
    if strangers := [str(uid) for uid, owner in decided if owner != user_id]:
        raise KeyReused(strangers)
    return held | {str(uid) for uid, _ in decided}


def digest_of(request: Mapping[str, object]) -> str:
    """The same for the same request, however it was spelt."""
    return hashlib.sha256(json.dumps(request, sort_keys=True, default=str).encode()).hexdigest()


def keys_expire(*, now: datetime) -> int:
    """Forget the keys of more than a day ago; how many there were."""
    return IdempotencyKey.objects.filter(created_at__lt=now - KEPT).delete()[0]
