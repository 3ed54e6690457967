from datetime import datetime

from django.db.models import Count

from engine.domain.enums import StrategyStatus, TradingState
from engine.models import Account, Alert, Order, Position, Strategy
from engine.selectors.trading_states import desk_standing
from engine.selectors.units import Scope, day_start


def at_work() -> dict[str, int]:
    """How much is at work in all accounts: four counts."""
    working = Order.objects.working().order_by()
    held = Position.objects.open().order_by()
    users = {*working.values_list("account", flat=True).distinct(), *held.values_list("account", flat=True).distinct()}
    return {
        "active_orders_count": working.count(),
        "active_positions_count": held.count(),
        "active_strategies_count": Strategy.objects.filter(status=StrategyStatus.ACTIVE).count(),
        "active_users_count": len(users),
    }


def strategies_counted(user_ids: Scope = None) -> dict[str, int]:
    """Strategies by status, each status there."""
    rows = Strategy.objects.all() if user_ids is None else Strategy.objects.filter(account__in=user_ids)
    counts = dict(rows.order_by().values_list("status").annotate(count=Count("id")))
    return {status.value: counts.get(status.value, 0) for status in StrategyStatus}


def trading_states() -> dict[str, int]:
    """Accounts by the trading state that holds for them, their own or everybody's, each state there."""
    desk = TradingState(desk_standing()[0])
    counts = dict.fromkeys((state.value for state in TradingState), 0)
    for state, count in Account.objects.order_by().values_list("trading_state").annotate(count=Count("user_id")):
        counts[max(TradingState(state), desk, key=lambda found: found.severity).value] += count
    return counts


def risk_watch() -> dict[str, int]:
    """What the risk monitor has an eye on: open alerts of accounts, and open positions with a stop-loss."""
    alerts = Alert.objects.open().aggregate(alerts=Count("id"), users=Count("account", distinct=True))
    stops = (
        Position.objects.open()
        .filter(stop_loss__isnull=False)
        .aggregate(positions=Count("id"), users=Count("account", distinct=True))
    )
    return {
        "active_alerts_count": alerts["alerts"],
        "users_with_alerts": alerts["users"],
        "stop_loss_orders_count": stops["positions"],
        "users_with_stop_losses": stops["users"],
    }


def alerts_today(*, now: datetime) -> int:
    """How many alerts were first raised in this IST trading day."""
    return Alert.objects.filter(first_seen__gte=day_start(now)).count()
