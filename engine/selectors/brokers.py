"""The real broker: whose orders go there, whether it can be reached, and what it was asked and answered."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Max, Q

from engine.domain.brokers import BreakerState, BrokerAction, CallState, Desk, LiveBroker
from engine.models import BrokerAttempt, BrokerCall, BrokerLink


def live_broker() -> LiveBroker | None:
    """None while all orders are on paper."""
    broker: LiveBroker | None = settings.BROKER
    return broker


def is_live(user_id: str) -> bool:
    """Whether the account's orders go to the real broker."""
    broker = live_broker()
    return broker is not None and broker.account == user_id


def broker_desk(*, now: datetime) -> Desk | None:
    """What handlers know of the broker. Nothing is asked of the database while all orders are on paper."""
    broker = live_broker()
    return Desk(broker.account, broker.name, breaker_state(broker, now=now)) if broker else None


def breaker_state(broker: LiveBroker, *, now: datetime) -> BreakerState:
    link = BrokerLink.objects.filter(name=broker.name).first() or BrokerLink(name=broker.name)
    return link.breaker.state(now, broker.breaker_seconds)


def broker_attempts(order_id: UUID) -> list[dict[str, Any]]:
    """Each time that the broker was called for the order, oldest first, with its own words; secrets are taken out of them."""
    rows = BrokerAttempt.objects.filter(call__order=order_id).select_related("call").order_by("id")
    return [
        {
            "action": row.action,
            "call": row.call.action,
            "number": row.number,
            "tag": row.call.tag,
            "started_at": row.started_at,
            "ended_at": row.ended_at,
            "outcome": row.outcome or None,
            "http_status": row.http_status,
            "message": row.message or None,
        }
        for row in rows
    ]


def retry_info(order_id: UUID) -> dict[str, Any] | None:
    """How often the order was sent once more, when it last was, and when it will be; None where once was enough."""
    call = BrokerCall.objects.filter(order=order_id, action=BrokerAction.PLACE, sends__gt=0).first()
    if call is None or (call.sends == 1 and call.state != CallState.QUEUED):
        return None
    last = BrokerAttempt.objects.filter(call=call, action=BrokerAction.PLACE).aggregate(at=Max("started_at"))["at"]
    return {
        "count": call.sends - 1,
        "last_attempt": last,
        "next_attempt": call.due_at if call.state == CallState.QUEUED else None,
    }


def retry_statistics(user_id: str, *, since: datetime) -> dict[str, int]:
    """Sends after the first: of how many orders one is due, and how many there were. One statement."""
    waiting = Q(state=CallState.QUEUED, sends__gt=0)
    again = Q(attempts__action=BrokerAction.PLACE, attempts__number__gt=1)
    calls = BrokerCall.objects.filter(account=user_id, created_at__gte=since, action=BrokerAction.PLACE).order_by()
    return calls.aggregate(
        active_retries=Count("id", filter=waiting, distinct=True),
        total_retry_attempts=Count("attempts", filter=again),
        orders_in_retry=Count("order", filter=waiting, distinct=True),
    )
