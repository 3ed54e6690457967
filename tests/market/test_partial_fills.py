"""Bars with a volume: what an order takes of each, from the feed to the tables, and what a restart remembers."""

from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from engine.domain.enums import OrderType, Side, Validity
from engine.models import Event, Execution, Instrument, Order, Position
from engine.processing import run_until_idle
from engine.services.orders import OrderInput, order_place
from engine.shelf import shelf
from engine.verification import verify
from tests.market.market_table import publish, set_up

pytestmark = pytest.mark.django_db


def market(price: float, seconds: float, volume: int | None = None) -> None:
    bars = {"INFY": [price, price, price, price, volume]} if volume is not None else None
    publish({"INFY": price}, seconds, bars=bars)
    run_until_idle()
    shelf.clear()  # as after a restart: what is not in the tables is forgotten


def place(quantity: int, **fields) -> Order:
    prices: dict[str, Any] = {name: Decimal(fields.pop(name)) for name in ("price", "stop_price") if name in fields}
    kind = OrderType(fields.pop("order_type", "MARKET"))
    wanted = OrderInput("INFY", Side.BUY, quantity, order_type=kind, **prices, **fields)
    order = order_place(user_id="desk", order=wanted, now=timezone.now(), by="asha")
    run_until_idle()
    return order


def test_each_bar_gives_a_tenth_of_its_volume_and_ticks_between_give_nothing():
    set_up("INFY")
    market(100, 0, 2_000)
    order = place(500)
    market(101, 6)  # a tick inside the next bar
    market(102, 7)
    market(103, 9.5, 1_500)
    market(104, 14.5, 9_000)
    fills = Execution.objects.order_by("executed_at").values_list("quantity", flat=True)
    assert list(fills) == [200, 150, 150]
    order.refresh_from_db()
    assert (order.status, order.filled_quantity) == ("FILLED", 500)
    assert Position.objects.get().quantity == 500
    assert verify().differences == []


def test_a_feed_without_volume_fills_in_full():
    set_up("INFY")
    market(100, 0, 0)
    assert Instrument.objects.get().bar_volume is None
    place(500)
    assert Position.objects.get().quantity == 500


def test_a_bar_that_is_too_thin_fills_nothing_and_leaves_no_event_each_tick():
    set_up("INFY")
    market(100, 0, 5)
    place(500)
    before = Event.objects.filter(stream="desk").count()
    for seconds in (1, 2, 3):
        market(100 + seconds, seconds)
    assert Event.objects.filter(stream="desk").count() == before
    assert not Execution.objects.exists()


def test_a_stop_limit_remembers_that_it_triggered():
    set_up("INFY")
    market(100, 0)
    order = place(10, order_type="STOP_LIMIT", stop_price=105, price=106)
    market(107, 1)
    order.refresh_from_db()
    assert (order.status, order.triggered_at is not None) == ("SUBMITTED", True)
    market(103, 2)
    order.refresh_from_db()
    assert order.status == "FILLED"
    assert verify().differences == []


def test_a_day_order_expires_with_the_day_and_the_others_stay():
    set_up("INFY")
    market(100, 0)
    day = place(10, order_type="LIMIT", price=90)
    kept = place(10, order_type="LIMIT", price=90, validity=Validity.GTC)
    publish({"INFY": 101}, day=1)
    run_until_idle()
    assert [Order.objects.get(id=order.id).status for order in (day, kept)] == ["EXPIRED", "SUBMITTED"]
    fresh = place(10, order_type="LIMIT", price=90)
    publish({"INFY": 102}, 10, day=1)
    run_until_idle()
    assert Order.objects.get(id=fresh.id).status == "SUBMITTED"
    assert verify().differences == []
