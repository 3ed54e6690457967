"""What is done to orders that work: their terms are changed, or all of an account's are cancelled at once."""

from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from engine import bus, log, topics
from engine.domain.enums import OrderStatus, OrderType, Product, Side, Validity
from engine.domain.events import Event, EventType, new_event
from engine.models import Account, Instrument, Order
from engine.services.errors import InvalidOrder, OrderNotWorking, UnknownAccount, UnknownOrder
from engine.services.orders import OrderInput, cancel_event, validate_order


@dataclass(frozen=True, slots=True)
class OrderTerms:
    """New terms of an order; those left None stay. Quantity in shares, filled ones included; prices in rupees."""

    quantity: int | None = None
    price: Decimal | None = None
    stop_price: Decimal | None = None
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    trailing_stop: Decimal | None = None  # rupees behind the best price
    trailing_stop_percent: Decimal | None = None  # the other way to say it: the new one of the two ends the other

    def given(self) -> dict[str, int | Decimal]:
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in named.items() if value is not None}


@transaction.atomic
def order_modify(*, order_id: UUID, terms: OrderTerms, now: datetime, by: str) -> Event:
    """Ask the engine for new terms; it checks risk again and answers with an event in the same chain.

    Raises UnknownOrder, OrderNotWorking, or InvalidOrder for terms that the order cannot have.
    """
    order = Order.objects.filter(id=order_id).first()
    if order is None:
        raise UnknownOrder(f"there is no order {order_id}")
    if not order.is_working or order.status == OrderStatus.UNKNOWN:
        raise OrderNotWorking(f"the order is {order.status}")
    given = terms.given()
    if not given:
        raise InvalidOrder("name at least one new term", field="quantity")
    if terms.quantity is not None and terms.quantity <= order.filled_quantity:
        raise InvalidOrder(f"{order.filled_quantity} shares are filled already: cancel the rest instead", field="quantity")
    validate_order(_with_terms(order, terms), Instrument.objects.get(symbol=order.symbol))
    data = {"order_id": order.id, "symbol": order.symbol, "by": by, **given}
    event = new_event(EventType.ORDER_MODIFY_REQUESTED, order.account_id, now, data, correlation_id=order.correlation_id)
    log.append([event], now=now)
    return event


def _with_terms(order: Order, terms: OrderTerms) -> OrderInput:
    return OrderInput(
        symbol=order.symbol,
        side=Side(order.side),
        quantity=terms.quantity or order.quantity,
        order_type=OrderType(order.order_type),
        price=terms.price or order.price,
        stop_price=terms.stop_price or order.stop_price,
        product=Product(order.product),
        validity=Validity(order.validity),
        strategy_id=order.strategy_id,
        stop_loss=terms.stop_loss or order.stop_loss,
        take_profit=terms.take_profit or order.take_profit,
        **_trailing(order, terms),
    )


def _trailing(order: Order, terms: OrderTerms) -> dict[str, Decimal | None]:
    new = {"trailing_stop": terms.trailing_stop, "trailing_stop_percent": terms.trailing_stop_percent}
    old = {"trailing_stop": order.trailing_stop, "trailing_stop_percent": order.trailing_stop_percent}
    return new if any(value is not None for value in new.values()) else old


@transaction.atomic
def orders_cancel_all(
    *,
    user_id: str,
    now: datetime,
    by: str,
    reason: str = "",
    symbol: str | None = None,
    strategy_id: str | None = None,
    side: Side | None = None,
) -> list[UUID]:
    """Ask the engine to cancel the account's working orders, or those of a symbol, a strategy or a side; returns their ids."""
    if not Account.objects.filter(user_id=user_id).exists():
        raise UnknownAccount(f"there is no account {user_id}")
    named = {"symbol": symbol, "strategy_id": strategy_id, "side": side}
    wanted = {name: value for name, value in named.items() if value is not None}
    rows = Order.objects.working().filter(account=user_id, **wanted).exclude(status=OrderStatus.UNKNOWN)
    orders = list(rows.order_by().values_list("id", "symbol", "broker", "correlation_id"))
    data = {"cancellation_reason": reason or f"cancelled by {by}", "cancelled_by": by, "cancelled_at": now}
    log.append(
        [
            new_event(cancel_event(user_id, broker), user_id, now, {"order_id": id, "symbol": of, **data}, correlation_id=chain)
            for id, of, broker, chain in orders
        ],
        now=now,
    )
    bus.announce_after_commit({topics.account_topic(user_id)})
    return [id for id, *_ in orders]
