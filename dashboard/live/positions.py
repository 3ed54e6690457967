"""Positions with their live P&L, and the last that were closed."""

from datetime import datetime
from typing import Any

from dashboard.live.state import Row, State, picked, wire
from dashboard.live.topics import Topic
from engine.domain.enums import PositionStatus
from engine.selectors.accounts import account_summary
from engine.selectors.positions import positions_list

OPEN_LIMIT = 300  # rows; more than a person can watch
CLOSED_LIMIT = 50
SHOWN = (
    *("id", "user_id", "symbol", "sector", "side", "quantity", "average_price", "current_price", "market_value"),
    *("unrealized_pnl", "unrealized_pnl_percent", "realized_pnl", "charges", "stop_loss", "take_profit"),
    *("strategy_id", "opened_at", "closed_at"),
)


def state(topic: Topic, now: datetime) -> State:
    found = positions_list(topic.user_ids, include_closed=True, limit=OPEN_LIMIT + CLOSED_LIMIT)
    closed = [row for row in found if row["status"] == PositionStatus.CLOSED]
    return {
        "summary": {"all": wire(account_summary(topic.user_ids, now=now))},
        "positions": {str(row["id"]): position_row(row) for row in found if row["status"] == PositionStatus.OPEN},
        "closed": {str(row["id"]): position_row(row) for row in closed[:CLOSED_LIMIT]},
    }


def open_rows(user_ids: list[str] | None) -> dict[str, Row]:
    return {str(row["id"]): position_row(row) for row in positions_list(user_ids, limit=OPEN_LIMIT)}


def position_row(position: dict[str, Any]) -> Row:
    """Open ones by symbol, closed ones by the time they were closed."""
    row = picked(position, SHOWN)
    row["sort"] = row["closed_at"] or f"{row['symbol']} {row['user_id']} {row['strategy_id'] or ''}"
    row["held_for"] = row["strategy_id"] or row["sector"]
    row["net_pnl"] = round(row["realized_pnl"] - row["charges"], 2)
    return row
