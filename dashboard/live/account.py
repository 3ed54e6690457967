"""The Overview's figures of the chosen accounts: the sums, the open positions, the latest orders."""

from datetime import datetime

from dashboard.live import orders, positions
from dashboard.live.state import Row, State, wire
from dashboard.live.topics import Topic
from engine.selectors.accounts import account_summary

LATEST_ORDERS = 12


def state(topic: Topic, now: datetime) -> State:
    return {
        "summary": {"all": summary(topic.user_ids, now)},
        "positions": positions.open_rows(topic.user_ids),
        "orders": orders.brief_rows(topic.user_ids, LATEST_ORDERS),
    }


def summary(user_ids: list[str] | None, now: datetime) -> Row:
    """Rupees and percent, as account_summary gives them."""
    return wire(account_summary(user_ids, now=now))
