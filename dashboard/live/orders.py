"""The blotter: orders, newest first, each with its risk verdict rule by rule."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import reverse

from dashboard.live.state import Row, State, picked, wire_value
from dashboard.live.topics import Topic
from engine.models import Order
from engine.selectors.orders import order_dict, orders_latest, orders_list

PAGE = 50


BRIEF = (
    *("id", "user_id", "symbol", "side", "order_type", "quantity", "filled_quantity", "price", "average_fill_price"),
    *("commission", "status", "strategy_id", "created_at"),
)
DETAILS = ("sizing", "stop_loss", "take_profit", "product", "validity", "submitted_at", "filled_at")


def state(topic: Topic, now: datetime) -> State:
    filters = dict(topic.filters)
    return {"orders": rows(topic.user_ids, status=filters.get("status"), symbol=filters.get("symbol"))}


def rows(
    user_ids: list[str] | None, *, status: str | None = None, symbol: str | None = None, before: UUID | None = None
) -> dict[str, Row]:
    """A page of the blotter, with all details."""
    found = orders_list(user_ids, status=status, symbol=symbol, limit=PAGE, before=before)
    return {str(order["id"]): brief_row(order) | details(order) for order in found}


def brief_rows(user_ids: list[str] | None, limit: int) -> dict[str, Row]:
    return {row["id"]: row for row in orders_latest(_brief, user_ids, limit)}


def _brief(order: Order) -> Row:
    return brief_row(order_dict(order))


def brief_row(order: dict[str, Any]) -> Row:
    row = picked(order, BRIEF)
    return row | {"sort": f"{row['created_at']} {row['id']}", "trace_url": reverse("trace", args=[order["correlation_id"]])}


def details(order: dict[str, Any]) -> Row:
    checks = [check_row(check) for check in wire_value(order["risk_checks"])]
    denied = [check for check in checks if not check["passed"]]
    return picked(order, DETAILS) | {
        "risk_checks": checks,
        "verdict": verdict(len(checks), len(denied)),
        "reason": order["error_message"],
    }


def check_row(check: dict[str, Any]) -> Row:
    words = str(check.get("rule", "")).replace("_", " ")
    passed = bool(check.get("passed"))
    return {
        "rule": words[:1].upper() + words[1:],
        "passed": passed,
        "outcome": "Passed" if passed else "Denied",
        "limit": _plain(check.get("limit")),
        "value": _plain(check.get("value")),
        "reason": check.get("reason") or "",
    }


def verdict(count: int, denied: int) -> str:
    if not count:
        return "Not checked yet"
    return f"Passed all {count} rules" if not denied else f"Denied by {denied} of {count} rules"


def _plain(value: Any) -> str:
    """A limit or value in as few digits as it has: 10, 4.25, ACTIVE."""
    if value is None:
        return "–"
    return f"{value:,.4f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
