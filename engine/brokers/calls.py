"""Calls for the broker, as the database has them: taken before they are made, settled after. All SQL on them stands here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from engine import log
from engine.brokers.breaker import locked_link, note_reach
from engine.brokers.days import warn_of_lost, was_sent_earlier
from engine.brokers.protocol import Accepted, Answer, NotReached, Orders, Outcome, Rejected, Report, Unknown
from engine.brokers.refusals import cancel_ended, cancel_refused
from engine.brokers.stops import stopped_by
from engine.domain.brokers import (
    ASKS_UNTIL_ABSENT,
    BACKOFF_SECONDS,
    REFUSED_SECONDS,
    SENDS,
    BreakerState,
    BrokerAction,
    CallOutcome,
    CallState,
    LiveBroker,
    ReportStatus,
    wait_after,
)
from engine.domain.enums import RejectedBy
from engine.domain.events import EventType, new_event
from engine.models import BrokerAttempt, BrokerCall

UNDER_WAY = (CallState.SENDING, CallState.ASKING)
OUTCOMES = {
    Accepted: CallOutcome.ACCEPTED,
    Rejected: CallOutcome.REJECTED,
    NotReached: CallOutcome.NOT_REACHED,
    Unknown: CallOutcome.UNKNOWN,
}
COUNTED_UP_TO = 32_000  # a small integer holds it: who asks for days must not end by counting
BREAKER_OPEN = "the circuit breaker is open: nothing was sent"


@dataclass(frozen=True, slots=True)
class Errand:
    """A call that is ours to make now. `action` is ASK where its outcome is to be found out."""

    call_id: int
    taken_by: UUID
    attempt_id: int
    action: BrokerAction
    tag: str
    broker_order_id: str
    request: dict[str, Any]


# --- before ----------------------------------------------------------------------------------------------------------------
def calls_take(broker: LiveBroker, *, now: datetime, limit: int) -> list[Errand]:
    """Take up to `limit` due calls: each stands in the database as under way, with its attempt, before it is made.

    An order's calls are made one after the other. One that who took it did not bring to its end may have reached the broker.
    """
    with transaction.atomic():
        state = locked_link(broker).breaker.state(now, broker.breaker_seconds)
        earlier = BrokerCall.objects.filter(order=OuterRef("order"), done_at=None, id__lt=OuterRef("id"))
        due = Q(taken_by=None, due_at__lte=now) | Q(taken_until__lte=now)
        rows = BrokerCall.objects.select_for_update(of=("self",)).filter(due, ~Exists(earlier), done_at=None)
        rows = rows.select_related("order").order_by("id")[:limit]
        return [errand for call in rows if (errand := _take(call, broker, state, now))]


def _take(call: BrokerCall, broker: LiveBroker, state: BreakerState, now: datetime) -> Errand | None:
    if call.state in UNDER_WAY:
        _abandoned(call, now)
        return None
    action = BrokerAction.ASK if call.state == CallState.QUESTIONED else BrokerAction(call.action)
    if _is_moot(call, action, now):
        return None
    if action in (BrokerAction.PLACE, BrokerAction.MODIFY) and state is not BreakerState.CLOSED:
        _not_sent(call, now)
        return None
    if state is BreakerState.OPEN:
        _put_off(call, now)
        return None
    return _begin(call, action, broker, now)


def _is_moot(call: BrokerCall, action: BrokerAction, now: datetime) -> bool:
    """Whether it came to its end without being made."""
    if action is not BrokerAction.ASK and not call.order.is_working:
        return _has_ended(call, now)
    match action:
        case BrokerAction.ASK:
            return False
        case BrokerAction.PLACE:
            return _is_withdrawn(call, now) or _is_stopped(call, now)
        case BrokerAction.MODIFY:
            return not _known_to_broker(call, now) or _is_stopped(call, now)
    return not _known_to_broker(call, now)


def _begin(call: BrokerCall, action: BrokerAction, broker: LiveBroker, now: datetime) -> Errand:
    asks = action is BrokerAction.ASK
    call.state = CallState.ASKING if asks else CallState.SENDING
    call.asks, call.sends = min(call.asks + asks, COUNTED_UP_TO), min(call.sends + (not asks), COUNTED_UP_TO)
    call.taken_by, call.taken_until = uuid4(), now + broker.lease
    call.save(update_fields=["state", "asks", "sends", "taken_by", "taken_until"])
    number = call.asks if asks else call.sends
    attempt = BrokerAttempt.objects.create(call=call, action=action, number=number, started_at=now)
    return Errand(call.id, call.taken_by, attempt.id, action, call.tag, call.broker_order_id, call.request)


def _put_off(call: BrokerCall, now: datetime) -> None:
    call.due_at = now + timedelta(seconds=1)
    call.save(update_fields=["due_at"])


def _abandoned(call: BrokerCall, now: datetime) -> None:
    """Its process ended, or lost the database, between the call and its outcome."""
    attempt = BrokerAttempt.objects.filter(call=call, ended_at=None).order_by("-id").first()
    outcome = Unknown("nobody waited for the answer any more")
    if attempt:
        _end_attempt(attempt.id, CallOutcome.UNKNOWN, outcome, now)
    _settle_unknown(call, outcome, now)


def _has_ended(call: BrokerCall, now: datetime) -> bool:
    """The order has come to its end here: nothing of it is to be sent, changed or cancelled any more."""
    _done(call, CallOutcome.WITHDRAWN, now)
    if call.action == BrokerAction.MODIFY:
        _refuse_terms(call, RejectedBy.RISK, "order_status", f"the order is {call.order.status}", now)
    return True


def _is_withdrawn(call: BrokerCall, now: datetime) -> bool:
    """Somebody wants an order cancelled that was never sent, or is known not to have reached the broker: it stays with us."""
    wish = BrokerCall.objects.filter(order=call.order_id, action=BrokerAction.CANCEL, done_at=None).first()
    if wish is None:
        return False
    for done in (call, wish):
        _done(done, CallOutcome.WITHDRAWN, now)
    reason = "cancelled before it was sent to the broker"
    _say(call, EventType.ORDER_CANCELLED, now, cancellation_reason=reason, cancelled_by="engine", cancelled_at=now)
    return True


def _is_stopped(call: BrokerCall, now: datetime) -> bool:
    reason = stopped_by(call)
    if not reason:
        return False
    _done(call, CallOutcome.WITHDRAWN, now)
    if call.action == BrokerAction.PLACE:
        _deny(call, now, rule="trading_state", reason=reason)
    else:
        _refuse_terms(call, RejectedBy.RISK, "trading_state", reason, now)
    return True


def _known_to_broker(call: BrokerCall, now: datetime) -> bool:
    """What the broker never had needs no change and no cancelling."""
    placed = BrokerCall.objects.filter(order=call.order_id, action=BrokerAction.PLACE).first()
    call.broker_order_id = (placed.broker_order_id if placed else "") or call.order.broker_order_id
    if call.broker_order_id:
        call.save(update_fields=["broker_order_id"])
        return True
    _done(call, CallOutcome.WITHDRAWN, now)
    return False


def _not_sent(call: BrokerCall, now: datetime) -> None:
    """As good as a failure to reach it, but for the breaker, which is not hurt by what it keeps back."""
    call.sends += 1
    call.save(update_fields=["sends"])
    outcome = NotReached(BREAKER_OPEN)
    attempt = BrokerAttempt.objects.create(call=call, action=call.action, number=call.sends, started_at=now)
    _end_attempt(attempt.id, CallOutcome.NOT_REACHED, outcome, now)
    _settle_not_reached(call, outcome, now)


# --- after -----------------------------------------------------------------------------------------------------------------
def call_settle(broker: LiveBroker, errand: Errand, outcome: Outcome | Answer, *, now: datetime) -> None:
    """What came of it goes into the log as an event, in one transaction with the call's own state."""
    with transaction.atomic():
        note_reach(broker, outcome, now)
        _end_attempt(errand.attempt_id, _word_for(outcome, errand.tag), outcome, now)
        call = BrokerCall.objects.select_for_update(of=("self",)).select_related("order").get(id=errand.call_id)
        if call.taken_by != errand.taken_by:  # it was taken for lost meanwhile, and the broker is being asked
            return
        if errand.action is BrokerAction.ASK:
            _settle_ask(call, outcome, now)
        elif isinstance(outcome, Accepted):
            _settle_accepted(call, outcome, now)
        elif isinstance(outcome, Rejected):
            _settle_rejected(call, outcome, now)
        elif isinstance(outcome, NotReached):
            _settle_not_reached(call, outcome, now)
        elif isinstance(outcome, Unknown):
            _settle_unknown(call, outcome, now)


def _word_for(outcome: Outcome | Answer, tag: str) -> CallOutcome:
    if isinstance(outcome, Orders):
        return CallOutcome.FOUND if outcome.tagged(tag) else CallOutcome.ABSENT
    return OUTCOMES[type(outcome)]


def _end_attempt(attempt_id: int, word: CallOutcome, outcome: Outcome | Answer, now: datetime) -> None:
    message = _words(outcome) if isinstance(outcome, Orders) else outcome.message
    BrokerAttempt.objects.filter(id=attempt_id).update(
        ended_at=now, outcome=word, http_status=getattr(outcome, "http_status", None), message=message
    )


def _words(orders: Orders) -> str:
    """An answer about all orders of the day is long, and about more than one order."""
    return f"{len(orders.reports)} orders in the answer"


def _settle_accepted(call: BrokerCall, outcome: Accepted, now: datetime) -> None:
    _done(call, CallOutcome.ACCEPTED, now, broker_order_id=outcome.broker_order_id)
    if call.action == BrokerAction.PLACE:
        _say(call, EventType.ORDER_ACKNOWLEDGED, now, broker_order_id=outcome.broker_order_id)
    elif call.action == BrokerAction.MODIFY:
        _say(call, EventType.ORDER_MODIFIED, now, **call.request["modified"])


def _settle_rejected(call: BrokerCall, outcome: Rejected, now: datetime) -> None:
    if call.action == BrokerAction.CANCEL and call.order.is_working:
        _cancel_again(call, outcome, now)
        return
    _done(call, CallOutcome.REJECTED, now)
    if call.action == BrokerAction.PLACE:
        said = {"rejected_by": RejectedBy.BROKER, "rule": "broker", "reason": outcome.reason[:300]}
        _say(call, EventType.ORDER_REJECTED, now, **said)
    elif call.action == BrokerAction.MODIFY:
        _refuse_terms(call, RejectedBy.BROKER, "broker", outcome.reason, now)


def _cancel_again(call: BrokerCall, outcome: Rejected, now: datetime) -> None:
    """The order may be at its end, which the next look at the broker's orders finds; or it lives, and must not be let go."""
    refusals = BrokerAttempt.objects.filter(call=call, outcome=CallOutcome.REJECTED).count()
    _wait(call, CallState.QUEUED, now, tries=refusals, seconds=REFUSED_SECONDS)
    cancel_refused(call, outcome, refusals, now)


def _settle_not_reached(call: BrokerCall, outcome: NotReached, now: datetime) -> None:
    """Again after a while. A cancel is tried for as long as it takes: who is to be stopped is not let go."""
    if call.sends < SENDS or call.action == BrokerAction.CANCEL:
        _wait(call, CallState.QUEUED, now, tries=call.sends)
        return
    _done(call, CallOutcome.NOT_REACHED, now)
    reason = f"the broker could not be reached in {call.sends} attempts: {outcome.message}"
    if call.action == BrokerAction.PLACE:
        _deny(call, now, rule="broker_reachable", reason=reason)
    else:
        _refuse_terms(call, RejectedBy.RISK, "broker_reachable", reason, now)


def _settle_unknown(call: BrokerCall, outcome: Unknown, now: datetime) -> None:
    """From here on the broker is asked. Only a cancel is sent again: twice, it does no more than once."""
    if call.action == BrokerAction.CANCEL:
        _wait(call, CallState.QUEUED, now, tries=call.sends)
        return
    if call.action == BrokerAction.PLACE and call.state == CallState.SENDING:
        _say(call, EventType.ORDER_UNCONFIRMED, now, reason=f"The broker's answer did not come: {outcome.message}."[:300])
    _wait(call, CallState.QUESTIONED, now, tries=max(call.asks, 1))


def _settle_ask(call: BrokerCall, answer: Outcome | Answer, now: datetime) -> None:
    if not isinstance(answer, Orders):
        _wait(call, CallState.QUESTIONED, now, tries=call.asks)
        return
    report = answer.tagged(call.tag)
    if report is None and call.asks < ASKS_UNTIL_ABSENT:
        _wait(call, CallState.QUESTIONED, now, tries=call.asks)
    elif report is None:
        _settle_absent(call, now)
    else:
        _done(call, CallOutcome.FOUND, now, broker_order_id=report.broker_order_id)
        if call.action == BrokerAction.MODIFY:
            _settle_found_terms(call, report, now)
        _say(call, EventType.ORDER_REPORTED, now, **report_data(report))


def _settle_absent(call: BrokerCall, now: datetime) -> None:
    _done(call, CallOutcome.ABSENT, now)
    if call.action == BrokerAction.PLACE and was_sent_earlier(call, now):
        warn_of_lost([call.order], now)  # it stays UNKNOWN, and its symbol blocked
    elif call.action == BrokerAction.PLACE:
        _say(call, EventType.ORDER_REPORTED, now, status=ReportStatus.ABSENT)
    else:
        _refuse_terms(call, RejectedBy.BROKER, "broker", "the broker does not list the order any more", now)


def _refuse_terms(call: BrokerCall, by: RejectedBy, rule: str, reason: str, now: datetime) -> None:
    """The order goes on as it was."""
    said = {"rejected_by": by, "rule": rule, "reason": reason[:300], "risk_checks": []}
    _say(call, EventType.ORDER_MODIFY_REFUSED, now, **said)


def _settle_found_terms(call: BrokerCall, report: Report, now: datetime) -> None:
    """Whether the order has the new terms that we did not hear about."""
    wanted = call.request
    found = {"quantity": report.quantity, "price": report.price, "stop_price": report.stop_price}
    missed = [name for name, value in found.items() if wanted[name] is not None and Decimal(wanted[name]) != value]
    if not missed:
        _say(call, EventType.ORDER_MODIFIED, now, **wanted["modified"])
        return
    reason = f"the broker has the order at other terms: {', '.join(missed)}"
    _refuse_terms(call, RejectedBy.BROKER, "broker", reason, now)


def report_data(report: Report) -> dict[str, Any]:
    """A report as an event has it."""
    return {
        "broker_order_id": report.broker_order_id,
        "status": report.status,
        "quantity": report.quantity,
        "filled_quantity": report.filled_quantity,
        "average_price": report.average_price,
        "message": report.message,
    }


def _deny(call: BrokerCall, now: datetime, *, rule: str, reason: str) -> None:
    """By us: the broker never had it."""
    _say(call, EventType.ORDER_REJECTED, now, rejected_by=RejectedBy.RISK, rule=rule, reason=reason[:300])


def _say(call: BrokerCall, kind: EventType, now: datetime, **data: Any) -> None:
    order = call.order
    about = {"order_id": order.id, "symbol": order.symbol, "signal_id": order.signal_id}
    event = new_event(kind, call.account_id, now, about | data, correlation_id=order.correlation_id)
    log.append([event], now=now)


def _wait(call: BrokerCall, state: CallState, now: datetime, *, tries: int, seconds: Sequence[int] = BACKOFF_SECONDS) -> None:
    call.state, call.due_at, call.taken_by, call.taken_until = state, now + wait_after(tries, seconds), None, None
    call.save(update_fields=["state", "due_at", "taken_by", "taken_until"])


def _done(call: BrokerCall, outcome: CallOutcome, now: datetime, *, broker_order_id: str = "") -> None:
    call.state, call.outcome, call.done_at, call.taken_by, call.taken_until = CallState.DONE, outcome, now, None, None
    call.broker_order_id = broker_order_id or call.broker_order_id
    call.save(update_fields=["state", "outcome", "done_at", "taken_by", "taken_until", "broker_order_id"])
    if call.action == BrokerAction.CANCEL:
        cancel_ended(call, now)
