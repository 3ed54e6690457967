"""Orders as CSV, a thousand at a time: however many there are, little of it is in memory, and no statement takes long."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from dashboard.live import orders as order_rows
from dashboard.live.order_filters import OrderFilters
from dashboard.live.state import wire_value
from dashboard.spreadsheets import harmless
from engine.selectors.pages import orders_page
from engine.selectors.units import Scope

PIECE = 1_000  # rows
COLUMNS = (
    *("id", "created_at", "updated_at", "user_id", "symbol", "side", "order_type", "product", "validity", "status"),
    *("quantity", "filled_quantity", "remaining_quantity", "price", "stop_price", "average_fill_price", "commission"),
    *("stop_loss", "take_profit", "trailing_stop", "trailing_stop_percent", "strategy_id", "signal_id", "correlation_id"),
    *("broker_order_id", "rejected_by", "error_message", "sizing", "submitted_at", "filled_at", "waits_until", "triggered_at"),
)


def pieces(user_ids: Scope, filters: OrderFilters) -> Iterable[bytes]:
    """The file's bytes. The columns are called as in the API, beside `risk_verdict`; times in UTC, money in rupees."""
    return map(str.encode, _texts(user_ids, filters))


def _texts(user_ids: Scope, filters: OrderFilters) -> Iterator[str]:
    yield _lines([[*COLUMNS, "risk_verdict"]])
    after = None
    while True:
        page = orders_page(user_ids, **filters.wanted(), after=after, limit=PIECE)
        if page.rows:
            yield _lines(_cells(order) for order in page.rows)
        if page.next is None:
            return
        after = page.next


def _cells(order: dict[str, Any]) -> list[Any]:
    values = [harmless(wire_value(order[column])) for column in COLUMNS]
    return [*values, order_rows.details(order)["verdict"]]


def _lines(rows: Iterable[Iterable[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
