"""A cancel that the broker refuses: the order may live on, so it is tried again; from the third time on somebody is told."""

from datetime import datetime

from engine.alerts import alerts_clear, alerts_raise
from engine.brokers.protocol import Rejected
from engine.domain.alerts import AlertRaised
from engine.domain.enums import AlertLevel, Component
from engine.models import BrokerCall

REFUSALS_UNTIL_ALERT = 3  # one may be the order's own end, or a moment in which the exchange looks at it


def cancel_refused(call: BrokerCall, outcome: Rejected, refusals: int, now: datetime) -> None:
    if refusals >= REFUSALS_UNTIL_ALERT:
        alerts_raise([_refused(call, outcome, refusals)], now=now)


def cancel_ended(call: BrokerCall, now: datetime) -> None:
    """It is through, or nobody needs it any more. One that was not sent so often has no alert to clear."""
    if call.sends >= REFUSALS_UNTIL_ALERT:
        note = f"the cancel came to its end: {call.outcome}"
        alerts_clear([_fingerprint(call)], now=now, note=note)


def _refused(call: BrokerCall, outcome: Rejected, refusals: int) -> AlertRaised:
    order = call.order
    text = f"{order.side} {order.quantity} {order.symbol} still works there. Refused {refusals} times, with the words:"
    return AlertRaised(
        level=AlertLevel.CRITICAL,
        title=f"The broker refuses to cancel an order: {order.symbol}",
        message=f"{text} {outcome.reason}. It is tried again; cancel it there, or see whether our access token still holds.",
        component=Component.ORDER_EXECUTOR,
        fingerprint=_fingerprint(call),
        user_id=call.account_id,
        data={"order_id": str(order.id), "broker_order_id": call.broker_order_id},
    )


def _fingerprint(call: BrokerCall) -> str:
    return f"cancel:{call.order_id}"
