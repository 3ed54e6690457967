"""A position is left at the market only once the broker has let go of the orders that stood in the way: both would be twice."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from engine.brokers.kite import KiteBroker
from engine.brokers.polls import poll_settle
from engine.brokers.protocol import Answer
from engine.domain.enums import OrderType, Product, Side
from engine.domain.events import EventType, new_event
from engine.log import append
from engine.models import Account, BrokerCall, Order, Position
from engine.processing import run_until_idle
from engine.services.exits import positions_close
from engine.services.trading import emergency_stop
from tests.brokers.conftest import Street, again
from tests.engine.flow import assert_sound, held, place
from tests.support.broker import StandIn

pytestmark = pytest.mark.django_db

Leave = Callable[[], Any]


def flatten() -> None:
    emergency_stop(user_ids=["asha"], by="chief", reason="out of it", flatten=True, now=timezone.now())


def close() -> None:
    positions_close(user_id="asha", by="asha", now=timezone.now())


def reach_the_stop() -> None:
    position = Position.objects.open().get()
    data = {"position_id": position.id, "symbol": position.symbol, "kind": "stop_loss", "price": Decimal(95)}
    append([new_event(EventType.STOP_LOSS_EXECUTED, "asha", timezone.now(), data)], now=timezone.now())


WAYS_OUT = pytest.mark.parametrize("leave", [flatten, close, reach_the_stop])


def at_broker(broker: StandIn, order: Order) -> dict[str, Any]:
    order.refresh_from_db()
    return broker.orders[order.broker_order_id]


@pytest.fixture
def exits(street: Street, broker: StandIn) -> list[Order]:
    """Ten shares held, and two orders to sell them that rest at the broker."""
    bought = place()
    street.settle()
    broker.fill(10, 100, at_broker(broker, bought))
    street.poll()
    found = [place(Side.SELL, size, order_type=OrderType.LIMIT, price=Decimal(price)) for size, price in ((6, 110), (4, 120))]
    street.settle()
    return found


def newest(broker: StandIn) -> dict[str, Any]:
    return list(broker.orders.values())[-1]


@WAYS_OUT
def test_the_exit_goes_out_when_the_last_of_them_has_ended(
    street: Street, broker: StandIn, exits: list[Order], leave: Leave
) -> None:
    leave()
    run_until_idle(now=street.clock)
    leave()  # asked again meanwhile, it is one exit still
    street.settle()
    assert len(broker.orders) == 3
    street.poll()
    street.settle()
    assert [order["status"] for order in broker.orders.values()] == ["COMPLETE", "CANCELLED", "CANCELLED", "OPEN"]
    assert (newest(broker)["transaction_type"], newest(broker)["quantity"], newest(broker)["order_type"]) == (
        "SELL",
        10,
        "MARKET",
    )
    broker.fill(10, 99, newest(broker))
    street.poll()
    assert (held(), Order.objects.filter(status="REJECTED").count()) == ({}, 0)
    assert_sound()


def hold_back(order: Order) -> None:
    """Its cancel goes out a quarter of a minute later, as after some refusals."""
    late = timezone.now() + timedelta(minutes=2, seconds=15)
    assert BrokerCall.objects.filter(order=order, action="CANCEL").update(due_at=late) == 1


@WAYS_OUT
def test_what_they_sold_before_they_ended_is_not_sold_again(
    street: Street, broker: StandIn, exits: list[Order], leave: Leave
) -> None:
    leave()
    run_until_idle(now=street.clock)
    broker.fill(6, 110, at_broker(broker, exits[0]))  # its cancellation comes too late
    street.settle()
    street.poll()
    street.settle()
    assert (newest(broker)["quantity"], newest(broker)["order_type"], held()) == (4, "MARKET", {"RELIANCE": 4})
    broker.fill(4, 99, newest(broker))
    street.poll()
    assert held() == {}
    assert_sound()


def test_an_exit_at_a_limit_waits_with_its_limit(street: Street, broker: StandIn, exits: list[Order]) -> None:
    wished = Order.objects.working().filter(leave__isnull=False)
    assert not wished.exists()
    positions_close(user_id="asha", by="asha", now=timezone.now(), price=Decimal("101.55"))
    street.step()
    assert set(wished) == set(exits)
    assert_sound()  # the wish stands in the log and in the rows
    street.poll()
    street.settle()
    assert (newest(broker)["quantity"], newest(broker)["order_type"], newest(broker)["price"]) == (10, "LIMIT", 101.55)
    assert_sound()


def test_where_they_sold_all_nothing_more_is_sent(street: Street, broker: StandIn, exits: list[Order]) -> None:
    close()
    run_until_idle(now=street.clock)
    for order, price in zip(exits, (110, 120), strict=True):
        broker.fill(order.quantity, price, at_broker(broker, order))
    street.poll()
    street.settle()
    assert (len(broker.orders), held()) == (3, {})
    assert_sound()


def test_an_order_that_was_made_smaller_there_has_ended_too(street: Street, broker: StandIn, exits: list[Order]) -> None:
    there = at_broker(broker, exits[0])
    broker.fill(2, 110, there)
    street.poll()
    close()
    run_until_idle(now=street.clock)
    hold_back(exits[0])
    street.step()
    street.poll()
    assert [again(order).status for order in exits] == ["PARTIALLY_FILLED", "CANCELLED"]
    there |= {"quantity": 2, "status": "COMPLETE"}
    street.poll()
    street.settle()
    assert (newest(broker)["quantity"], held()) == (8, {"RELIANCE": 8})
    broker.fill(8, 99, newest(broker))
    street.poll()
    assert held() == {}
    assert_sound()


@pytest.fixture
def waiting(street: Street, broker: StandIn, exits: list[Order]) -> Order:
    """The position is to be closed, and waits for the first of the two, whose cancel is late; the other one has ended."""
    close()
    run_until_idle(now=street.clock)
    hold_back(exits[0])
    street.step()
    street.poll()
    assert again(exits[1]).status == "CANCELLED"
    return exits[0]


def test_another_position_that_was_opened_meanwhile_is_not_closed(street: Street, broker: StandIn, waiting: Order) -> None:
    broker.fill(6, 110, at_broker(broker, waiting))
    sold = place(Side.SELL, 4)
    street.step()
    broker.fill(4, 99, at_broker(broker, sold))
    bought = place(quantity=5)
    street.step()
    broker.fill(5, 100, at_broker(broker, bought))
    street.poll()
    street.settle()
    assert (held(), newest(broker)["transaction_type"]) == ({"RELIANCE": 5}, "BUY")
    assert_sound()


@pytest.mark.parametrize("given", [{}, {"order_type": OrderType.LIMIT, "price": Decimal(115)}])
def test_what_was_put_in_the_way_meanwhile_is_cancelled_too(
    street: Street, broker: StandIn, waiting: Order, given: dict[str, Any]
) -> None:
    meanwhile = place(Side.SELL, 3, **given)
    street.step()
    street.settle()
    for _ in range(3):
        street.poll()
        street.settle()
    assert [again(order).status for order in (waiting, meanwhile)] == ["CANCELLED", "CANCELLED"]
    working = [order for order in broker.orders.values() if order["status"] == "OPEN"]
    assert [(order["order_type"], order["quantity"]) for order in working] == [("MARKET", 10)]
    assert_sound()


@pytest.mark.parametrize("halted", [False, True])
def test_one_end_that_is_told_twice_makes_one_exit(street: Street, broker: StandIn, waiting: Order, halted: bool) -> None:
    if halted:  # then it is refused
        emergency_stop(user_ids=["asha"], by="chief", reason="stop", now=timezone.now())
        run_until_idle(now=street.clock)
    at_broker(broker, waiting)["status"] = "CANCELLED"
    for _ in range(2):
        poll_settle(street.live, asyncio.run(list_of_orders(street)), now=street.clock())
    run_until_idle(now=street.clock)
    street.settle()
    made = Order.objects.filter(side="SELL", order_type="MARKET").values_list("status", flat=True)
    assert (list(made), len(broker.orders)) == ((["REJECTED"], 3) if halted else (["SUBMITTED"], 4))
    assert_sound()


async def list_of_orders(street: Street) -> Answer:
    async with KiteBroker(street.live) as session:
        return await session.ask()


def test_shares_to_be_delivered_are_left_the_same_way(street: Street, broker: StandIn) -> None:
    bought = place(product=Product.CNC)
    street.settle()
    broker.fill(10, 100, at_broker(broker, bought))
    street.poll()
    place(Side.SELL, 10, order_type=OrderType.LIMIT, price=Decimal(110), product=Product.CNC)
    street.settle()
    close()
    street.settle()
    street.poll()
    street.settle()
    assert (newest(broker)["product"], newest(broker)["order_type"]) == ("CNC", "MARKET")
    assert Order.objects.filter(status="REJECTED").count() == 0


def test_after_a_halt_meanwhile_the_exit_is_refused_and_said_to_be(street: Street, broker: StandIn, exits: list[Order]) -> None:
    close()
    run_until_idle(now=street.clock)
    emergency_stop(user_ids=["asha"], by="chief", reason="stop", now=timezone.now())
    street.settle()
    street.poll()
    street.settle()
    refused = Order.objects.get(status="REJECTED")
    assert (refused.reason, len(broker.orders), held()) == ("trading is HALTED", 3, {"RELIANCE": 10})
    assert Account.objects.get(user_id="asha").trading_state == "HALTED"
    assert_sound()
