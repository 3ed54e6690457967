"""A Book is one account's state in memory: what handlers read and change, and what the batch has to save of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from engine.domain.alerts import AlertRaised
from engine.domain.brokers import CallWanted, Desk
from engine.domain.charges import Tariff
from engine.domain.enums import HaltScope, SignalDecision, TradingState
from engine.domain.events import Event
from engine.domain.orders import Order
from engine.domain.pace import Pace
from engine.domain.positions import ZERO, Position
from engine.domain.quotes import Quotes
from engine.domain.sessions import MarketHours
from engine.domain.sizing_models import SizingModel
from engine.domain.strategy_state import StageReached, StrategyState
from engine.domain.valuation import Valuation

PositionKey = tuple[str, str]  # symbol, strategy id ("" for none)


@dataclass(frozen=True, slots=True)
class Limits:
    """What the account may do: its own limits where it has any, the configuration's elsewhere. Percentages of equity."""

    confidence_threshold: Decimal
    allow_short: bool
    max_position_size_percent: Decimal
    max_portfolio_exposure_percent: Decimal
    max_sector_exposure_percent: Decimal
    max_concurrent_orders: int
    risk_check_enabled: bool
    waits_for_open: bool = True  # an order for a closed market waits for it; else it is refused
    # None: no such limit
    max_order_value: Decimal | None = None  # rupees
    max_leverage: Decimal | None = None  # gross exposure as a multiple of equity
    max_orders_per_minute: int | None = None
    max_orders_per_day: int | None = None
    daily_loss_limit_percent: Decimal | None = None  # of the equity that the day began with
    max_drawdown_percent: Decimal | None = None  # of the highest equity at the start of a day
    minimum_balance: Decimal | None = None  # rupees of cash that buying must leave
    price_collar_percent: Decimal | None = None  # that a limit price may be worse than the last price
    duplicate_signal_seconds: int | None = None  # between two orders of one side, symbol and strategy by signals
    sizing_model: SizingModel | None = None  # of signals without a size


NO_LIMITS = Limits(ZERO, True, ZERO, ZERO, ZERO, 0, False)


@dataclass(slots=True)
class Context:
    """What handlers may know of the world: the time, prices and settings. They ask nothing else."""

    now: datetime
    quotes: Quotes
    price_max_age_seconds: int
    slippage_bps: int
    tariff: Tariff
    volume_percent: Decimal = Decimal(10)  # of a bar's volume: the most that an order fills of it on paper
    hours: MarketHours | None = None  # of the exchange; None: it is open
    desk: Desk | None = None  # at the real broker; None: all orders are on paper

    def is_live(self, user_id: str) -> bool:
        """Whether the account's orders go to the real broker."""
        return self.desk is not None and self.desk.account == user_id


@dataclass(slots=True)
class SignalRecord:
    """A signal and what became of it."""

    id: UUID
    received_at: datetime
    data: Mapping[str, Any]
    decision: SignalDecision | None = None
    reason: str = ""
    order_id: UUID | None = None
    decided_at: datetime | None = None


class Execution(NamedTuple):
    """A fill as booked. `realized_pnl` is before charges, in rupees."""

    id: UUID
    order_id: UUID
    symbol: str
    side: str
    quantity: int
    price: Decimal
    charges: Mapping[str, Decimal]
    realized_pnl: Decimal
    strategy_id: str
    broker_execution_id: str
    executed_at: datetime


def state_after(stop: Mapping[str, Any]) -> TradingState:
    """Where a stop with this data leads to. What is to be closed must still be able to exit: then that is REDUCING."""
    return TradingState.REDUCING if stop.get("flatten") else TradingState(stop.get("state", TradingState.HALTED))


def block_key(scope: HaltScope, name: str) -> str:
    """How a strategy or a symbol is named among an account's blocks."""
    return f"{scope.value}:{name}"


_severity = attrgetter("severity")


@dataclass(slots=True)
class Changes:
    """What the handlers touched: the saver writes this and nothing else."""

    account: bool = False
    orders: dict[UUID, Order] = field(default_factory=dict)
    positions: dict[UUID, Position] = field(default_factory=dict)
    executions: list[Execution] = field(default_factory=list)
    signals: dict[UUID, SignalRecord] = field(default_factory=dict)
    refused_later: dict[UUID, SignalRecord] = field(default_factory=dict)  # of earlier batches: they have their rows
    strategies: dict[str, StrategyState] = field(default_factory=dict)
    stages: list[StageReached] = field(default_factory=list)
    alerts: list[AlertRaised] = field(default_factory=list)
    cleared_alerts: set[str] = field(default_factory=set)
    calls: list[CallWanted] = field(default_factory=list)  # for the real broker, once this is committed


@dataclass(slots=True)
class Book:
    """One account. `orders` holds the working ones, `positions` the open ones; money in rupees."""

    user_id: str
    cash: Decimal
    limits: Limits
    trading_day: date
    day_start_equity: Decimal
    peak_equity: Decimal
    opened_at: datetime | None = None
    written_at: datetime | None = None  # when the account's row was last written
    trading_state: TradingState = TradingState.ACTIVE
    trading_state_reason: str = ""
    desk_state: TradingState = TradingState.ACTIVE  # of all accounts together; no part of the account's own story
    blocks: dict[str, TradingState] = field(default_factory=dict)  # by block_key: strategies and symbols that are not ACTIVE
    pace: Pace = field(default_factory=Pace)
    positions: dict[PositionKey, Position] = field(default_factory=dict)
    orders: dict[UUID, Order] = field(default_factory=dict)
    strategies: dict[str, StrategyState] = field(default_factory=dict)
    open_alerts: set[str] = field(default_factory=set)
    # An emergency stop overtakes: an order may end before its creation is handled, and must not come back to life then.
    ended: dict[UUID, Order] = field(default_factory=dict)  # what the tables say of orders whose creation is due
    early_cancels: dict[UUID, Event] = field(default_factory=dict)  # of orders that are not known, yet or any more
    stored: set[UUID] = field(default_factory=set)  # orders and positions that have their rows; the others are new
    valued: Valuation | None = None  # at the quotes of this batch
    moved: list[Position] = field(default_factory=list)  # by the latest fill
    changes: Changes = field(default_factory=Changes)

    @classmethod
    def blank(cls, stream: str) -> "Book":
        """Where folding an account begins; and what a system stream's events, which touch no account, are handled with."""
        return cls(stream, ZERO, NO_LIMITS, date.min, ZERO, ZERO)

    def state_for(self, symbol: str, strategy_id: str) -> TradingState:
        """The most severe of the states that an order in the symbol, for the strategy, is under."""
        state = max(self.desk_state, self.trading_state, key=_severity)
        if self.blocks:
            state = max(state, self.block(HaltScope.SYMBOL, symbol), self.block(HaltScope.STRATEGY, strategy_id), key=_severity)
        return state

    def block(self, scope: HaltScope, name: str) -> TradingState:
        """The state of one strategy or one symbol."""
        return self.blocks.get(block_key(scope, name), TradingState.ACTIVE)

    def position(self, symbol: str, strategy_id: str) -> Position | None:
        return self.positions.get((symbol, strategy_id))

    def touch_order(self, order: Order) -> None:
        """Remember the order for saving, and keep it at hand only while it works."""
        self.changes.orders[order.id] = order
        if order.is_working:
            self.orders[order.id] = order
        else:
            self.orders.pop(order.id, None)

    def touch_position(self, position: Position) -> None:
        """Remember the position for saving, and keep it at hand only while it is open."""
        self.changes.positions[position.id] = position
        key = (position.symbol, position.strategy_id)
        if position.quantity:
            self.positions[key] = position
        else:
            self.positions.pop(key, None)
        if self.valued:
            self.valued.take(position)

    def touch_strategy(self, strategy_id: str) -> None:
        """Remember the strategy for saving."""
        self.changes.strategies[strategy_id] = self.strategies[strategy_id]

    def valuation(self, quotes: Quotes) -> Valuation:
        """What the positions are worth at these quotes; kept up while they change."""
        if self.valued is None or self.valued.quotes is not quotes:
            self.valued = Valuation(self.positions.values(), quotes)
        return self.valued

    def equity(self, quotes: Quotes) -> Decimal:
        """Cash and the market value of all positions, in rupees; a position without a price counts at its cost."""
        return self.cash + self.valuation(quotes).net
