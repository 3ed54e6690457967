"""An order's life: created, checked against risk, submitted, matched, and ended."""

from engine.domain import risk
from engine.domain.book import Book, Context
from engine.domain.charges import charges_for
from engine.domain.enums import OrderType, Product, RejectedBy, Side, SignalDecision, TradingState, Validity
from engine.domain.events import Event, EventType
from engine.domain.orders import Order, Trigger
from engine.domain.paper import fill_price
from engine.domain.strategy_limits import count_entry
from engine.domain.values import as_uuid, decimal_or_none, uuid_or_none

REASON_LENGTH = 300  # characters that the table keeps


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
    verdict = risk.checks_for(book, order, context)
    denied = [check for check in verdict if not check["passed"]]
    if not denied:
        paper_id = f"PAPER-{order.id.hex[:20].upper()}"  # long enough never to meet another among millions
        return [
            event.follow(
                EventType.ORDER_SUBMITTED,
                context.now,
                order_id=order.id,
                symbol=order.symbol,
                broker_order_id=paper_id,
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


def submit(book: Book, event: Event) -> None:
    order = book.orders[as_uuid(event.data["order_id"])]
    order.move(Trigger.SUBMIT, event.at)
    order.submitted_at = event.at
    order.broker_order_id = event.data["broker_order_id"]
    order.risk_checks = event.data["risk_checks"]
    book.touch_order(order)
    count_entry(book, order)


def update(book: Book, event: Event) -> None:
    """A price reached a resting order: nothing changes but what is decided next."""


def match_on_paper(book: Book, event: Event, context: Context) -> list[Event]:
    order = book.orders.get(as_uuid(event.data["order_id"]))
    quote = context.quotes.get(order.symbol) if order else None
    if order is None or quote is None:
        return []
    if book.trading_state is TradingState.HALTED:  # its cancellation is on the way
        return []
    price = fill_price(order, quote, context.slippage_bps)
    if price is None:
        return _cancel_if_immediate(order, event, context)
    charges = charges_for(order.product, order.side, order.remaining, price)
    return [
        event.follow(
            EventType.ORDER_EXECUTED,
            context.now,
            order_id=order.id,
            symbol=order.symbol,
            side=order.side,
            executed_quantity=order.remaining,
            executed_price=price,
            execution_time=context.now,
            broker_order_id=order.broker_order_id,
            broker_execution_id=f"{order.broker_order_id}-{order.filled_quantity}",
            charges=charges,
            strategy_id=order.strategy_id,
        )
    ]


def _cancel_if_immediate(order: Order, event: Event, context: Context) -> list[Event]:
    if order.validity is not Validity.IOC:
        return []
    reason = "immediate or cancel: nothing to match at the last price"
    return [cancellation(event, order, context, reason=reason, by="market")]


def cancellation(event: Event, order: Order, context: Context, *, reason: str, by: str) -> Event:
    """The order ends here, for `reason`, at the wish of `by`."""
    return event.follow(
        EventType.ORDER_CANCELLED,
        context.now,
        order_id=order.id,
        symbol=order.symbol,
        cancellation_reason=reason,
        cancelled_by=by,
        cancelled_at=context.now,
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
    """Refusals by the same rule are one alert: per symbol where the rule looks at one, else per account."""
    return f"risk:{user_id}:{rule}:{symbol if rule in risk.PER_SYMBOL else ''}"


def cancel(book: Book, event: Event) -> None:
    if _end(book, event, Trigger.CANCEL, event.data["cancellation_reason"]) is None:
        book.early_cancels.setdefault(as_uuid(event.data["order_id"]), event)


def expire(book: Book, event: Event) -> None:
    _end(book, event, Trigger.EXPIRE, event.data["reason"])


def reject(book: Book, event: Event) -> None:
    order = _end(book, event, Trigger.REJECT, event.data["reason"])
    if order:
        order.rejected_by = RejectedBy(event.data["rejected_by"])
        order.risk_checks = event.data.get("risk_checks") or order.risk_checks


def refuse_signal(book: Book, event: Event, context: Context) -> list[Event]:
    """A denied order refuses the signal that it came from."""
    data = event.data
    signal_id = uuid_or_none(data.get("signal_id"))
    if signal_id not in book.changes.signals:
        return []
    fields = {"signal_id": signal_id, "symbol": data["symbol"], "rule": data["rule"], "reason": data["reason"]}
    return [event.follow(EventType.SIGNAL_REFUSED, context.now, **fields)]


def _end(book: Book, event: Event, trigger: Trigger, reason: str) -> Order | None:
    order = book.orders.get(as_uuid(event.data["order_id"]))
    if order is None:  # it had ended before the wish arrived
        return None
    order.move(trigger, event.at)
    order.reason = reason[:REASON_LENGTH]
    book.touch_order(order)
    return order
