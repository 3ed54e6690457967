"""What a strategy may do: rules before each entry, and limits after each trade and each error. Pure, like the risk rules."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from engine.domain.amounts import money
from engine.domain.book import Book
from engine.domain.enums import OrderStatus, Side, TriggeredBy
from engine.domain.orders import Order
from engine.domain.strategy_state import StrategyState, StrategyTrigger

TRADES_TO_JUDGE = 20  # so many trades before a win rate says anything
HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a strategy's signal may not become an order: the rule, its limit, and the value that it measured."""

    rule: str
    limit: int
    value: int
    reason: str


@dataclass(frozen=True, slots=True)
class Breach:
    """A limit that a strategy has reached, and what follows: it is paused, or stopped with its positions closed."""

    limit_name: str
    limit: Decimal | int
    value: Decimal | int
    reason: str
    trigger: StrategyTrigger
    triggered_by: TriggeredBy


# --- before an order is made -----------------------------------------------------------------------------------------------
def entry_refused(book: Book, strategy_id: str, symbol: str, side: Side, quantity: int) -> Refused | None:
    """Whether the strategy may open or enlarge a position. Whoever only gets out is never kept from it."""
    strategy = book.strategies.get(strategy_id)
    if strategy is None or not strategy.watched or not is_entry(book, strategy_id, symbol, side, quantity):
        return None
    return _too_many_positions(book, strategy, strategy_id, symbol) or _too_many_trades(book, strategy, strategy_id)


def is_entry(book: Book, strategy_id: str, symbol: str, side: Side, quantity: int) -> bool:
    position = book.position(symbol, strategy_id)
    held = position.quantity if position else 0
    return held * side.sign >= 0 or quantity > abs(held)


def _too_many_positions(book: Book, strategy: StrategyState, strategy_id: str, symbol: str) -> Refused | None:
    if book.position(symbol, strategy_id):
        return None
    opening = {
        order.symbol
        for order in book.orders.values()
        if order.strategy_id == strategy_id and order.symbol != symbol and not book.position(order.symbol, strategy_id)
    }
    value, limit = strategy.open_positions + len(opening), strategy.max_positions
    if value < limit:
        return None
    return Refused("strategy_max_positions", limit, value, f"the strategy holds {value} positions, {limit} are allowed")


def _too_many_trades(book: Book, strategy: StrategyState, strategy_id: str) -> Refused | None:
    waiting = sum(order.strategy_id == strategy_id and order.status is OrderStatus.PENDING for order in book.orders.values())
    value, limit = strategy.traded(book.trading_day) + waiting, strategy.max_daily_trades
    if value < limit:
        return None
    return Refused("strategy_daily_trades", limit, value, f"the strategy made {value} trades today, {limit} are allowed")


def count_entry(book: Book, order: Order) -> None:
    """An order left for the market: where it opens or enlarges a position, it is one of its strategy's trades of the day."""
    strategy = book.strategies.get(order.strategy_id)
    if strategy and strategy.watched and is_entry(book, order.strategy_id, order.symbol, order.side, order.quantity):
        strategy.count_entry(book.trading_day)
        book.touch_strategy(order.strategy_id)


# --- after a trade or an error ---------------------------------------------------------------------------------------------
def drawdown(strategy: StrategyState, day_start_equity: Decimal) -> Breach | None:
    capital = strategy.capital or day_start_equity
    lost = strategy.peak_pnl - strategy.net_pnl
    if capital <= 0 or lost <= 0:
        return None
    value, limit = round(lost / capital * HUNDRED, 4), strategy.max_drawdown_percent
    if value < limit:
        return None
    reason = f"drawdown {value:.2f} % of {money(capital)} ({money(lost)} below its peak): the limit is {limit.normalize():f} %"
    return Breach("max_drawdown_percent", limit, value, reason, StrategyTrigger.STOP, TriggeredBy.RISK)


def win_rate(strategy: StrategyState, day_start_equity: Decimal) -> Breach | None:
    trades = strategy.trades - strategy.trades_before
    if trades < TRADES_TO_JUDGE:
        return None
    won = strategy.wins - strategy.wins_before
    value, limit = round(HUNDRED * won / trades, 4), strategy.min_win_rate_percent
    if value >= limit:
        return None
    reason = f"{won} of {trades} trades won, {value:.1f} %: the least allowed is {limit.normalize():f} %"
    return Breach("min_win_rate_percent", limit, value, reason, StrategyTrigger.PAUSE, TriggeredBy.PERFORMANCE)


def errors(strategy: StrategyState, day_start_equity: Decimal) -> Breach | None:
    value, limit = strategy.errors, strategy.max_errors
    if value < limit:
        return None
    reason = f"{value} errors, the last: {strategy.last_error}"
    return Breach("max_errors", limit, value, reason, StrategyTrigger.PAUSE, TriggeredBy.SYSTEM)


LimitRule = Callable[[StrategyState, Decimal], Breach | None]
LIMIT_RULES: tuple[LimitRule, ...] = (drawdown, win_rate, errors)  # the gravest first


def breach_of(strategy: StrategyState, day_start_equity: Decimal) -> Breach | None:
    """The gravest limit that the strategy has reached, if any."""
    return next((breach for rule in LIMIT_RULES if (breach := rule(strategy, day_start_equity))), None)
