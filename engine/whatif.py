"""What the risk rules would say to an order that nobody sends."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from engine import store
from engine.domain.charges import charges_for
from engine.domain.intervals import IST
from engine.domain.orders import Order
from engine.domain.room import room_of, verdict_with_room
from engine.models import Instrument
from engine.services.errors import UnknownAccount, UnknownInstrument
from engine.services.orders import OrderInput, validate_order


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The verdict rule by rule. Money in rupees; None where no price is known."""

    checks: list[dict[str, Any]]
    room_shares: int | None  # the most shares that all limits let pass; None: none of them binds
    price: Decimal | None
    value: Decimal | None
    charges: dict[str, Decimal] | None
    equity: Decimal
    cash: Decimal

    @property
    def would_pass(self) -> bool:
        return all(check["passed"] for check in self.checks)


def what_if(*, user_id: str, order: OrderInput, now: datetime) -> WhatIf:
    """Judge the order on the account's book as it stands, and change nothing.

    Raises UnknownAccount, UnknownInstrument or InvalidOrder.
    """
    instrument = Instrument.objects.filter(symbol=order.symbol).first()
    if instrument is None:
        raise UnknownInstrument(f"unknown symbol: {order.symbol}", field="symbol")
    validate_order(order, instrument)
    book = store.load_apart(user_id)
    if book is None:
        raise UnknownAccount(f"there is no account {user_id}")
    context = store.context([book], [order.symbol], now=now)
    imagined = Order(
        id=uuid4(),
        symbol=order.symbol,
        side=order.side,
        order_type=order.order_type,
        quantity=order.quantity,
        correlation_id=uuid4(),
        created_at=now,
        price=order.price,
        stop_price=order.stop_price,
        stop_loss=order.stop_loss,
        take_profit=order.take_profit,
        product=order.product,
        validity=order.validity,
        strategy_id=order.strategy_id,
    )
    checks = verdict_with_room(book, imagined, context)
    price = order.price or order.stop_price or instrument.last_price
    schedule = context.tariff.schedule(order.product, order.side, now.astimezone(IST).date())
    return WhatIf(
        checks=checks,
        room_shares=room_of(checks),
        price=price,
        value=None if price is None else price * order.quantity,
        charges=None if price is None else charges_for(schedule, order.quantity, price),
        equity=book.equity(context.quotes),
        cash=book.cash,
    )
