"""An account's risk as it stands, and the alerts about it."""

from collections import defaultdict
from collections.abc import Callable, Collection
from datetime import timedelta
from decimal import Decimal
from typing import Any

from engine import config, reading
from engine.domain.enums import AlertLevel, Component
from engine.domain.intervals import DAY, interval_length
from engine.domain.var import FEWEST, TailRisk, tail_risk
from engine.models import Account, Alert, Position
from engine.selectors.positions import market_value
from engine.selectors.prices import UNQUOTED, quotes_of
from engine.selectors.trading_states import standing_of
from engine.selectors.units import percent, rupees

ZERO = Decimal(0)
SESSION = timedelta(hours=6, minutes=15)
INTERVALS = ("1d", "1h", "15m", "5m", "1m", "5s")  # the longest that has a past is the best
MOST_PERIODS = 250  # a trading year of days
SYMBOLS_A_STATEMENT = 200  # SQLite takes at most 500 parts in one union
LATEST = (
    "select * from (select symbol, start, close from engine_candle where symbol = %s and interval = %s "
    "order by start desc limit %s) as latest"
)
SEVERITIES = {
    AlertLevel.CRITICAL: "CRITICAL",
    AlertLevel.ERROR: "HIGH",
    AlertLevel.WARNING: "MEDIUM",
    AlertLevel.INFO: "MEDIUM",
}
MOST_ALERTS = 1000


def risk_of(user_id: str, tail_for: Callable[[dict[str, float]], TailRisk] | None = None) -> dict[str, Any]:
    """Exposure, concentration, drawdown and tail risk at the last prices. Percentages are of equity, which holds cash.

    `tail_for` says the tail risk of holdings by value; `tail_of` where nothing else is given.
    """
    account = Account.objects.get(user_id=user_id)
    rows = list(Position.objects.open().filter(account=account).values_list("symbol", "quantity", "cost"))
    quotes = quotes_of({symbol for symbol, _, _ in rows})
    by_symbol: dict[str, Decimal] = defaultdict(Decimal)
    gross_by_symbol: dict[str, Decimal] = defaultdict(Decimal)
    by_sector: dict[str, Decimal] = defaultdict(Decimal)
    for symbol, quantity, cost in rows:
        quote = quotes.get(symbol, UNQUOTED)
        value = market_value(quantity, cost, quote)
        by_symbol[symbol] += value
        gross_by_symbol[symbol] += abs(value)
        by_sector[quote.sector] += abs(value)
    exposure = sum(gross_by_symbol.values(), ZERO)
    equity = account.cash + sum(by_symbol.values(), ZERO)
    peak = max(account.peak_equity, account.day_start_equity)
    tail = (tail_for or tail_of)({symbol: float(value) for symbol, value in by_symbol.items()})
    drawdown = percent(max(peak - equity, ZERO), peak)
    found = {
        "total_exposure": rupees(exposure),
        "exposure_percentage": percent(exposure, equity),
        "max_drawdown": drawdown,
        "current_drawdown": drawdown,
        "var_95": round(tail.var_95, 2),
        "var_99": round(tail.var_99, 2),
        "expected_shortfall": round(tail.expected_shortfall, 2),
        "var_periods": tail.periods,
        "sector_exposures": {sector: percent(value, equity) for sector, value in sorted(by_sector.items())},
        "position_concentrations": {symbol: percent(value, equity) for symbol, value in sorted(gross_by_symbol.items())},
        "leverage_ratio": round(exposure / equity, 4) if equity > 0 else ZERO,
        "equity": rupees(equity),
        "daily_pnl": rupees(equity - account.day_start_equity),
        "daily_pnl_percent": percent(equity - account.day_start_equity, account.day_start_equity),
        **standing_of(account),
    }
    return found | {"risk_score": _score(account, found)}


def _score(account: Account, found: dict[str, Any]) -> float:
    """0 to 1: how far each limit is used, weighed as the old API did (exposure and drawdown most)."""
    defaults = config.current()

    def used(value: Decimal, name: str, otherwise: Decimal) -> float:
        limit = getattr(account, name) or getattr(defaults, name) or otherwise
        return min(1.0, float(value / limit))

    return round(
        0.25 * used(found["exposure_percentage"], "max_portfolio_exposure_percent", Decimal(80))
        + 0.20 * used(max(found["sector_exposures"].values(), default=ZERO), "max_sector_exposure_percent", Decimal(25))
        + 0.20 * used(max(found["position_concentrations"].values(), default=ZERO), "max_position_size_percent", Decimal(10))
        + 0.25 * used(found["current_drawdown"], "max_drawdown_percent", Decimal(10))
        + 0.10 * min(1.0, float(found["leverage_ratio"]) / 2),
        4,
    )


def tail_of(values: dict[str, float]) -> TailRisk:
    """By the stored candles of the longest interval that has a past for what is held; at most six statements."""
    for interval in INTERVALS:
        closes = _closes(values, interval)
        if any(len(past) > FEWEST for past in closes.values()):
            length = interval_length(interval)
            return tail_risk(values, closes, 1.0 if length >= DAY else SESSION / length)
    return TailRisk()


def _closes(symbols: Collection[str], interval: str) -> dict[str, list[float]]:
    """The latest closes of each symbol, oldest first, only of those times at which every symbol with a past has one.

    One step into the index for each symbol: a sort of all their bars would cost the more, the longer they have been kept.
    """
    wanted = list(symbols)
    found: dict[str, dict[Any, float]] = defaultdict(dict)
    for first in range(0, len(wanted), SYMBOLS_A_STATEMENT):
        part = wanted[first : first + SYMBOLS_A_STATEMENT]
        parameters = [value for symbol in part for value in (symbol, interval, MOST_PERIODS)]
        for symbol, start, close in reading.execute(" union all ".join([LATEST] * len(part)), parameters):
            found[symbol][start] = float(close)
    deep = {symbol: past for symbol, past in found.items() if len(past) > FEWEST}
    if not deep:
        return {}
    common = sorted(set.intersection(*(set(past) for past in deep.values())))
    return {symbol: [past[start] for start in common] for symbol, past in deep.items()}


def risk_alerts(user_id: str) -> list[dict[str, Any]]:
    """The account's open alerts of the risk engine, newest first, in the old shape."""
    rows = Alert.objects.open().filter(account=user_id, component=Component.RISK_ENGINE).order_by("-first_seen", "-id")
    return [_alert(row) for row in rows[:MOST_ALERTS]]


def _alert(row: Alert) -> dict[str, Any]:
    return {
        "id": row.id,
        "type": row.data.get("alert_type") or "RISK",
        "severity": SEVERITIES[AlertLevel(row.level)],
        "message": row.message,
        "title": row.title,
        "current_value": row.data.get("current_value"),
        "threshold_value": row.data.get("threshold_value"),
        "triggered_at": row.first_seen,
        "resolved_at": row.resolved_at,
        "count": row.count,
        "actions_taken": row.data.get("actions_taken") or [],
    }
