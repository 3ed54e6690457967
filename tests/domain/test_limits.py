"""The limits that an account may have beside those of size: money, losses, pace, prices and repeats."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from engine.domain.book import Book
from engine.domain.enums import OrderType, Side
from engine.domain.events import EventType
from engine.domain.pace import Pace
from engine.domain.risk import checks_for
from engine.domain.snapshots import book_from_json, book_to_json
from tests.domain.desk import NOW, book, context, event, fill, kinds, order, quote, run, signal, ticket, working
from tests.domain.test_risk import resting

BUY, SELL = Side.BUY, Side.SELL


def check(desk, rule, wanted, *quotes):
    found = {item["rule"]: item for item in checks_for(desk, wanted, context(*quotes))}[rule]
    assert bool(found["reason"]) is not found["passed"]
    return found["passed"], found["value"]


def limit(price, **fields):
    return order(order_type=OrderType.LIMIT, price=Decimal(str(price)), **fields)


@pytest.mark.parametrize(("quantity", "passed"), [(100, True), (101, False)])
def test_the_value_of_one_order(quantity, passed):
    desk = book(max_order_value=Decimal(10_000))
    assert check(desk, "order_value", order(BUY, quantity)) == (passed, quantity * 100)
    assert check(desk, "order_value", limit(50, quantity=200)) == (True, 10_000)
    fill(desk, SELL, 5000, 100)
    assert check(desk, "order_value", order(BUY, 5000))[0]  # it only reduces


@pytest.mark.parametrize(("quantity", "passed"), [(10_000, True), (10_001, False)])
def test_leverage_is_gross_exposure_to_equity(quantity, passed):
    desk = working(book(max_leverage=Decimal("1.5")), resting(quantity=5000, symbol="INFY"))
    world = quote(), quote("INFY", sector="IT")
    assert check(desk, "leverage", order(SELL, quantity), *world)[0] is passed


@pytest.mark.parametrize(("quantity", "passed"), [(8000, True), (8001, False)])
def test_buying_leaves_the_minimum_balance(quantity, passed):
    desk = working(book(minimum_balance=Decimal(100_000)), resting(quantity=1000, symbol="INFY"))
    world = quote(), quote("INFY", sector="IT")
    assert check(desk, "minimum_balance", order(BUY, quantity), *world)[0] is passed
    assert check(desk, "minimum_balance", order(SELL, quantity), *world)[0]  # selling brings money in


@pytest.mark.parametrize(("rule", "name"), [("daily_loss", "daily_loss_limit_percent"), ("drawdown", "max_drawdown_percent")])
@pytest.mark.parametrize(
    ("price", "passed", "value"), [("95.01", True, "4.99"), (95, False, 5), (90, False, 10), (110, True, -10)]
)
def test_losses_end_trading_but_not_the_way_out(rule, name, price, passed, value):
    desk = book(**{name: Decimal(5)})
    fill(desk, BUY, 10_000, 100)
    world = quote(price=price)
    assert check(desk, rule, order(BUY, 1), world) == (passed, Decimal(str(value)))
    assert check(desk, rule, order(SELL, 10_000), world)[0]


def test_the_day_begins_anew_but_a_drawdown_lasts():
    desk = book(daily_loss_limit_percent=Decimal(5), max_drawdown_percent=Decimal(5))
    fill(desk, BUY, 10_000, 100)
    run(desk, event(EventType.TRADING_DAY_STARTED, day="2026-01-06", equity=900_000))
    assert check(desk, "daily_loss", order(BUY, 1), quote(price=90)) == (True, 0)
    assert check(desk, "drawdown", order(BUY, 1), quote(price=90)) == (False, 10)


def test_orders_a_minute_and_a_day():
    desk = book(max_orders_per_minute=2, max_orders_per_day=3)
    for _ in range(2):
        assert "order_executed" in kinds(run(desk, ticket()))
    assert check(desk, "orders_per_minute", order()) == (False, 2)
    assert check(desk, "orders_per_minute", order(SELL, 20)) == (True, 2)  # it only reduces
    assert "order_rejected" in kinds(run(desk, ticket()))
    desk.pace = Pace(2, [[int(NOW.timestamp()) - 61, 2]])
    assert check(desk, "orders_per_minute", order()) == (True, 0)
    run(desk, ticket())
    assert (desk.pace.in_minute(NOW), desk.pace.orders_today) == (1, 3)  # what was refused is not counted
    assert check(desk, "orders_per_day", order()) == (False, 3)
    run(desk, event(EventType.TRADING_DAY_STARTED, day="2026-01-06", equity=1_000_000))
    assert check(desk, "orders_per_day", order()) == (True, 0)


@pytest.mark.parametrize(
    ("side", "price", "passed", "value"),
    [(BUY, 105, True, 5), (BUY, "105.05", False, "5.05"), (BUY, 50, True, -50), (SELL, 95, True, 5), (SELL, 94, False, 6)],
)
def test_a_limit_price_is_not_far_worse_than_the_market(side, price, passed, value):
    desk = book(price_collar_percent=Decimal(5))
    assert check(desk, "price_collar", limit(price, side=side)) == (passed, Decimal(str(value)))
    assert check(desk, "price_collar", order(side)) == (True, None)


@pytest.mark.parametrize(("age", "passed"), [(0, False), (29.9, False), (30, True)])
def test_a_signal_that_comes_twice_is_acted_upon_once(age, passed):
    desk = book(duplicate_signal_seconds=30)
    run(desk, signal(position_size=Decimal(5)))
    desk.pace.last_signals = {key: at - timedelta(seconds=age) for key, at in desk.pace.last_signals.items()}
    refused = "signal_refused" in kinds(run(desk, signal(position_size=Decimal(5))))
    assert refused is not passed
    others = signal(position_size=Decimal(5), strategy_id="trend"), signal("SELL", position_size=Decimal(5))
    assert not any("signal_refused" in kinds(run(desk, other)) for other in others)
    assert kinds(run(desk, ticket())).count("order_rejected") == 0  # an order by hand is no signal


def test_a_signal_that_was_refused_may_come_again():
    desk = book(duplicate_signal_seconds=30)
    assert "signal_refused" in kinds(run(desk, signal(position_size=Decimal(5)), context(quote(age=100))))
    assert "order_executed" in kinds(run(desk, signal(position_size=Decimal(5))))


def test_a_snapshot_keeps_the_pace():
    desk = book()
    run(desk, signal(position_size=Decimal(5)))
    run(desk, ticket())
    again: Book = book_from_json("asha", book_to_json(desk))
    assert again.pace == desk.pace
    assert (again.pace.orders_today, len(again.pace.last_signals)) == (2, 1)
    assert check(book(duplicate_signal_seconds=1), "duplicate_signal", order(signal_id=uuid4())) == (True, None)
