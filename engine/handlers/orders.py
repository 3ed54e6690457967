"""An order's life: created, checked against risk, submitted, matched, and ended."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from engine.domain import risk, venue
from engine.domain.book import Book, Context
from engine.domain.brokers import BrokerName, tag_of
from engine.domain.charges import charges_for
from engine.domain.enums import OrderType, Product, RejectedBy, Side, SignalDecision, TradingState, Validity
from engine.domain.events import Event, EventType
from engine.domain.intervals import IST
from engine.domain.orders import RESTING, Order, Trigger
from engine.domain.paper import fill_price, fill_quantity, is_triggered
from engine.domain.strategy_limits import count_entry
from engine.domain.values import as_time, as_uuid, decimal_or_none, uuid_or_none

REASON_LENGTH = 300  # characters that the table keeps
BROKER = "broker"  # whose wish ended an order


def create(book: Book, event: Event) -> None:
    id = as_uuid(event.data["order_id"])
    order = book.orders.get(id) or book.changes.orders.get(id) or book.ended.get(id) or order_from(event)
    book.touch_order(order)
    if order.is_working and (early := book.early_cancels.pop(id, None)):  # only in a fold: else the tables knew it
        cancel(book, early)
    signal = book.changes.signals.get(order.signal_id) if order.signal_id else None
    if signal:
        signal.decision, signal.order_id, signal.decided_at = SignalDecision.ORDERED, order.id, event.at


def order_from(event: Event) -> Order:
    data = event.data
    return Order(
        id=as_uuid(data["order_id"]),
        symbol=data["symbol"],
        side=Side(data["side"]),
        order_type=OrderType(data["order_type"]),
        quantity=int(data["quantity"]),
        correlation_id=event.correlation_id,
        created_at=event.at,
        price=decimal_or_none(data.get("price")),
        stop_price=decimal_or_none(data.get("stop_price")),
        stop_loss=decimal_or_none(data.get("stop_loss")),
        take_profit=decimal_or_none(data.get("take_profit")),
        trailing_stop=decimal_or_none(data.get("trailing_stop")),
        trailing_stop_percent=decimal_or_none(data.get("trailing_stop_percent")),
        product=Product(data["product"]),
        validity=Validity(data["validity"]),
        strategy_id=data.get("strategy_id") or "",
        signal_id=uuid_or_none(data.get("signal_id")),
        sizing=data.get("sizing") or "",
        updated_at=event.at,
    )


def check_risk(book: Book, event: Event, context: Context) -> list[Event]:
    order = book.orders.get(as_uuid(event.data["order_id"]))
    if order is None:  # it ended while it waited
        return []
    closed = venue.closed_to(order, context)
    if closed and venue.may_wait(book, order):
        given = {"order_id": order.id, "symbol": order.symbol, "opens_at": closed.opens_at}
        return [event.follow(EventType.ORDER_DEFERRED, context.now, **given)]
    verdict = venue.checks_for(book, order, context) + risk.checks_for(book, order, context)
    denied = [check for check in verdict if not check["passed"]]
    if not denied:
        return [
            event.follow(
                EventType.ORDER_SUBMITTED,
                context.now,
                order_id=order.id,
                symbol=order.symbol,
                **_broker_for(book, order, context),
                risk_checks=verdict,
            )
        ]
    return [
        event.follow(
            EventType.ORDER_REJECTED,
            context.now,
            order_id=order.id,
            symbol=order.symbol,
            signal_id=order.signal_id,
            rejected_by=RejectedBy.RISK,
            rule=denied[0]["rule"],
            reason="; ".join(check["reason"] for check in denied)[:REASON_LENGTH],
            risk_checks=verdict,
        )
    ]


def _broker_for(book: Book, order: Order, context: Context) -> dict[str, str]:
    """Where the order goes. A real broker gives it an id when it has accepted it."""
    if context.desk and context.is_live(book.user_id):
        return {"broker": context.desk.name, "broker_order_id": ""}
    return {"broker_order_id": f"PAPER-{tag_of(order.id)}"}


def defer(book: Book, event: Event) -> None:
    """The market is closed: the order stays with us, and is looked at with the first price after the open."""
    order = book.orders[as_uuid(event.data["order_id"])]
    order.waits_until, order.updated_at = as_time(event.data["opens_at"]), event.at
    book.touch_order(order)


def release(book: Book, event: Event, context: Context) -> list[Event]:
    """A price has come for an order that waited for the open."""
    order = book.orders.get(as_uuid(event.data["order_id"]))
    return check_risk(book, event, context) if order and order.waits_until else []


def submit(book: Book, event: Event) -> None:
    order = book.orders[as_uuid(event.data["order_id"])]
    order.waits_until = None
    order.move(Trigger.SUBMIT, event.at)
    order.submitted_at = event.at
    order.broker = BrokerName(event.data.get("broker", BrokerName.PAPER))
    order.broker_order_id = event.data["broker_order_id"]
    order.risk_checks = event.data["risk_checks"]
    book.touch_order(order)
    book.pace.count(order, event.at)
    book.changes.account = True
    count_entry(book, order)


def update(book: Book, event: Event) -> None:
    """A price reached a resting order. That its stop traded is remembered, whatever the price does after."""
    order = book.orders.get(as_uuid(event.data["order_id"]))
    last = decimal_or_none(event.data.get("last_price"))
    if order is None or order.status not in RESTING or last is None:
        return
    if order.waits_for_stop and is_triggered(order, last):
        order.triggered_at = order.updated_at = event.at
        book.touch_order(order)


def match_on_paper(book: Book, event: Event, context: Context) -> list[Event]:
    order = book.orders.get(as_uuid(event.data["order_id"]))
    quote = context.quotes.get(order.symbol) if order else None
    if order is None or quote is None or order.status not in RESTING or not order.is_on_paper:
        return []
    if not _lets_fill(book, order):  # its cancellation is on the way
        return []
    last = quote.last_price
    if order.waits_for_stop and last is not None and is_triggered(order, last):
        given = {"order_id": order.id, "trigger": "price", "last_price": last}
        return [event.follow(EventType.ORDER_UPDATED, context.now, **given)]
    price = fill_price(order, quote, context.slippage_bps)
    quantity = fill_quantity(order, quote, context.volume_percent) if price else 0
    filled = [execution(order, quantity, price, event, context)] if price and quantity else []
    return filled + _cancel_if_immediate(order, order.remaining - quantity, event, context)


def _lets_fill(book: Book, order: Order) -> bool:
    state = book.state_for(order.symbol, order.strategy_id)
    if state is not TradingState.REDUCING:
        return state is TradingState.ACTIVE
    held = book.position(order.symbol, order.strategy_id)
    return held is not None and order.exits_from(held.quantity)


def execution(order: Order, quantity: int, price: Decimal, event: Event, context: Context) -> Event:
    schedule = context.tariff.schedule(order.product, order.side, context.now.astimezone(IST).date())
    return event.follow(
        EventType.ORDER_EXECUTED,
        context.now,
        order_id=order.id,
        symbol=order.symbol,
        side=order.side,
        executed_quantity=quantity,
        executed_price=price,
        execution_time=context.now,
        broker_order_id=order.broker_order_id,
        broker_execution_id=f"{order.broker_order_id}-{order.filled_quantity}",
        charges=charges_for(schedule, quantity, price, filled=order.filled_notional),
        strategy_id=order.strategy_id,
    )


def _cancel_if_immediate(order: Order, left: int, event: Event, context: Context) -> list[Event]:
    if order.validity is not Validity.IOC or not left:
        return []
    what = "nothing" if left == order.remaining else f"nothing more than {order.remaining - left} shares"
    reason = f"immediate or cancel: {what} to match at the last price"
    return [cancellation(event, order, context, reason=reason, by="market")]


def cancellation(
    event: Event, order: Order, context: Context, *, reason: str, by: str, leave: Mapping[str, Any] | None = None
) -> Event:
    """The order ends here, for `reason`, at the wish of `by`. One that a real broker has ends when the broker says so; `leave`
    is the order that closes its position then."""
    is_ours = order.is_on_paper or by == BROKER
    following = {} if is_ours or leave is None else {"leave": leave}
    return event.follow(
        EventType.ORDER_CANCELLED if is_ours else EventType.ORDER_CANCEL_REQUESTED,
        context.now,
        order_id=order.id,
        symbol=order.symbol,
        cancellation_reason=reason,
        cancelled_by=by,
        cancelled_at=context.now,
        **following,
    )


def clear_refusals(book: Book, event: Event, context: Context) -> list[Event]:
    """The order passed every rule: what was refused for its account or symbol before no longer stands."""
    if not book.open_alerts:
        return []
    order = book.changes.orders[as_uuid(event.data["order_id"])]
    for check in event.data["risk_checks"]:
        fingerprint = refusal_fingerprint(book.user_id, check["rule"], order.symbol)
        if fingerprint in book.open_alerts:
            book.changes.cleared_alerts.add(fingerprint)
    return []


def refusal_fingerprint(user_id: str, rule: str, symbol: str) -> str:
    """Refusals by the same rule are one alert: per symbol where the rule, or the broker, looks at one, else per account."""
    return f"risk:{user_id}:{rule}:{symbol if rule in risk.PER_SYMBOL or rule == BROKER else ''}"


def cancel(book: Book, event: Event) -> None:
    if _end(book, event, Trigger.CANCEL, event.data["cancellation_reason"]) is None:
        book.early_cancels.setdefault(as_uuid(event.data["order_id"]), event)


def expire(book: Book, event: Event) -> None:
    _end(book, event, Trigger.EXPIRE, event.data["reason"])


def expire_day_orders(book: Book, event: Event, context: Context) -> list[Event]:
    """A new trading day begins: what was sent for an earlier one is over. Orders sent since the day began are its own."""
    return [
        expiry(event, order, context)
        for order in book.orders.values()
        if order.validity is Validity.DAY
        and order.status in RESTING
        and order.is_on_paper
        and order.submitted_at
        and order.submitted_at < event.at
    ]


def expiry(event: Event, order: Order, context: Context) -> Event:
    reason = "good for the day, and the day is over"
    return event.follow(EventType.ORDER_EXPIRED, context.now, order_id=order.id, symbol=order.symbol, reason=reason)


def reject(book: Book, event: Event) -> None:
    order = _end(book, event, Trigger.REJECT, event.data["reason"])
    if order:
        order.rejected_by = RejectedBy(event.data["rejected_by"])
        order.risk_checks = event.data.get("risk_checks") or order.risk_checks


def refuse_signal(book: Book, event: Event, context: Context) -> list[Event]:
    """A denied order refuses the signal that it came from, also where it had waited for the open."""
    data = event.data
    signal_id = uuid_or_none(data.get("signal_id"))
    order = book.changes.orders.get(as_uuid(data["order_id"]))
    waited = order is not None and order.submitted_at is None
    if signal_id is None or not (waited or signal_id in book.changes.signals):
        return []
    fields = {"signal_id": signal_id, "symbol": data["symbol"], "rule": data["rule"], "reason": data["reason"]}
    return [event.follow(EventType.SIGNAL_REFUSED, context.now, **fields)]


def _end(book: Book, event: Event, trigger: Trigger, reason: str) -> Order | None:
    order = book.orders.get(as_uuid(event.data["order_id"]))
    if order is None:  # it had ended before the wish arrived
        return None
    order.move(trigger, event.at)
    order.waits_until = None
    order.reason = reason[:REASON_LENGTH]
    book.touch_order(order)
    return order
