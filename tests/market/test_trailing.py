"""Stops that follow the price: with every price, never back, without an event for it, and through a restart."""

from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from engine.domain.enums import Side
from engine.domain.trailing import best_of, level_of
from engine.models import Event, Order, Position, TrailingMark
from engine.processing import run_until_idle
from engine.services.errors import InvalidOrder
from engine.services.orders import OrderInput, order_place
from engine.services.stop_losses import WrongSide, trailing_stop_set
from engine.shelf import shelf
from engine.verification import verify
from tests.market.market_table import publish, set_up


@pytest.mark.parametrize(
    ("sign", "prices", "distance", "percent", "levels"),
    [
        (1, [100, 104, 102, 110, 90], 5, None, [95, 99, 99, 105, 105]),
        (1, [100, 120, 80], None, 10, [90, 108, 108]),
        (-1, [100, 96, 99, 90, 105], 5, None, [105, 101, 101, 95, 95]),
        (-1, [100, 80, 120], None, 10, [110, 88, 88]),
        (1, [100, 33.35], None, Decimal("33.33"), [66.67, 66.67]),
        (1, [100], None, None, [None]),
    ],
)
def test_the_stop_follows_and_never_goes_back(sign: int, prices: Any, distance: Any, percent: Any, levels: Any) -> None:
    best, found = Decimal(prices[0]), []
    for price in prices:
        best = best_of(sign, best, Decimal(str(price)))
        found.append(level_of(sign, best, distance and Decimal(distance), percent and Decimal(percent)))
    assert found == [None if level is None else Decimal(str(level)) for level in levels]


def hold(side: Side = Side.BUY, quantity: int = 10, **trailing: Any) -> None:
    set_up("INFY")
    price(100, 0)
    order_place(user_id="desk", order=OrderInput("INFY", side, quantity, **trailing), now=timezone.now(), by="asha")
    run_until_idle()


def price(at: float, seconds: float) -> None:
    publish({"INFY": at}, seconds)
    run_until_idle()
    shelf.clear()  # as after a restart


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("side", "trailing", "prices", "out_at"),
    [
        (Side.BUY, {"trailing_stop": Decimal(5)}, [104, 110, 106, 105, 120], 105),
        (Side.BUY, {"trailing_stop": Decimal(5)}, [94], 94),  # from what was paid, before any price moved
        (Side.BUY, {"trailing_stop_percent": Decimal(10)}, [120, 109, 108], 108),
        (Side.SELL, {"trailing_stop": Decimal(5)}, [96, 90, 94, 95], 95),
        (Side.BUY, {"trailing_stop": Decimal(5), "stop_loss": Decimal(99)}, [99], 99),
    ],
)
def test_a_position_is_closed_where_its_trailing_stop_stands(side: Side, trailing: Any, prices: Any, out_at: float) -> None:
    hold(side, **trailing)
    for place, moved in enumerate(prices, start=1):
        price(moved, place)
    (exit_event,) = Event.objects.filter(type="stop_loss_executed")
    assert exit_event.data["price"] == out_at
    assert exit_event.data["kind"] == ("stop_loss" if "stop_loss" in trailing else "trailing_stop")
    assert Position.objects.get().status == "CLOSED"
    assert verify().differences == []


@pytest.mark.django_db
def test_following_leaves_no_event_and_one_row() -> None:
    hold(trailing_stop=Decimal(5))
    before = Event.objects.filter(stream="desk").count()
    for place in range(1, 8):
        price(100 + place, place)
    assert Event.objects.filter(stream="desk").count() == before
    assert TrailingMark.objects.get().best_price == 107
    assert verify().differences == []


@pytest.mark.django_db
def test_slices_of_one_batch_are_followed_one_by_one() -> None:
    """Up and down again between two looks: the stop has moved in between."""
    hold(trailing_stop=Decimal(5))
    for seconds, moved in enumerate([110, 104]):
        publish({"INFY": moved}, seconds + 1)
    run_until_idle()
    assert Position.objects.get().status == "CLOSED"


@pytest.mark.django_db
def test_whichever_level_is_reached_first_takes_the_others_with_it() -> None:
    """A bracket: the target closes the position, and the stop has nothing to close any more."""
    hold(quantity=10, stop_loss=Decimal(95), take_profit=Decimal(110), trailing_stop_percent=Decimal(20))
    price(110, 1)
    price(90, 2)
    assert [event.data["kind"] for event in Event.objects.filter(type="stop_loss_executed")] == ["take_profit"]
    assert Order.objects.filter(side="SELL").count() == 1
    assert not Position.objects.filter(status="OPEN").exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "trailing",
    [
        {"trailing_stop": Decimal(0)},
        {"trailing_stop": Decimal(-1)},
        {"trailing_stop_percent": Decimal(100)},
        {"trailing_stop_percent": Decimal(0)},
        {"trailing_stop": Decimal(1), "trailing_stop_percent": Decimal(1)},
    ],
)
def test_a_distance_that_makes_no_sense_is_refused(trailing: Any) -> None:
    with pytest.raises(InvalidOrder):
        hold(**trailing)


@pytest.mark.django_db
def test_the_distance_of_a_position_is_changed_by_hand() -> None:
    hold(trailing_stop=Decimal(5))
    price(110, 1)
    given: dict[str, Any] = {"user_id": "desk", "symbol": "INFY", "by": "asha", "now": timezone.now()}
    price(107, 2)
    with pytest.raises(WrongSide):
        trailing_stop_set(distance=Decimal(3), percent=None, **given)
    assert trailing_stop_set(distance=None, percent=Decimal(10), **given) == 1
    price(104, 3)  # where the old one stood
    position = Position.objects.get()
    assert (position.status, position.trailing_stop, position.trailing_stop_percent) == ("OPEN", None, 10)
    assert verify().differences == []
    price(99, 4)
    assert Position.objects.get().status == "CLOSED"
    assert verify().differences == []


@pytest.mark.django_db
def test_a_position_without_one_is_given_one() -> None:
    hold()
    price(120, 1)
    trailing_stop_set(user_id="desk", symbol="INFY", by="asha", now=timezone.now(), distance=Decimal(5), percent=None)
    price(121, 2)
    price(116, 3)
    assert [event.data["kind"] for event in Event.objects.filter(type="stop_loss_executed")] == ["trailing_stop"]
    assert verify().differences == []
