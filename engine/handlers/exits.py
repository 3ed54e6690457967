"""The ways out of a position: a level was reached, or somebody asked. Always by an order; nothing is booked at will."""

from decimal import Decimal
from uuid import UUID

from engine.domain.book import Book, Context
from engine.domain.enums import OrderType, Side, Validity
from engine.domain.events import Event, EventType
from engine.domain.ids import new_id
from engine.domain.positions import Position
from engine.domain.values import as_uuid, decimal_or_none
from engine.handlers.orders import cancellation


def leave_at_level(book: Book, event: Event, context: Context) -> list[Event]:
    """A stop or a target was reached: leave the whole position at the market."""
    data, kind = event.data, event.data["kind"]
    words = kind.replace("_", " ")
    held = _held(book, data["position_id"])
    because = f"{words} at {data['price']}: closes the whole position"
    return _leave(book, held, event, context, because=because, what=f"the {words}", created_from=kind) if held else []


def leave_on_request(book: Book, event: Event, context: Context) -> list[Event]:
    """Leave the position at the market, or at a limit where a price is given; all of what is held by now."""
    data = event.data
    held = _held(book, data["position_id"])
    if held is None:
        return []
    return _leave(
        book,
        held,
        event,
        context,
        because=f"{data['by']} closes the whole position",
        what="an order of the whole size",
        created_from="position_close",
        order_id=as_uuid(data["order_id"]),
        price=decimal_or_none(data.get("price")),
    )


def _held(book: Book, position_id: object) -> Position | None:
    wanted = as_uuid(position_id)
    return next((position for position in book.positions.values() if position.id == wanted), None)


def _leave(
    book: Book,
    held: Position,
    event: Event,
    context: Context,
    *,
    because: str,
    what: str,
    created_from: str,
    order_id: UUID | None = None,
    price: Decimal | None = None,
) -> list[Event]:
    """An order for the whole position, unless one at the market works already.

    Exits that rest at other prices are cancelled: both together would be more than the position.
    """
    side = Side.SELL if held.quantity > 0 else Side.BUY
    key = (held.symbol, held.strategy_id, side)
    working = [order for order in book.orders.values() if (order.symbol, order.strategy_id, order.side) == key]
    if any(order.order_type is OrderType.MARKET for order in working):
        return []
    ordered = event.follow(
        EventType.ORDER_CREATED,
        context.now,
        order_id=order_id or new_id(),
        symbol=held.symbol,
        side=side,
        order_type=OrderType.MARKET if price is None else OrderType.LIMIT,
        price=price,
        product=held.product,
        validity=Validity.DAY,
        quantity=abs(held.quantity),
        sizing=because,
        strategy_id=held.strategy_id,
        created_from=created_from,
    )
    reason = f"{what} closes the position"
    return [*(cancellation(event, order, context, reason=reason, by="engine") for order in working), ordered]
