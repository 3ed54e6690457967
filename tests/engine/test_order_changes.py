"""Orders modified and cancelled, positions closed: by the services, through the engine, and the log tells the same."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from engine.domain.enums import Side
from engine.models import Order, Position
from engine.processing import run_until_idle
from engine.services.errors import InvalidOrder, NothingToClose, OrderNotWorking, UnknownAccount, UnknownOrder
from engine.services.exits import positions_close
from engine.services.order_changes import OrderTerms, order_modify, orders_cancel_all
from tests.engine.flow import a_signal, assert_sound, held, logged, place, rest, send, set_price


def modify(order: Order, **terms: Any) -> Order:
    order_modify(order_id=order.id, terms=OrderTerms(**terms), now=datetime.now(UTC), by="asha")
    run_until_idle()
    order.refresh_from_db()
    return order


def close(**given: Any) -> list[Any]:
    exits = positions_close(user_id="asha", now=datetime.now(UTC), by="asha", **given)
    run_until_idle()
    return exits


def cancel_all(**given: Any) -> int:
    cancelled = orders_cancel_all(user_id="asha", now=datetime.now(UTC), by="asha", **given)
    run_until_idle()
    assert not Order.objects.working().filter(id__in=cancelled).exists()
    return len(cancelled)


def test_a_modified_order_is_in_the_tables_as_in_the_log(desk: None) -> None:
    order = modify(rest(price=90), price=Decimal(92), quantity=25, stop_loss=Decimal(80))
    assert (order.price, order.quantity, order.stop_loss, order.status) == (92, 25, 80, "SUBMITTED")
    assert_sound()
    assert modify(order, price=Decimal(101)).status == "FILLED"
    assert held() == {"RELIANCE": 25}
    assert Position.objects.get().stop_loss == 80
    assert_sound()


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({}, "quantity"),
        ({"price": Decimal("92.03")}, "price"),
        ({"stop_price": Decimal(95)}, "stop_price"),
        ({"quantity": 10**10}, "quantity"),
    ],
)
def test_terms_that_the_order_cannot_have_are_refused_at_once(desk: None, terms: dict[str, Any], field: str) -> None:
    order = rest()
    with pytest.raises(InvalidOrder) as refused:
        modify(order, **terms)
    assert refused.value.field == field
    assert "order_modify_requested" not in logged()


def test_what_has_ended_or_never_was_cannot_be_modified(desk: None) -> None:
    filled = place()
    run_until_idle()
    with pytest.raises(OrderNotWorking, match="FILLED"):
        modify(filled, quantity=20)
    with pytest.raises(UnknownOrder):
        order_modify(order_id=uuid4(), terms=OrderTerms(quantity=2), now=datetime.now(UTC), by="asha")


def test_cancel_all_takes_what_is_named_and_nothing_else(desk: None) -> None:
    rest(Side.BUY, 90)
    rest(Side.SELL, 110, symbol="INFY")
    rest(Side.BUY, 80, symbol="INFY", strategy_id="trend")
    assert cancel_all(symbol="INFY", side=Side.SELL) == 1
    assert cancel_all(strategy_id="trend") == 1
    assert cancel_all(side=Side.SELL) == 0
    assert cancel_all() == 1
    assert cancel_all() == 0
    assert set(Order.objects.values_list("status", flat=True)) == {"CANCELLED"}
    with pytest.raises(UnknownAccount):
        orders_cancel_all(user_id="nobody", now=datetime.now(UTC), by="asha")
    assert_sound()


@pytest.mark.parametrize(("kind", "side"), [("BUY", "SELL"), ("SELL", "BUY")])
def test_a_position_is_closed_by_an_order_at_the_market(desk: None, kind: str, side: str) -> None:
    send(a_signal(kind=kind, size=30))
    run_until_idle()
    (leaving,) = close(symbol="RELIANCE")
    order = Order.objects.get(id=leaving.order_id)
    assert (order.side, order.order_type, order.quantity, order.status) == (side, "MARKET", 30, "FILLED")
    assert held() == {}
    assert_sound()


def test_a_price_makes_it_a_limit_order_that_takes_the_place_of_other_exits(desk: None) -> None:
    send(a_signal(size=30))
    run_until_idle()
    target = rest(Side.SELL, 120, 30)
    (leaving,) = close(symbol="RELIANCE", price=Decimal(110))
    target.refresh_from_db()
    order = Order.objects.get(id=leaving.order_id)
    assert (target.status, order.order_type, order.status) == ("CANCELLED", "LIMIT", "SUBMITTED")
    close(symbol="RELIANCE")
    order.refresh_from_db()
    assert (order.status, held()) == ("CANCELLED", {})
    assert_sound()


def test_asked_twice_it_is_closed_once(desk: None) -> None:
    """The second wish finds the position flat: it must not go short."""
    send(a_signal(size=30))
    run_until_idle()
    for _ in range(2):
        positions_close(user_id="asha", symbol="RELIANCE", now=datetime.now(UTC), by="asha")
    run_until_idle()
    assert held() == {}
    assert Order.objects.filter(side="SELL").count() == 1
    assert_sound()


def test_what_is_held_when_it_is_looked_at_is_what_is_closed(desk: None) -> None:
    send(a_signal(size=30))
    run_until_idle()
    send(a_signal(size=20))  # ahead of the wish, and not decided yet
    close(symbol="RELIANCE")
    assert held() == {}
    assert_sound()


def test_closing_everything_closes_each_strategys_position(desk: None) -> None:
    send(a_signal(size=30), a_signal(size=5, strategy_id="trend"), a_signal("INFY", "SELL", 7))
    run_until_idle()
    assert len(close(strategy_id="trend")) == 1
    assert len(close()) == 2
    assert held() == {}
    with pytest.raises(NothingToClose):
        close()
    assert_sound()


def test_a_close_price_stands_on_the_tick_grid(desk: None) -> None:
    send(a_signal(size=30))
    run_until_idle()
    with pytest.raises(InvalidOrder, match="tick"):
        close(symbol="RELIANCE", price=Decimal("110.01"))
    set_price("RELIANCE", 111)
    assert held() == {"RELIANCE": 30}


def test_a_modification_of_an_order_that_ended_meanwhile_is_refused(desk: None) -> None:
    order = rest()
    orders_cancel_all(user_id="asha", now=datetime.now(UTC), by="asha")
    order_modify(order_id=order.id, terms=OrderTerms(quantity=20), now=datetime.now(UTC), by="asha")
    run_until_idle()
    order.refresh_from_db()
    assert (order.status, order.quantity) == ("CANCELLED", 10)
    assert "order_modify_refused" in logged()
    assert_sound()
