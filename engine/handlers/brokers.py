"""Orders at a real broker: the call that follows, what the broker answers, and what it says of the order later."""

from typing import Any

from engine.domain.book import Book, Context
from engine.domain.brokers import BrokerAction, CallWanted, ReportStatus, fill_of, quantity_of
from engine.domain.enums import AlertLevel, Component, OrderStatus, RejectedBy
from engine.domain.events import Event, EventType
from engine.domain.orders import RESTING, Order, Trigger
from engine.domain.values import as_decimal, as_uuid
from engine.handlers.orders import BROKER, REASON_LENGTH, cancellation, execution, refusal_fingerprint


def place(book: Book, event: Event, context: Context) -> list[Event]:
    """The order is committed with the call that it needs; the call is made after that."""
    order = book.orders.get(as_uuid(event.data["order_id"]))
    if order and not order.is_on_paper:
        book.changes.calls.append(CallWanted(event.uid, order.id, BrokerAction.PLACE, terms_at_broker(order)))
    return []


def terms_at_broker(order: Order) -> dict[str, Any]:
    """What the broker is told of an order. Its exits are ours: we watch them, and send an order when one is reached."""
    return {
        "symbol": order.symbol,
        "side": order.side,
        "order_type": order.order_type,
        "product": order.product,
        "validity": order.validity,
        "quantity": order.quantity,
        "price": None if order.price is None else f"{order.price.normalize():f}",
        "stop_price": None if order.stop_price is None else f"{order.stop_price.normalize():f}",
    }


def ask_to_cancel(book: Book, event: Event, context: Context) -> list[Event]:
    """Of an order that is still with us nobody needs to be asked."""
    order = book.orders.get(as_uuid(event.data["order_id"]))
    if order is None:
        return []
    if order.is_on_paper:
        data = event.data
        return [cancellation(event, order, context, reason=data["cancellation_reason"], by=data["cancelled_by"])]
    book.changes.calls.append(CallWanted(event.uid, order.id, BrokerAction.CANCEL, {}))
    return []


def acknowledge(book: Book, event: Event) -> None:
    _take(book, event)


def report(book: Book, event: Event) -> None:
    """The broker's quantity is the order's, whichever answer about new terms is still to come. Older events have none."""
    if event.data["status"] == ReportStatus.ABSENT:
        return
    order = _take(book, event)
    if order:
        said = int(event.data.get("quantity") or 0)
        order.resize(quantity_of(said, order.quantity, order.filled_quantity), event.at)
        book.touch_order(order)


def _take(book: Book, event: Event) -> Order | None:
    """The broker has the order, and says under which id."""
    order = book.orders.get(as_uuid(event.data["order_id"]))
    if order is None:
        return None
    if order.status is OrderStatus.UNKNOWN:
        order.move(Trigger.SUBMIT, event.at)
        order.reason = ""
    order.broker_order_id, order.updated_at = event.data["broker_order_id"], event.at
    book.touch_order(order)
    return order


def lose(book: Book, event: Event) -> None:
    order = book.orders.get(as_uuid(event.data["order_id"]))
    if order and order.status is OrderStatus.SUBMITTED:
        order.move(Trigger.LOSE, event.at)
        order.reason = event.data["reason"][:REASON_LENGTH]
        book.touch_order(order)


def warn_of_unknown(book: Book, event: Event, context: Context) -> list[Event]:
    data = event.data
    order = book.orders.get(as_uuid(data["order_id"]))
    if order is None or order.status is not OrderStatus.UNKNOWN:
        return []
    alert = {
        "alert_type": "ORDER_OUTCOME_UNKNOWN",
        "level": AlertLevel.CRITICAL,
        "title": f"Outcome unknown: {order.side} {order.quantity} {order.symbol}",
        "message": f"{data['reason']} The broker is asked for the order; it is not sent again, and {order.symbol} is blocked.",
        "component": Component.ORDER_EXECUTOR,
        "fingerprint": unknown_fingerprint(data["order_id"]),
        "symbol": order.symbol,
        "order_id": order.id,
    }
    return [event.follow(EventType.RISK_ALERT, context.now, **alert)]


def clear_unknown(book: Book, event: Event, context: Context) -> list[Event]:
    """It is known what became of the order; and that the broker takes orders in the symbol."""
    refused = refusal_fingerprint(book.user_id, BROKER, event.data["symbol"])
    blocked = refusal_fingerprint(book.user_id, "outcome_known", event.data["symbol"])
    order_id = event.data["order_id"]
    gone = {unknown_fingerprint(order_id), lost_fingerprint(order_id), *({refused, blocked} & book.open_alerts)}
    book.changes.cleared_alerts |= gone
    return []


def unknown_fingerprint(order_id: object) -> str:
    return f"unknown:{order_id}"


def lost_fingerprint(order_id: object) -> str:
    """Of an order of an earlier day that the broker lists no more."""
    return f"lost:{order_id}"


def follow_report(book: Book, event: Event, context: Context) -> list[Event]:
    """Book what is filled and not booked yet, and the order's end where it has come to one."""
    data = event.data
    order_id, status = as_uuid(data["order_id"]), ReportStatus(data["status"])
    order = book.orders.get(order_id)
    if status is ReportStatus.ABSENT:
        return _absent(order, event, context)
    order = order or book.changes.orders.get(order_id)  # it ended a moment ago, maybe by this very event
    if order is None:
        return []
    average = as_decimal(data["average_price"])
    shares, price = fill_of(int(data["filled_quantity"]), average, order.filled_quantity, order.filled_notional)
    booked = min(shares, order.remaining) if order.status in RESTING else 0
    events = [execution(order, booked, price, event, context)] if booked else []
    if shares > booked:
        events.append(_not_booked(order, shares - booked, event, context))
    return events + _end(order, order.remaining - booked, status, event, context)


def _absent(order: Order | None, event: Event, context: Context) -> list[Event]:
    if order is None or order.status is not OrderStatus.UNKNOWN:
        return []
    reason = event.data.get("message") or "the broker does not have it: it was asked for our tag"
    return [rejection(event, order, context, by=RejectedBy.RISK, rule="broker_reachable", reason=reason)]


def _not_booked(order: Order, shares: int, event: Event, context: Context) -> Event:
    """More than the order can hold: what is bought or sold there and not here must never go by in silence."""
    said = event.data["filled_quantity"]
    text = f"The broker filled {said} shares of an order that is {order.status} here, for {order.quantity}."
    alert = {
        "alert_type": "FILL_NOT_BOOKED",
        "level": AlertLevel.CRITICAL,
        "title": f"Filled at the broker and in no book: {order.side} {shares} {order.symbol}",
        "message": f"{text} {shares} of them are in no book: compare the positions there and here, and close what is too much.",
        "component": Component.ORDER_EXECUTOR,
        "fingerprint": f"not-booked:{order.id}",
        "symbol": order.symbol,
        "order_id": order.id,
        "shares": shares,
    }
    return event.follow(EventType.RISK_ALERT, context.now, **alert)


def _end(order: Order, left: int, status: ReportStatus, event: Event, context: Context) -> list[Event]:
    reason = str(event.data.get("message") or "")
    if order.status not in RESTING or not left or status in (ReportStatus.WORKING, ReportStatus.COMPLETE):
        return []
    if status is ReportStatus.REJECTED and left == order.quantity:
        return [rejection(event, order, context, by=RejectedBy.BROKER, rule=BROKER, reason=reason or "the broker rejected it")]
    return [cancellation(event, order, context, reason=reason or "the broker cancelled it", by=BROKER)]


def rejection(event: Event, order: Order, context: Context, *, by: RejectedBy, rule: str, reason: str) -> Event:
    return event.follow(
        EventType.ORDER_REJECTED,
        context.now,
        order_id=order.id,
        symbol=order.symbol,
        signal_id=order.signal_id,
        rejected_by=by,
        rule=rule,
        reason=reason[:REASON_LENGTH],
    )
