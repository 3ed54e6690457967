"""Positions with their live P&L, grouped where that was asked for, and the last that were closed."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from dashboard.live.names import named
from dashboard.live.state import Row, State, picked, wire
from dashboard.live.topics import Topic
from engine.domain.enums import PositionStatus
from engine.selectors.accounts import account_summary
from engine.selectors.positions import positions_largest, positions_list

OPEN_LIMIT = 300  # rows; more than a person can watch
CLOSED_LIMIT = 50
SHOWN = (
    *("id", "user_id", "symbol", "sector", "side", "quantity", "average_price", "current_price", "market_value"),
    *("unrealized_pnl", "unrealized_pnl_percent", "realized_pnl", "charges", "stop_loss", "take_profit"),
    *("strategy_id", "opened_at", "closed_at"),
)
SUMMED = ("market_value", "unrealized_pnl", "net_pnl")
GROUPS = {"sector": "Sector", "strategy": "Strategy"}  # what positions may be grouped by
NO_STRATEGY = "By hand"
FIRST, REST = "\x01", "\x02"  # in the sort: a group's own row before its positions


def state(topic: Topic, now: datetime) -> State:
    found = positions_list(topic.user_ids, limit=OPEN_LIMIT, closed_limit=CLOSED_LIMIT)
    closed = [position_row(row, topic.scope) for row in found if row["status"] == PositionStatus.CLOSED]
    held = [desk_row(row, topic.scope) for row in found if row["status"] == PositionStatus.OPEN]
    named([*held, *closed])
    by = dict(topic.filters).get("by", "")
    return {
        "summary": {"all": wire(account_summary(topic.user_ids, now=now))},
        "positions": grouped(held, by) if by in GROUPS else {row["id"]: row for row in held},
        "closed": {row["id"]: row for row in closed},
    }


def largest_rows(user_ids: list[str] | None, limit: int) -> dict[str, Row]:
    """Those that cost most, largest first: by what they are worth now the rows would change places with every price."""
    rows = named([position_row(row) for row in positions_largest(user_ids, limit)])
    return {row["id"]: row | {"sort": place, "held_for": row["strategy"] or row["sector"]} for place, row in enumerate(rows)}


def position_row(position: dict[str, Any], scope: str = "") -> Row:
    """Open ones by symbol, closed ones by the time they were closed."""
    row = picked(position, SHOWN)
    row["sort"] = row["closed_at"] or f"{row['symbol']} {row['user_id']} {row['strategy_id'] or ''}"
    row["net_pnl"] = round(row["realized_pnl"] - row["charges"], 2)
    row["symbol_url"] = symbol_url(row["symbol"], scope)
    return row


def desk_row(position: dict[str, Any], scope: str) -> Row:
    """One with what can be done about it. `trail` says that a stop follows the price."""
    row = position_row(position, scope)
    order_url = ticket_url(row["symbol"], row["strategy_id"] or "", row["user_id"], scope)
    return row | {"kind": "position", "trail": trail_of(position), "order_url": order_url} | acts_on(row["id"])


@lru_cache(maxsize=2048)  # asked for each position at each price
def acts_on(position_id: str) -> Row:
    """Where its controls lead."""
    return {f"{act}_url": reverse(f"position-{act}", args=[position_id]) for act in ("close", "exits")}


@lru_cache(maxsize=2048)
def ticket_url(symbol: str, strategy_id: str, user_id: str, scope: str) -> str:
    """The ticket of an order that adds to this position, or takes from it."""
    given = {"account": scope, "for": user_id, "symbol": symbol, "strategy_id": strategy_id}
    return f"{reverse('order-new')}?{urlencode({name: text for name, text in given.items() if text})}"


def trail_of(position: dict[str, Any]) -> str:
    if position["trailing_stop"] is not None:
        return f"trails ₹{position['trailing_stop'].normalize():f}"
    percent = position["trailing_stop_percent"]
    return "" if percent is None else f"trails {percent.normalize():f} %"


@lru_cache(maxsize=2048)
def symbol_url(symbol: str, scope: str) -> str:
    return reverse("symbol", args=[symbol]) + (f"?{urlencode({'account': scope})}" if scope else "")


def grouped(rows: Iterable[Row], by: str) -> dict[str, Row]:
    """The rows with a subtotal before each group, by its name."""
    members: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        members[(row["sector"], "") if by == "sector" else (row["strategy"] or NO_STRATEGY, row["strategy_id"] or "")].append(
            row
        )
    found: dict[str, Row] = {}
    for name, key in sorted(members):
        group = subtotal(name, key or name, members[name, key])
        found[group["id"]] = group
        for row in members[name, key]:
            found[row["id"]] = row | {"sort": f"{name}{key}{REST}{row['sort']}"}
    return found


def subtotal(name: str, key: str, rows: list[Row]) -> Row:
    """`market_value` net, `exposure` gross, in rupees. Two strategies may have one name: `key` tells them apart."""
    return {
        "id": f"group:{key}",
        "kind": "group",
        "sort": f"{name}{'' if key == name else key}{FIRST}",
        "group": name,
        "count": len(rows),
        "exposure": round(sum(abs(row["market_value"]) for row in rows), 2),
        **{field: round(sum(row[field] for row in rows), 2) for field in SUMMED},
    }
