"""A position is left at the market only once the broker has let go of the orders that stood in the way: both would be twice."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from engine.domain.enums import OrderType, Product, Side
from engine.domain.events import EventType, new_event
from engine.log import append
from engine.models import Account, Order, Position
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


@WAYS_OUT
def test_what_they_sold_before_they_ended_is_not_sold_again(
    street: Street, broker: StandIn, exits: list[Order], leave: Leave
) -> None:
    leave()
    run_until_idle(now=street.clock)
    broker.fill(6, 110, at_broker(broker, exits[0]))  # its cancellation came too late
    broker.next_up.append("reject")
    street.settle()
    street.poll()
    street.settle()
    assert (newest(broker)["quantity"], held()) == (4, {"RELIANCE": 4})
    broker.fill(4, 99, newest(broker))
    street.poll()
    assert held() == {}
    assert_sound()


def test_an_exit_at_a_limit_waits_with_its_limit(street: Street, broker: StandIn, exits: list[Order]) -> None:
    positions_close(user_id="asha", by="asha", now=timezone.now(), price=Decimal("101.55"))
    street.step()
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
    broker.next_up += ["reject"]
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
