"""What the risk rules would say to an order that nobody sends."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from engine import store
from engine.domain.charges import charges_for
from engine.domain.enums import SignalType
from engine.domain.intervals import IST
from engine.domain.orders import Order
from engine.domain.room import room_of, verdict_with_room
from engine.domain.sizing_models import Share, SizingModel, share_of
from engine.handlers.signals import prospect_of
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


@dataclass(frozen=True, slots=True)
class SizeAdvice:
    """How many shares a signal would be sized at by a model, and why. Money in rupees."""

    model: SizingModel
    equity: Decimal
    quantity: int
    price: Decimal | None
    share: Share
    risk: Decimal  # what is lost at the signal's stop, else in a bad day (twice the daily volatility)
    payoff: Decimal | None
    base: Decimal  # the account's limit for one symbol, as a fraction of equity
    warnings: list[str]

    @property
    def value(self) -> Decimal:
        return self.quantity * (self.price or Decimal(0))


def size_advice(*, user_id: str, model: SizingModel, signal: Mapping[str, Any], now: datetime) -> SizeAdvice:
    """Size the signal on the account's book as it stands. Raises UnknownAccount or UnknownInstrument."""
    book = store.load_apart(user_id)
    if book is None:
        raise UnknownAccount(f"there is no account {user_id}")
    context = store.context([book], [signal["symbol"]], now=now)
    quote = context.quotes.get(signal["symbol"])
    if quote is None:
        raise UnknownInstrument(f"unknown symbol: {signal['symbol']}", field="symbol")
    equity, price = book.equity(context.quotes), quote.last_price
    if price is None or SignalType(signal["signal_type"]).side is None:
        warning = "no price is known" if price is None else "HOLD asks for no order"
        return SizeAdvice(model, equity, 0, price, Share(Decimal(0)), Decimal(0), None, Decimal(0), [warning])
    prospect = prospect_of(book.limits, quote, signal)
    share = share_of(model, prospect)
    quantity = max(0, int(equity * share.fraction / price)) // quote.lot_size * quote.lot_size
    apart = abs(price - prospect.stop) if prospect.stop is not None else price * prospect.daily * 2
    warnings = ["its volatility is not known yet: 2.5 % a day is assumed"] if quote.volatility is None else []
    warnings += ["less than one lot"] if not quantity else []
    return SizeAdvice(model, equity, quantity, price, share, quantity * apart, prospect.payoff, prospect.base, warnings)
