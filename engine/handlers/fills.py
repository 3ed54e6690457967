"""A fill: booked once into order, cash and position; and what the position does next."""

from dataclasses import dataclass
from decimal import Decimal

from engine.domain.book import Book, Context, Execution
from engine.domain.enums import Side
from engine.domain.events import Event, EventType
from engine.domain.orders import Order
from engine.domain.positions import ZERO, Position, closing_quantity, rounded
from engine.domain.values import as_decimal, as_uuid


@dataclass(frozen=True, slots=True)
class Fill:
    side: Side
    quantity: int
    price: Decimal
    charges: Decimal


def book_fill(book: Book, event: Event) -> None:
    data = event.data
    order = book.orders[as_uuid(data["order_id"])]
    charges = {name: as_decimal(amount) for name, amount in data["charges"].items()}
    fill = Fill(order.side, int(data["executed_quantity"]), as_decimal(data["executed_price"]), charges["total"])
    order.fill(fill.quantity, fill.price, fill.charges, event.at)
    book.touch_order(order)
    realized = book_position(book, order, fill, event)
    book.cash -= order.side.sign * fill.quantity * fill.price + fill.charges
    book.changes.account = True
    book.changes.executions.append(
        Execution(
            id=event.uid,
            order_id=order.id,
            symbol=order.symbol,
            side=order.side,
            quantity=fill.quantity,
            price=fill.price,
            charges=charges,
            realized_pnl=realized,
            strategy_id=order.strategy_id,
            broker_execution_id=data["broker_execution_id"],
            executed_at=event.at,
        )
    )


def book_position(book: Book, order: Order, fill: Fill, event: Event) -> Decimal:
    """Close what the fill closes, open what is left of it (a flip through zero does both); returns the realised P&L."""
    book.moved = []
    position = book.position(order.symbol, order.strategy_id)
    closing = closing_quantity(position.quantity, fill.side, fill.quantity) if position else 0
    closing_charges = rounded(fill.charges * closing / fill.quantity)
    realized = ZERO
    if position and closing:
        realized = position.reduce(fill.side, closing, fill.price)
        position.charges += closing_charges
        position.updated_at = event.at
        if not position.quantity:
            position.closed_at = event.at
        book.touch_position(position)
        book.moved.append(position)
    if opening := fill.quantity - closing:
        position = book.position(order.symbol, order.strategy_id) or Position(
            event.uid, order.symbol, order.strategy_id, opened_at=event.at, updated_at=event.at, product=order.product
        )
        position.add(fill.side, opening, fill.price)
        position.charges += fill.charges - closing_charges
        position.updated_at = event.at
        position.stop_loss = order.stop_loss or position.stop_loss
        position.take_profit = order.take_profit or position.take_profit
        if order.trailing_stop or order.trailing_stop_percent:  # one of the two
            position.trailing_stop, position.trailing_stop_percent = order.trailing_stop, order.trailing_stop_percent
        book.touch_position(position)
        book.moved.append(position)
    return realized


def announce_position(book: Book, event: Event, context: Context) -> list[Event]:
    """One event for what the fill closed or shrank, one for what it opened or grew."""
    order = book.changes.orders[as_uuid(event.data["order_id"])]
    return [_announcement(position, order, event, context) for position in book.moved]


def _announcement(position: Position, order: Order, event: Event, context: Context) -> Event:
    if not position.quantity:
        kind = EventType.POSITION_CLOSED
    elif position.id == event.uid:
        kind = EventType.POSITION_OPENED
    else:
        kind = EventType.POSITION_UPDATED
    data = {
        "position_id": position.id,
        "order_id": order.id,
        "symbol": position.symbol,
        "strategy_id": position.strategy_id,
        "position_type": "LONG" if (position.quantity or -order.side.sign) > 0 else "SHORT",
        "position_size": position.quantity,
        "average_price": position.average_price,
        "realized_pnl": position.realized_pnl,
    }
    if kind is EventType.POSITION_OPENED:
        data |= {"entry_price": position.average_price, "opened_at": position.opened_at}
    if kind is EventType.POSITION_CLOSED:
        data |= {"exit_price": event.data["executed_price"], "closed_at": position.closed_at}
    return event.follow(kind, context.now, **data)
