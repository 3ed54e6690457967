"""One order's life: what led to it, what became of it, and the orders that its levels or its position stand for."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from engine.domain.enums import Side
from engine.domain.events import EventType
from engine.models import Event, Execution, Order, Position
from engine.selectors.events import event_trace
from engine.selectors.orders import order_dict
from engine.selectors.positions import position_dict
from engine.selectors.prices import quotes_of

MOST_EXITS = 20  # orders of the other side that are looked at for having closed what the order opened
LEAVING = (EventType.STOP_LOSS_EXECUTED, EventType.POSITION_EXIT_REQUESTED)
Row = dict[str, Any]


def order_events(order: Row) -> list[Row]:
    """The events of the order's chain that are its own, and their causes up to the first; oldest first, one statement."""
    chain = event_trace(order["correlation_id"])
    by_id = {event["id"]: event for event in chain}
    wanted: set[UUID] = set()
    for event in chain:
        if str(event["data"].get("order_id")) == str(order["id"]):
            above: Row | None = event
            while above is not None and above["id"] not in wanted:
                wanted.add(above["id"])
                above = by_id.get(above["causation_id"])
    return sorted((event for event in chain if event["id"] in wanted), key=lambda event: event["log_id"])


def order_opened(order: Row) -> Row | None:
    """The latest position that one of the order's fills opened: it bears the fill's id. Two statements at most."""
    fills = Execution.objects.filter(order=order["id"]).values("id")
    row = Position.objects.filter(id__in=fills).order_by("-opened_at").first()
    return position_dict(row, quotes_of({row.symbol})) if row else None


def order_parent(events: Iterable[Row]) -> Row | None:
    """The order that opened the position which this one leaves, by the exit's own event; two statements at most."""
    positions = [event["data"].get("position_id") for event in events if event["event_type"] in LEAVING]
    fill = Execution.objects.filter(id=positions[0]).select_related("order").first() if positions else None
    return order_dict(fill.order) if fill else None


def order_exits(order: Row, position: Row) -> list[Row]:
    """The orders that left the position, or tried to: those whose chain begins with an exit of it. Two statements."""
    rows = Order.objects.filter(
        account=order["user_id"],
        symbol=order["symbol"],
        strategy_id=order["strategy_id"] or "",
        side=Side(order["side"]).opposite,
        created_at__gte=position["opened_at"],
    )
    if position["closed_at"]:
        rows = rows.filter(created_at__lte=position["closed_at"] + timedelta(seconds=1))
    found = {row.correlation_id: row for row in rows.order_by("-created_at", "-id")[:MOST_EXITS]}
    causes = Event.objects.filter(correlation_id__in=found, type__in=LEAVING).values_list("correlation_id", "data")
    leaving = {chain for chain, data in causes if str(data.get("position_id")) == str(position["id"])}
    return [order_dict(row) for chain, row in found.items() if chain in leaving]
