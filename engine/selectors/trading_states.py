"""What is halted, and where: everybody, accounts, strategies and symbols."""

from decimal import Decimal
from typing import Any

from engine.domain.enums import HaltScope, TradingState
from engine.models import Account, DeskState, Position
from engine.selectors.positions import market_value
from engine.selectors.prices import UNQUOTED, quotes_of
from engine.selectors.units import Scope, percent, rupees

MOST_ACCOUNTS = 200
ZERO = Decimal(0)


def trading_states(user_ids: Scope = None) -> list[dict[str, Any]]:
    """The state of everybody, of each account, and each strategy and symbol that is not ACTIVE. Two statements."""
    states = [_state(HaltScope.GLOBAL, "", "", *desk_standing())]
    for account in _accounts(user_ids):
        states.append(_state(HaltScope.ACCOUNT, account.user_id, "", account.trading_state, account.trading_state_reason))
        for key, blocked in sorted(account.trading_blocks.items()):
            scope, _, name = key.partition(":")
            states.append(_state(HaltScope(scope), account.user_id, name, blocked, ""))
    return states


def desk_standing() -> tuple[str, str]:
    """Everybody's state and its reason. Where it is missing, nobody may trade."""
    desk = DeskState.objects.filter(id=DeskState.THE_ONE).first()
    return (desk.state, desk.reason) if desk else (TradingState.HALTED.value, "its state is missing")


def standing_of(account: Account) -> dict[str, Any]:
    """What holds for the account: the worse of its own state and everybody's, with whose it is and why. One statement."""
    state, scope, reason = account.trading_state, HaltScope.ACCOUNT, account.trading_state_reason
    desk, desk_reason = desk_standing()
    if TradingState(desk).severity >= TradingState(state).severity:
        state, scope, reason = desk, HaltScope.GLOBAL, desk_reason
    is_active = state == TradingState.ACTIVE
    return {
        "trading_state": state,
        "trading_state_scope": None if is_active else scope.value,
        "trading_state_reason": "" if is_active else reason,
    }


def _state(scope: HaltScope, user_id: str, name: str, state: str, reason: str) -> dict[str, Any]:
    return {"scope": scope.value, "user_id": user_id or None, "name": name, "state": state, "reason": reason}


def accounts_standing(user_ids: Scope = None) -> list[dict[str, Any]]:
    """Each account with what it risks, by name: rupees, and percent of its equity. Three statements."""
    accounts = _accounts(user_ids)
    held = Position.objects.open().filter(account__in=[account.user_id for account in accounts])
    rows = list(held.values_list("account_id", "symbol", "quantity", "cost"))
    quotes = quotes_of({symbol for _, symbol, _, _ in rows})
    values: dict[str, list[Decimal]] = {account.user_id: [] for account in accounts}
    for user_id, symbol, quantity, cost in rows:
        values[user_id].append(market_value(quantity, cost, quotes.get(symbol, UNQUOTED)))
    return [_standing(account, values[account.user_id]) for account in accounts]


def _standing(account: Account, values: list[Decimal]) -> dict[str, Any]:
    equity, exposure = account.cash + sum(values, ZERO), sum(map(abs, values), ZERO)
    peak, start = max(account.peak_equity, account.day_start_equity), account.day_start_equity
    return {
        "user_id": account.user_id,
        "equity": rupees(equity),
        "exposure_percent": percent(exposure, equity),
        "day_pnl": rupees(equity - start),
        "day_pnl_percent": percent(equity - start, start),
        "drawdown_percent": percent(max(peak - equity, ZERO), peak),
        "positions": len(values),
        "state": account.trading_state,
        "blocks": len(account.trading_blocks),
    }


def _accounts(user_ids: Scope) -> list[Account]:
    rows = Account.objects.order_by("user_id")
    return list((rows if user_ids is None else rows.filter(user_id__in=user_ids))[:MOST_ACCOUNTS])
