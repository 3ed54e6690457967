"""A risk verdict rule by rule, as people read it: limit, value and the room between, each in its unit."""

from collections.abc import Sequence
from typing import Any

from dashboard import figures
from dashboard.live.state import Row, wire_value

PERCENT = frozenset(
    {"position_size", "portfolio_exposure", "sector_exposure", "daily_loss", "drawdown", "price_collar"}
)  # of equity, or of a price
RUPEES = frozenset({"order_value", "minimum_balance"})
PRICES = frozenset({"price_known", "exit_levels"})
AT_LEAST = frozenset({"minimum_balance", "duplicate_signal", "delivery_covered"})  # the limit is a floor
SPAN = frozenset({"price_fresh", "duplicate_signal"})  # seconds
NO_LIMIT = frozenset({"price_known", "exit_levels", "short_allowed", "volatility"})  # their numbers leave no room to speak of


def check_rows(checks: Sequence[dict[str, Any]]) -> dict[str, Row]:
    """By the rule's name, in the order in which they were asked."""
    return {str(check["rule"]): check_row(check, place) for place, check in enumerate(wire_value(list(checks)))}


def check_row(check: dict[str, Any], place: int = 0) -> Row:
    """`used` is how much of the limit is taken, in percent, for a bar; 0 where that says nothing."""
    rule, limit, value = str(check["rule"]), check.get("limit"), check.get("value")
    passed = bool(check.get("passed"))
    room = left(rule, limit, value)
    return {
        "id": rule,
        "sort": place,
        "rule": figures.words(rule),
        "passed": passed,
        "outcome": _outcome(rule, limit, value, room) if passed else "Denied",
        "limit": in_unit(rule, limit),
        "value": in_unit(rule, value),
        "room": "" if room is None else in_unit(rule, room),
        "room_shares": check.get("room_shares"),
        "used": used(rule, limit, value),
        "reason": check.get("reason") or "",
    }


def _outcome(rule: str, limit: Any, value: Any, room: float | None) -> str:
    """What only reduces passes beyond a limit, too; unusual volatility denies nothing: new sizes were halved for it already."""
    if rule == "volatility":
        return "Unusual" if _number(limit) and _number(value) and value > limit else "Passed"
    return "Passed" if room is None or room >= 0 else "Let pass"


def left(rule: str, limit: Any, value: Any) -> float | None:
    """What is left until the limit, in the rule's unit; below zero where it is passed."""
    if rule in NO_LIMIT or not _number(limit) or not _number(value):
        return None
    return float(value - limit if rule in AT_LEAST else limit - value)


def used(rule: str, limit: Any, value: Any) -> float:
    if left(rule, limit, value) is None or rule in AT_LEAST or limit <= 0:
        return 0.0
    share: float = min(max(100 * value / limit, 0.0), 100.0)
    return round(share, 1)


def in_unit(rule: str, value: Any) -> str:
    """12.5%, ₹4,00,000.00, or as few digits as it has: 10, ACTIVE."""
    if value is None or value == "":
        return figures.NONE
    if not _number(value):
        return str(value)
    if rule in PERCENT:
        return figures.percent(value)
    if rule in RUPEES:
        return figures.money(value)
    if rule in PRICES:
        return figures.price(value)
    text = figures.grouped(value, 2).rstrip("0").rstrip(".") if isinstance(value, float) else figures.quantity(value)
    return f"{text} s" if rule in SPAN else text


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
