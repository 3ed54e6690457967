"""What a strategy's own trades suggest: each suggestion a small pure rule, made where the numbers carry it, with the numbers.

Confidence is that of a one-sided z-test: how sure it is that the mean trade looked at is truly a loss. What is plainly
measured (a drawdown, charges) is sure.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import sqrt
from statistics import NormalDist, fmean, stdev
from typing import Any, TypeVar

from engine.domain.amounts import money
from engine.domain.intervals import IST
from engine.domain.performance import Performance, Trade

LEAST_TRADES = 20  # before anything is said at all
LEAST_OF_A_PART = 10  # trades in one symbol or one hour
SURE_ENOUGH, SURE = 0.8, 1.0
WARNING_DRAWDOWN, CRITICAL_DRAWDOWN = 0.10, 0.15
MOST_CHARGES = 0.5  # of what was won before charges
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class StrategySuggestion:
    """Something that somebody could change. `confidence` as a fraction of 1."""

    name: str
    category: str  # PARAMETERS, RISK, TIMING or SYMBOLS
    priority: str  # HIGH, MEDIUM or LOW
    description: str
    current_value: Any
    suggested_value: Any
    expected_improvement: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Case:
    """What the rules look at: the trades, their figures, and how the strategy is set."""

    trades: Sequence[Trade]
    figures: Performance
    symbols: Sequence[str]
    max_positions: int


@dataclass(frozen=True, slots=True)
class Recommendation:
    """CONTINUE, OPTIMIZE, PAUSE or RETIRE; None where there are too few trades to say. With what speaks for and against."""

    action: str | None
    points_for: int
    points_against: int
    reasons: list[str]


def suggestions_for(case: Case) -> list[StrategySuggestion]:
    """What its trades suggest, the most urgent first; nothing before there are enough of them."""
    if case.figures.trades < LEAST_TRADES:
        return []
    found = [suggestion for rule in RULES if (suggestion := rule(case))]
    return sorted(found, key=lambda suggestion: ("HIGH", "MEDIUM", "LOW").index(suggestion.priority))


def smaller_risk(case: Case) -> StrategySuggestion | None:
    fallen, capped = case.figures.max_drawdown, max(1, case.max_positions // 2)
    if fallen < WARNING_DRAWDOWN or capped == case.max_positions:
        return None
    rupees = case.figures.max_drawdown_rupees
    return StrategySuggestion(
        name="max_positions",
        category="RISK",
        priority="HIGH" if fallen >= CRITICAL_DRAWDOWN else "MEDIUM",
        description=f"It fell {fallen:.1%} of its capital ({money(rupees)}) below its peak in {case.figures.trades} trades: "
        "hold fewer positions at once",
        current_value=case.max_positions,
        suggested_value=capped,
        expected_improvement=f"with half the positions at risk, a fall like it is some {fallen / 2:.1%}",
        confidence=SURE,
    )


def wider_wins(case: Case) -> StrategySuggestion | None:
    """It loses on the average trade: how far its wins would have to reach at the rate at which it wins."""
    figures, sure = case.figures, sure_of_loss([trade.net_pnl for trade in case.trades])
    if sure < SURE_ENOUGH or not figures.wins:
        return None
    loss = abs(figures.average_loss)
    needed = loss * figures.losses / figures.wins
    return StrategySuggestion(
        name="win_to_loss",
        category="PARAMETERS",
        priority="HIGH",
        description=f"{figures.wins} of {figures.trades} trades won ({money(figures.average_win)} on average), the others lost "
        f"{money(loss)} on average: it loses {money(abs(figures.net_pnl / figures.trades))} a trade",
        current_value=_ratio(figures.average_win, loss),
        suggested_value=_ratio(needed, loss),
        expected_improvement=f"at a win rate of {figures.win_rate:.0%} it breaks even once a win is {money(needed)} on average",
        confidence=sure,
    )


def fewer_charges(case: Case) -> StrategySuggestion | None:
    figures = case.figures
    if figures.gross_pnl <= 0 or figures.charges < figures.gross_pnl * Decimal(str(MOST_CHARGES)):
        return None
    share = float(figures.charges / figures.gross_pnl)
    each = figures.charges / figures.trades
    return StrategySuggestion(
        name="charges",
        category="PARAMETERS",
        priority="HIGH" if share >= 1 else "MEDIUM",
        description=f"Charges of {money(figures.charges)} took {share:.0%} of the {money(figures.gross_pnl)} that its "
        f"{figures.trades} trades won: trade seldomer, with wider exits",
        current_value=figures.trades,
        suggested_value=max(1, figures.trades // 2),
        expected_improvement=f"each trade that is not made saves {money(each)}",
        confidence=SURE,
    )


def without_symbol(case: Case) -> StrategySuggestion | None:
    """The symbol that surely loses while the others together do not."""
    found = _worst_part(case.trades, lambda trade: trade.symbol)
    if found is None or len(case.symbols) < 2:
        return None
    symbol, nets, rest, sure = found
    return StrategySuggestion(
        name=f"symbol:{symbol}",
        category="SYMBOLS",
        priority="MEDIUM",
        description=f"{len(nets)} trades in {symbol} lost {money(abs(sum(nets)))}, those in all others won {money(rest)}",
        current_value=list(case.symbols),
        suggested_value=[name for name in case.symbols if name != symbol],
        expected_improvement=f"without {symbol} the same trades would have earned {money(abs(sum(nets)))} more",
        confidence=sure,
    )


def without_hour(case: Case) -> StrategySuggestion | None:
    """The hour of the Indian day whose entries surely lose while the others together do not."""
    found = _worst_part(case.trades, lambda trade: trade.opened_at.astimezone(IST).hour)
    if found is None:
        return None
    hour, nets, rest, sure = found
    return StrategySuggestion(
        name=f"hour:{hour}",
        category="TIMING",
        priority="LOW",
        description=f"{len(nets)} trades opened from {hour}:00 to {hour + 1}:00 lost {money(abs(sum(nets)))}, "
        f"all others won {money(rest)}",
        current_value="any hour",
        suggested_value=f"no entries from {hour}:00 to {hour + 1}:00 IST",
        expected_improvement=f"without them the others would have earned {money(abs(sum(nets)))} more",
        confidence=sure,
    )


RULES: tuple[Callable[[Case], StrategySuggestion | None], ...] = (
    smaller_risk,
    wider_wins,
    fewer_charges,
    without_symbol,
    without_hour,
)


def _worst_part(trades: Iterable[Trade], part_of: Callable[[Trade], Key]) -> tuple[Key, list[Decimal], Decimal, float] | None:
    """The part of the trades that lost most, its results, what the others won, and how sure its loss is."""
    parts: dict[Key, list[Decimal]] = defaultdict(list)
    for trade in trades:
        parts[part_of(trade)].append(trade.net_pnl)
    key = min(parts, key=lambda name: sum(parts[name]))
    nets, rest = parts[key], sum((net for name, found in parts.items() if name != key for net in found), Decimal(0))
    sure = sure_of_loss(nets)
    return (key, nets, rest, sure) if len(nets) >= LEAST_OF_A_PART and rest > 0 and sure >= SURE_ENOUGH else None


def sure_of_loss(nets: Sequence[Decimal]) -> float:
    """How sure it is that the mean of such trades is below nothing, by their own spread; a fraction of 1."""
    results = [float(net) for net in nets]
    if len(results) < 2:
        return 0.0
    mean, spread = fmean(results), stdev(results)
    if not spread:
        return 0.99 if mean < 0 else 0.0
    return min(0.99, NormalDist().cdf(-mean / (spread / sqrt(len(results)))))


def _ratio(one: Decimal, other: Decimal) -> float:
    return round(float(one / other), 2) if other else 0.0


def recommendation_for(figures: Performance) -> Recommendation:
    """The old system's score: win rate and Sharpe ratio weigh two, drawdown, return and consistency one."""
    if figures.trades < LEAST_TRADES:
        return Recommendation(None, 0, 0, [f"{figures.trades} trades are too few to judge: it takes {LEAST_TRADES}"])
    sharpe = figures.sharpe_ratio or 0.0
    frequency = figures.days_traded / figures.days if figures.days else 0.0
    consistency = 0.7 * min(2 * figures.win_rate, 1) + 0.3 * frequency
    scores = [
        (2 if figures.win_rate >= 0.55 else 1 if figures.win_rate >= 0.45 else -2, f"win rate {figures.win_rate:.1%}"),
        (2 if sharpe >= 1 else 1 if sharpe >= 0.5 else -1, f"Sharpe ratio {sharpe:.2f}"),
        (1 if figures.max_drawdown <= 0.15 else -2, f"drawdown {figures.max_drawdown:.1%}"),
        (1 if figures.total_return > 0 else -1, f"return {figures.total_return:.2%}"),
        (1 if consistency >= 0.7 else -1 if consistency < 0.4 else 0, f"consistency {consistency:.2f}"),
    ]
    good, bad = sum(max(0, score) for score, _ in scores), sum(max(0, -score) for score, _ in scores)
    if figures.max_drawdown > 0.2 or figures.win_rate < 0.3:
        action = "RETIRE" if bad >= 4 else "PAUSE"
    elif good >= 5 and bad <= 1:
        action = "CONTINUE"
    elif good >= 3 and bad <= 2:
        action = "OPTIMIZE"
    else:
        action = "RETIRE" if bad >= 4 else "PAUSE"
    return Recommendation(action, good, bad, [f"{text}: {score:+d}" for score, text in scores])
