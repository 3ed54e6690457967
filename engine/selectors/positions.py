from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from engine import reading
from engine.models import Position
from engine.models.positions import IS_CLOSED, IS_OPEN
from engine.selectors.prices import UNQUOTED, Quote, quotes_of
from engine.selectors.units import Scope, percent, price, rupees


def positions_list(user_ids: Scope = None, limit: int = 500, closed_limit: int = 0) -> list[dict[str, Any]]:
    """Open positions by symbol, then, where asked for, the closed ones, latest first. Three statements at most."""
    rows = _rows(user_ids, IS_OPEN, "symbol, account_id, strategy_id", limit)
    if closed_limit:
        rows += _rows(user_ids, IS_CLOSED, "closed_at desc", closed_limit)
    return _quoted(rows)


def positions_largest(user_ids: Scope = None, limit: int = 10) -> list[dict[str, Any]]:
    """The open positions that cost most, largest first. Two statements."""
    return _quoted(_rows(user_ids, IS_OPEN, "abs(cost) desc, id", limit))


def _quoted(rows: Sequence[Position]) -> list[dict[str, Any]]:
    quotes = quotes_of({row.symbol for row in rows})
    return [position_dict(row, quotes) for row in rows]


def market_value(quantity: int, cost: Decimal, quote: Quote) -> Decimal:
    """Rupees; negative for a short. What it cost, where no price is known."""
    return cost if quote.last_price is None else quantity * quote.last_price


def position_dict(row: Position, quotes: Mapping[str, Quote]) -> dict[str, Any]:
    """A position as the wire names it; `unrealized_pnl` and `market_value` at the last price that we know."""
    quote = quotes.get(row.symbol, UNQUOTED)
    value = market_value(row.quantity, row.cost, quote)
    unrealized = value - row.cost
    total = unrealized + row.realized_pnl - row.charges
    return {
        "id": row.id,
        "user_id": row.account_id,
        "symbol": row.symbol,
        "sector": quote.sector,
        "side": _side(row.quantity),
        "quantity": row.quantity,
        "average_price": price(row.average_price),
        "current_price": price(quote.last_price),
        "previous_close": price(quote.previous_close),
        "priced_at": quote.priced_at,
        "received_at": quote.received_at,
        "price_source": quote.source,
        "market_value": rupees(value),
        "cost_basis": rupees(row.cost),
        "unrealized_pnl": rupees(unrealized),
        "unrealized_pnl_percent": percent(unrealized, abs(row.cost)),
        "realized_pnl": rupees(row.realized_pnl),
        "charges": rupees(row.charges),
        "gross_pnl": rupees(unrealized + row.realized_pnl),
        "net_pnl": rupees(total),
        "total_pnl": rupees(total),
        "is_profitable": total > 0,
        "stop_loss": price(row.stop_loss),
        "take_profit": price(row.take_profit),
        "trailing_stop": price(row.trailing_stop),
        "trailing_stop_percent": row.trailing_stop_percent,
        "strategy_id": row.strategy_id or None,
        "product": row.product,
        "status": row.status,
        "opened_at": row.opened_at,
        "updated_at": row.updated_at,
        "closed_at": row.closed_at,
    }


def _side(quantity: int) -> str:
    return "LONG" if quantity > 0 else "SHORT" if quantity < 0 else "FLAT"


def _rows(user_ids: Scope, condition: str, order: str, limit: int) -> list[Position]:
    whose, parameters = reading.scoped("account_id", user_ids)
    clause = f"where {condition} and {whose} order by {order} limit %s"
    return reading.shaped(Position, _itself, clause, [*parameters, limit])


def _itself(row: Position) -> Position:
    return row
