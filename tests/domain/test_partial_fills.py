"""Orders that fill in parts, stops that stay triggered, and days that end: tables of what happens, worked out by hand."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from engine.domain.enums import OrderStatus, OrderType, Side, Validity
from engine.domain.events import EventType
from engine.domain.paper import fill_quantity
from tests.domain.desk import NOW, book, context, event, kinds, order, quote, run, ticket, working

BUY, SELL = Side.BUY, Side.SELL


def traded(price, volume, lot=1):
    return replace(quote(price=price), volume=volume, lot_size=lot)


@pytest.mark.parametrize(
    ("quantity", "volume", "lot", "fills"),
    [
        (500, None, 1, 500),  # no volume given: in full
        (500, 10_000, 1, 500),  # a tenth is 1,000
        (500, 5_000, 1, 500),
        (500, 4_999, 1, 499),
        (500, 3_000, 1, 300),
        (500, 9, 1, 0),  # a tenth is less than a share
        (500, 0, 1, 0),
        (500, 3_999, 25, 375),  # 399 shares are 15 lots of 25
        (500, 249, 25, 0),
    ],
)
def test_an_order_takes_a_tenth_of_the_bars_volume_in_whole_lots(quantity, volume, lot, fills):
    assert fill_quantity(order(BUY, quantity), traded(100, volume, lot), Decimal(10)) == fills


def test_a_large_order_fills_bar_by_bar_and_its_brokerage_is_capped_once():
    """1,000 shares at 100 rupees in tenths of 4,000, 3,500 and 9,000: 400, 350 and the last 250."""
    desk, placed = book(), ticket(BUY, 1_000)
    handled = run(desk, placed, context(traded(100, 4_000)))
    for volume in (3_500, 9_000):
        reached = event(EventType.ORDER_UPDATED, order_id=placed.data["order_id"], trigger="price", last_price=Decimal(100))
        handled += run(desk, reached, context(traded(100, volume)))
    fills = [item.event.data for item in handled if item.event.type is EventType.ORDER_EXECUTED]
    assert [fill["executed_quantity"] for fill in fills] == [400, 350, 250]
    # 0.03 %: of 40,000 rupees 12.00, of 75,000 22.50 but 20.00 at most, so 8.00 more, then nothing
    assert [fill["charges"]["brokerage"] for fill in fills] == [12, 8, 0]
    assert len({fill["broker_execution_id"] for fill in fills}) == 3
    assert desk.changes.orders[placed.data["order_id"]].status is OrderStatus.FILLED
    (held,) = desk.positions.values()
    assert (held.quantity, held.cost) == (1_000, 100_000)
    assert desk.cash == 1_000_000 - 100_000 - sum(fill["charges"]["total"] for fill in fills)


@pytest.mark.parametrize(("volume", "filled", "said"), [(3_000, 300, "more than 300 shares"), (9, 0, "nothing to match")])
def test_immediate_or_cancel_takes_what_there_is_and_ends(volume, filled, said):
    desk, placed = book(), ticket(BUY, 1_000, validity=Validity.IOC)
    assert kinds(run(desk, placed, context(traded(100, volume))))[-1] in ("order_cancelled", "position_opened")
    after = desk.changes.orders[placed.data["order_id"]]
    assert (after.status, after.filled_quantity) == (OrderStatus.CANCELLED, filled)
    assert said in after.reason


def test_a_modified_order_takes_no_second_share_of_the_same_bar():
    desk, placed = book(), ticket(BUY, 1_000)
    run(desk, placed, context(traded(100, 4_000)))
    id = placed.data["order_id"]
    wish = event(EventType.ORDER_MODIFY_REQUESTED, order_id=id, symbol="RELIANCE", by="asha", quantity=2_000)
    assert kinds(run(desk, wish, context(traded(100, 4_000))))[-1] == "order_modified"
    assert (desk.orders[id].filled_quantity, desk.orders[id].quantity) == (400, 2_000)


# --- stops -----------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("side", "kind", "stop", "limit", "prices", "filled_at"),
    [
        # the stop trades at 105, beyond the limit; the limit is good once the price comes back under the stop
        (BUY, OrderType.STOP_LIMIT, 105, 106, [104, 107, 103], [None, None, "103"]),
        (SELL, OrderType.STOP_LIMIT, 95, 94, [96, 93, 97], [None, None, "97"]),
        (BUY, OrderType.STOP_LIMIT, 105, 106, [104, 105], [None, "105"]),
        (SELL, OrderType.STOP_LOSS, 95, None, [95.05, 94], [None, "94"]),
        (BUY, OrderType.STOP_LIMIT, 105, 106, [104, 104.95], [None, None]),
    ],
)
def test_a_stop_that_traded_stays_triggered(side, kind, stop, limit, prices, filled_at):
    resting = order(side, order_type=kind, stop_price=Decimal(stop), price=limit and Decimal(limit), submitted=True)
    desk, found = working(book(), resting), []
    for price in prices:
        reached = event(EventType.ORDER_UPDATED, order_id=resting.id, trigger="price", last_price=Decimal(str(price)))
        fills = [item.event.data for item in run(desk, reached, context(quote(price=price))) if "executed" in item.event.type]
        found.append(str(fills[0]["executed_price"].normalize()) if fills and "executed_price" in fills[0] else None)
    assert found == filled_at


def test_a_stop_order_filled_in_part_goes_on_at_the_market():
    """Its stop was at 105; with the price back at 100 the rest is bought all the same."""
    resting = order(BUY, 1_000, order_type=OrderType.STOP_LOSS, stop_price=Decimal(105), submitted=True)
    desk = working(book(), resting)
    for price in (105, 100):
        reached = event(EventType.ORDER_UPDATED, order_id=resting.id, trigger="price", last_price=Decimal(price))
        run(desk, reached, context(traded(price, 4_000)))
    assert (resting.filled_quantity, resting.filled_notional) == (800, 400 * 105 + 400 * 100)


# --- days ------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("validity", "sent", "status"),
    [
        (Validity.DAY, -1, OrderStatus.EXPIRED),
        (Validity.DAY, 1, OrderStatus.SUBMITTED),  # sent in the new day already
        (Validity.GTC, -1, OrderStatus.SUBMITTED),
    ],
)
def test_a_new_day_ends_the_orders_of_the_one_before(validity, sent, status):
    resting = order(order_type=OrderType.LIMIT, price=Decimal(90), validity=validity, submitted=True)
    resting.submitted_at = NOW + timedelta(seconds=sent)
    desk = working(book(), resting)
    run(desk, event(EventType.TRADING_DAY_STARTED, day="2026-01-06", equity=Decimal(1_000_000)))
    assert resting.status is status


def test_what_filled_before_the_day_ended_stays_filled():
    resting = order(quantity=10, order_type=OrderType.LIMIT, price=Decimal(90), submitted=True)
    resting.fill(4, Decimal(90), Decimal(0), NOW)
    resting.submitted_at = NOW - timedelta(hours=1)
    run(working(book(), resting), event(EventType.TRADING_DAY_STARTED, day="2026-01-06", equity=Decimal(1_000_000)))
    assert (resting.status, resting.filled_quantity, resting.reason) == (
        OrderStatus.EXPIRED,
        4,
        "good for the day, and the day is over",
    )
