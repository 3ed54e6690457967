"""The broker lists the orders of one day of India: of one that was sent on an earlier day, its absence there proves nothing."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Min

from engine.alerts import alerts_raise
from engine.domain.alerts import AlertRaised
from engine.domain.brokers import BrokerAction
from engine.domain.enums import AlertLevel, Component
from engine.domain.intervals import IST
from engine.handlers.brokers import lost_fingerprint
from engine.models import Alert, BrokerAttempt, BrokerCall, Order
from engine.selectors.units import day_start


def was_sent_earlier(call: BrokerCall, now: datetime) -> bool:
    """Whether it was first sent on an earlier day than today."""
    attempts = BrokerAttempt.objects.filter(call=call, action=BrokerAction.PLACE)
    sent_at = attempts.aggregate(at=Min("started_at"))["at"] or call.created_at
    return bool(sent_at < day_start(now))


def warn_of_lost(orders: Sequence[Order], now: datetime) -> None:
    """Only the broker's own record says what became of them: a person must look. Told once a day, and at once when resolved."""
    fingerprints = [lost_fingerprint(order.id) for order in orders]
    if not fingerprints:
        return
    told = Alert.objects.open().filter(fingerprint__in=fingerprints, last_seen__gte=day_start(now))
    known = set(told.values_list("fingerprint", flat=True))
    alerts_raise([_lost(order) for order in orders if lost_fingerprint(order.id) not in known], now=now)


def _lost(order: Order) -> AlertRaised:
    sent = order.submitted_at or order.created_at
    text = f"It was sent on {sent.astimezone(IST):%d %b} and is {order.status} here; the broker lists today's orders only."
    if order.leave:
        text += " Until it is known, the position is not closed as it was to be."
    return AlertRaised(
        level=AlertLevel.CRITICAL,
        title=f"What became of an earlier day's order is not known: {order.side} {order.quantity} {order.symbol}",
        message=f"{text} Look at the broker's own record of that day, and enter it here: manage.py settle_order {order.id}",
        component=Component.ORDER_EXECUTOR,
        fingerprint=lost_fingerprint(order.id),
        user_id=order.account_id,
        data={"order_id": str(order.id), "broker_order_id": order.broker_order_id},
    )
