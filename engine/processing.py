"""One round of a lane: claim, load, decide, save, commit, tell. All of it in one transaction, or none of it."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from time import perf_counter_ns

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from engine import alerts, bulk, bus, log, metrics, store, topics
from engine.domain.alerts import AlertRaised
from engine.domain.book import Book
from engine.domain.enums import AlertLevel, Component, Lane
from engine.domain.events import MARKET_STREAM, EventType
from engine.domain.values import as_uuid
from engine.handlers.decide import Handled, decide
from engine.log import Claim, Claimed
from engine.market import closing, step
from engine.measures import measure, micros
from engine.models import PendingPrices, Stream

logger = structlog.get_logger(__name__)

BATCH = 200  # events in one transaction: large enough to share its cost, small enough to be done in a tenth of a second
SLICES = 20  # price slices in one transaction
ABOUT_ORDERS = frozenset({EventType.ORDER_CREATED, EventType.ORDER_CANCELLED})  # that a service may have recorded
DATABASE_AWAY = (OperationalError, InterfaceError)

Now = Callable[[], datetime]
_closing_looked_at: dict[str, datetime] = {}  # the minute in which this process last did
_served: dict[Lane, str] = {}  # the stream that each lane served last: the next round begins behind it


def run_lane(lane: Lane, *, now: Now = timezone.now) -> int:
    """One round of the lane: up to BATCH events, and for market_data the waiting prices. Returns how much was done.

    Raises only when the database is away; a handler that raises costs its own event an attempt, and nothing else.
    """
    done = run_prices(now=now) + run_closing(now=now) if lane is Lane.MARKET_DATA else 0
    if not log.has_work(lane):
        return done
    claimed: list[Claimed] = []
    try:
        with transaction.atomic():
            claim = log.claim(lane, now=now(), limit=BATCH, after=_served.get(lane, ""))
            claimed, _served[lane] = claim.items, claim.last
            handle(claim, now=now)
    except DATABASE_AWAY:
        raise
    except Exception:  # whatever a handler raises: find out which event it is
        logger.exception("batch_failed", lane=lane, events=len(claimed))
        return done + sum(run_one(item, now=now) for item in claimed)
    return done + len(claimed)


def run_one(item: Claimed, *, now: Now) -> int:
    """Handle one event in a transaction of its own; count the attempt when it fails. An attempt is something done, too."""
    try:
        with transaction.atomic():
            claim = log.claim_one(item.event.id or 0)
            handle(claim, now=now)
            return len(claim.items)
    except DATABASE_AWAY:
        raise
    except Exception as error:  # the poison event itself
        logger.exception("event_failed", event_id=item.event.id, event_type=item.event.type, attempts=item.attempts + 1)
        _give_back(item, f"{type(error).__name__}: {error}", now())
        return 1


def _give_back(item: Claimed, error: str, now: datetime) -> None:
    with transaction.atomic():
        dead = log.fail(item, error[:2000], now=now)
        delta = metrics.Delta()
        delta.count("errors_count")
        if dead:
            delta.count("events_failed")
            alerts.alerts_raise([_dead_letter(item, error)], now=now)
        metrics.record(delta, now=now)
        bus.announce_after_commit({topics.ALERTS, topics.SYSTEM})


def _dead_letter(item: Claimed, error: str) -> AlertRaised:
    event = item.event
    advice = f"Event {event.id} failed {log.MAX_ATTEMPTS} times and was set aside; requeue it once the cause is mended."
    return AlertRaised(
        level=AlertLevel.CRITICAL,
        title=f"Dead letter: {event.type}",
        message=f"{advice} {error}"[:1000],
        component=Component.EVENT_BUS,
        fingerprint=log.dead_letter_fingerprint(event.id or 0),
        user_id=event.user_id,
        data={"event_id": event.id, "event_type": event.type},
        correlation_id=event.correlation_id,
    )


def handle(claim: Claim, *, now: Now) -> None:
    """Decide what the claimed events lead to, and save it, in the caller's transaction."""
    if not claim.items:
        return
    started, ticks = now(), perf_counter_ns()

    def clock() -> datetime:
        return started + timedelta(microseconds=(perf_counter_ns() - ticks) // 1000)

    events = [item.event for item in claim.items]
    accounts = {event.stream: claim.seqs[event.stream] for event in events if event.user_id}
    books = store.load(accounts, named=[as_uuid(event.data["order_id"]) for event in events if event.type in ABOUT_ORDERS])
    books |= {event.stream: Book.blank(event.stream) for event in events if not event.user_id}
    context = store.context(books.values(), (event.data["symbol"] for event in events if "symbol" in event.data), now=started)
    handled = [done for item in claim.items for done in decide(books[item.event.stream], item.event, context, clock)]
    ended_at = clock()
    store.save(books, now=ended_at)
    log.finish(events, handled, claim.seqs)
    delta = measure(handled, ended_at=ended_at)
    delta.time("batch", micros(started, clock()))
    metrics.record(delta, now=ended_at)
    bus.announce_after_commit(_changed(books, handled))
    transaction.on_commit(lambda: store.shelve(books.values(), claim.seqs), robust=True)


def _changed(books: dict[str, Book], handled: Sequence[Handled]) -> set[str]:
    changed = {topics.account_topic(stream) for stream in books if not stream.startswith("$")} | {topics.EVENTS, topics.SYSTEM}
    if any(book.changes.alerts or book.changes.cleared_alerts for book in books.values()):
        changed.add(topics.ALERTS)
    return changed


# --- prices ----------------------------------------------------------------------------------------------------------------
def run_prices(*, now: Now) -> int:
    """Apply the waiting price slices, in order. One that cannot be applied is set aside with an alert: the next is newer."""
    if not PendingPrices.objects.exists():
        return 0
    try:
        return _apply_prices(SLICES, now=now)
    except DATABASE_AWAY:
        raise
    except Exception:  # one of the slices is bad: find it
        logger.exception("prices_failed")
    try:
        return _apply_prices(1, now=now)
    except DATABASE_AWAY:
        raise
    except Exception as error:  # this one is
        logger.exception("price_slice_dropped")
        _drop_slice(f"{type(error).__name__}: {error}", now())
        return 1


def _apply_prices(limit: int, *, now: Now) -> int:
    with transaction.atomic():
        log.ensure_streams([MARKET_STREAM])
        seqs = log.lock_streams([MARKET_STREAM])
        if not seqs:  # another process is at it
            return 0
        applied = step.apply_waiting(now=now(), limit=limit)
        bulk.update(Stream, ("name", "seq"), [(MARKET_STREAM, seqs[MARKET_STREAM] + applied)])
        bus.announce_after_commit({topics.MARKET})
        return applied


def run_closing(*, now: Now) -> int:
    """Once a minute: what the end of the exchange's session asks for."""
    minute = now().replace(second=0, microsecond=0)
    if _closing_looked_at.get(MARKET_STREAM) == minute:
        return 0
    with transaction.atomic():
        log.ensure_streams([MARKET_STREAM])
        if not log.lock_streams([MARKET_STREAM]):  # another process is at it
            return 0
        done = closing.close_of_day(now=now())
    _closing_looked_at[MARKET_STREAM] = minute
    return done


def _drop_slice(error: str, now: datetime) -> None:
    with transaction.atomic():
        bad = PendingPrices.objects.order_by("id").first()
        if bad is None:
            return
        bad.delete()
        alert = AlertRaised(
            level=AlertLevel.ERROR,
            title="A slice of prices was dropped",
            message=f"{bad} from {bad.source} could not be applied. {error}"[:1000],
            component=Component.EVENT_BUS,
            fingerprint=f"prices:{bad.source}",
        )
        alerts.alerts_raise([alert], now=now)


# --- all lanes -------------------------------------------------------------------------------------------------------------
def run_until_idle(*, now: Now = timezone.now) -> int:
    """Run every lane, the most urgent first, until none has anything due. Returns how much was done. For commands and tests."""
    total = 0
    while True:
        done = next((count for lane in Lane if (count := run_lane(lane, now=now))), 0)
        if not done:
            return total
        total += done
