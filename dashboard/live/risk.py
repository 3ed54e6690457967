"""Risk: limits beside their use, where the money stands, what a bad day would cost, and what is halted."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from dashboard.figures import grouped, money, percent
from dashboard.live.positions import symbol_url
from dashboard.live.state import Row, State, wire
from dashboard.live.topics import EVERYBODY, Topic
from engine.domain.enums import HaltScope, TradingState
from engine.domain.var import FEWEST, TailRisk
from engine.models import Account
from engine.selectors.limits import AccountLimits, LimitUse, limits_of
from engine.selectors.risk import risk_of, tail_of
from engine.selectors.trading_states import accounts_standing, trading_states

MOST_SHARES = 12  # symbols in the concentration
NEAR = 80  # percent of a limit, from which its use is worth a look
LABELS = {
    "portfolio_exposure": "Exposure, gross",
    "sector_exposure": "Largest sector",
    "position_size": "Largest position",
    "leverage": "Leverage",
    "daily_loss": "Day's loss",
    "drawdown": "Drawdown",
    "concurrent_orders": "Working orders",
    "orders_per_minute": "Orders this minute",
    "orders_per_day": "Orders today",
    "minimum_balance": "Cash to be left",
}
WHAT = {HaltScope.GLOBAL: "Everybody", HaltScope.ACCOUNT: "Account", HaltScope.STRATEGY: "Strategy", HaltScope.SYMBOL: "Symbol"}
TAIL_KEPT = timedelta(seconds=5)
MOST_TAILS = 100
_tails: dict[str, tuple[datetime, TailRisk]] = {}  # by account: when it was measured, and what


def state(topic: Topic, now: datetime) -> State:
    if topic.scope == EVERYBODY:
        return {
            "accounts": {row["user_id"]: account_row(row) for row in accounts_standing(None)},
            "halts": halts(topic, None),
        }
    account = Account.objects.filter(user_id=topic.scope).first()
    if account is None:
        return {}
    figures = risk_of(topic.scope, partial(recent_tail, topic.scope, now))
    limits = limits_of(account, figures, now=now)
    return {
        "risk": {"all": figures_row(figures, limits)},
        "limits": {use.name: limit_row(use, place) for place, use in enumerate(limits.uses)},
        "sectors": shares(figures["sector_exposures"], bound(limits, "sector_exposure"), len(figures["sector_exposures"])),
        "symbols": {
            name: row | {"symbol_url": symbol_url(name, topic.scope)}
            for name, row in shares(figures["position_concentrations"], bound(limits, "position_size"), MOST_SHARES).items()
        },
        "halts": halts(topic, topic.user_ids),
    }


def recent_tail(user_id: str, now: datetime, values: dict[str, float]) -> TailRisk:
    """The tail risk looks at hundreds of past bars of each share: it is measured anew every few seconds, not at each price."""
    known = _tails.get(user_id)
    if known is None or not timedelta(0) <= now - known[0] < TAIL_KEPT:
        if len(_tails) > MOST_TAILS:
            _tails.clear()
        known = _tails[user_id] = now, tail_of(values)
    return known[1]


def figures_row(figures: Mapping[str, Any], limits: AccountLimits) -> Row:
    """Rupees over one trading day for the tail; none where too few past periods stand behind it."""
    known = figures["var_periods"] > 0
    names = ("equity", "total_exposure", "exposure_percentage", "leverage_ratio", "daily_pnl", "daily_pnl_percent")
    row = {name: figures[name] for name in (*names, "current_drawdown", "trading_state", "risk_score")}
    tail = {name: figures[name] if known else None for name in ("var_95", "var_99", "expected_shortfall")}
    text = f"from {figures['var_periods']} past periods" if known else f"needs {FEWEST} past bars of what is held"
    return wire(row | tail) | {
        "tail_basis": text,
        "score_percent": round(figures["risk_score"] * 100, 1),
        "limits_note": "" if limits.checked else "The limits are switched off in the settings: only the safety rules hold.",
        "sectors_held": len(figures["sector_exposures"]),
        "symbols_held": len(figures["position_concentrations"]),
        "per_order": per_order(limits),
    }


def per_order(limits: AccountLimits) -> str:
    """The bounds that have no use of their own, in words."""
    value, collar, seconds = (
        limits.per_order[name] for name in ("max_order_value", "price_collar_percent", "duplicate_signal_seconds")
    )
    parts = [
        "" if value is None else f"one order at most {money(value)}",
        "" if collar is None else f"a limit price at most {percent(collar)} worse than the last price",
        "" if seconds is None else f"{seconds} s between two equal signals",
    ]
    return "; ".join(filter(None, parts))


def limit_row(use: LimitUse, place: int) -> Row:
    used = float(use.used)
    label = LABELS[use.name] + (f" · {use.about}" if use.about else "")
    return {
        "name": use.name,
        "sort": place,
        "label": label,
        "value": amount(use.value, use.unit),
        "limit": ("at least " if use.floor else "of ") + amount(use.limit, use.unit),
        "used": round(used, 2),
        "bar": bar(used),
        "level": level_of(used),
    }


def amount(value: Decimal, unit: str) -> str:
    match unit:
        case "%":
            return percent(value)
        case "₹":
            return money(value)
        case "×":
            return f"{grouped(value, 2)}×"
    return grouped(value, 0)


def bar(used: float) -> float:
    """A bar's width in percent: one that is not nothing can be seen, and none is wider than its box."""
    return round(min(100.0, max(used, 0.6 if used > 0 else 0.0)), 2)


def level_of(used: float) -> str:
    return "over" if used >= 100 else "near" if used >= NEAR else "calm"


def bound(limits: AccountLimits, name: str) -> Decimal:
    return next((use.limit for use in limits.uses if use.name == name), Decimal(100))


def shares(percentages: Mapping[str, Decimal], limit: Decimal, most: int) -> dict[str, Row]:
    """The largest shares of equity, each as a bar on a scale that ends at the limit, or at the largest where that is more."""
    largest = sorted(percentages.items(), key=lambda share: (-share[1], share[0]))[:most]
    scale = max([limit, *(value for _, value in largest)])
    return {
        name: {
            "name": name,
            "sort": place,  # a row moves when its rank changes, not with each price
            "percent": float(value),
            "limit": float(limit),
            "bar": bar(float(value / scale * 100)),
            "mark": round(float(limit / scale * 100), 2),
            "level": level_of(float(value / limit * 100)),
        }
        for place, (name, value) in enumerate(largest)
    }


# --- states ----------------------------------------------------------------------------------------------------------------
def halts(topic: Topic, user_ids: list[str] | None) -> dict[str, Row]:
    """Everybody's state, each account's, and what is halted inside of them."""
    return {row["id"]: row for row in map(halt_row, trading_states(user_ids)) if _worth_a_row(row, topic)}


def _worth_a_row(row: Row, topic: Topic) -> bool:
    """Of all accounts only those that do not trade freely: the others have their row in the list of accounts."""
    return topic.scope != EVERYBODY or row["scope"] == HaltScope.GLOBAL or row["state"] != TradingState.ACTIVE


def halt_row(found: dict[str, Any]) -> Row:
    scope, user_id, name = HaltScope(found["scope"]), found["user_id"], found["name"]
    query = {"account": user_id, "scope": scope.value, "name": name}
    order = list(WHAT).index(scope)
    return {
        "id": f"{scope}:{user_id or ''}:{name}",
        "sort": f"{user_id or ''} {order} {name}",
        "scope": scope.value,
        "what": WHAT[scope],
        "name": name or user_id or "",
        "whose": user_id if name else "",
        "state": found["state"],
        "reason": found["reason"],
        "resume_url": f"{reverse('trading-resume')}?{urlencode({key: value for key, value in query.items() if value})}",
    }


def account_row(found: dict[str, Any]) -> Row:
    row = wire(found)
    return row | {
        "id": row["user_id"],
        "sort": row["user_id"],
        "url": f"{reverse('risk')}?{urlencode({'account': row['user_id']})}",
        "bar": bar(row["exposure_percent"]),
    }
