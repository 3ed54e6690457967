"""How an account's trading went over some days: aggregates, a fixed number of statements whatever their number."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Avg, Count, DurationField, F, Func, Max, Min, Q, QuerySet, Sum

from engine.domain.enums import OrderStatus, OrderType, Side
from engine.models import Execution, Order, Position
from engine.selectors.brokers import retry_statistics
from engine.selectors.units import rupees

FINISHED = (OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.REJECTED, OrderStatus.EXPIRED)
ZERO = Decimal(0)


class Between(Func):
    """The time to the first moment from the second. On SQLite Django would ask Python for it, row by row."""

    template, arg_joiner = "(%(expressions)s)", " - "
    output_field = DurationField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        microseconds = "round((julianday(%(expressions)s)) * 86400000000.0)"
        return self.as_sql(compiler, connection, template=microseconds, arg_joiner=") - julianday(", **context)


def trading_statistics(user_id: str, *, since: datetime, days: int) -> dict[str, Any]:
    """Orders created, fills made and positions closed since then; five statements. Shares are 0 to 1, money in rupees."""
    counts = _orders(user_id, since)
    finished = sum(counts[status.value.lower()] for status in FINISHED)
    return {
        "order_statistics": counts,
        "position_summary": _positions(user_id, since),
        "execution_metrics": _executions(user_id, since),
        "period_days": days,
        "retry_statistics": retry_statistics(user_id, since=since),
        "success_rates": {
            "order_success_rate": _share(counts["filled"], finished),
            "order_cancellation_rate": _share(counts["cancelled"], finished),
            "order_rejection_rate": _share(counts["rejected"], finished),
        },
        "unavailable": {} if finished else {"success_rates": "no order has come to its end in this period"},
    }


def _orders(user_id: str, since: datetime) -> Mapping[str, Any]:
    """By status, type and side, and how long a fill took."""
    rows = Order.objects.filter(account=user_id, created_at__gte=since)
    by_status = {status.value.lower(): Count("id", filter=Q(status=status.value)) for status in OrderStatus}
    by_type = {f"{kind.value.lower()}_orders": Count("id", filter=Q(order_type=kind.value)) for kind in OrderType}
    by_side = {f"{side.value.lower()}_orders": Count("id", filter=Q(side=side.value)) for side in Side}
    took = Avg(Between("filled_at", "created_at"), filter=Q(status=OrderStatus.FILLED, filled_at__isnull=False))
    counts = rows.aggregate(total_orders=Count("id"), average_fill_seconds=took, **by_status, **by_type, **by_side)
    average = counts["average_fill_seconds"]
    return counts | {"average_fill_seconds": None if average is None else round(average.total_seconds(), 6)}


def _positions(user_id: str, since: datetime) -> dict[str, Any]:
    """What is open now, and what was closed since then, with its P&L net of charges."""
    found = trades_summary(Position.objects.closed().filter(account=user_id, closed_at__gte=since))
    told = ("closed_positions", "winning_positions", "losing_positions", "realized_pnl", "charges", "net_pnl", "win_rate")
    return {name: found[name] for name in told} | {"open_positions": Position.objects.open().filter(account=user_id).count()}


def trades_summary(closed: QuerySet[Position]) -> dict[str, Any]:
    """Figures of these closed positions; one statement. Rupees, P&L net of charges where it does not say gross."""
    net = F("realized_pnl") - F("charges")
    found = closed.alias(net=net).aggregate(
        closed_positions=Count("id"),
        winning_positions=Count("id", filter=Q(net__gt=0)),
        losing_positions=Count("id", filter=Q(net__lt=0)),
        won=Sum(net, filter=Q(net__gt=0)),
        lost=Sum(net, filter=Q(net__lt=0)),
        best=Max(net),
        worst=Min(net),
        average_held=Avg(Between("closed_at", "opened_at")),
        realized_pnl=Sum("realized_pnl"),  # last: from here on the names are the sums
        charges=Sum("charges"),
    )
    amounts = {name: rupees(found[name] or ZERO) for name in ("realized_pnl", "charges", "won", "lost", "best", "worst")}
    decided = found["winning_positions"] + found["losing_positions"]
    return (
        found
        | amounts
        | {
            "net_pnl": rupees((found["realized_pnl"] or ZERO) - (found["charges"] or ZERO)),
            "win_rate": _share(found["winning_positions"], decided),
        }
    )


def _executions(user_id: str, since: datetime) -> dict[str, Any]:
    found = Execution.objects.filter(account=user_id, executed_at__gte=since).aggregate(
        count=Count("id"), volume=Sum(F("quantity") * F("price")), shares=Sum("quantity"), commission=Sum("charges")
    )
    count, volume = found["count"], found["volume"] or ZERO
    return {
        "total_executions": count,
        "total_volume": rupees(volume),
        "total_quantity": found["shares"] or 0,
        "total_commission": rupees(found["commission"] or ZERO),
        "average_execution_size": rupees(volume / count) if count else rupees(ZERO),
    }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 6) if whole else 0.0
