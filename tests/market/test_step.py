"""What prices do: each thing once, exactly, and in a number of statements that no number of symbols changes."""

from datetime import UTC, date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from engine.domain.enums import SignalType
from engine.models import Account, Candle, EquityPoint, Instrument, PendingEvent, PendingPrices, Position
from engine.processing import run_until_idle
from engine.services.signals import SignalInput, signals_submit
from tests.market.bars import START
from tests.market.market_table import apply_all, at, events, forget_work, order, position, publish, set_up, tick

pytestmark = pytest.mark.django_db


# --- prices ----------------------------------------------------------------------------------------------------------------
def test_the_latest_price_is_kept_with_its_own_time_and_the_time_it_reached_us():
    set_up("INFY", "TCS")
    publish({"INFY": 100.05, "TCS": 3000}, 0)
    publish({"INFY": 101.1}, 1)
    reached_us = PendingPrices.objects.latest("id").created_at
    assert apply_all() == 2
    infy, tcs = Instrument.objects.get(symbol="INFY"), Instrument.objects.get(symbol="TCS")
    assert (infy.last_price, infy.priced_at, infy.received_at, infy.source) == (Decimal("101.1"), at(1), reached_us, "replay")
    assert (tcs.last_price, tcs.priced_at) == (3000, at(0))
    assert not PendingPrices.objects.exists()


def test_the_close_before_is_the_last_price_of_the_day_before():
    set_up("INFY")
    tick({"INFY": 100}, 0)
    tick({"INFY": 104}, 60)
    assert Instrument.objects.get().previous_close is None
    tick({"INFY": 107}, 0, day=1)
    tick({"INFY": 108}, 60, day=1)
    assert Instrument.objects.get().previous_close == 104


def test_a_symbol_that_nobody_knows_changes_nothing():
    set_up("INFY")
    tick({"INFY": 100, "GHOST": 5}, 0, bars={"GHOST": [5, 5, 5, 5, 1]})
    assert Instrument.objects.count() == 1
    assert not Candle.objects.exists()


def test_at_most_the_limit_is_applied_and_the_rest_waits_in_order():
    set_up("INFY")
    for seconds in range(5):
        publish({"INFY": 100 + seconds}, seconds)
    assert [apply_all(limit=3), Instrument.objects.get().last_price] == [3, 102]
    assert [apply_all(limit=3), Instrument.objects.get().last_price] == [2, 104]
    assert apply_all() == 0


def test_a_closed_bar_becomes_a_candle_and_a_second_replay_replaces_it():
    set_up("INFY")
    tick({"INFY": 101}, 4.5, bars={"INFY": [100, 102, 99, 101, 7]})
    tick({"INFY": 103}, 4.5, bars={"INFY": [100, 103, 99, 103, 8]})
    (candle,) = Candle.objects.all()
    assert (candle.interval, candle.start) == ("5s", at(0))
    assert (candle.open, candle.high, candle.low, candle.close, candle.volume) == (100, 103, 99, 103, 8)


# --- resting orders and exits ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("side", "order_type", "fields", "price", "is_reached"),
    [
        ("BUY", "LIMIT", {"price": 100}, 100.05, False),
        ("BUY", "LIMIT", {"price": 100}, 100, True),
        ("SELL", "LIMIT", {"price": 100}, 99.95, False),
        ("SELL", "LIMIT", {"price": 100}, 100, True),
        ("BUY", "STOP_LOSS", {"stop_price": 100}, 99.95, False),
        ("BUY", "STOP_LOSS", {"stop_price": 100}, 100, True),
        ("SELL", "STOP_LOSS", {"stop_price": 100}, 100.05, False),
        ("SELL", "STOP_LOSS", {"stop_price": 100}, 98, True),
        ("BUY", "STOP_LIMIT", {"stop_price": 100, "price": 101}, 101.05, True),
        ("BUY", "STOP_LIMIT", {"stop_price": 100, "price": 101}, 100.5, True),
        ("BUY", "LIMIT", {"price": 100, "status": "PENDING"}, 90, False),
        ("BUY", "LIMIT", {"price": 100, "status": "UNKNOWN"}, 90, False),
        ("BUY", "LIMIT", {"price": 100, "status": "CANCELLED"}, 90, False),
        ("BUY", "LIMIT", {"price": 100, "symbol": "TCS"}, 90, False),
    ],
)
def test_a_price_that_reaches_a_resting_order_tells_its_account(side, order_type, fields, price, is_reached):
    set_up("INFY", "TCS")
    resting = order(side, order_type, **fields)
    tick({"INFY": price})
    found = events("order_updated")
    assert len(found) == is_reached
    for event in found:
        assert (event.stream, event.correlation_id) == ("desk", resting.correlation_id)
        assert event.data == {"order_id": str(resting.id), "trigger": "price", "last_price": price}


@pytest.mark.parametrize(
    ("quantity", "price", "kind"),
    [
        (10, 95.05, None),
        (10, 95, "stop_loss"),
        (10, 80, "stop_loss"),
        (10, 109.95, None),
        (10, 110, "take_profit"),
        (-10, 109.95, "short"),
    ],
)
def test_a_price_that_reaches_a_stop_or_a_target_exits_the_position(quantity, price, kind):
    set_up("INFY", "TCS")
    held = (
        position(quantity, stop_loss=95, take_profit=110) if quantity > 0 else position(quantity, stop_loss=105, take_profit=90)
    )
    expected = {"short": "stop_loss"}.get(kind, kind)
    tick({"INFY": price})
    found = events("stop_loss_executed")
    assert [event.data["kind"] for event in found] == ([expected] if expected else [])
    assert all(event.data["position_id"] == str(held.id) and event.data["price"] == price for event in found)


@pytest.mark.parametrize(("price", "kind"), [(90, "take_profit"), (105, "stop_loss"), (100, None)])
def test_a_short_exits_the_other_way_round(price, kind):
    set_up("INFY")
    position(-10, stop_loss=105, take_profit=90)
    tick({"INFY": price})
    assert [event.data["kind"] for event in events("stop_loss_executed")] == ([kind] if kind else [])


def test_nothing_is_set_off_twice_while_it_waits():
    set_up("INFY")
    order("BUY", "LIMIT", price=100)
    position(10, stop_loss=95)
    publish({"INFY": 90}, 0)
    publish({"INFY": 89}, 1)  # in one batch
    apply_all()
    tick({"INFY": 88}, 2)  # and in the next
    PendingEvent.objects.update(dead_at=timezone.now())
    tick({"INFY": 87}, 3)  # nor when it was given up: an operator will requeue it
    assert [len(events("order_updated")), len(events("stop_loss_executed"))] == [1, 1]


def test_what_was_handled_and_still_rests_is_set_off_again():
    set_up("INFY")
    order("BUY", "LIMIT", price=100)
    tick({"INFY": 90}, 0)
    forget_work()
    tick({"INFY": 90}, 1)
    assert len(events("order_updated")) == 2


def test_a_stop_closes_the_position_and_a_limit_fills():
    set_up("INFY")
    publish({"INFY": 100}, 0)
    run_until_idle()
    signal = SignalInput(
        "INFY", SignalType.BUY, Decimal("0.9"), stop_loss=Decimal(95), target_price=Decimal(110), position_size=Decimal(10)
    )
    signals_submit(user_id="desk", signals=[signal], now=timezone.now())
    run_until_idle()
    assert Position.objects.get(status="OPEN").quantity == 10
    publish({"INFY": 94}, 1)
    run_until_idle()
    closed = Position.objects.get()
    assert (closed.status, closed.quantity) == ("CLOSED", 0)
    assert closed.realized_pnl < 0


# --- days and equity -------------------------------------------------------------------------------------------------------
def test_a_new_day_begins_once_for_each_account_at_the_equity_of_the_close_before():
    set_up("INFY")
    set_up(user_id="other")
    position(10)
    tick({"INFY": 120}, 0)
    publish({"INFY": 150}, 0, day=1)
    publish({"INFY": 151}, 1, day=1)
    apply_all()
    tick({"INFY": 152}, 2, day=1)
    started = {event.stream: event.data for event in events("trading_day_started")}
    assert started == {"desk": {"day": "2025-01-07", "equity": 1_001_200}, "other": {"day": "2025-01-07", "equity": 1_000_000}}
    assert len(events("trading_day_started")) == 2
    run_until_idle()
    account = Account.objects.get(user_id="desk")
    assert (account.trading_day, account.day_start_equity) == (date(2025, 1, 7), 1_001_200)
    tick({"INFY": 153}, 3, day=1)
    assert len(events("trading_day_started")) == 2


def test_the_day_begins_at_midnight_in_india():
    set_up("INFY")
    tick({"INFY": 100}, 0)
    late = START.replace(hour=18, minute=29, tzinfo=UTC)  # 23:59
    tick({"INFY": 100}, (late - START).total_seconds())
    assert not events("trading_day_started")
    tick({"INFY": 100}, (late - START).total_seconds() + 60)
    assert len(events("trading_day_started")) == 1


def test_a_feed_that_is_late_does_not_bring_yesterday_back():
    set_up("INFY")
    tick({"INFY": 120}, 0, day=1)
    run_until_idle()
    begun = len(events("trading_day_started"))
    tick({"INFY": 110}, 0, day=0)
    tick({"INFY": 121}, 1, day=1)
    assert len(events("trading_day_started")) == begun


def test_equity_has_a_point_every_ten_seconds_of_market_time():
    set_up("INFY", "TCS")
    position(10)
    position(-2, "TCS", average=3000)
    for seconds in (0, 4, 9.5, 10, 14, 25, 29):
        tick({"INFY": 100 + seconds}, seconds)
    points = EquityPoint.objects.order_by("at")
    assert [point.at for point in points] == [at(0), at(10), at(25)]
    last = points[2]
    # TCS has no price yet: it counts at its cost
    assert (last.equity, last.cash, last.exposure) == (1_000_000 + 1250 - 6000, 1_000_000, 1250 + 6000)


def test_day_pnl_counts_from_the_close_before_even_while_the_day_is_still_to_begin():
    set_up("INFY")
    position(10)
    tick({"INFY": 120}, 0)
    forget_work()
    tick({"INFY": 150}, 0, day=1)
    tick({"INFY": 160}, 20, day=1)
    assert [point.day_pnl for point in EquityPoint.objects.order_by("at")][1:] == [300, 400]


def test_closing_prices_are_recorded_once_a_minute():
    set_up("INFY", "TCS")
    tick({"TCS": 3000}, -120)
    for seconds in (0, 30, 59.5, 60, 61):
        tick({"INFY": 100 + seconds}, seconds)
    assert [event.data["prices"] for event in events("market_data_update")] == [{"TCS": 3000}, {"INFY": 159.5}]
    assert {event.stream for event in events("market_data_update")} == {"$market"}


def test_closing_prices_of_longer_bars_are_recorded_at_their_close():
    set_up("INFY")
    tick({"INFY": 100}, 0, interval="1d")
    tick({"INFY": 101}, 7500, interval="1d")
    tick({"INFY": 102}, 22500, interval="1d", bars={"INFY": [100, 102, 100, 102, 5]})
    assert [event.data["prices"] for event in events("market_data_update")] == [{"INFY": 102}]


# --- cost ------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("slices", [1, 6])
def test_statements_do_not_grow_with_symbols(slices: int):
    symbols = [f"S{number}" for number in range(60)]
    set_up(*symbols)

    def statements(count: int, seconds: float) -> int:
        chosen = symbols[:count]
        prices = dict.fromkeys(chosen, 100 + seconds / 100)
        for place in range(slices):
            bars = {symbol: [100, 200, 50, 101, 5] for symbol in chosen} if place == slices - 1 else {}
            publish(prices, seconds + place, bars=bars)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            apply_all()
        return len(captured)

    statements(60, 0)
    few, many = statements(3, 100), statements(60, 200)
    assert few == many
    assert many <= 25


@pytest.mark.parametrize("model", ["position", "order"])
def test_what_is_open_is_found_by_its_index(model: str):
    """A scan of all orders that ever were, twice a second, would be what slows down with age."""
    set_up("INFY")
    with CaptureQueriesContext(connection) as captured:
        tick({"INFY": 100})
    (query,) = [
        query["sql"] for query in captured if query["sql"].startswith("SELECT") and f'FROM "engine_{model}"' in query["sql"]
    ]
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"explain query plan {query}")
            plan = " ".join(str(row) for row in cursor.fetchall())
        assert f"engine_{model} USING" in plan.replace('"', "")
        assert {"position": "position_open_once", "order": "order_working"}[model] in plan
