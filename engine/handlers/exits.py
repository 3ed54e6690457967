"""The ways out of a position: a level was reached, or somebody asked. Always by an order; nothing is booked at will."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from engine.domain.book import Book, Context
from engine.domain.enums import OrderType, Side, Validity
from engine.domain.events import Event, EventType
from engine.domain.ids import new_id
from engine.domain.orders import Order
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
    """An order for the whole position, unless one at the market covers it already, or is on its way."""
    working = _exits(book, held)
    if _is_covered(held, working) or any(order.leave for order in working):
        return []
    wish = _wish(held, because, created_from, order_id, price)
    return _clear_and_close(held, event, context, wish, working, reason=f"{what} closes the position")


def _clear_and_close(
    held: Position, event: Event, context: Context, wish: Mapping[str, Any], working: Sequence[Order], *, reason: str
) -> list[Event]:
    """The exits that work are cancelled: they and the order together would be more than the position. At a broker they may fill
    till they have ended, so the order waits for that."""
    cancelled = [cancellation(event, order, context, reason=reason, by="engine", leave=wish) for order in working]
    return cancelled if _at_broker(working) else [*cancelled, _order(event, held, wish, context)]


def _is_covered(held: Position, working: Sequence[Order]) -> bool:
    return any(order.order_type is OrderType.MARKET and order.remaining >= abs(held.quantity) for order in working)


def close_all(
    book: Book, event: Event, context: Context, positions: Sequence[Position], *, because: str, created_from: str
) -> tuple[list[Event], dict[UUID, dict[str, Any]]]:
    """An order at the market for each position, whose working orders are being cancelled; and, where some of these are at a
    broker, by their ids the order that is to follow once they have ended."""
    ordered: list[Event] = []
    following: dict[UUID, dict[str, Any]] = {}
    for position in positions:
        wish = _wish(position, because, created_from)
        at_broker = _at_broker(_exits(book, position))
        following |= {order.id: wish for order in at_broker}
        ordered += [] if at_broker else [_order(event, position, wish, context)]
    return ordered, following


def note_wish(book: Book, event: Event) -> None:
    """The position is left once the broker has let go of the order: till then both could fill, and that would be twice."""
    order = book.orders.get(as_uuid(event.data["order_id"]))
    if order and not order.is_on_paper and event.data.get("leave"):
        order.leave, order.updated_at = event.data["leave"], event.at
        book.touch_order(order)


def leave_after(book: Book, event: Event, context: Context) -> list[Event]:
    """The last of the orders that stood in the way of an exit has ended, filled or not: what is left is closed now."""
    order = book.changes.orders.get(as_uuid(event.data["order_id"]))
    if order is None or order.leave is None or order.is_working:
        return []
    wish, held = order.leave, _held(book, order.leave["position_id"])
    made = as_uuid(wish["order_id"])
    if held is None or made in book.orders or made in book.changes.orders:  # two reports of one end make one exit
        return []
    working = _exits(book, held)
    if _is_covered(held, working) or any(other.leave for other in working):
        return []
    return _clear_and_close(held, event, context, wish, working, reason="an order of the whole size closes the position")


def _exits(book: Book, held: Position) -> list[Order]:
    """The working orders against the position."""
    key = (held.symbol, held.strategy_id, Side.SELL if held.quantity > 0 else Side.BUY)
    return [order for order in book.orders.values() if (order.symbol, order.strategy_id, order.side) == key]


def _at_broker(orders: Sequence[Order]) -> list[Order]:
    return [order for order in orders if not order.is_on_paper]


def _wish(
    held: Position, because: str, created_from: str, order_id: UUID | None = None, price: Decimal | None = None
) -> dict[str, Any]:
    """The order to be made, in texts: it stands in the log and, meanwhile, in a row, and must be the same in both."""
    return {
        "position_id": str(held.id),
        "order_id": str(order_id or new_id()),
        "price": None if price is None else str(price),
        "sizing": because,
        "created_from": created_from,
    }


def _order(event: Event, held: Position, wish: Mapping[str, Any], context: Context) -> Event:
    price = decimal_or_none(wish["price"])
    return event.follow(
        EventType.ORDER_CREATED,
        context.now,
        order_id=as_uuid(wish["order_id"]),
        symbol=held.symbol,
        side=Side.SELL if held.quantity > 0 else Side.BUY,
        order_type=OrderType.MARKET if price is None else OrderType.LIMIT,
        price=price,
        product=held.product,
        validity=Validity.DAY,
        quantity=abs(held.quantity),
        sizing=wish["sizing"],
        strategy_id=held.strategy_id,
        created_from=wish["created_from"],
    )
