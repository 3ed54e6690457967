"""What the exchange and the broker's products ask of an order, beside our own limits: hours, one product, no short delivery."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from engine.domain import risk
from engine.domain.book import Book, Context
from engine.domain.enums import Product, Side, Validity
from engine.domain.intervals import IST
from engine.domain.orders import Order
from engine.domain.positions import closing_quantity
from engine.domain.quotes import LIVE
from engine.domain.risk import Check


@dataclass(frozen=True, slots=True)
class Closed:
    """The exchange is closed to the order, until it opens again."""

    opens_at: datetime


def closed_to(order: Order, context: Context) -> Closed | None:
    """Only live prices keep the exchange's hours: a simulated market, or a replayed one, is open whenever it moves."""
    quote = context.quotes.get(order.symbol)
    hours = context.hours
    if hours is None or hours.is_open or quote is None or quote.source != LIVE:
        return None
    return Closed(hours.opens_at)


def may_wait(book: Book, order: Order) -> bool:
    return book.limits.waits_for_open and order.validity is not Validity.IOC


def market_open(book: Book, order: Order, context: Context) -> Check | None:
    closed = closed_to(order, context)
    if closed is None:
        quote = context.quotes.get(order.symbol)
        return risk.answer("market_open", True, "open", "open") if quote and quote.source == LIVE else None
    return risk.answer("market_open", False, "open", "closed", f"the market is closed until {closed.opens_at:%d %b %H:%M %Z}")


def intraday_time(book: Book, order: Order, context: Context) -> Check | None:
    """Once intraday positions are being closed, none is opened: it would be closed within the minute, for its charges."""
    quote, hours = context.quotes.get(order.symbol), context.hours
    if order.product is not Product.MIS or hours is None or quote is None or quote.source != LIVE:
        return None
    until = f"{hours.intraday_until:%H:%M %Z}"
    passed = context.now < hours.intraday_until or _only_reduces(book, order)
    reason = "" if passed else f"intraday positions are opened until {until}"
    return risk.answer("intraday_time", passed, until, f"{context.now.astimezone(IST):%H:%M %Z}", reason)


def _only_reduces(book: Book, order: Order) -> bool:
    held = book.position(order.symbol, order.strategy_id)
    return held is not None and closing_quantity(held.quantity, order.side, order.quantity) == order.quantity


def one_product(book: Book, order: Order, context: Context) -> Check | None:
    """A broker nets by product. A position here is of one, so that what we show as one position is one with the broker."""
    key = (order.symbol, order.strategy_id)
    held = book.position(*key)
    others = {item.product for item in book.orders.values() if (item.symbol, item.strategy_id) == key and item.id != order.id}
    others |= {held.product} if held else set()
    if not others:
        return None
    if others == {order.product}:
        return risk.answer("one_product", True, order.product, order.product)
    other = min(others - {order.product})
    reason = f"{order.symbol} is held or ordered as {other}: close that first, or use {other}"
    return risk.answer("one_product", False, other, order.product, reason)


def delivery_covered(book: Book, order: Order, context: Context) -> Check | None:
    """What is not held cannot be delivered: CNC is never sold short."""
    if order.product is not Product.CNC or order.side is not Side.SELL:
        return None
    held = book.position(order.symbol, order.strategy_id)
    key = (order.symbol, order.strategy_id, Side.SELL)
    ahead = sum(
        item.remaining
        for item in book.orders.values()
        if (item.symbol, item.strategy_id, item.side) == key and item.id != order.id
    )
    free = max(held.quantity if held else 0, 0) - ahead
    passed = order.quantity <= free
    reason = "" if passed else f"{free} shares are held to be delivered, {order.quantity} were to be sold"
    return risk.answer("delivery_covered", passed, free, order.quantity, reason)


def validity_offered(book: Book, order: Order, context: Context) -> Check | None:
    """The exchange's orders are good for the day, or immediate; good till cancelled is a paper market's."""
    if not context.is_live(book.user_id):
        return None
    passed = order.validity is not Validity.GTC
    reason = "" if passed else "the broker takes no orders good till cancelled: use DAY or IOC"
    return risk.answer("validity_offered", passed, "DAY or IOC", order.validity, reason)


RULES: tuple[Callable[[Book, Order, Context], Check | None], ...] = (
    market_open,
    intraday_time,
    one_product,
    delivery_covered,
    validity_offered,
)


def checks_for(book: Book, order: Order, context: Context) -> list[Check]:
    """The answers of those rules that the order is a case for."""
    return [check for rule in RULES if (check := rule(book, order, context))]
