"""What prices act upon: the accounts with their open positions, and the orders that rest in the paper market."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from operator import itemgetter
from uuid import UUID

from django.conf import settings

from engine.domain.book import block_key
from engine.domain.brokers import BrokerName
from engine.domain.enums import HaltScope, OrderType, Side, TradingState
from engine.domain.events import Event, EventType, new_event
from engine.domain.orders import RESTING, Order
from engine.domain.paper import fill_price, fill_quantity, is_triggered
from engine.domain.positions import rounded
from engine.domain.quotes import LIVE, Quote
from engine.domain.trailing import best_of, level_of
from engine.market.sessions import hours_at
from engine.models import Account, PendingEvent, Position
from engine.models import Order as OrderRow
from engine.models.accounts import DESK_STATE

ZERO = Decimal(0)
HOLDING_COLUMNS = (
    "id", "symbol", "quantity", "cost", "stop_loss", "take_profit", "trailing_stop", "trailing_stop_percent",
    "trailing_mark__best_price", "strategy_id",
)  # fmt: skip
ORDER_COLUMNS = (
    "id", "symbol", "side", "order_type", "quantity", "correlation_id", "created_at", "price", "stop_price", "filled_quantity",
    "triggered_at", "waits_until",
)  # fmt: skip
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
    trailing_stop: Decimal | None
    trailing_stop_percent: Decimal | None
    best_price: Decimal | None  # since it opened; None while its price never moved, or nothing trails it
    strategy_id: str = ""

    @property
    def sign(self) -> int:
        return 1 if self.quantity > 0 else -1

    @property
    def trails(self) -> bool:
        return self.trailing_stop is not None or self.trailing_stop_percent is not None

    def follow(self, price: Decimal) -> bool:
        """Move the best price on; whether it moved. It begins at what was paid."""
        best = best_of(self.sign, self.best_price or rounded(self.cost / self.quantity), price)
        moved, self.best_price = best != self.best_price, best
        return moved

    def value(self, quotes: "Quotes") -> Decimal:
        """At the last price, or at cost where there is none. Signed, in rupees."""
        price = quotes.price(self.symbol)
        return self.cost if price is None else self.quantity * price

    def exit_at(self, price: Decimal) -> str:
        """Which of its exits the price has reached: `stop_loss`, `trailing_stop`, `take_profit` or none."""
        sign = self.sign
        if self.stop_loss is not None and (self.stop_loss - price) * sign >= 0:
            return "stop_loss"
        level = level_of(sign, self.best_price, self.trailing_stop, self.trailing_stop_percent) if self.best_price else None
        if level is not None and (level - price) * sign >= 0:
            return "trailing_stop"
        if self.take_profit is not None and (price - self.take_profit) * sign >= 0:
            return "take_profit"
        return ""


def exits_pass(desk_state: str | None, trading_state: str, blocks: Mapping[str, str], symbol: str, strategy_id: str) -> bool:
    """Whether the engine would let an exit pass: where it would not, it would refuse it each time anew."""
    keys = block_key(HaltScope.SYMBOL, symbol), block_key(HaltScope.STRATEGY, strategy_id)
    return TradingState.HALTED not in (desk_state or TradingState.HALTED, trading_state, *(blocks.get(key) for key in keys))


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
        return exits_pass(self.desk_state, self.trading_state, self.blocks, holding.symbol, holding.strategy_id)

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

    def is_open(self, symbol: str, now: datetime) -> bool:
        """Live prices set nothing off while the exchange is closed; other markets are open whenever they move."""
        return self.by_symbol[symbol].source != LIVE or hours_at(now).is_open


class Desk:
    """All accounts and resting orders, read in three statements; and what the prices set off, each thing once."""

    def __init__(self) -> None:
        own = ("user_id", "cash", "trading_day", "day_start_equity", "trading_state", "trading_blocks", "peak_equity")
        rows = Account.objects.annotate(desk_state=DESK_STATE).values_list(*own, "max_portfolio_exposure_percent", "desk_state")
        self.holders = {row[0]: Holder(*row) for row in rows}
        positions = Position.objects.open().values_list("account_id", *HOLDING_COLUMNS)
        for user_id, *holding in positions.order_by("account_id", "symbol", "strategy_id"):
            self.holders[user_id].holdings.append(Holding(*holding))
        self.orders = _resting_orders()
        self.marks: dict[UUID, Decimal] = {}  # best prices that moved
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

    def reached(self, symbols: Iterable[str], quotes: Quotes, now: datetime, *, closed: Collection[str] = ()) -> list[Event]:
        """What the new prices of these symbols set off: orders that can fill, positions that stop out or take their profit.

        `closed` are the symbols of which a bar has just closed: its volume is there to be taken, once.
        """
        moved = {symbol for symbol in symbols if quotes.price(symbol) is not None and quotes.is_open(symbol, now)}
        events = [event for symbol in sorted(moved) for event in self._orders_reached(symbol, quotes, now, symbol in closed)]
        self._follow(moved, quotes)
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

    def _follow(self, moved: Collection[str], quotes: Quotes) -> None:
        """Trailing stops go with the price, also those of a halted account: the best price is a fact."""
        trailing = (
            held for holder in self.holders.values() for held in holder.holdings if held.trails and held.symbol in moved
        )
        for holding in trailing:
            price = quotes.price(holding.symbol)
            if price is not None and holding.follow(price):
                self.marks[holding.id] = holding.best_price or price

    def _orders_reached(self, symbol: str, quotes: Quotes, now: datetime, closed: bool) -> list[Event]:
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
            if self._has_more_to_do(order, quote, closed)
        ]

    @staticmethod
    def _has_more_to_do(order: Order, quote: Quote, closed: bool) -> bool:
        """It fills, or its stop has traded. One that took its share of a bar's volume waits for the next bar."""
        if order.waits_until:
            return True
        last = quote.last_price
        if order.waits_for_stop:
            return last is not None and is_triggered(order, last)
        if order.filled_quantity and quote.volume is not None and not closed:
            return False
        return (
            fill_price(order, quote, slippage_bps=0) is not None
            and fill_quantity(order, quote, settings.PAPER_VOLUME_PERCENT) > 0
        )

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
    """By symbol: each order with the account that it belongs to, oldest first. What a real broker has, the broker matches."""
    # sorted here: asked for an order, SQLite walks over all orders that ever were
    rows = OrderRow.objects.working().order_by().values("account_id", "status", "broker", *ORDER_COLUMNS)
    orders = defaultdict(list)
    for row in sorted(rows, key=itemgetter("created_at", "id")):
        user_id, status, broker = row.pop("account_id"), row.pop("status"), row.pop("broker")
        if (status in RESTING and broker == BrokerName.PAPER) or row["waits_until"]:
            order = Order(**row | {"side": Side(row["side"]), "order_type": OrderType(row["order_type"])})
            orders[order.symbol].append((user_id, order))
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
