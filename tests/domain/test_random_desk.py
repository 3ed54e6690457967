"""Whatever happens to a desk, in whatever order: its books are right after each step, and the log tells the same story."""

import json
from collections import defaultdict
from copy import deepcopy
from dataclasses import replace
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from engine.domain.book import Book, Changes
from engine.domain.enums import OrderStatus, OrderType, Side, SignalType, TradingState, Validity
from engine.domain.events import Event, EventType
from engine.domain.orders import RESTING, TERMINAL
from engine.domain.paper import fill_price
from engine.domain.quotes import Quote
from engine.domain.snapshots import book_from_json, book_to_json
from engine.domain.strategy_state import LIFE_CYCLE, StrategyTrigger
from engine.handlers.decide import fold
from engine.handlers.orders import order_from
from tests.domain.desk import CASH, book, context, event, quote, run, signal, through_json, ticket

SYMBOLS = {"RELIANCE": "Energy", "ONGC": "Energy", "INFY": "IT"}
STEPS = {
    EventType.STRATEGY_PAUSED: StrategyTrigger.PAUSE,
    EventType.STRATEGY_RESUMED: StrategyTrigger.RESUME,
    EventType.STRATEGY_STOPPED: StrategyTrigger.STOP,
}
symbols = st.sampled_from(sorted(SYMBOLS))
strategies = st.sampled_from(["", "trend"])
ticks = st.integers(1600, 2400).map(lambda count: count * Decimal("0.05"))
sizes = st.none() | st.sampled_from([Decimal("0.01"), Decimal("0.2")]) | st.integers(1, 2000).map(Decimal)

abouts = st.sampled_from([{"scope": "symbol", "name": "INFY"}, {"scope": "strategy", "name": "trend"}, {"scope": "account"}])


FEWEST_STEPS = 5_000  # of one run, over all its sequences


class RandomDesk(RuleBasedStateMachine):
    """A book as the engine keeps it, and its twin that knows only the log."""

    steps = 0  # taken by all machines

    def __init__(self) -> None:
        super().__init__()
        self.book = book(
            max_position_size_percent=Decimal(30), max_sector_exposure_percent=Decimal(50), max_concurrent_orders=5
        )
        self.twin = Book.blank("asha")
        fold(self.twin, event(EventType.ACCOUNT_OPENED, cash=CASH, trading_day="2026-01-05"))
        self.quotes: dict[str, Quote] = {symbol: quote(symbol, sector=sector) for symbol, sector in SYMBOLS.items()}
        self.executions = list(self.book.changes.executions)
        self.orders = dict(self.book.orders)
        self.positions = dict(self.book.changes.positions)
        self.terminal: dict[UUID, OrderStatus] = {}
        self.held_reducing: dict[tuple[str, str], int] | None = None  # at the end of the step before, if that was so
        self.waiting: list[Event] = []  # orders placed, not yet looked at
        RandomDesk.steps -= 1  # invariants are looked at once before the first step

    def handle(self, item: Event) -> None:
        """One batch: loaded, decided, saved; and what was handled goes through the log."""
        self.book.changes, self.book.early_cancels = Changes(), {}
        self.book.ended = {id: self.orders[id] for id in self.terminal if str(id) == str(item.data.get("order_id"))}
        handled = run(self.book, item, context(*self.quotes.values(), slippage_bps=5))
        self.executions += self.book.changes.executions
        self.orders |= self.book.changes.orders
        self.positions |= self.book.changes.positions
        for done in handled:
            fold(self.twin, through_json(done.event))

    # --- what can happen ------------------------------------------------------------------------------------------------
    @rule(
        kind=st.sampled_from(SignalType),
        symbol=symbols,
        size=sizes,
        strategy=strategies,
        confidence=st.sampled_from([0.5, 0.9]),
    )
    def signal_arrives(self, kind, symbol, size, strategy, confidence):
        self.handle(signal(kind, symbol, confidence, position_size=size, strategy_id=strategy))

    @rule(
        kind=st.sampled_from(OrderType),
        side=st.sampled_from(Side),
        symbol=symbols,
        quantity=st.integers(1, 3000),
        price=ticks,
        stop=ticks,
        validity=st.sampled_from(Validity),
        strategy=strategies,
    )
    def order_is_placed(self, kind, side, symbol, quantity, price, stop, validity, strategy):
        placed = ticket(
            side,
            quantity,
            symbol=symbol,
            order_type=kind,
            validity=validity,
            strategy_id=strategy,
            price=price if kind in (OrderType.LIMIT, OrderType.STOP_LIMIT) else None,
            stop_price=stop if kind in (OrderType.STOP_LOSS, OrderType.STOP_LIMIT) else None,
        )
        row = order_from(placed)
        self.book.orders[row.id] = self.orders[row.id] = row
        self.waiting.append(placed)

    @precondition(lambda self: self.waiting)
    @rule()
    def order_is_looked_at(self):
        self.handle(self.waiting.pop(0))

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def order_is_cancelled(self, data):
        order_id = list(self.orders)[data.draw(st.integers(0, len(self.orders) - 1))]  # ids differ from run to run
        self.handle(event(EventType.ORDER_CANCELLED, order_id=order_id, cancellation_reason="asked to", cancelled_by="asha"))

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), quantity=st.none() | st.integers(1, 3000), price=st.none() | ticks)
    def order_is_modified(self, data, quantity, price):
        id = list(self.orders)[data.draw(st.integers(0, len(self.orders) - 1))]
        order = self.orders[id]
        terms = {"quantity": quantity, "price": price if order.price else None}
        self.handle(event(EventType.ORDER_MODIFY_REQUESTED, order_id=id, symbol=order.symbol, by="asha", **terms))

    @precondition(lambda self: self.book.positions)
    @rule(data=st.data(), price=st.none() | ticks)
    def position_is_closed_by_hand(self, data, price):
        position = self.book.positions[data.draw(st.sampled_from(sorted(self.book.positions)))]
        wish = {"position_id": position.id, "symbol": position.symbol, "order_id": uuid4(), "price": price, "by": "asha"}
        for _ in range(data.draw(st.integers(1, 2))):  # it may be asked twice
            wish["order_id"] = uuid4()
            self.handle(event(EventType.POSITION_EXIT_REQUESTED, **wish))

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def order_is_looked_at_again(self, data):
        """An event that nothing more follows from: of an order that has ended, or that rests where the price is not."""
        id = list(self.orders)[data.draw(st.integers(0, len(self.orders) - 1))]
        last = self.quotes[self.orders[id].symbol].last_price
        self.handle(event(EventType.ORDER_UPDATED, order_id=id, trigger="price", last_price=last))

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def order_expires(self, data):
        """Only what was in the market is ever told to; it may have ended since."""
        id = list(self.orders)[data.draw(st.integers(0, len(self.orders) - 1))]
        if self.orders[id].status is OrderStatus.PENDING:
            return
        self.handle(event(EventType.ORDER_EXPIRED, order_id=id, symbol="RELIANCE", reason="the session is over"))

    @rule()
    def engine_restarts(self):
        """What is not in a snapshot is forgotten."""
        self.twin = self.as_restored(self.twin)

    def as_restored(self, twin):
        restored = book_from_json("asha", json.loads(json.dumps(book_to_json(twin))))
        restored.changes.orders = twin.changes.orders
        return restored

    @rule(symbol=symbols, price=ticks, volume=st.none() | st.integers(0, 30_000))
    def price_moves(self, symbol, price, volume):
        moved = replace(quote(symbol, price, sector=SYMBOLS[symbol]), volume=volume)
        self.quotes = self.quotes | {symbol: moved}
        for rest in list(self.book.orders.values()):
            if rest.symbol == symbol and rest.status in RESTING and (rest.waits_for_stop or fill_price(rest, moved, 0)):
                self.handle(event(EventType.ORDER_UPDATED, order_id=rest.id, trigger="price", last_price=price))

    @precondition(lambda self: self.book.positions)
    @rule(data=st.data(), kind=st.sampled_from(["stop_loss", "take_profit"]))
    def exit_is_reached(self, data, kind):
        held = data.draw(st.sampled_from(sorted(self.book.positions)))
        position = self.book.positions[held]
        price = self.quotes[position.symbol].last_price
        self.handle(event(EventType.STOP_LOSS_EXECUTED, position_id=position.id, kind=kind, price=price))

    @rule()
    def emergency_stop(self):
        self.handle(event(EventType.EMERGENCY_STOP, by="chief", reason="drill"))
        assert not self.book.orders

    @rule(about=abouts, flatten=st.booleans(), state=st.sampled_from(["HALTED", "REDUCING"]))
    def stop_of_a_part(self, about, flatten, state):
        self.handle(event(EventType.EMERGENCY_STOP, by="chief", reason="drill", flatten=flatten, state=state, **about))

    @rule(about=abouts | st.just({}))
    def trading_resumes(self, about):
        self.handle(event(EventType.TRADING_RESUMED, by="chief", reason="drill over", **about))

    @rule(positions=st.integers(1, 3), trades=st.integers(1, 6), drawdown=st.sampled_from([1, 30]))
    def strategy_starts(self, positions, trades, drawdown):
        limits = {"max_positions": positions, "max_daily_trades": trades, "max_drawdown_percent": drawdown, "capital": 50_000}
        self.handle(event(EventType.STRATEGY_STARTED, strategy_id="trend", limits=limits))

    @precondition(lambda self: self.book.strategies)
    @rule(kind=st.sampled_from(sorted(STEPS)), closing=st.booleans())
    def strategy_is_sent_somewhere(self, kind, closing):
        before = self.book.strategies["trend"]
        taken = (before.status, STEPS[kind]) in LIFE_CYCLE
        if taken:
            more = {"previous_stage": "ACTIVE", "afresh": True, "close_positions": closing}
            self.handle(event(kind, strategy_id="trend", reason="asked to", **more))

    @rule(equity=st.integers(0, 2_000_000))
    def day_begins(self, equity):
        self.handle(event(EventType.TRADING_DAY_STARTED, day="2026-01-06", equity=equity))

    @invariant()
    def a_step_was_taken(self):
        RandomDesk.steps += 1

    # --- what must hold -------------------------------------------------------------------------------------------------
    @invariant()
    def cash_is_what_the_fills_left(self):
        spent = sum(Side(fill.side).sign * fill.quantity * fill.price + fill.charges["total"] for fill in self.executions)
        assert self.book.cash == CASH - spent

    @invariant()
    def positions_are_what_the_fills_made(self):
        shares: dict[tuple[str, str], int] = defaultdict(int)
        for fill in self.executions:
            shares[fill.symbol, fill.strategy_id] += Side(fill.side).sign * fill.quantity
        held = {key: position.quantity for key, position in self.book.positions.items()}
        assert held == {key: quantity for key, quantity in shares.items() if quantity}

    @invariant()
    def equity_gained_what_was_earned(self):
        earned = sum(position.realized_pnl - position.charges for position in self.positions.values())
        for position in self.book.positions.values():
            price = self.quotes[position.symbol].last_price
            assert price is not None
            earned += position.unrealized_pnl(price)
        assert self.book.equity(self.quotes) == CASH + earned

    @invariant()
    def orders_hold_their_fills_and_no_more(self):
        filled: dict[object, int] = defaultdict(int)
        for fill in self.executions:
            filled[fill.order_id] += fill.quantity
        for order in self.orders.values():
            assert order.filled_quantity == filled[order.id] <= order.quantity
            assert (order.status is OrderStatus.FILLED) == (order.filled_quantity == order.quantity)
            assert (order.id in self.book.orders) == order.is_working

    @invariant()
    def what_ended_stays_ended(self):
        for id, status in self.terminal.items():
            assert self.orders[id].status is status
        self.terminal = {id: order.status for id, order in self.orders.items() if order.status in TERMINAL}

    @invariant()
    def while_trading_only_reduces_no_position_grows_or_turns(self):
        held = {key: position.quantity for key, position in self.book.positions.items()}
        if self.held_reducing is not None and self.book.trading_state is TradingState.REDUCING:
            for key, quantity in held.items():
                before = self.held_reducing.get(key, 0)
                assert quantity * before > 0
                assert abs(quantity) <= abs(before)
        self.held_reducing = held if self.book.trading_state is TradingState.REDUCING else None

    @invariant()
    def halted_nothing_is_in_the_market(self):
        if self.book.trading_state is TradingState.HALTED:
            assert all(order.status is OrderStatus.PENDING for order in self.book.orders.values())

    @invariant()
    def a_strategy_is_what_it_did(self):
        for id, strategy in self.book.strategies.items():
            assert strategy.open_positions == sum(owner == id for _, owner in self.book.positions)
            assert 0 <= strategy.wins <= strategy.trades
            assert strategy.net_pnl <= strategy.peak_pnl
        assert self.twin.strategies == self.book.strategies

    @invariant()
    def the_log_tells_the_same(self):
        seen = {id: order for id, order in self.book.orders.items() if order.status is not OrderStatus.PENDING}
        assert self.twin.cash == self.book.cash
        assert (self.twin.trading_state, self.twin.blocks) == (self.book.trading_state, self.book.blocks)
        assert self.twin.pace == self.book.pace
        assert self.twin.day_start_equity == self.book.day_start_equity
        assert _facts(self.twin.orders) == _facts(seen)
        assert {key: _position(held) for key, held in self.twin.positions.items()} == {
            key: _position(held) for key, held in self.book.positions.items()
        }
        ended = {id: order for id, order in self.twin.changes.orders.items() if not order.is_working}
        assert _facts(ended) == _facts({id: self.orders[id] for id in ended})


def _facts(orders):
    names = (
        "status",
        "quantity",
        "filled_quantity",
        "filled_notional",
        "charges",
        "price",
        "stop_price",
        "triggered_at",
        "reason",
        "rejected_by",
    )
    return {id: [getattr(order, name) for name in names] for id, order in orders.items()}


def _position(held):
    return deepcopy((held.quantity, held.cost, held.realized_pnl, held.charges, held.opened_at, held.stop_loss))


@pytest.mark.slow
class TestRandomDesk(RandomDesk.TestCase):  # type: ignore[valid-type,misc] # Hypothesis makes the class as it runs
    settings = settings(max_examples=200, stateful_step_count=50, deadline=None)

    def runTest(self):
        RandomDesk.steps = 0
        super().runTest()
        assert RandomDesk.steps >= FEWEST_STEPS
