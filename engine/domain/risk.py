"""Pre-trade risk: a list of small pure rules. Each answers with its limit, the value it measured, and its verdict.

An order that only makes a position smaller passes every limit of size: nobody is kept from getting out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from engine.domain.book import Book, Context
from engine.domain.enums import Side, StrategyStatus, TradingState
from engine.domain.orders import Order
from engine.domain.positions import ZERO
from engine.domain.quotes import Quote, sector_of
from engine.domain.valuation import Valuation

HUNDRED = Decimal(100)
NO_EQUITY = Decimal(10**6)  # a share of nothing: over every limit


@dataclass(frozen=True, slots=True)
class Check:
    """One rule's answer. Percentages are of equity; `reason` is set when the rule denies."""

    rule: str
    passed: bool
    limit: Decimal | int | str | None
    value: Decimal | int | str | None
    reason: str = ""

    def as_data(self) -> dict[str, Any]:
        return {"rule": self.rule, "passed": self.passed, "limit": self.limit, "value": self.value, "reason": self.reason}


class Situation:
    """What several rules ask of a book and an order, each computed once."""

    def __init__(self, book: Book, order: Order, context: Context) -> None:
        self.book, self.order, self.context = book, order, context
        self.limits = book.limits
        self.quote: Quote | None = context.quotes.get(order.symbol)
        self.price: Decimal | None = order.price or (self.quote.last_price if self.quote else None)

    @cached_property
    def held(self) -> int:
        position = self.book.position(self.order.symbol, self.order.strategy_id)
        return position.quantity if position else 0

    @cached_property
    def after(self) -> int:
        """The quantity held once the order, and those that work beside it in the same direction, have filled."""
        return self.held + self.order.side.sign * (self.order.quantity + self.ahead)

    @cached_property
    def ahead(self) -> int:
        """Shares of other working orders for the same holding on the same side."""
        order = self.order
        return sum(
            other.remaining
            for other in self.book.orders.values()
            if other.id != order.id
            and (other.symbol, other.strategy_id, other.side) == (order.symbol, order.strategy_id, order.side)
        )

    @cached_property
    def only_reduces(self) -> bool:
        return self.held * self.order.side.sign < 0 and self.order.quantity + self.ahead <= abs(self.held)

    @cached_property
    def sector(self) -> str:
        return sector_of(self.order.symbol, self.context.quotes)

    def in_same_sector(self, symbol: str) -> bool:
        return sector_of(symbol, self.context.quotes) == self.sector

    @cached_property
    def valuation(self) -> Valuation:
        return self.book.valuation(self.context.quotes)

    @cached_property
    def equity(self) -> Decimal:
        return self.book.equity(self.context.quotes)

    @cached_property
    def added(self) -> Decimal:
        """Rupees by which gross exposure grows when the order and its like have filled."""
        return (abs(self.after) - abs(self.held)) * (self.price or ZERO)

    def percent(self, amount: Decimal) -> Decimal:
        return round(amount / self.equity * HUNDRED, 4) if self.equity > 0 else NO_EQUITY

    def working_elsewhere(self, counts: Callable[[str], bool] | None = None) -> Decimal:
        """Rupees of other holdings' working orders (in symbols that count): as if they were filled."""
        total = ZERO
        for other in self.book.orders.values():
            if (other.symbol, other.strategy_id) == (self.order.symbol, self.order.strategy_id):
                continue
            if counts and not counts(other.symbol):
                continue
            quote = self.context.quotes.get(other.symbol)
            total += other.remaining * (other.price or (quote.last_price if quote else None) or ZERO)
        return total


def trading_state(case: Situation) -> Check:
    state = case.book.trading_state
    passed = state is TradingState.ACTIVE or (state is TradingState.REDUCING and case.only_reduces)
    return Check("trading_state", passed, "ACTIVE", state.value, "" if passed else f"trading is {state}")


def strategy_active(case: Situation) -> Check:
    strategy = case.book.strategies.get(case.order.strategy_id)
    status = strategy.status if strategy else None
    passed = status in (None, StrategyStatus.ACTIVE) or case.only_reduces
    return Check("strategy_active", passed, "ACTIVE", status, "" if passed else f"strategy is {status}")


def price_known(case: Situation) -> Check:
    price = case.quote.last_price if case.quote else None
    return Check("price_known", price is not None, None, price, "" if price is not None else "no price is known")


def price_fresh(case: Situation) -> Check:
    limit = case.context.price_max_age_seconds
    received = case.quote.received_at if case.quote else None
    if received is None:
        return Check("price_fresh", False, limit, None, "no price has arrived")
    age = round(Decimal((case.context.now - received).total_seconds()), 3)
    passed = age <= limit
    return Check("price_fresh", passed, limit, age, "" if passed else f"the price is {age:.0f} s old, {limit} s are allowed")


def short_allowed(case: Situation) -> Check:
    opens_short = case.order.side is Side.SELL and case.after < 0
    passed = case.limits.allow_short or not opens_short
    limit = "short allowed" if case.limits.allow_short else "long only"
    return Check("short_allowed", passed, limit, case.after, "" if passed else "the account may not sell short")


def exit_levels(case: Situation) -> Check:
    """A stop or a target on the wrong side of the price would close the position in the moment that it opens."""
    order, sign = case.order, case.order.side.sign
    entry = order.price or order.stop_price or case.price
    given = (("stop loss", order.stop_loss, sign), ("take profit", order.take_profit, -sign))
    wrong = [
        f"the {name} at {level.normalize():f} is on the wrong side of {entry.normalize():f}"
        for name, level, direction in given
        if level is not None and entry is not None and (entry - level) * direction <= 0
    ]
    levels = " / ".join(f"{level.normalize():f}" for _, level, _ in given if level is not None) or None
    return Check("exit_levels", not wrong or case.only_reduces, entry, levels, "" if case.only_reduces else "; ".join(wrong))


def _share(case: Situation, rule: str, amount: Decimal, limit: Decimal, of_what: str) -> Check:
    value = case.percent(amount)
    passed = value <= limit or case.only_reduces
    reason = "" if passed else f"{of_what} would be {value:.2f} % of equity, {limit:.2f} % are allowed"
    return Check(rule, passed, limit, value, reason)


def position_size(case: Situation) -> Check:
    symbol = case.order.symbol
    amount = case.valuation.by_symbol[symbol] + case.added + case.working_elsewhere(lambda other: other == symbol)
    return _share(case, "position_size", amount, case.limits.max_position_size_percent, f"the position in {symbol}")


def portfolio_exposure(case: Situation) -> Check:
    amount = case.valuation.gross + case.added + case.working_elsewhere()
    return _share(case, "portfolio_exposure", amount, case.limits.max_portfolio_exposure_percent, "exposure")


def sector_exposure(case: Situation) -> Check:
    amount = case.valuation.by_sector[case.sector] + case.added + case.working_elsewhere(case.in_same_sector)
    return _share(case, "sector_exposure", amount, case.limits.max_sector_exposure_percent, f"the sector {case.sector}")


def concurrent_orders(case: Situation) -> Check:
    limit = case.limits.max_concurrent_orders
    working = sum(1 for order_id in case.book.orders if order_id != case.order.id)
    passed = working < limit or case.only_reduces
    return Check("concurrent_orders", passed, limit, working, "" if passed else f"{working} orders are working already")


Rule = Callable[[Situation], Check]
SAFETY: tuple[Rule, ...] = (trading_state, strategy_active, price_known, price_fresh, short_allowed, exit_levels)
LIMITS: tuple[Rule, ...] = (position_size, portfolio_exposure, sector_exposure, concurrent_orders)
PER_SYMBOL = frozenset({"price_known", "price_fresh", "short_allowed", "exit_levels", "position_size"})


def checks_for(book: Book, order: Order, context: Context) -> list[Check]:
    """Every rule's answer, in order. The limits of size are left out while `risk_check_enabled` is off; safety never is."""
    case = Situation(book, order, context)
    rules = SAFETY + LIMITS if book.limits.risk_check_enabled else SAFETY
    return [rule(case) for rule in rules]
