"""A trading desk in memory: books, quotes, orders and events, without a database."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from engine import tariff
from engine.bulk import dumps, loads
from engine.domain.book import Book, Context, Limits
from engine.domain.brokers import BreakerState, BrokerName, Desk
from engine.domain.enums import OrderType, Product, Side, Validity
from engine.domain.events import Event, EventType, new_event
from engine.domain.orders import Order, Trigger
from engine.domain.quotes import Quote
from engine.handlers.decide import Handled, decide, fold

NOW = datetime(2026, 1, 5, 5, 30, tzinfo=UTC)
CASH = Decimal(1_000_000)
ROOMY = Limits(
    confidence_threshold=Decimal("0.6"),
    allow_short=True,
    max_position_size_percent=Decimal(100),
    max_portfolio_exposure_percent=Decimal(100),
    max_sector_exposure_percent=Decimal(100),
    max_concurrent_orders=10,
    risk_check_enabled=True,
)


def quote(symbol: str = "RELIANCE", price: Any = 100, *, sector: str = "Energy", age: float = 0, tick: str = "0.05") -> Quote:
    """`age` is in seconds; a price of None is unknown."""
    last = None if price is None else Decimal(str(price))
    return Quote(symbol, sector, Decimal(tick), 1, last, None if price is None else NOW - timedelta(seconds=age))


def context(*quotes: Quote, slippage_bps: int = 0, max_age: int = 60, broker: Desk | None = None) -> Context:
    known = {item.symbol: item for item in quotes or [quote()]}
    return Context(NOW, known, max_age, slippage_bps, tariff.current(), desk=broker)


def at_broker(breaker: BreakerState = BreakerState.CLOSED) -> Desk:
    """The orders of asha go to a real broker."""
    return Desk("asha", BrokerName.KITE, breaker)


def book(cash: Any = CASH, **limits: Any) -> Book:
    cash = Decimal(str(cash))
    return Book("asha", cash, replace(ROOMY, **limits), date(2026, 1, 5), cash, cash)


def order(side: Side = Side.BUY, quantity: int = 10, *, submitted: bool = False, **fields: Any) -> Order:
    defaults: dict[str, Any] = {"symbol": "RELIANCE", "order_type": OrderType.MARKET, "correlation_id": uuid4()}
    made = Order(id=uuid4(), side=side, quantity=quantity, created_at=NOW, **(defaults | fields))
    if submitted:
        made.move(Trigger.SUBMIT, NOW)
    return made


def working(desk: Book, *orders: Order) -> Book:
    desk.orders |= {item.id: item for item in orders}
    return desk


def event(event_type: EventType, **data: Any) -> Event:
    return new_event(event_type, "asha", NOW, data)


def signal(signal_type: str = "BUY", symbol: str = "RELIANCE", confidence: Any = "0.9", **data: Any) -> Event:
    fields = {"symbol": symbol, "signal_type": signal_type, "confidence_score": Decimal(str(confidence))}
    return event(EventType.SIGNAL_RECEIVED, **fields, **data)


def ticket(side: Side = Side.BUY, quantity: int = 10, **data: Any) -> Event:
    """What placing an order by hand puts into the log."""
    defaults = {
        "order_id": uuid4(),
        "symbol": "RELIANCE",
        "side": side,
        "quantity": quantity,
        "order_type": OrderType.MARKET,
        "product": Product.MIS,
        "validity": Validity.DAY,
    }
    return event(EventType.ORDER_CREATED, **(defaults | data))


def run(desk: Book, first: Event, world: Context | None = None) -> list[Handled]:
    """Handle the event and all that follows from it."""
    return decide(desk, first, world or context(), lambda: NOW)


def kinds(handled: list[Handled]) -> list[str]:
    return [item.event.type.value for item in handled]


def through_json(item: Event) -> Event:
    """The event as it comes back from the log."""
    return item._replace(data=loads(dumps(item.data)))


def fill(desk: Book, side: Side, quantity: int, price: Any, *, charges: Any = 0, strategy_id: str = "") -> UUID:
    """Book a fill at a price of our own choosing; returns the order's id."""
    created = ticket(side, quantity, strategy_id=strategy_id)
    order_id: UUID = created.data["order_id"]
    fold(desk, created)
    fold(desk, event(EventType.ORDER_SUBMITTED, order_id=order_id, broker_order_id="B", risk_checks=[]))
    execution = {
        "order_id": order_id,
        "executed_quantity": quantity,
        "executed_price": Decimal(str(price)),
        "broker_execution_id": uuid4().hex,
        "charges": {"total": Decimal(str(charges))},
    }
    fold(desk, event(EventType.ORDER_EXECUTED, **execution))
    return order_id
