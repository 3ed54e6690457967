"""What accounts did in one symbol or by one strategy lately.

No index knows these names: what is looked at are the latest rows of the scope, and never more than `LOOKED_AT` of them.
"""

from typing import Any

from engine import reading
from engine.models import Execution, Order, Signal
from engine.selectors.orders import execution_dict, order_dict
from engine.selectors.units import Scope

LOOKED_AT = 2000  # rows
Row = dict[str, Any]


def symbol_orders(symbol: str, user_ids: Scope, *, limit: int) -> list[Row]:
    """The scope's latest orders in the symbol, newest first. One statement."""
    clause, parameters = _latest("engine_order", "created_at", user_ids, {"symbol": symbol})
    return [order_dict(row) for row in reading.instances(Order, clause, [*parameters, limit])]


def symbol_fills(symbol: str, user_ids: Scope, *, limit: int) -> list[Row]:
    """The scope's latest fills in the symbol, newest first. One statement."""
    clause, parameters = _latest("engine_execution", "executed_at", user_ids, {"symbol": symbol})
    return [execution_dict(row) for row in reading.instances(Execution, clause, [*parameters, limit])]


def strategy_signals(strategy_id: str, user_id: str, *, limit: int) -> list[Row]:
    """What the strategy of that account signalled lately and what became of it, newest first. One statement."""
    clause, parameters = _latest("engine_signal", "received_at", [user_id], {"strategy_id": strategy_id})
    return [signal_dict(row) for row in reading.instances(Signal, clause, [*parameters, limit])]


def signal_dict(row: Signal) -> Row:
    return {
        "id": row.id,
        "symbol": row.symbol,
        "signal_type": row.signal_type,
        "confidence_score": row.confidence_score,
        "target_price": row.target_price,
        "stop_loss": row.stop_loss,
        "decision": row.decision,
        "reason": row.reason or None,
        "order_id": row.order_id,
        "received_at": row.received_at,
    }


def _latest(table: str, time: str, user_ids: Scope, named: dict[str, str]) -> tuple[str, list[Any]]:
    """From `where` on, up to the limit: those of the scope's latest rows that have the name, by the index of their time."""
    whose, parameters = reading.scoped("account_id", user_ids)
    [(column, value)] = named.items()
    inner = f"select {time} as at from {table} where {whose} order by {time} desc limit %s"  # noqa: S608 - names of ours
    since = f"{time} >= (select min(at) from ({inner}) as latest)"  # noqa: S608
    clause = f"where {whose} and {since} and {column} = %s order by {time} desc, id desc limit %s"
    return clause, [*parameters, *parameters, LOOKED_AT, value]
