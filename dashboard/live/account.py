"""The Overview's figures of the chosen accounts: the sums, the open positions, the latest orders."""

from datetime import datetime

from dashboard.live import orders, positions
from dashboard.live.state import Row, State, wire
from dashboard.live.topics import Topic
from engine.domain.enums import TradingState
from engine.selectors.accounts import account_summary

LATEST_ORDERS = 12


def state(topic: Topic, now: datetime) -> State:
    return {
        "summary": {"all": summary(topic.user_ids, now)},
        "positions": positions.open_rows(topic.user_ids),
        "orders": orders.rows(topic.user_ids, limit=LATEST_ORDERS),
    }


def summary(user_ids: list[str] | None, now: datetime) -> Row:
    """Rupees and percent, as account_summary gives them; `day_change` and `is_halted` are for the page's colours."""
    figures = wire(account_summary(user_ids, now=now))
    return figures | {"is_halted": figures["trading_state"] == TradingState.HALTED}
