"""What a stop leaves behind: of each position nothing where it is to be closed, and under REDUCING never more than it was."""

from decimal import Decimal

import pytest

from engine.domain.book import Book
from engine.domain.enums import OrderType, Product, Side, TradingState
from engine.domain.events import EventType
from tests.domain.desk import book, context, event, kinds, quote, run, ticket

HOLDINGS = ("RELIANCE", "")


def holding(quantity: int = 100, **order: object) -> Book:
    desk = book()
    run(desk, ticket(Side.BUY if quantity > 0 else Side.SELL, abs(quantity), **order))
    return desk


def rests(desk: Book, side: Side, quantity: int, price: int) -> None:
    handled = run(desk, ticket(side, quantity, order_type=OrderType.LIMIT, price=Decimal(price)))
    assert kinds(handled) == ["order_created", "order_submitted"]


def stop(desk: Book, **data: object) -> list[str]:
    return kinds(run(desk, event(EventType.EMERGENCY_STOP, by="chief", reason="a drill", **data)))


def reached(desk: Book, price: int) -> None:
    world = context(quote(price=price))
    for id in list(desk.orders):
        run(desk, event(EventType.ORDER_UPDATED, order_id=id, trigger="price", last_price=Decimal(price)), world)


def working(desk: Book) -> list[Decimal | None]:
    return [order.price for order in desk.orders.values()]


@pytest.mark.parametrize("product", Product)
def test_a_stop_closes_positions_of_every_product(product):
    desk = holding(product=product)
    assert "order_rejected" not in stop(desk, flatten=True)
    assert desk.positions == {}


@pytest.mark.parametrize("product", Product)
def test_a_strategy_that_ends_closes_positions_of_every_product(product):
    desk = holding(product=product, strategy_id="trend")
    run(desk, event(EventType.STRATEGY_STOPPED, strategy_id="trend", by="chief", reason="done", close_positions=True))
    assert desk.positions == {}


def test_exits_that_stay_sell_no_more_than_is_held():
    desk = holding()
    for quantity, price in ((60, 110), (100, 120), (40, 130)):
        rests(desk, Side.SELL, quantity, price)
    stop(desk, state="REDUCING")
    assert working(desk) == [110, 130]
    reached(desk, 131)
    assert (desk.positions, desk.orders) == ({}, {})


def test_exits_of_a_short_position_stay_too():
    desk = holding(-100)
    rests(desk, Side.BUY, 100, 90)
    rests(desk, Side.BUY, 100, 80)
    stop(desk, state="REDUCING")
    assert working(desk) == [90]


def test_while_everybody_only_reduces_a_resting_entry_does_not_fill():
    """The desk's state holds at once; the entry's cancellation waits for the engine."""
    desk = holding()
    rests(desk, Side.BUY, 10, 90)
    rests(desk, Side.SELL, 100, 110)
    desk.desk_state = TradingState.REDUCING
    reached(desk, 89)
    assert desk.positions[HOLDINGS].quantity == 100
    reached(desk, 111)
    assert (desk.positions, working(desk)) == ({}, [90])
