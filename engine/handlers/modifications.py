"""A working order's terms are changed by somebody's wish: never below what is filled, and only past the risk check."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.domain import risk, venue
from engine.domain.book import Book, Context
from engine.domain.brokers import BrokerAction, CallWanted
from engine.domain.enums import RejectedBy
from engine.domain.events import Event, EventType
from engine.domain.orders import MODIFIABLE, RESTING, Order
from engine.domain.risk import Check
from engine.domain.values import as_decimal, as_uuid
from engine.handlers.brokers import terms_at_broker
from engine.handlers.orders import REASON_LENGTH, match_on_paper


def decide(book: Book, event: Event, context: Context) -> list[Event]:
    """The order goes on at its new terms, or as it was."""
    order = book.orders.get(as_uuid(event.data["order_id"]))
    if order is None or (order.status not in RESTING and not order.waits_until):
        return [_refusal(event, context, "order_status", "the order is not in the market")]
    changes = changes_in(event.data)
    wanted = replace(order, **changes)
    if wanted.remaining <= 0:
        reason = f"{order.filled_quantity} shares are filled already"
        return [_refusal(event, context, "filled_quantity", reason)]
    # only what is still to fill can add to the position; what waits for the open is checked there
    rest = replace(wanted, quantity=wanted.remaining, filled_quantity=0)
    verdict = [] if order.waits_until else _checks(book, rest, context)
    denied = [check for check in verdict if not check["passed"]]
    if denied:
        reason = "; ".join(check["reason"] for check in denied)[:REASON_LENGTH]
        return [_refusal(event, context, denied[0]["rule"], reason, verdict)]
    given = {"order_id": order.id, "symbol": order.symbol, "by": event.data["by"], **changes, "risk_checks": verdict}
    if order.is_on_paper:
        return [event.follow(EventType.ORDER_MODIFIED, context.now, **given)]
    book.changes.calls.append(
        CallWanted(event.uid, order.id, BrokerAction.MODIFY, terms_at_broker(wanted) | {"modified": given})
    )
    return []


def _checks(book: Book, order: Order, context: Context) -> list[Check]:
    return venue.checks_for(book, order, context) + risk.checks_for(book, order, context)


def changes_in(data: Mapping[str, Any]) -> dict[str, Any]:
    """The terms that the event names, each in its type. A trailing stop has one distance: the new one ends the other."""
    given = {name: data[name] for name in MODIFIABLE if data.get(name) is not None}
    changes: dict[str, Any] = {name: int(value) if name == "quantity" else as_decimal(value) for name, value in given.items()}
    if "trailing_stop" in changes:
        changes["trailing_stop_percent"] = None
    elif "trailing_stop_percent" in changes:
        changes["trailing_stop"] = None
    return changes


def _refusal(event: Event, context: Context, rule: str, reason: str, verdict: Sequence[Check] = ()) -> Event:
    return event.follow(
        EventType.ORDER_MODIFY_REFUSED,
        context.now,
        order_id=event.data["order_id"],
        symbol=event.data["symbol"],
        rejected_by=RejectedBy.RISK,
        rule=rule,
        reason=reason,
        risk_checks=list(verdict),
    )


def modify(book: Book, event: Event) -> None:
    """A broker's answer may come late: what has ended meanwhile stays as it is, and what is filled meanwhile counts."""
    order = book.orders.get(as_uuid(event.data["order_id"]))
    if order is None:
        return
    changes = changes_in(event.data)
    quantity = changes.pop("quantity", order.quantity)
    for name, value in changes.items():
        setattr(order, name, value)
    order.risk_checks = event.data["risk_checks"]
    order.resize(quantity, event.at)
    book.touch_order(order)


def match_anew(book: Book, event: Event, context: Context) -> list[Event]:
    """At its new terms it may fill. One that took its share of this bar's volume already waits for the next bar."""
    order = book.orders.get(as_uuid(event.data["order_id"]))
    return [] if order is None or order.filled_quantity else match_on_paper(book, event, context)
