"""What a person found in the broker's own record of an order, where the broker cannot be asked for it any more."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from engine import log
from engine.domain.brokers import BrokerAction, BrokerName, CallState, ReportStatus, tag_of
from engine.domain.enums import OrderStatus
from engine.domain.events import Event, EventType, new_event
from engine.models import BrokerCall, Order
from engine.services.errors import InvalidOrder, OrderNotWorking, UnknownOrder

BEING_SENT = (CallState.QUEUED, CallState.SENDING)
NOTHING_FILLED = (ReportStatus.REJECTED, ReportStatus.ABSENT)


@dataclass(frozen=True, slots=True)
class Found:
    """How the order ended there. `average_price` in rupees, of all shares that were filled."""

    status: ReportStatus
    filled: int
    average_price: Decimal | None = None


@transaction.atomic
def order_settle(*, order_id: UUID, found: Found, by: str, now: datetime) -> Event:
    """Put it into the log as the broker's report: the engine books it like any other.

    Raises UnknownOrder, OrderNotWorking, or InvalidOrder for what cannot have become of the order.
    """
    order = Order.objects.filter(id=order_id).first()
    if order is None:
        raise UnknownOrder(f"there is no order {order_id}")
    if order.broker == BrokerName.PAPER:
        raise InvalidOrder("the order is not at a real broker: there is no record of it elsewhere")
    if not order.is_working:
        raise OrderNotWorking(f"the order is {order.status}: there is nothing left to settle")
    if BrokerCall.objects.filter(order=order, action=BrokerAction.PLACE, state__in=BEING_SENT).exists():
        raise InvalidOrder("the order is being sent just now: wait for the broker's answer")
    if reason := _contradiction(order, found):
        raise InvalidOrder(reason)
    about = {"order_id": order.id, "symbol": order.symbol, "signal_id": order.signal_id}
    data = about | _report(order, found, by)
    event = new_event(EventType.ORDER_REPORTED, order.account_id, now, data, correlation_id=order.correlation_id)
    log.append([event], now=now)
    return event


def _contradiction(order: Order, found: Found) -> str:
    """Why that cannot have become of the order; empty where it can."""
    filled, quantity, booked = found.filled, order.quantity, order.filled_quantity
    if filled > quantity:
        return f"the order is for {quantity} shares: {filled} cannot be filled"
    if filled < booked:
        return f"{booked} shares are booked already: say how many are filled in all"
    if filled and found.status in NOTHING_FILLED:
        return f"of an order that is {found.status} nothing is filled"
    if found.status is ReportStatus.ABSENT and order.status != OrderStatus.UNKNOWN:
        return f"the broker had the order, under the id {order.broker_order_id}: it cannot be ABSENT"
    if found.status is ReportStatus.COMPLETE and filled < quantity:
        return f"COMPLETE is an order with all its {quantity} shares filled: where the rest was cancelled, it is CANCELLED"
    if found.status is ReportStatus.CANCELLED and filled == quantity:
        return f"all {quantity} shares are filled: that is COMPLETE"
    if found.status is ReportStatus.WORKING:
        return "an order that works still is no order to settle"
    return _price_missing(order, found) if filled > booked else ""


def _price_missing(order: Order, found: Found) -> str:
    average = found.average_price
    if average is None or not average.is_finite() or average <= 0:
        return "the price is missing: the average of all shares that are filled, in rupees"
    if average * found.filled <= order.filled_notional:
        booked = f"{order.filled_quantity} shares are booked for {order.filled_notional} rupees"
        return f"{booked}: at that average the others would have been free"
    return ""


def _report(order: Order, found: Found, by: str) -> dict[str, Any]:
    return {
        "broker_order_id": order.broker_order_id or f"BY-HAND-{tag_of(order.id)}",  # fills are told apart by it
        "status": found.status,
        "quantity": order.quantity,
        "filled_quantity": found.filled,
        "average_price": found.average_price or Decimal(0),
        "message": f"{by} found it in the broker's own record"[:300],
        "by": by,
    }
