"""Strategies: all of them at a glance, and one with its performance, its signals, its life and what its trades suggest."""

from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone

from dashboard import sparks
from dashboard.live.positions import position_row
from dashboard.live.state import Row, State, picked, wire
from dashboard.live.topics import Topic
from engine.domain.enums import StrategyStatus
from engine.domain.strategies import RULES
from engine.domain.strategy_state import LIFE_CYCLE, StrategyTrigger
from engine.models import Position, Strategy
from engine.selectors.positions import position_dict
from engine.selectors.prices import quotes_of
from engine.selectors.strategies import (
    TOO_FEW_DAYS,
    strategy_advice,
    strategy_find,
    strategy_lifecycle,
    strategy_performance,
    strategy_status,
)
from engine.selectors.strategy_list import latest_trade_of, measured_by, strategies_at_a_glance
from engine.selectors.symbols import strategy_signals

DAYS = 30  # that the performance is of
SIGNALS, STAGES = 30, 30
SECTIONS = ("strategy", "performance", "signals", "stages", "suggestions", "recommendation", "held")
STEPS = (StrategyTrigger.PAUSE, StrategyTrigger.RESUME, StrategyTrigger.STOP, StrategyTrigger.RETIRE)
STATUS = (
    *("name", "description", "type", "rule", "status", "status_reason", "lifecycle_stage", "deployed_at", "updated_at"),
    *("last_signal_at", "total_signals", "total_trades", "total_pnl", "unrealized_pnl", "current_positions", "trades_today"),
    *("error_count", "last_error", "max_positions", "max_daily_trades", "max_drawdown_percent", "min_win_rate_percent"),
    *("max_errors", "capital", "limits_enforced", "user_id"),
)


def state(topic: Topic, now: datetime) -> State:
    retired = dict(topic.filters).get("retired") == "yes"
    found = strategies_at_a_glance(topic.user_ids, include_retired=retired)
    return {"strategies": {row["id"]: glance_row(row, topic.scope) for row in found}}


def glance_row(strategy: dict[str, Any], scope: str) -> Row:
    line = strategy["line"]
    row = wire({name: value for name, value in strategy.items() if name != "line"})
    return row | {
        "sort": f"{row['deployed_at']} {row['id']}",
        "kind": kind_of(row),
        "line": sparks.path([float(value) for value in (line if len(line) > 1 else line * 2)]),
        "trend": (line[-1] > line[0]) - (line[-1] < line[0]),
        "url": address("strategy", row["id"], scope),
        **steps_of(row["id"], row["status"]),
    }


def kind_of(row: Row) -> str:
    """Its type, and its rule where the name does not say it already."""
    rule = RULES[row["rule"]].title if row["rule"] in RULES else "signals from outside"
    kind = row["strategy_type"].replace("_", " ").capitalize()
    return kind if rule in (row["name"], kind) else f"{kind} · {rule}"


def steps_of(strategy_id: str, status: str) -> Row:
    """Where its controls lead, and which of them make sense now."""
    status = StrategyStatus(status)
    row: Row = {f"{step}_url": reverse(f"strategy-{step}", args=[strategy_id]) for step in STEPS}
    return row | {"can": " ".join(step.value for step in STEPS if (status, step) in LIFE_CYCLE)}


def address(name: str, strategy_id: str, scope: str) -> str:
    return f"{reverse(name, args=[strategy_id])}?{urlencode({'account': scope})}"


# --- one -------------------------------------------------------------------------------------------------------------------
def one(topic: Topic, now: datetime) -> State:
    """Empty for an id that is none, or of an account out of the topic's scope."""
    strategy = strategy_find(dict(topic.filters).get("id", ""))
    if strategy is None or topic.user_ids is None or strategy.account_id not in topic.user_ids:
        return {section: {} for section in SECTIONS}
    figures = figures_of(strategy, now)
    return {
        "strategy": {"all": status_row(strategy, now)},
        "held": held(strategy, topic.scope),
        "signals": {
            row["id"]: row for row in map(signal_row, strategy_signals(strategy.id, strategy.account_id, limit=SIGNALS))
        },
        "stages": {row["id"]: row for row in map(stage_row, strategy_lifecycle(strategy.id, limit=STAGES))},
        **figures,
    }


def status_row(strategy: Strategy, now: datetime) -> Row:
    row = picked(strategy_status(strategy, now=now) | {"status": strategy.status}, STATUS)
    return row | {"id": strategy.id, "symbols": ", ".join(strategy.symbols) or "all", **steps_of(strategy.id, strategy.status)}


def figures_of(strategy: Strategy, now: datetime) -> State:
    """Performance and advice: computed anew when it has closed another position, was changed, or a day has passed."""
    return _figures(strategy.id, latest_trade_of(strategy.id), measured_by(strategy, now))


@lru_cache(maxsize=64)
def _figures(strategy_id: str, latest_trade: object, measured: object) -> State:
    now, strategy = timezone.now(), strategy_find(strategy_id)
    if strategy is None:
        return {}
    figures, advice = strategy_performance(strategy, days=DAYS, now=now), strategy_advice(strategy, now=now)
    suggestions = (suggestion_row(place, row) for place, row in enumerate(advice.suggestions))
    judged = advice.recommendation
    return {
        "performance": {"all": performance_row(figures)},
        "suggestions": {row["id"]: row for row in suggestions},
        "recommendation": {"all": {"action": judged.action or "Too early to say", "reasons": "; ".join(judged.reasons)}},
    }


def performance_row(figures: dict[str, Any]) -> Row:
    """What cannot be told yet is none, and not 0: a rate of no trades, a ratio of too few days."""
    row = wire({name: value for name, value in figures.items() if name != "equity_curve"})
    if not row["total_trades"]:
        row |= dict.fromkeys(("win_rate_percent", "avg_profit", "avg_loss", "max_drawdown_percent", "total_return_percent"))
    if row["sharpe_ratio_basis"] == TOO_FEW_DAYS:
        row["sharpe_ratio"] = None
    return row


def suggestion_row(place: int, suggestion: dict[str, Any]) -> Row:
    shown = ("category", "priority", "description", "expected_improvement")
    row = picked(suggestion, shown)
    return row | {
        "id": str(suggestion["suggestion_id"]),
        "sort": place,
        "current": plain(suggestion["current_value"]),
        "suggested": plain(suggestion["suggested_value"]),
        "confidence_percent": round(suggestion["confidence"] * 100, 2),
    }


def plain(value: Any) -> str:
    """A parameter's value as a person writes it."""
    if isinstance(value, float):
        return f"{value:,.4f}".rstrip("0").rstrip(".")
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def signal_row(signal: dict[str, Any]) -> Row:
    row = wire(signal)
    return row | {
        "sort": f"{row['received_at']} {row['id']}",
        "confidence_percent": round(row["confidence_score"] * 100, 2),
        "outcome": row["reason"] or ("An order" if row["order_id"] else "No order"),
    }


def stage_row(stage: dict[str, Any]) -> Row:
    row = picked(stage, ("stage", "previous_stage", "timestamp", "triggered_by", "reason"))
    by = stage["metadata"].get("by") if isinstance(stage["metadata"], dict) else None
    return row | {"id": str(stage["event_id"]), "sort": f"{row['timestamp']}", "by": by or row["triggered_by"].capitalize()}


def held(strategy: Strategy, scope: str) -> dict[str, Row]:
    rows = list(Position.objects.open().filter(account=strategy.account_id, strategy_id=strategy.id).order_by("symbol"))
    quotes = quotes_of({row.symbol for row in rows})
    return {str(row.id): position_row(position_dict(row, quotes), scope) for row in rows}
