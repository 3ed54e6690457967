"""Pre-trade risk: a list of small pure rules. Each answers with its limit, the value it measured, and its verdict.

An order that only makes a position smaller passes every limit of size: nobody is kept from getting out.
"""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import TypedDict

from engine.domain.amounts import money
from engine.domain.book import Book, Context
from engine.domain.brokers import BreakerState
from engine.domain.enums import HaltScope, OrderStatus, Side, StrategyStatus, TradingState
from engine.domain.orders import Order
from engine.domain.positions import ZERO
from engine.domain.quotes import Quote, sector_of
from engine.domain.sizing_models import UNUSUAL, volatility_ratio

HUNDRED = Decimal(100)
MILLISECOND = timedelta(milliseconds=1)
NO_EQUITY = Decimal(10**6)  # a share of nothing: over every limit


class Check(TypedDict):
    """One rule's answer, as it stands in the log and with the order. Percentages are of equity; a denial has a `reason`."""

    rule: str
    passed: bool
    limit: Decimal | int | str | None
    value: Decimal | int | str | None
    reason: str


def answer(
    rule: str, passed: bool, limit: Decimal | int | str | None, value: Decimal | int | str | None, reason: str = ""
) -> Check:
    return {"rule": rule, "passed": passed, "limit": limit, "value": value, "reason": reason}


class Situation:
    """What the rules ask of a book and an order, each found once. Amounts in rupees at the context's prices."""

    __slots__ = (
        "added", "after", "ahead", "book", "committed", "concurrent", "context", "equity", "held", "in_portfolio",
        "in_sector", "in_symbol", "limits", "only_reduces", "order", "price", "quote", "sector", "unknown", "valuation",
    )  # fmt: skip

    def __init__(self, book: Book, order: Order, context: Context) -> None:
        self.book, self.order, self.context = book, order, context
        self.limits = book.limits
        self.quote: Quote | None = context.quotes.get(order.symbol)
        self.price: Decimal | None = order.price or (self.quote.last_price if self.quote else None)
        self.sector = sector_of(order.symbol, context.quotes)
        self.valuation = book.valuation(context.quotes)
        self.equity = book.cash + self.valuation.net
        # gross exposure once the other working orders have filled
        self.in_portfolio = self.valuation.gross
        self.in_sector = self.valuation.by_sector[self.sector]
        self.in_symbol = self.valuation.by_symbol[order.symbol]
        self.ahead = self.concurrent = 0  # shares of working orders like this one; how many others work
        self.committed = ZERO  # to what the other working orders buy
        self.unknown: Order | None = None  # of the same symbol: the broker has not said what became of it
        for other in book.orders.values():
            if other.id != order.id:
                self._count(other)
        self._look_ahead()

    def _count(self, other: Order) -> None:
        order = self.order
        self.concurrent += 1
        if other.status is OrderStatus.UNKNOWN and other.symbol == order.symbol:
            self.unknown = other
        if (other.symbol, other.strategy_id) == (order.symbol, order.strategy_id):
            if other.side is order.side:
                self.ahead += other.remaining
            return
        quote = self.context.quotes.get(other.symbol)
        amount = other.remaining * (other.price or (quote.last_price if quote else None) or ZERO)
        self.in_portfolio += amount
        if other.side is Side.BUY:
            self.committed += amount
        if sector_of(other.symbol, self.context.quotes) == self.sector:
            self.in_sector += amount
        if other.symbol == order.symbol:
            self.in_symbol += amount

    def _look_ahead(self) -> None:
        """The quantity held once the order, and those like it, have filled; and by how much gross exposure grows then."""
        order, sign = self.order, self.order.side.sign
        position = self.book.position(order.symbol, order.strategy_id)
        self.held = position.quantity if position else 0
        growth = order.quantity + self.ahead
        self.after = self.held + sign * growth
        self.only_reduces = self.held * sign < 0 and growth <= abs(self.held)
        self.added = (abs(self.after) - abs(self.held)) * (self.price or ZERO)

    def percent(self, amount: Decimal) -> Decimal:
        return round(amount / self.equity * HUNDRED, 4) if self.equity > 0 else NO_EQUITY


def trading_state(case: Situation) -> Check:
    """Of the account and of all accounts together: the more severe one counts."""
    book = case.book
    own, desk = book.trading_state, book.desk_state
    everywhere = desk.severity > own.severity
    state = desk if everywhere else own
    reason = f"trading is {state} everywhere" if everywhere else f"trading is {state}"
    passed = _lets_pass(state, case)
    return answer("trading_state", passed, "ACTIVE", state, "" if passed else reason)


def _lets_pass(state: TradingState, case: Situation) -> bool:
    return state is TradingState.ACTIVE or (state is TradingState.REDUCING and case.only_reduces)


def strategy_state(case: Situation) -> Check | None:
    return _block(case, "strategy_state", HaltScope.STRATEGY, case.order.strategy_id)


def symbol_state(case: Situation) -> Check | None:
    return _block(case, "symbol_state", HaltScope.SYMBOL, case.order.symbol)


def _block(case: Situation, rule: str, scope: HaltScope, name: str) -> Check | None:
    if not case.book.blocks:
        return None
    state = case.book.block(scope, name)
    passed = _lets_pass(state, case)
    return answer(rule, passed, "ACTIVE", state, "" if passed else f"the {scope} {name} is {state}")


def strategy_active(case: Situation) -> Check:
    strategy = case.book.strategies.get(case.order.strategy_id)
    status = strategy.status if strategy else None
    passed = status in (None, StrategyStatus.ACTIVE) or case.only_reduces
    return answer("strategy_active", passed, "ACTIVE", status, "" if passed else f"strategy is {status}")


def price_known(case: Situation) -> Check:
    price = case.quote.last_price if case.quote else None
    return answer("price_known", price is not None, None, price, "" if price is not None else "no price is known")


def price_fresh(case: Situation) -> Check:
    limit = case.context.price_max_age_seconds
    received = case.quote.received_at if case.quote else None
    if received is None:
        return answer("price_fresh", False, limit, None, "no price has arrived")
    age = Decimal((case.context.now - received) // MILLISECOND).scaleb(-3)
    passed = age <= limit
    return answer("price_fresh", passed, limit, age, "" if passed else f"the price is {age:.0f} s old, {limit} s are allowed")


def broker_reachable(case: Situation) -> Check | None:
    """Of a real broker: while its circuit breaker is open only exits are tried."""
    desk = case.context.desk
    if desk is None or desk.account != case.book.user_id:
        return None
    passed = desk.breaker is BreakerState.CLOSED or case.only_reduces
    reason = "" if passed else "the broker cannot be reached: nothing was sent"
    return answer("broker_reachable", passed, BreakerState.CLOSED, desk.breaker, reason)


def outcome_known(case: Situation) -> Check | None:
    """An order whose outcome is unknown may have filled: until the broker has said, none is added to it."""
    if case.unknown is None:
        is_live = case.context.is_live(case.book.user_id)
        return answer("outcome_known", True, "known", "known") if is_live else None
    reason = f"the broker has not said what became of an order for {case.unknown.remaining} {case.order.symbol}"
    passed = case.only_reduces
    return answer("outcome_known", passed, "known", OrderStatus.UNKNOWN, "" if passed else reason)


def short_allowed(case: Situation) -> Check:
    opens_short = case.order.side is Side.SELL and case.after < 0
    passed = case.limits.allow_short or not opens_short
    limit = "short allowed" if case.limits.allow_short else "long only"
    return answer("short_allowed", passed, limit, case.after, "" if passed else "the account may not sell short")


def exit_levels(case: Situation) -> Check:
    """A stop or a target on the wrong side of the price would close the position in the moment that it opens."""
    order, sign = case.order, case.order.side.sign
    entry = order.price or order.stop_price or case.price
    if order.stop_loss is None and order.take_profit is None:
        return answer("exit_levels", True, entry, None)
    given = (("stop loss", order.stop_loss, sign), ("take profit", order.take_profit, -sign))
    wrong = [
        f"the {name} at {level.normalize():f} is on the wrong side of {entry.normalize():f}"
        for name, level, direction in given
        if level is not None and entry is not None and (entry - level) * direction <= 0
    ]
    levels = " / ".join(f"{level.normalize():f}" for _, level, _ in given if level is not None) or None
    return answer("exit_levels", not wrong or case.only_reduces, entry, levels, "" if case.only_reduces else "; ".join(wrong))


def _share(case: Situation, rule: str, amount: Decimal, limit: Decimal, of_what: str) -> Check:
    value = case.percent(amount)
    passed = value <= limit or case.only_reduces
    reason = "" if passed else f"{of_what} would be {value:.2f} % of equity, {limit:.2f} % are allowed"
    return answer(rule, passed, limit, value, reason)


def position_size(case: Situation) -> Check:
    limit = case.limits.max_position_size_percent
    return _share(case, "position_size", case.in_symbol + case.added, limit, f"the position in {case.order.symbol}")


def portfolio_exposure(case: Situation) -> Check:
    limit = case.limits.max_portfolio_exposure_percent
    return _share(case, "portfolio_exposure", case.in_portfolio + case.added, limit, "exposure")


def sector_exposure(case: Situation) -> Check:
    limit = case.limits.max_sector_exposure_percent
    return _share(case, "sector_exposure", case.in_sector + case.added, limit, f"the sector {case.sector}")


def concurrent_orders(case: Situation) -> Check:
    limit, working = case.limits.max_concurrent_orders, case.concurrent
    passed = working < limit or case.only_reduces
    return answer("concurrent_orders", passed, limit, working, "" if passed else f"{working} orders are working already")


def order_value(case: Situation) -> Check | None:
    limit = case.limits.max_order_value
    if limit is None:
        return None
    value = case.order.quantity * (case.price or ZERO)
    passed = value <= limit or case.only_reduces
    reason = "" if passed else f"the order is worth {money(value)}, {money(limit)} are allowed"
    return answer("order_value", passed, limit, value, reason)


def leverage(case: Situation) -> Check | None:
    limit = case.limits.max_leverage
    if limit is None:
        return None
    value = round((case.in_portfolio + case.added) / case.equity, 4) if case.equity > 0 else NO_EQUITY
    passed = value <= limit or case.only_reduces
    reason = "" if passed else f"leverage would be {value:.2f}, {limit:.2f} is allowed"
    return answer("leverage", passed, limit, value, reason)


def minimum_balance(case: Situation) -> Check | None:
    """Cash once this order, and all others that buy, have filled. Selling, also short, takes none."""
    limit, order = case.limits.minimum_balance, case.order
    if limit is None:
        return None
    buys = order.side is Side.BUY
    spent = (order.quantity + case.ahead) * (case.price or ZERO) if buys else ZERO
    left = case.book.cash - case.committed - spent
    passed = left >= limit or case.only_reduces or not buys
    reason = "" if passed else f"{money(left)} of cash would be left, {money(limit)} must be"
    return answer("minimum_balance", passed, limit, left, reason)


def _loss(case: Situation, rule: str, since: Decimal, limit: Decimal | None, of_what: str) -> Check | None:
    """By how many percent equity has fallen below `since`. At the limit only exits pass."""
    if limit is None:
        return None
    value = round((since - case.equity) / since * HUNDRED, 4) if since > 0 else ZERO
    passed = value < limit or case.only_reduces
    reason = "" if passed else f"{of_what} is {value:.2f} %, trading ends at {limit:.2f} %"
    return answer(rule, passed, limit, value, reason)


def daily_loss(case: Situation) -> Check | None:
    return _loss(case, "daily_loss", case.book.day_start_equity, case.limits.daily_loss_limit_percent, "the day's loss")


def drawdown(case: Situation) -> Check | None:
    return _loss(case, "drawdown", case.book.peak_equity, case.limits.max_drawdown_percent, "the drawdown")


def orders_per_minute(case: Situation) -> Check | None:
    limit = case.limits.max_orders_per_minute
    if limit is None:
        return None
    sent = case.book.pace.in_minute(case.context.now)
    passed = sent < limit or case.only_reduces
    return answer("orders_per_minute", passed, limit, sent, "" if passed else f"{sent} orders were sent within a minute")


def orders_per_day(case: Situation) -> Check | None:
    limit = case.limits.max_orders_per_day
    if limit is None:
        return None
    sent = case.book.pace.orders_today
    passed = sent < limit or case.only_reduces
    return answer("orders_per_day", passed, limit, sent, "" if passed else f"{sent} orders were sent today")


def price_collar(case: Situation) -> Check | None:
    """A limit price far worse than the last price is a slip of the finger, also when it exits. A better one may wait."""
    limit, order = case.limits.price_collar_percent, case.order
    last = case.quote.last_price if case.quote else None
    if limit is None:
        return None
    if order.price is None or last is None:
        return answer("price_collar", True, limit, None)
    value = round((order.price - last) * order.side.sign / last * HUNDRED, 4)
    passed = value <= limit
    reason = "" if passed else f"the limit price is {value:.2f} % worse than the last price, {limit:.2f} % are allowed"
    return answer("price_collar", passed, limit, value, reason)


def duplicate_signal(case: Situation) -> Check | None:
    limit, order = case.limits.duplicate_signal_seconds, case.order
    if limit is None or order.signal_id is None:
        return None
    last = case.book.pace.last_signals.get((order.symbol, order.side, order.strategy_id))
    if last is None:
        return answer("duplicate_signal", True, limit, None)
    age = Decimal((case.context.now - last) // MILLISECOND).scaleb(-3)
    passed = age >= limit or case.only_reduces
    reason = "" if passed else f"the same signal was acted upon {age:.1f} s ago, {limit} s must lie between"
    return answer("duplicate_signal", passed, limit, age, reason)


def volatility(case: Situation) -> Check | None:
    """Denies nothing: the sizing halves what signals leave to it. It is on record beside the order."""
    quote = case.quote
    ratio = volatility_ratio(quote.volatility, quote.usual_volatility) if quote and quote.volatility is not None else None
    return None if ratio is None else answer("volatility", True, UNUSUAL, round(ratio, 4))


Rule = Callable[[Situation], Check | None]  # None where the account has no such limit
SAFETY: tuple[Rule, ...] = (
    trading_state, strategy_state, symbol_state, strategy_active, price_known, price_fresh, short_allowed, exit_levels,
    broker_reachable, outcome_known,
)  # fmt: skip
LIMITS: tuple[Rule, ...] = (
    position_size, portfolio_exposure, sector_exposure, concurrent_orders, order_value, leverage, minimum_balance, daily_loss,
    drawdown, orders_per_minute, orders_per_day, price_collar, duplicate_signal, volatility,
)  # fmt: skip
PER_SYMBOL = frozenset(
    {
        "price_known", "price_fresh", "short_allowed", "exit_levels", "position_size", "order_value", "price_collar",
        "duplicate_signal", "symbol_state", "outcome_known",
    }
)  # fmt: skip


def checks_for(book: Book, order: Order, context: Context) -> list[Check]:
    """Every rule's answer, in order. The limits of size are left out while `risk_check_enabled` is off; safety never is."""
    case = Situation(book, order, context)
    rules = SAFETY + LIMITS if book.limits.risk_check_enabled else SAFETY
    return [check for rule in rules if (check := rule(case)) is not None]
