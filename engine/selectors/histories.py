"""What is over, by the page: orders and how they were filled, positions as round trips, fills."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from engine.domain.enums import OrderStatus, Side
from engine.domain.round_trips import TripFill, annualized_percent, entry_value, holding_days
from engine.models import Execution, Position
from engine.selectors.keyset import Key, Ordering, Page
from engine.selectors.orders import execution_dict
from engine.selectors.pages import CLOSED_POSITIONS, among, in_scope, orders_page
from engine.selectors.positions import position_dict
from engine.selectors.prices import quotes_of
from engine.selectors.units import Scope, rupees

EXECUTIONS = Ordering("-executed_at", "-id")
Row = dict[str, Any]


def order_history_page(
    user_ids: Scope = None, *, symbol: str | None = None, since: datetime, after: Key | None = None, limit: int = 1000
) -> Page[Row]:
    """Orders of every status created since then, newest first, the filled ones with `performance_metrics`; one statement."""
    return orders_page(user_ids, symbol=symbol, since=since, after=after, limit=limit).map(_with_performance)


def _with_performance(order: Row) -> Row:
    if order["status"] != OrderStatus.FILLED:
        return order
    return order | {
        "performance_metrics": {
            "fill_time_seconds": (order["filled_at"] - order["created_at"]).total_seconds() if order["filled_at"] else None,
            "fill_percentage": order["filled_quantity"] / order["quantity"],
            "average_fill_price": order["average_fill_price"],
            "total_commission": order["commission"],
        }
    }


def executions_page(
    user_ids: Scope = None,
    *,
    symbol: str | None = None,
    side: str | None = None,
    strategy_id: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    after: Key | None = None,
    limit: int = 100,
) -> Page[Row]:
    """Fills, newest first; one statement."""
    rows = Execution.objects.filter(in_scope(user_ids), among(symbol=symbol, side=side, strategy_id=strategy_id))
    rows = rows.filter(among(executed_at__gte=since, executed_at__lt=until))
    return EXECUTIONS.page(rows, after=after, limit=limit).map(_fill)


def _fill(row: Execution) -> Row:
    """With what it was worth: `net_value` is what a purchase took out of the cash, or a sale brought, in rupees."""
    value = row.quantity * row.price
    rate = row.charges / value
    return execution_dict(row) | {
        "performance_metrics": {
            "total_value": rupees(value),
            "net_value": rupees(value + Side(row.side).sign * row.charges),
            "commission_rate": round(rate, 6),
            "commission_rate_percent": round(rate * 100, 4),
        }
    }


def position_history_page(
    user_ids: Scope = None, *, symbol: str | None = None, since: datetime, after: Key | None = None, limit: int = 100
) -> Page[Row]:
    """Positions closed since then, latest first, as round trips; three statements."""
    rows = Position.objects.closed().filter(in_scope(user_ids), among(symbol=symbol, closed_at__gte=since))
    page = CLOSED_POSITIONS.page(rows, after=after, limit=limit)
    quotes = quotes_of({row.symbol for row in page.rows})
    fills = _fills_of(page.rows)
    return page.map(lambda row: position_dict(row, quotes) | _round_trip(row, fills[_trip(row)]))


def positions_closed(user_id: str, *, since: datetime) -> int:
    return Position.objects.closed().filter(account=user_id, closed_at__gte=since).count()


Trip = tuple[str, str, str]  # account, symbol, strategy


def _trip(row: Position | Execution) -> Trip:
    return row.account_id, row.symbol, row.strategy_id


def _fills_of(rows: Sequence[Position]) -> dict[Trip, list[Execution]]:
    """The fills of the positions' symbols while any of them was open, in order."""
    found: dict[Trip, list[Execution]] = defaultdict(list)
    if not rows:
        return found
    fills = Execution.objects.filter(
        account__in={row.account_id for row in rows},
        symbol__in={row.symbol for row in rows},
        executed_at__gte=min(row.opened_at for row in rows),
        executed_at__lte=max(row.closed_at for row in rows if row.closed_at),
    )
    for fill in fills.order_by("executed_at"):
        found[_trip(fill)].append(fill)
    return found


def _round_trip(row: Position, fills: Sequence[Execution]) -> Row:
    """`total_return` is net of charges, in rupees, and in percent of what entering cost. Entry unknown: 0, and said so."""
    until = row.closed_at or row.updated_at
    known = [TripFill(f.id, f.side, f.quantity, f.price) for f in fills if f.executed_at <= until]
    entry = entry_value(row.id, row.realized_pnl, known)
    net = row.realized_pnl - row.charges
    percent = float(net / entry * 100) if entry else None
    annual = None if percent is None else annualized_percent(percent, row.opened_at, until)
    return {
        "holding_period_days": holding_days(row.opened_at, until),
        "entry_value": None if entry is None else rupees(entry),
        "total_return": rupees(net),
        "total_return_percent": 0.0 if percent is None else round(percent, 4),
        "annualized_return": None if annual is None else round(annual, 4),
        "unavailable": {} if entry else {"total_return_percent": "its fills are no longer known"},
    }
