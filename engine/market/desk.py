"""What prices act upon: the accounts with their open positions, and the orders that rest in the paper market."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from engine.domain.book import block_key
from engine.domain.enums import HaltScope, OrderStatus, OrderType, Side, TradingState
from engine.domain.events import Event, EventType, new_event
from engine.domain.orders import Order
from engine.domain.paper import fill_price
from engine.domain.quotes import Quote
from engine.models import Account, PendingEvent, Position
from engine.models import Order as OrderRow
from engine.models.accounts import DESK_STATE

ZERO = Decimal(0)
RESTING = (OrderStatus.SUBMITTED, OrderStatus.PARTIALLY_FILLED)
KEYS = {
    EventType.ORDER_UPDATED: "order_id",
    EventType.STOP_LOSS_EXECUTED: "position_id",
    EventType.TRADING_DAY_STARTED: "day",
}


@dataclass(slots=True)
class Holding:
    """An open position as prices see it. Prices in rupees, quantity signed."""

    id: UUID
    symbol: str
    quantity: int
    cost: Decimal
    stop_loss: Decimal | None
    take_profit: Decimal | None
    strategy_id: str = ""

    def value(self, quotes: "Quotes") -> Decimal:
        """At the last price, or at cost where there is none. Signed, in rupees."""
        price = quotes.price(self.symbol)
        return self.cost if price is None else self.quantity * price

    def exit_at(self, price: Decimal) -> str:
        """Which of its two exits the price has reached: `stop_loss`, `take_profit` or none."""
        sign = 1 if self.quantity > 0 else -1
        if self.stop_loss is not None and (self.stop_loss - price) * sign >= 0:
            return "stop_loss"
        if self.take_profit is not None and (price - self.take_profit) * sign >= 0:
            return "take_profit"
        return ""


@dataclass(slots=True)
class Holder:
    """An account as prices see it. Money in rupees."""

    user_id: str
    cash: Decimal
    trading_day: date
    day_start_equity: Decimal
    trading_state: str
    blocks: dict[str, str]
    peak_equity: Decimal
    exposure_limit: Decimal | None  # the account's own, in percent
    desk_state: str | None
    holdings: list[Holding] = field(default_factory=list)

    def may_exit(self, holding: Holding) -> bool:
        """Whether the engine would let an exit pass: where it would not, it would refuse it at every price anew."""
        keys = block_key(HaltScope.SYMBOL, holding.symbol), block_key(HaltScope.STRATEGY, holding.strategy_id)
        states = self.desk_state or TradingState.HALTED, self.trading_state, *(self.blocks.get(key) for key in keys)
        return TradingState.HALTED not in states

    def equity(self, quotes: "Quotes") -> Decimal:
        return self.cash + sum((holding.value(quotes) for holding in self.holdings), ZERO)

    def exposure(self, quotes: "Quotes") -> Decimal:
        return sum((abs(holding.value(quotes)) for holding in self.holdings), ZERO)


class Quotes:
    """The instruments with their last prices, by symbol."""

    def __init__(self, quotes: dict[str, Quote]) -> None:
        self.by_symbol = quotes

    def price(self, symbol: str) -> Decimal | None:
        quote = self.by_symbol.get(symbol)
        return quote.last_price if quote else None


class Desk:
    """All accounts and resting orders, read in three statements; and what the prices set off, each thing once."""

    def __init__(self) -> None:
        own = ("user_id", "cash", "trading_day", "day_start_equity", "trading_state", "trading_blocks", "peak_equity")
        rows = Account.objects.annotate(desk_state=DESK_STATE).values_list(*own, "max_portfolio_exposure_percent", "desk_state")
        self.holders = {row[0]: Holder(*row) for row in rows}
        columns = ("id", "symbol", "quantity", "cost", "stop_loss", "take_profit", "strategy_id")
        positions = Position.objects.open().values_list("account_id", *columns)
        for user_id, *holding in positions.order_by("account_id", "symbol", "strategy_id"):
            self.holders[user_id].holdings.append(Holding(*holding))
        self.orders = _resting_orders()
        self._waiting: dict[tuple[str, EventType, str], Event] | None = None

    def start_day(self, day: date, quotes: Quotes, now: datetime) -> list[Event]:
        """The day begins for every account that stands in another, at its equity of just before."""
        events = []
        for holder in self.holders.values():
            if holder.trading_day == day:
                continue
            equity = holder.equity(quotes)
            data = {"day": day.isoformat(), "equity": equity}
            event = new_event(EventType.TRADING_DAY_STARTED, holder.user_id, now, data)
            waiting = self._first(event)
            events += [event] if waiting is event else []
            holder.trading_day, holder.day_start_equity = day, Decimal(str(waiting.data["equity"]))
        return events

    def reached(self, symbols: Iterable[str], quotes: Quotes, now: datetime) -> list[Event]:
        """What the new prices of these symbols set off: orders that can fill, positions that stop out or take their profit."""
        moved = {symbol for symbol in symbols if quotes.price(symbol) is not None}
        events = [event for symbol in sorted(moved) for event in self._orders_reached(symbol, quotes, now)]
        for holder in self.holders.values():
            events += [
                self._exit(holder.user_id, holding, kind, price, now)
                for holding in holder.holdings
                if holding.symbol in moved
                and (price := quotes.price(holding.symbol)) is not None
                and (kind := holding.exit_at(price))
                and holder.may_exit(holding)
            ]
        return [event for event in events if self._first(event) is event]

    def _orders_reached(self, symbol: str, quotes: Quotes, now: datetime) -> list[Event]:
        quote = quotes.by_symbol[symbol]
        return [
            new_event(
                EventType.ORDER_UPDATED,
                user_id,
                now,
                {"order_id": order.id, "trigger": "price", "last_price": quote.last_price},
                correlation_id=order.correlation_id,
            )
            for user_id, order in self.orders.get(symbol, ())
            if fill_price(order, quote, slippage_bps=0) is not None
        ]

    @staticmethod
    def _exit(user_id: str, holding: Holding, kind: str, price: Decimal, now: datetime) -> Event:
        data = {"position_id": holding.id, "symbol": holding.symbol, "kind": kind, "price": price}
        return new_event(EventType.STOP_LOSS_EXECUTED, user_id, now, data)

    def _first(self, event: Event) -> Event:
        """The event itself, or the one that says the same and has not been handled yet."""
        if self._waiting is None:
            self._waiting = _waiting_events()
        return self._waiting.setdefault(_key(event), event)


def _resting_orders() -> dict[str, list[tuple[str, Order]]]:
    """By symbol: each order with the account that it belongs to, oldest first."""
    columns = ("id", "symbol", "side", "order_type", "quantity", "correlation_id", "created_at", "price", "stop_price")
    # sorted here: asked for an order, SQLite walks over all orders that ever were
    rows = OrderRow.objects.working().order_by().values_list("account_id", "status", *columns)
    orders = defaultdict(list)
    for user_id, status, id, symbol, side, order_type, *rest in sorted(rows, key=lambda row: (row[8], row[2])):
        if status in RESTING:
            orders[symbol].append((user_id, Order(id, symbol, Side(side), OrderType(order_type), *rest)))
    return orders


def _waiting_events() -> dict[tuple[str, EventType, str], Event]:
    """What prices set off before and is still to be handled (or was given up): it must not be set off again."""
    rows = PendingEvent.objects.filter(event__type__in=KEYS).select_related("event")
    events = (
        new_event(EventType(row.event.type), row.stream, row.due_at, row.event.data, correlation_id=row.event.correlation_id)
        for row in rows
    )
    return {_key(event): event for event in events}


def _key(event: Event) -> tuple[str, EventType, str]:
    return event.stream, event.type, str(event.data.get(KEYS[event.type]))
