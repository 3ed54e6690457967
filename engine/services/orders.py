"""Orders placed and cancelled by hand. The engine checks risk and matches them at once after."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid4

from django.db import transaction

from engine import bus, log, topics
from engine.domain.brokers import BrokerName
from engine.domain.enums import OrderStatus, OrderType, Product, Side, Validity
from engine.domain.events import EventType, new_event
from engine.models import Account, Instrument, Order
from engine.selectors.brokers import is_live
from engine.services.errors import InvalidOrder, UnknownAccount, UnknownInstrument, UnknownOrder

MOST_SHARES = 10**9


@dataclass(frozen=True, slots=True)
class OrderInput:
    """An order as somebody gives it. Quantity in shares, prices in rupees."""

    symbol: str
    side: Side
    quantity: int
    order_type: OrderType = OrderType.MARKET
    price: Decimal | None = None
    stop_price: Decimal | None = None
    product: Product = Product.MIS
    validity: Validity = Validity.DAY
    strategy_id: str = ""
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    trailing_stop: Decimal | None = None
    trailing_stop_percent: Decimal | None = None


@transaction.atomic
def order_place(*, user_id: str, order: OrderInput, now: datetime, by: str) -> Order:
    """Record the order as PENDING and hand it to the engine. Raises UnknownAccount, UnknownInstrument or InvalidOrder."""
    if not Account.objects.filter(user_id=user_id).exists():
        raise UnknownAccount(f"there is no account {user_id}")
    instrument = Instrument.objects.filter(symbol=order.symbol).first()
    if instrument is None:
        raise UnknownInstrument(f"unknown symbol: {order.symbol}", field="symbol")
    validate_order(order, instrument)
    order_id = uuid4()
    created = new_event(EventType.ORDER_CREATED, user_id, now, _data(order, order_id, by))
    row = Order.objects.create(
        id=order_id,
        account_id=user_id,
        symbol=order.symbol,
        side=order.side,
        order_type=order.order_type,
        product=order.product,
        validity=order.validity,
        quantity=order.quantity,
        price=order.price,
        stop_price=order.stop_price,
        stop_loss=order.stop_loss,
        take_profit=order.take_profit,
        trailing_stop=order.trailing_stop,
        trailing_stop_percent=order.trailing_stop_percent,
        sizing=f"as {by} asked",
        strategy_id=order.strategy_id,
        correlation_id=created.correlation_id,
        created_at=now,
        updated_at=now,
    )
    log.append([created], now=now)
    bus.announce_after_commit({topics.account_topic(user_id)})
    return row


def validate_order(order: OrderInput, instrument: Instrument) -> None:
    """Raises InvalidOrder for prices that the type needs and lacks, or has and does not need, and for ticks and lots missed."""
    if not 0 < order.quantity <= MOST_SHARES:
        raise InvalidOrder(f"quantity is 1 to {MOST_SHARES:,} shares", field="quantity")
    if order.quantity % instrument.lot_size:
        raise InvalidOrder(f"quantity must be a multiple of the lot of {instrument.lot_size}", field="quantity")
    needs_price = order.order_type in (OrderType.LIMIT, OrderType.STOP_LIMIT)
    needs_stop = order.order_type in (OrderType.STOP_LOSS, OrderType.STOP_LIMIT)
    for field, value, needed in (("price", order.price, needs_price), ("stop_price", order.stop_price, needs_stop)):
        if needed and value is None:
            raise InvalidOrder(f"a {order.order_type} order needs a {field}", field=field)
        if value is not None and not needed:
            raise InvalidOrder(f"a {order.order_type} order takes no {field}", field=field)
        if value is not None and (value <= 0 or value % instrument.tick_size):
            raise InvalidOrder(
                f"{field} must be a positive multiple of the tick of {instrument.tick_size.normalize()}", field=field
            )
    if order.trailing_stop is not None and order.trailing_stop_percent is not None:
        raise InvalidOrder("a trailing stop has one distance: rupees or percent", field="trailing_stop_percent")
    if order.trailing_stop is not None and order.trailing_stop <= 0:
        raise InvalidOrder("a trailing stop stands some rupees behind the price", field="trailing_stop")
    if order.trailing_stop_percent is not None and not 0 < order.trailing_stop_percent < 100:
        raise InvalidOrder("a trailing stop stands 0 to 100 percent behind the price", field="trailing_stop_percent")


def _data(order: OrderInput, order_id: UUID, by: str) -> dict[str, object]:
    return {
        "order_id": order_id,
        "symbol": order.symbol,
        "side": order.side,
        "order_type": order.order_type,
        "product": order.product,
        "validity": order.validity,
        "quantity": order.quantity,
        "price": order.price,
        "stop_price": order.stop_price,
        "stop_loss": order.stop_loss,
        "take_profit": order.take_profit,
        "trailing_stop": order.trailing_stop,
        "trailing_stop_percent": order.trailing_stop_percent,
        "strategy_id": order.strategy_id,
        "sizing": f"as {by} asked",
        "created_from": "order_ticket",
        "created_by": by,
    }


def cancel_event(user_id: str, broker: str) -> EventType:
    """On paper a wish to cancel is done. A real broker is asked; what it says then is the end."""
    on_paper = broker == BrokerName.PAPER and not is_live(user_id)
    return EventType.ORDER_CANCELLED if on_paper else EventType.ORDER_CANCEL_REQUESTED


@transaction.atomic
def order_cancel(*, order_id: UUID, now: datetime, by: str, reason: str = "") -> bool:
    """Ask the engine to cancel the order; False when it is at its end already. Raises UnknownOrder."""
    order = Order.objects.filter(id=order_id).first()
    if order is None:
        raise UnknownOrder(f"there is no order {order_id}")
    if not order.is_working or order.status == OrderStatus.UNKNOWN:
        return False
    data = {
        "order_id": order.id,
        "symbol": order.symbol,
        "cancellation_reason": reason or f"cancelled by {by}",
        "cancelled_by": by,
        "cancelled_at": now,
    }
    kind = cancel_event(order.account_id, order.broker)
    event = new_event(kind, order.account_id, now, data, correlation_id=order.correlation_id)
    log.append([event], now=now)
    return True
