"""The paper market: what a resting or arriving order fills at, given the last price. Deterministic; nothing is random."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from engine.domain.enums import OrderType, Side
from engine.domain.orders import Order
from engine.domain.quotes import Quote

BASIS_POINT = Decimal("0.0001")


def market_price(side: Side, last: Decimal, tick_size: Decimal, slippage_bps: int) -> Decimal:
    """The last price moved against us by the slippage, on the tick grid, never below one tick."""
    moved = last * (1 + side.sign * slippage_bps * BASIS_POINT)
    rounding = ROUND_CEILING if side is Side.BUY else ROUND_FLOOR
    return max((moved / tick_size).to_integral_value(rounding) * tick_size, tick_size)


def is_triggered(order: Order, last: Decimal) -> bool:
    """Whether the last price is at or past the stop price: upwards for a buy, downwards for a sell."""
    if order.stop_price is None:
        return True
    return last >= order.stop_price if order.side is Side.BUY else last <= order.stop_price


def is_marketable(order: Order, last: Decimal) -> bool:
    """Whether the last price is at the limit or better."""
    if order.price is None:
        return True
    return last <= order.price if order.side is Side.BUY else last >= order.price


def fill_price(order: Order, quote: Quote, slippage_bps: int) -> Decimal | None:
    """The price at which the order fills now, or None while it has to rest. A limit is never worse than itself."""
    last = quote.last_price
    if last is None:
        return None
    if order.waits_for_stop and not is_triggered(order, last):
        return None
    if order.order_type in (OrderType.LIMIT, OrderType.STOP_LIMIT) and not is_marketable(order, last):
        return None
    price = market_price(order.side, last, quote.tick_size, slippage_bps)
    if order.order_type in (OrderType.LIMIT, OrderType.STOP_LIMIT) and order.price is not None:
        return min(price, order.price) if order.side is Side.BUY else max(price, order.price)
    return price


def fill_quantity(order: Order, quote: Quote, volume_percent: Decimal) -> int:
    """How many shares fill now: what is left, but at most a share of the latest bar's volume, in whole lots."""
    if quote.volume is None:
        return order.remaining
    most = int(quote.volume * volume_percent / 100)
    return min(order.remaining, most - most % quote.lot_size)
