"""What a strategy has to be before it is deployed: everything that is wrong with it, and what somebody should think about."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from engine.domain.enums import StrategyType
from engine.domain.strategies import RULES

NAME_LENGTH = 120
DESCRIPTION_LENGTH = 2_000
MOST_SYMBOLS = 500
MOST_PARAMETERS = 50
MOST_NUMBER = 10**15  # of a parameter: what every reader of JSON holds exactly
MOST_DEEP = 5  # levels of nesting of a parameter
MOST_CAPITAL = Decimal(10) ** 11
MANY_POSITIONS, MOST_POSITIONS = 50, 10_000
MANY_TRADES, MOST_TRADES = 200, 100_000
MOST_DRAWDOWN = Decimal(30)  # percent
MOST_ERRORS = 1_000

Problem = tuple[str, str]  # the field, and what is wrong with it


@dataclass(frozen=True, slots=True)
class StrategyInput:
    """A strategy as somebody describes it. Percentages of its capital, `capital` in rupees (0: the account's equity)."""

    name: str
    description: str = ""
    strategy_type: StrategyType = StrategyType.CUSTOM
    symbols: Sequence[str] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    rule: str = ""
    max_positions: int = 10
    max_daily_trades: int = 50
    max_drawdown_percent: Decimal = Decimal(15)
    min_win_rate_percent: Decimal = Decimal(40)
    max_errors: int = 10
    capital: Decimal = Decimal(0)


def problems_of(strategy: StrategyInput, known_symbols: Collection[str]) -> list[Problem]:
    """Everything that keeps it from being deployed; empty when nothing does."""
    return [
        *_text_problems(strategy),
        *_symbol_problems(strategy, known_symbols),
        *_limit_problems(strategy),
        *_rule_problems(strategy),
    ]


def _text_problems(strategy: StrategyInput) -> list[Problem]:
    found = []
    if not strategy.name.strip():
        found.append(("name", "a strategy needs a name"))
    if len(strategy.name) > NAME_LENGTH:
        found.append(("name", f"a name has at most {NAME_LENGTH} characters"))
    if len(strategy.description) > DESCRIPTION_LENGTH:
        found.append(("description", f"a description has at most {DESCRIPTION_LENGTH} characters"))
    return found


def _symbol_problems(strategy: StrategyInput, known: Collection[str]) -> list[Problem]:
    symbols = strategy.symbols
    if not symbols:
        return [("symbols", "name at least one symbol")]
    if len(symbols) > MOST_SYMBOLS:
        return [("symbols", f"at most {MOST_SYMBOLS} symbols")]
    found = [("symbols", f"{symbol or 'an empty symbol'} is not listed here") for symbol in symbols if symbol not in known]
    if len(set(symbols)) < len(symbols):
        found.append(("symbols", "a symbol stands twice"))
    return found


def _limit_problems(strategy: StrategyInput) -> list[Problem]:
    ranges: tuple[tuple[str, Decimal | int, int, Decimal | int], ...] = (
        ("max_positions", strategy.max_positions, 1, MOST_POSITIONS),
        ("max_daily_trades", strategy.max_daily_trades, 1, MOST_TRADES),
        ("min_win_rate_percent", strategy.min_win_rate_percent, 0, 100),
        ("max_errors", strategy.max_errors, 1, MOST_ERRORS),
        ("capital", strategy.capital, 0, MOST_CAPITAL),
    )
    found = [(name, f"{name} is {least} to {most:,}") for name, value, least, most in ranges if not least <= value <= most]
    if not 0 < strategy.max_drawdown_percent <= MOST_DRAWDOWN:
        found.append(("max_drawdown_percent", f"max_drawdown_percent is above 0 and at most {MOST_DRAWDOWN}"))
    return found


def _rule_problems(strategy: StrategyInput) -> list[Problem]:
    if len(strategy.parameters) > MOST_PARAMETERS:
        return [("parameters", f"at most {MOST_PARAMETERS} parameters")]
    if strategy.rule and strategy.rule not in RULES:
        return [("rule", f"there is no rule {strategy.rule[:40]!r}: there are {', '.join(RULES)}")]
    if strategy.rule:
        return [("parameters", fault[:300]) for fault in RULES[strategy.rule].faults(strategy.parameters)]
    return [
        ("parameters", f"{name[:40]!r} holds too large a number, or nests too deeply")
        for name, value in strategy.parameters.items()
        if not _is_plain(value, MOST_DEEP)
    ]


def _is_plain(value: Any, depth: int) -> bool:
    """Whether every reader of JSON takes the value as we do."""
    if isinstance(value, int | float):
        return abs(value) <= MOST_NUMBER
    if isinstance(value, Mapping):
        return depth > 0 and all(_is_plain(item, depth - 1) for item in value.values())
    if isinstance(value, list | tuple):
        return depth > 0 and all(_is_plain(item, depth - 1) for item in value)
    return True


def warnings_of(strategy: StrategyInput) -> list[str]:
    """What may be meant so, and often is not."""
    found = []
    if strategy.max_positions > MANY_POSITIONS:
        found.append(f"{strategy.max_positions} positions at once are many: more than {MANY_POSITIONS}")
    if strategy.max_daily_trades > MANY_TRADES:
        found.append(f"{strategy.max_daily_trades} trades a day are many: more than {MANY_TRADES}")
    if not strategy.rule:
        found.append("it names no rule of ours: it trades only on signals that are sent under its strategy_id")
    return found
