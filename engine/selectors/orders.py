from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from engine import reading
from engine.models import Execution, Order
from engine.models.orders import OrderQuerySet
from engine.selectors.units import Scope, price, rupees

Shape = TypeVar("Shape")
ACTIVE = "ACTIVE"  # not a status: the word of the old API for every order still at work
NEWEST = 200  # orders


def orders_latest(shape: Callable[[Order], Shape], user_ids: Scope, limit: int) -> list[Shape]:
    """What `shape` makes of the newest orders, newest first; of one that did not change, what it made before."""
    whose, parameters = reading.scoped("account_id", user_ids)
    return reading.shaped(Order, shape, f"where {whose} order by created_at desc, id desc limit %s", [*parameters, limit])


def order_get(order_id: UUID) -> dict[str, Any] | None:
    row = Order.objects.filter(id=order_id).first()
    return order_dict(row) if row else None


def orders_counted(user_ids: Scope = None, since: datetime | None = None, working: bool = False, **bounds: str | None) -> int:
    """`bounds` are fields and what they must be; an empty one bounds nothing."""
    rows = _scoped(user_ids).filter(**{name: value for name, value in bounds.items() if value})
    if since:
        rows = rows.filter(created_at__gte=since)
    if working:
        rows = rows.working()
    return rows.count()


def executions_list(
    user_ids: Scope = None, symbol: str | None = None, order_id: UUID | None = None, limit: int = 100
) -> list[dict[str, Any]]:
    """Fills, newest first."""
    rows = Execution.objects.all() if user_ids is None else Execution.objects.filter(account__in=user_ids)
    if symbol:
        rows = rows.filter(symbol=symbol)
    if order_id:
        rows = rows.filter(order=order_id)
    return [execution_dict(row) for row in rows.order_by("-executed_at", "-id")[:limit]]


def executions_latest(user_ids: Scope, *, limit: int) -> list[dict[str, Any]]:
    """Fills, newest first. Of everybody only those of the newest orders: no index holds all fills by their time."""
    if user_ids is not None:
        return executions_list(user_ids, limit=limit)
    newest = Order.objects.order_by("-created_at", "-id").values("id")[:NEWEST]
    return [execution_dict(row) for row in Execution.objects.filter(order__in=newest).order_by("-executed_at", "-id")[:limit]]


def order_dict(row: Order) -> dict[str, Any]:
    average = row.filled_notional / row.filled_quantity if row.filled_quantity else None
    return {
        "id": row.id,
        "user_id": row.account_id,
        "symbol": row.symbol,
        "order_type": row.order_type,
        "side": row.side,
        "quantity": row.quantity,
        "price": price(row.price),
        "stop_price": price(row.stop_price),
        "stop_loss": price(row.stop_loss),
        "take_profit": price(row.take_profit),
        "trailing_stop": price(row.trailing_stop),
        "trailing_stop_percent": row.trailing_stop_percent,
        "product": row.product,
        "validity": row.validity,
        "status": row.status,
        "is_active": row.is_working,
        "broker_order_id": row.broker_order_id or None,
        "strategy_id": row.strategy_id or None,
        "signal_id": row.signal_id,
        "correlation_id": row.correlation_id,
        "filled_quantity": row.filled_quantity,
        "remaining_quantity": row.quantity - row.filled_quantity,
        "average_fill_price": price(average),
        "commission": rupees(row.charges),
        "rejected_by": row.rejected_by or None,
        "error_message": row.reason or None,
        "sizing": row.sizing or None,
        "risk_checks": row.risk_checks,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "submitted_at": row.submitted_at,
        "filled_at": row.filled_at,
        "waits_until": row.waits_until,
        "triggered_at": row.triggered_at,
    }


def execution_dict(row: Execution) -> dict[str, Any]:
    return {
        "id": row.id,
        "order_id": row.order_id,
        "user_id": row.account_id,
        "symbol": row.symbol,
        "side": row.side,
        "quantity": row.quantity,
        "price": price(row.price),
        "total_value": rupees(Decimal(row.quantity) * row.price),
        "commission": rupees(row.charges),
        "charges": row.charge_breakdown,
        "realized_pnl": rupees(row.realized_pnl),
        "net_pnl": rupees(row.realized_pnl - row.charges),
        "strategy_id": row.strategy_id or None,
        "broker_execution_id": row.broker_execution_id,
        "executed_at": row.executed_at,
    }


def _scoped(user_ids: Scope) -> OrderQuerySet:
    return Order.objects.all() if user_ids is None else Order.objects.filter(account__in=user_ids)
