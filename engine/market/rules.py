"""The strategies that run here: their rules judge the bars that just closed, and what they say goes the way of every signal."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

import structlog

from engine import alerts, log
from engine.domain.alerts import AlertRaised
from engine.domain.bars import Bar
from engine.domain.enums import AlertLevel, Component
from engine.domain.events import EventType, new_event
from engine.domain.strategies import RULES, Suggestion, Window
from engine.models import Strategy
from engine.services.signals import SignalInput, signals_submit

logger = structlog.get_logger(__name__)

DEPTH = 64  # bars kept at least, so that a longer rule does not have to read anew


def running_strategies() -> list[Strategy]:
    """The active strategies that have a rule of ours. One statement."""
    return list(Strategy.objects.filter(status="ACTIVE").exclude(rule="").order_by("account_id", "id"))


def lookback(strategies: Sequence[Strategy]) -> int:
    """How many bars the longest of their rules looks back on."""
    return max([DEPTH, *(_lookback(strategy) for strategy in strategies)])


def _lookback(strategy: Strategy) -> int:
    try:
        rule = RULES[strategy.rule]
        return rule.lookback(rule.parameters(strategy.parameters))
    except (KeyError, ValueError):  # `judge` will pause it
        return 0


def judge(strategies: Sequence[Strategy], windows: Mapping[str, Sequence[Bar]], *, now: datetime) -> int:
    """Let each strategy judge the symbols that it trades, and submit what it suggests. Returns how many signals there were."""
    signals: dict[str, list[SignalInput]] = defaultdict(list)
    columns = {symbol: Window(bars) for symbol, bars in windows.items()}
    for strategy in strategies:
        try:
            signals[strategy.account_id] += _suggested(strategy, columns)
        except (KeyError, ValueError) as error:
            _pause(strategy, f"its rule cannot run: {error}", now)
    for user_id, given in signals.items():
        if given:
            signals_submit(user_id=user_id, signals=given, now=now)
    return sum(map(len, signals.values()))


def _suggested(strategy: Strategy, windows: Mapping[str, Window]) -> list[SignalInput]:
    rule, symbols = RULES[strategy.rule], frozenset(strategy.symbols)
    parameters = rule.parameters(strategy.parameters)
    judged = ((symbol, rule.look(window, parameters)) for symbol, window in windows.items() if not symbols or symbol in symbols)
    return [_signal(strategy.id, symbol, suggestion) for symbol, suggestion in judged if suggestion]


def _signal(strategy_id: str, symbol: str, suggestion: Suggestion) -> SignalInput:
    return SignalInput(
        symbol=symbol,
        signal_type=suggestion.signal_type,
        confidence_score=suggestion.confidence_score,
        target_price=suggestion.target_price,
        stop_loss=suggestion.stop_loss,
        strategy_id=strategy_id,
    )


def _pause(strategy: Strategy, reason: str, now: datetime) -> None:
    """A strategy that cannot run must not stop the market for the others."""
    logger.error("strategy_paused", strategy_id=strategy.id, reason=reason)
    paused = new_event(EventType.STRATEGY_PAUSED, strategy.account_id, now, {"strategy_id": strategy.id, "reason": reason})
    log.append([paused], now=now)
    alert = AlertRaised(
        level=AlertLevel.ERROR,
        title=f"Strategy paused: {strategy.name}",
        message=f"{strategy.id}: {reason}. Correct its parameters and resume it.",
        component=Component.STRATEGY_MANAGER,
        fingerprint=f"strategy:{strategy.id}",
        user_id=strategy.account_id,
    )
    alerts.alerts_raise([alert], now=now)
