"""One order's page: its facts, its life step by step, the risk verdict with the room left, fills, charges, and its bracket."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from dashboard import figures
from dashboard.live import orders as order_rows
from dashboard.live.checks import check_rows
from dashboard.live.events import event_row, time_url
from dashboard.live.names import named
from dashboard.live.state import Row, State, iso, picked, wire, wire_value
from dashboard.live.topics import Topic
from engine.domain.charges import NAMES
from engine.domain.enums import OrderStatus
from engine.domain.orders import TERMINAL
from engine.selectors.brokers import broker_attempts
from engine.selectors.order_life import order_events, order_exits, order_opened, order_parent
from engine.selectors.orders import executions_list, order_get
from engine.selectors.units import milliseconds

ALL_FILLS = 200  # of one order, on its page; the API has the rest
DETAILS = (
    *("sizing", "stop_loss", "take_profit", "trailing_stop", "trailing_stop_percent", "signal_id", "rejected_by"),
    *("submitted_at", "filled_at", "waits_until", "triggered_at", "correlation_id"),
)
FILL = ("id", "executed_at", "quantity", "price", "total_value", "commission", "realized_pnl", "net_pnl", "broker_execution_id")
CHARGE_WORDS = {"stt": "STT", "sebi": "SEBI fee", "gst": "GST", "exchange": "Exchange", "stamp_duty": "Stamp duty"}
ENDS = {f"order_{status.value.lower()}" for status in TERMINAL - {OrderStatus.FILLED}}
SECTIONS = ("order", "steps", "checks", "fills", "attempts", "charges", "bracket", "related")
NOTHING: State = {section: {} for section in SECTIONS}


def state(topic: Topic, now: datetime) -> State:
    """Empty for an order that there is not, or that is another's."""
    try:
        order = order_get(UUID(dict(topic.filters).get("id", "")))
    except ValueError:
        return NOTHING
    if order is None or (topic.user_ids is not None and order["user_id"] not in topic.user_ids):
        return NOTHING
    events = order_events(order)
    fills = executions_list(order_id=order["id"], limit=ALL_FILLS)
    position = order_opened(order) if fills else None
    return {
        "order": {"all": facts(order, fills)},
        "steps": steps(order, events),
        "checks": check_rows(order["risk_checks"]),
        "fills": {str(fill["id"]): fill_row(fill) for fill in fills},
        "attempts": attempts(order["id"]),
        "charges": charges(fills),
        "bracket": {"all": bracket(order, position)},
        "related": related(order, events, position),
    }


def facts(order: Row, fills: list[Row]) -> Row:
    """`gross` is what was traded, `net` what it took out of the cash or brought, with charges; both in rupees."""
    value = sum((fill["total_value"] for fill in fills), Decimal(0))
    sign = 1 if order["side"] == "BUY" else -1
    booked = sum((fill["realized_pnl"] for fill in fills), Decimal(0))
    (row,) = named([order_rows.full_row(order) | picked(order, DETAILS)])
    share = 100 * order["filled_quantity"] / order["quantity"]
    return row | wire(
        {
            "title": f"{figures.words(order['side'])} {figures.quantity(order['quantity'])} {order['symbol']}",
            "gross": value or None,
            "net": value + sign * order["commission"] if value else None,
            "gross_pnl": booked if booked else None,
            "net_pnl": booked - order["commission"] if booked else None,
            "filled_percent": share,
            "why_not": order["error_message"] if order["error_message"] else "",
        }
    )


def steps(order: Row, events: list[Row]) -> dict[str, Row]:
    """Each event of its life, with the time since the step before and since the first, in ms; and its end, whoever told it."""
    begun = before = events[0]["created_at"] if events else order["created_at"]
    found: dict[str, Row] = {}
    for place, event in enumerate(events):
        at = event["processed_at"] or event["created_at"]
        row = event_row(event)
        found[str(event["id"])] = {
            "id": row["id"],
            "sort": place,
            "step": row["event_type"],
            "tone": tone(row["event_type"]),
            "at": row["timestamp"],
            "summary": row["summary"],
            "after_ms": milliseconds(max(at, before) - before) if place else None,
            "total_ms": milliseconds(max(at, begun) - begun),
            "status": row["status"],
            "payload": row["payload"],
            "trace_url": row["trace_url"],
            "time_url": _then(row["time_url"]),
        }
        before = max(at, before)
    if missing := _end_told_elsewhere(order, events):
        found["end"] = missing | {"sort": len(found), "total_ms": milliseconds(order["updated_at"] - begun)}
    return found


def _end_told_elsewhere(order: Row, events: list[Row]) -> Row | None:
    """A day's end or an emergency stop is a chain of its own, which ended this order among others."""
    kind = f"order_{order['status'].lower()}"
    if kind not in ENDS or any(event["event_type"] == kind for event in events):
        return None
    return {
        "id": "end",
        "step": kind,
        "tone": tone(kind),
        "at": iso(order["updated_at"]),
        "summary": order["error_message"] or "",
        "after_ms": None,
        "status": "DONE",
        "payload": "",
        "trace_url": None,
        "time_url": _then(time_url(order["user_id"], iso(order["updated_at"]))),
    }


def _then(url: str) -> str:
    """The account's orders as they stood at that moment."""
    return f"{url}&show=orders" if url else ""


def tone(kind: str) -> str:
    """What the step is for the order: a fill, an end without one, or one of its hops."""
    if kind in {"order_rejected", "order_modify_refused", "signal_refused"}:
        return "refused"
    if kind in ENDS:
        return "ended"
    return "filled" if kind == "order_executed" else "hop"


def fill_row(fill: Row) -> Row:
    row = picked(fill, FILL)
    if not fill["realized_pnl"]:  # it opened: nothing is booked yet
        row |= {"realized_pnl": None, "net_pnl": None}
    return row | {"sort": f"{row['executed_at']} {row['id']}"}


def attempts(order_id: UUID) -> dict[str, Row]:
    """Each time that a real broker was called for the order; none while it is on paper."""
    found = enumerate(broker_attempts(order_id))
    return {str(place): wire(row) | {"id": str(place), "sort": place, "took_ms": _took(row)} for place, row in found}


def _took(attempt: Row) -> float | None:
    return milliseconds(attempt["ended_at"] - attempt["started_at"]) if attempt["ended_at"] else None


def charges(fills: list[Row]) -> dict[str, Row]:
    """The parts of what the order's fills cost, in rupees, and their sum."""
    if not fills:
        return {}
    parts = (*NAMES, "total")
    sums = {name: sum((Decimal(str(fill["charges"].get(name, 0))) for fill in fills), Decimal(0)) for name in parts}
    return {
        name: wire({"part": CHARGE_WORDS.get(name, name.capitalize()), "amount": amount, "name": name, "sort": place})
        for place, (name, amount) in enumerate(sums.items())
        if amount or name == "total"
    }


def bracket(order: Row, position: Row | None) -> Row:
    """The levels that the order gives its position, and those that the position has by now. Rupees a share."""
    now = wire(position) if position else {}
    trailing = now.get("trailing_stop"), now.get("trailing_stop_percent")
    return {
        "stop_loss": wire_value(order["stop_loss"]),
        "take_profit": wire_value(order["take_profit"]),
        "trailing": distance(order["trailing_stop"], order["trailing_stop_percent"]),
        "stop_loss_now": now.get("stop_loss"),
        "take_profit_now": now.get("take_profit"),
        "trailing_now": distance(*trailing),
        "position": standing(position),
        "position_state": position["status"] if position else "",
    }


def distance(rupees: Any, percent: Any) -> str:
    if rupees:
        return f"{figures.money(rupees)} behind"
    return f"{figures.percent(percent)} behind" if percent else ""


def standing(position: Row | None) -> str:
    if position is None:
        return ""
    if position["status"] == "CLOSED":
        return f"Closed, {figures.pnl(position['net_pnl'])} net"
    held, price = figures.quantity(position["quantity"]), figures.price(position["average_price"])
    return f"{held} open at {price}, {figures.pnl(position['net_pnl'])} net"


def related(order: Row, events: list[Row], position: Row | None) -> dict[str, Row]:
    """The order that opened what this one leaves, and those that leave what this one opened."""
    parent = order_parent(events)
    exits = order_exits(order, position) if position else []
    family = [("Opened the position that this order leaves", parent)] if parent else []
    family += [("Leaves the position that this order opened", leaving) for leaving in exits]
    return {str(other["id"]): order_rows.brief_row(other) | {"role": role, "why": other["sizing"]} for role, other in family}
