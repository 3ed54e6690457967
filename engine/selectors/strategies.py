"""Strategies as they stand, how they did, and their lifecycle logs; each in a fixed number of statements."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import NAMESPACE_OID, UUID, uuid5

from django.db.models import Q
from holidays import financial_holidays

from engine.domain.enums import PositionStatus, StrategyStatus
from engine.domain.intervals import IST
from engine.domain.performance import Performance, Trade, curve_of, performance_of
from engine.domain.strategy_state import STAGES
from engine.domain.suggestions import Case, Recommendation, StrategySuggestion, recommendation_for, suggestions_for
from engine.models import Position, Strategy, StrategyStage
from engine.selectors.positions import market_value
from engine.selectors.prices import UNQUOTED, quotes_of
from engine.selectors.units import Scope, price, rupees

STATUS_DAYS = 30  # that the figures of a status are of
SUGGESTION_DAYS = 90
READ_LIMIT = 20_000  # trades of one answer; of more, the latest
CURVE_POINTS = 500
TOO_FEW_DAYS = "too few days to say"  # a Sharpe ratio


class Held(NamedTuple):
    """What a strategy holds: how many positions, and what they have gained so far, in rupees."""

    positions: int
    unrealized_pnl: Decimal


def strategy_find(strategy_id: str) -> Strategy | None:
    return Strategy.objects.select_related("account").filter(id=strategy_id).first()


# --- status ----------------------------------------------------------------------------------------------------------------
def strategies_list(
    user_ids: Scope = None, *, now: datetime, include_retired: bool = False, status: str | None = None, limit: int = 500
) -> list[dict[str, Any]]:
    """The strategies, newest first, as their statuses. Four statements."""
    rows = Strategy.objects.select_related("account")
    if user_ids is not None:
        rows = rows.filter(account__in=user_ids)
    if status:
        rows = rows.filter(status=status)
    elif not include_retired:
        rows = rows.exclude(status=StrategyStatus.RETIRED)
    return _statuses(rows.order_by("-deployed_at", "id")[:limit], now)


def strategy_status(strategy: Strategy, *, now: datetime) -> dict[str, Any]:
    return _statuses([strategy], now)[0]


def _statuses(rows: Iterable[Strategy], now: datetime) -> list[dict[str, Any]]:
    found = list(rows)
    ids = [row.id for row in found]
    trades, held = _trades(ids, now - timedelta(days=STATUS_DAYS)), held_by(ids)
    return [_status(row, _performance(row, trades[row.id], STATUS_DAYS, now), held[row.id]) for row in found]


def _status(row: Strategy, figures: Performance, held: Held) -> dict[str, Any]:
    """A strategy as the wire names it. Counts are since it was deployed, `performance_metrics` of the last 30 days."""
    stage = STAGES[StrategyStatus(row.status)]
    return {
        "strategy_id": row.id,
        "user_id": row.account_id,
        "name": row.name,
        "description": row.description,
        "type": row.strategy_type,
        "rule": row.rule or None,
        "status": StrategyStatus.STOPPED if row.status == StrategyStatus.RETIRED else row.status,
        "status_reason": row.status_reason or None,
        "lifecycle_stage": stage,
        "deployed_at": row.deployed_at,
        "updated_at": row.updated_at,
        "last_signal_at": row.last_signal_at,
        "total_signals": row.signals,
        "total_trades": row.trades,
        "successful_trades": row.wins,
        "failed_trades": row.trades - row.wins,
        "total_pnl": rupees(row.net_pnl),
        "unrealized_pnl": rupees(held.unrealized_pnl),
        "current_positions": held.positions,
        "trades_today": row.trades_today if row.traded_on == row.account.trading_day else 0,
        "error_count": row.errors,
        "last_error": row.last_error or None,
        "performance_metrics": {
            "win_rate": round(figures.win_rate, 4),
            "win_rate_percent": round(figures.win_rate * 100, 2),
            "avg_profit": rupees(figures.average_win),
            "avg_loss": rupees(figures.average_loss),
            "max_drawdown": round(figures.max_drawdown, 6),
            "max_drawdown_percent": round(figures.max_drawdown * 100, 4),
            "sharpe_ratio": round(figures.sharpe_ratio or 0.0, 4),
            "total_return": round(figures.total_return, 6),
            "total_return_percent": round(figures.total_return * 100, 4),
            "total_trades": figures.trades,
            "period_days": STATUS_DAYS,
        },
        "symbols": row.symbols,
        "parameters": row.parameters,
        "max_positions": row.max_positions,
        "max_daily_trades": row.max_daily_trades,
        "max_drawdown_percent": price(row.max_drawdown_percent),
        "min_win_rate_percent": price(row.min_win_rate_percent),
        "max_errors": row.max_errors,
        "capital": rupees(_capital(row)),
        "limits_enforced": row.watched,
    }


def held_by(ids: Sequence[str]) -> dict[str, Held]:
    """What each of the strategies holds. Two statements."""
    rows = list(Position.objects.open().filter(strategy_id__in=ids).values_list("strategy_id", "symbol", "quantity", "cost"))
    quotes = quotes_of({symbol for _, symbol, _, _ in rows})
    gains: dict[str, list[Decimal]] = defaultdict(list)
    for strategy_id, symbol, quantity, cost in rows:
        gains[strategy_id].append(market_value(quantity, cost, quotes.get(symbol, UNQUOTED)) - cost)
    return {id: Held(len(gains[id]), sum(gains[id], Decimal(0))) for id in ids}


# --- performance -----------------------------------------------------------------------------------------------------------
def strategy_performance(strategy: Strategy, *, days: int, now: datetime) -> dict[str, Any]:
    """How it did in the last `days`, from the positions that it closed. One statement."""
    trades = _trades([strategy.id], now - timedelta(days=days))[strategy.id]
    figures = _performance(strategy, trades, days, now)
    return {
        "strategy_id": strategy.id,
        "period_days": days,
        "total_trades": figures.trades,
        "winning_trades": figures.wins,
        "losing_trades": figures.losses,
        "win_rate": round(figures.win_rate, 4),
        "win_rate_percent": round(figures.win_rate * 100, 2),
        "total_pnl": rupees(figures.net_pnl),
        "gross_pnl": rupees(figures.gross_pnl),
        "charges": rupees(figures.charges),
        "total_return_percent": round(figures.total_return * 100, 4),
        "max_drawdown": round(figures.max_drawdown, 6),
        "max_drawdown_percent": round(figures.max_drawdown * 100, 4),
        "sharpe_ratio": round(figures.sharpe_ratio or 0.0, 4),
        "sharpe_ratio_basis": figures.sharpe_basis if figures.sharpe_ratio is not None else TOO_FEW_DAYS,
        "avg_trade_duration": round(figures.average_seconds, 3),
        "avg_profit": rupees(figures.average_win),
        "avg_loss": rupees(figures.average_loss),
        "best_trade": rupees(figures.best),
        "worst_trade": rupees(figures.worst),
        "volatility": round(figures.volatility, 6),
        "volatility_percent": round(figures.volatility * 100, 4),
        "capital": rupees(_capital(strategy)),
        "is_complete": len(trades) < READ_LIMIT,
        "equity_curve": [{"at": point.at, "pnl": rupees(point.pnl)} for point in curve_of(trades, CURVE_POINTS)],
        "calculated_at": now,
    }


def _trades(ids: Sequence[str], since: datetime) -> dict[str, list[Trade]]:
    """What each strategy closed since then, oldest first. The emptiness of `strategy_id` is spelt out for the partial index."""
    rows = Position.objects.filter(~Q(strategy_id=""), strategy_id__in=ids, status=PositionStatus.CLOSED, closed_at__gte=since)
    latest = rows.order_by("-closed_at", "id").values_list(
        "strategy_id", "symbol", "opened_at", "closed_at", "realized_pnl", "charges"
    )
    found: dict[str, list[Trade]] = {id: [] for id in ids}
    for strategy_id, *trade in reversed(latest[:READ_LIMIT]):
        found[strategy_id].append(Trade(*trade))
    return found


def _performance(strategy: Strategy, trades: Sequence[Trade], days: int, now: datetime) -> Performance:
    today = now.astimezone(IST).date()
    first = max(strategy.deployed_at.astimezone(IST).date(), today - timedelta(days=days))
    return performance_of(trades, _capital(strategy), trading_days(first, today))


def _capital(strategy: Strategy) -> Decimal:
    """What its losses are measured against, in rupees: its own, or the account's equity at the start of the day."""
    own: Decimal = strategy.capital
    start: Decimal = strategy.account.day_start_equity
    return own or start


@lru_cache(64)
def trading_days(first: date, last: date) -> frozenset[date]:
    """The NSE's trading days from the first to the last of these."""
    closed = financial_holidays("XNSE", years=range(first.year, last.year + 1))
    return frozenset(day for day in _days(first, last) if day.weekday() < 5 and day not in closed)


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


# --- suggestions -----------------------------------------------------------------------------------------------------------
class Advice(NamedTuple):
    suggestions: list[dict[str, Any]]
    recommendation: Recommendation


def strategy_advice(strategy: Strategy, *, now: datetime) -> Advice:
    """What its trades of the last 90 days suggest, and whether it should go on. One statement."""
    trades = _trades([strategy.id], now - timedelta(days=SUGGESTION_DAYS))[strategy.id]
    figures = _performance(strategy, trades, SUGGESTION_DAYS, now)
    case = Case(trades, figures, strategy.symbols, strategy.max_positions)
    found = [_suggestion(strategy.id, suggestion, now) for suggestion in suggestions_for(case)]
    return Advice(found, recommendation_for(figures))


def _suggestion(strategy_id: str, suggestion: StrategySuggestion, now: datetime) -> dict[str, Any]:
    return {
        "suggestion_id": uuid5(NAMESPACE_OID, f"{strategy_id}:{suggestion.name}"),  # the same as long as it is suggested
        "strategy_id": strategy_id,
        "category": suggestion.category,
        "priority": suggestion.priority,
        "description": suggestion.description,
        "current_value": suggestion.current_value,
        "suggested_value": suggestion.suggested_value,
        "expected_improvement": suggestion.expected_improvement,
        "confidence": round(suggestion.confidence, 4),
        "created_at": now,
    }


# --- lifecycle -------------------------------------------------------------------------------------------------------------
def strategy_lifecycle(strategy_id: str, *, limit: int = 100, before: UUID | None = None) -> list[dict[str, Any]]:
    """The steps of its life, newest first; `before` is the last step of the page before."""
    rows = StrategyStage.objects.filter(strategy=strategy_id)
    if before:
        last = rows.filter(id=before).values_list("at", "number").first()
        rows = rows.filter(Q(at__lt=last[0]) | Q(at=last[0], number__lt=last[1])) if last else rows.none()
    return [
        {
            "event_id": row.id,
            "stage": row.stage,
            "previous_stage": row.previous_stage or None,
            "timestamp": row.at,
            "triggered_by": row.triggered_by,
            "reason": row.reason,
            "metadata": row.metadata,
        }
        for row in rows.order_by("-at", "-number")[:limit]
    ]
