"""New terms for a working order: decided by the risk rules, never below what is filled, and the same when the log is folded."""

from decimal import Decimal
from typing import Any

import pytest

from engine.domain.enums import OrderStatus, OrderType, Side
from engine.domain.events import EventType
from engine.domain.orders import Trigger
from tests.domain.desk import NOW, book, event, kinds, order, run, working

RESTS: dict[str, Any] = {"order_type": OrderType.LIMIT, "price": Decimal(90), "submitted": True}


def wish(of, **terms):
    return event(EventType.ORDER_MODIFY_REQUESTED, order_id=of.id, symbol=of.symbol, by="asha", **terms)


@pytest.mark.parametrize(
    ("terms", "found"),
    [
        ({"price": Decimal(95)}, (10, 95, None, None, None)),
        ({"quantity": 25}, (25, 90, None, None, None)),
        ({"quantity": 5, "price": Decimal("89.95")}, (5, Decimal("89.95"), None, None, None)),
        ({"stop_loss": Decimal(80), "take_profit": Decimal(120)}, (10, 90, None, 80, 120)),
    ],
)
def test_an_order_goes_on_at_its_new_terms(terms, found):
    resting = order(**RESTS)
    desk = working(book(), resting)
    assert kinds(run(desk, wish(resting, **terms))) == ["order_modify_requested", "order_modified"]
    after = desk.orders[resting.id]
    assert (after.quantity, after.price, after.stop_price, after.stop_loss, after.take_profit) == found
    assert after.status is OrderStatus.SUBMITTED
    assert resting.id in desk.changes.orders


def test_a_price_that_the_market_has_reached_fills_at_once():
    resting = order(**RESTS)
    desk = working(book(), resting)
    assert "order_executed" in kinds(run(desk, wish(resting, price=Decimal(101))))
    assert desk.changes.orders[resting.id].status is OrderStatus.FILLED


@pytest.mark.parametrize(
    ("terms", "rule"),
    [
        ({"quantity": 4}, "filled_quantity"),
        ({"quantity": 3}, "filled_quantity"),
        ({"quantity": 200_000}, "position_size"),
        ({"stop_loss": Decimal(95)}, "exit_levels"),
    ],
)
def test_what_is_refused_leaves_the_order_as_it_was(terms, rule):
    resting = order(**RESTS)
    resting.fill(4, Decimal(90), Decimal(0), NOW)
    desk = working(book(), resting)
    handled = run(desk, wish(resting, **terms))
    assert kinds(handled)[:2] == ["order_modify_requested", "order_modify_refused"]
    assert handled[1].event.data["rule"] == rule
    assert (resting.quantity, resting.price, resting.stop_loss) == (10, 90, None)


def test_only_what_is_left_counts_in_the_risk_check():
    """4,000 of 5,000 are filled and held already: 6,000 in all are 2,000 more at 90, which 70 % of equity allows."""
    resting = order(Side.BUY, 5_000, **RESTS)
    resting.fill(4_000, Decimal(90), Decimal(0), NOW)
    desk = working(book(max_position_size_percent=Decimal(20)), resting)
    assert "order_modified" in kinds(run(desk, wish(resting, quantity=6_000)))
    assert "order_modify_refused" in kinds(run(desk, wish(resting, quantity=8_000)))


@pytest.mark.parametrize("trigger", [Trigger.CANCEL, Trigger.EXPIRE, Trigger.LOSE])
def test_what_is_not_in_the_market_cannot_be_modified(trigger):
    ended = order(**RESTS)
    ended.move(trigger, NOW)
    desk = working(book(), ended) if ended.is_working else book()
    assert kinds(run(desk, wish(ended, quantity=20)))[1] == "order_modify_refused"
    assert ended.quantity == 10


def test_an_order_that_waits_for_the_open_takes_new_terms_unchecked():
    """The rules look at it when it opens; nothing is matched before."""
    waits = order(order_type=OrderType.LIMIT, price=Decimal(90))
    waits.waits_until = NOW
    desk = working(book(), waits)
    assert kinds(run(desk, wish(waits, price=Decimal(101), quantity=200_000))) == ["order_modify_requested", "order_modified"]
    assert (waits.price, waits.quantity, waits.status) == (101, 200_000, OrderStatus.PENDING)


@pytest.mark.parametrize(
    ("terms", "found"),
    [({"trailing_stop": Decimal(5)}, (5, None)), ({"trailing_stop_percent": Decimal(2)}, (None, 2))],
)
@pytest.mark.parametrize("before", [{"trailing_stop": Decimal(9)}, {"trailing_stop_percent": Decimal(9)}, {}])
def test_a_new_trailing_distance_ends_the_old_one(terms, found, before):
    resting = order(**RESTS)
    for name, value in before.items():
        setattr(resting, name, value)
    desk = working(book(), resting)
    run(desk, wish(resting, **terms))
    assert (resting.trailing_stop, resting.trailing_stop_percent) == found
