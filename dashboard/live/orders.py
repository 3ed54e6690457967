"""The blotter: orders, newest first, each with what may be done to it."""

from datetime import datetime
from typing import Any

from django.urls import reverse

from dashboard.live.names import named
from dashboard.live.order_filters import OrderFilters
from dashboard.live.state import Row, State, picked
from dashboard.live.topics import Topic
from engine.domain.enums import OrderStatus
from engine.models import Order
from engine.selectors.keyset import Key, Page
from engine.selectors.orders import order_dict, orders_latest
from engine.selectors.pages import orders_page
from engine.selectors.units import Scope

PAGE = 50

BRIEF = (
    *("id", "user_id", "symbol", "side", "order_type", "quantity", "filled_quantity", "price", "average_fill_price"),
    *("commission", "status", "strategy_id", "created_at"),
)
MORE = ("stop_price", "updated_at", "remaining_quantity", "broker_order_id")


def state(topic: Topic, now: datetime) -> State:
    """Empty for filters that make no sense."""
    asked = dict(topic.filters)
    filters = OrderFilters.read(asked)
    return {"orders": as_rows(rows(topic.user_ids, filters)) if filters.as_query() == asked else {}}


def rows(user_ids: Scope, filters: OrderFilters, after: Key | None = None) -> Page[Row]:
    page = orders_page(user_ids, **filters.wanted(), after=after, limit=PAGE).map(full_row)
    named(page.rows)
    return page


def as_rows(page: Page[Row]) -> dict[str, Row]:
    return {row["id"]: row for row in page.rows}


def brief_rows(user_ids: list[str] | None, limit: int) -> dict[str, Row]:
    return {row["id"]: row for row in orders_latest(_brief, user_ids, limit)}


def _brief(order: Order) -> Row:
    return brief_row(order_dict(order))


def brief_row(order: dict[str, Any]) -> Row:
    row = picked(order, BRIEF)
    return row | {
        "sort": f"{row['created_at']} {row['id']}",
        "url": reverse("order", args=[order["id"]]),
        "trace_url": reverse("trace", args=[order["correlation_id"]]),
    }


def details(order: dict[str, Any]) -> Row:
    checks = order["risk_checks"]
    return picked(order, ("product", "validity")) | {
        "verdict": verdict(len(checks), sum(not check.get("passed") for check in checks)),
        "reason": order["error_message"],
    }


def full_row(order: dict[str, Any]) -> Row:
    """A row of the blotter, with where its actions are."""
    actions = {
        "changeable": is_changeable(order),
        "cancel_url": reverse("order-cancel", args=[order["id"]]),
        "modify_url": reverse("order-modify", args=[order["id"]]),
    }
    return brief_row(order) | details(order) | picked(order, MORE) | actions


def is_changeable(order: dict[str, Any]) -> bool:
    """Of one whose fate the broker has not told, nothing can be changed until it does."""
    return bool(order["is_active"]) and order["status"] != OrderStatus.UNKNOWN


def verdict(count: int, denied: int) -> str:
    if not count:
        return "Not checked yet"
    return f"Passed all {count}" if not denied else f"Denied by {denied} of {count}"
