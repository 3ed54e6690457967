"""What the broker says of its orders, looked at while any of ours works there: fills and ends become events."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction

from engine import log
from engine.alerts import alerts_raise
from engine.brokers.breaker import locked_link, note_reach
from engine.brokers.calls import report_data
from engine.brokers.days import warn_of_lost
from engine.brokers.protocol import Answer, Orders, Report
from engine.domain.alerts import AlertRaised
from engine.domain.brokers import BreakerState, BrokerAction, CallOutcome, LiveBroker, ReportStatus, quantity_of, tag_of
from engine.domain.enums import AlertLevel, Component, OrderStatus
from engine.domain.events import Event, EventType, new_event
from engine.models import BrokerCall, BrokerLink, Order
from engine.selectors.units import day_start

NEVER_THERE = (CallOutcome.ABSENT, CallOutcome.NOT_REACHED, CallOutcome.WITHDRAWN, CallOutcome.REJECTED)
WATCHED_FOR = timedelta(minutes=10)  # an order that the broker did not have could still come in late
ALIVE = (ReportStatus.WORKING, ReportStatus.COMPLETE)


def poll_begin(broker: LiveBroker, *, now: datetime) -> bool:
    """Whether it is ours to ask now: one process asks, as often as is set, and only while there is something to know."""
    with transaction.atomic():
        link = locked_link(broker)
        state, polled_at = link.breaker.state(now, broker.breaker_seconds), link.polled_at
        is_due = polled_at is None or not now - timedelta(seconds=broker.poll_seconds) < polled_at <= now
        wanted = state is BreakerState.HALF_OPEN or (state is BreakerState.CLOSED and _has_something_to_know(broker, now))
        if not is_due or not wanted:
            return False
        BrokerLink.objects.filter(name=broker.name).update(polled_at=now)
        return True


def _has_something_to_know(broker: LiveBroker, now: datetime) -> bool:
    lost = BrokerCall.objects.filter(account=broker.account, created_at__gte=now - WATCHED_FOR, outcome=CallOutcome.ABSENT)
    return Order.objects.working().filter(account=broker.account, broker=broker.name).exists() or lost.exists()


def poll_settle(broker: LiveBroker, answer: Answer, *, now: datetime) -> int:
    """What has changed goes into the log; how many orders that were. What is known already is no event."""
    with transaction.atomic():
        note_reach(broker, answer, now)
        if not isinstance(answer, Orders):
            return 0
        reports = {report.tag: report for report in answer.reports if report.tag}
        working = Order.objects.working().filter(account=broker.account, broker=broker.name).order_by("created_at")
        ours = {tag_of(order.id): order for order in working}
        events = [_reported(ours[tag], report, now) for tag, report in reports.items() if _is_news(ours.get(tag), report)]
        log.append(events, now=now)
        warn_of_lost([order for tag, order in ours.items() if tag not in reports and _is_of_an_earlier_day(order, now)], now)
        _warn_of_strays({tag: report for tag, report in reports.items() if tag not in ours}, now)
        return len(events)


def _is_news(order: Order | None, report: Report) -> bool:
    if order is None:
        return False
    quantity = quantity_of(report.quantity, order.quantity, order.filled_quantity)
    known = (order.status != OrderStatus.UNKNOWN, order.filled_quantity, order.quantity)
    return report.status is not ReportStatus.WORKING or known != (True, report.filled_quantity, quantity)


def _is_of_an_earlier_day(order: Order, now: datetime) -> bool:
    """Whether the broker had it, or may have had it, on a day that its list says nothing of any more."""
    was_sent = order.broker_order_id != "" or order.status == OrderStatus.UNKNOWN
    return was_sent and order.submitted_at is not None and order.submitted_at < day_start(now)


def _reported(order: Order, report: Report, now: datetime) -> Event:
    data = {"order_id": order.id, "symbol": order.symbol, "signal_id": order.signal_id, **report_data(report)}
    return new_event(EventType.ORDER_REPORTED, order.account_id, now, data, correlation_id=order.correlation_id)


def _warn_of_strays(reports: Mapping[str, Report], now: datetime) -> None:
    """The broker works an order, or filled it, that we were sure it never had: only a person can tell what to do."""
    alive = [tag for tag, report in reports.items() if report.status in ALIVE]
    calls = BrokerCall.objects.filter(tag__in=alive, action=BrokerAction.PLACE, outcome__in=NEVER_THERE).select_related("order")
    alerts_raise([_stray(call, reports[call.tag]) for call in calls], now=now)


def _stray(call: BrokerCall, report: Report) -> AlertRaised:
    text = f"Order {call.order_id} is {call.order.status} here, and {report.status} there with {report.filled_quantity} filled."
    return AlertRaised(
        level=AlertLevel.CRITICAL,
        title=f"The broker has an order that it should not have: {call.order.symbol}",
        message=f"{text} Its id there is {report.broker_order_id}: cancel it there, or close what it bought or sold.",
        component=Component.ORDER_EXECUTOR,
        fingerprint=f"stray:{call.order_id}",
        user_id=call.account_id,
        data={"order_id": str(call.order_id), "broker_order_id": report.broker_order_id},
    )
