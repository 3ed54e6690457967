"""Profit and loss with every charge, against contract notes worked out by hand: adds, reductions, flips, shorts, parts.

Rates of 2026: brokerage 0.03 % and at most Rs 20 an order (intraday), STT 0.025 % of an intraday sale and 0.1 % of either side
of a delivery, exchange 0.00297 %, SEBI 0.0001 %, stamp 0.003 % (intraday) or 0.015 % (delivery) of a purchase, GST 18 % of
brokerage, exchange and SEBI; each rounded to the paisa.
"""

from dataclasses import replace
from decimal import Decimal

import pytest

from engine.domain.enums import Product, Side
from engine.domain.events import EventType
from tests.domain.desk import CASH, book, context, event, quote, run, ticket

BUY, SELL = Side.BUY, Side.SELL
MIS, CNC = Product.MIS, Product.CNC

# trades as (side, shares, price); then what is held, its cost, the P&L that was booked gross, and the charges
STORIES = {
    # 100,000 bought: 20 + 0 + 2.97 + 0.10 + 3.00 + 4.15; 110,000 sold: 20 + 27.50 + 3.27 + 0.11 + 0 + 4.21
    "a round trip": (MIS, [(BUY, 1000, 100), (SELL, 1000, 110)], 0, "0", "10000", "85.31"),
    # and 20,800 bought: 6.24 + 0 + 0.62 + 0.02 + 0.62 + 1.24; 300 of 1,200 shares cost a quarter of 120,800, 30,200, and
    # bring 31,500: 9.45 + 7.88 + 0.94 + 0.03 + 0 + 1.88
    "an add and a reduction": (
        MIS,
        [(BUY, 1000, 100), (BUY, 200, 104), (SELL, 300, 105)],
        900,
        "90600",
        "1300",
        "59.14",
    ),
    # 10,000 sold: 3 + 2.50 + 0.30 + 0.01 + 0 + 0.60; 9,500 bought back: 2.85 + 0 + 0.28 + 0.01 + 0.29 + 0.57
    "a short": (MIS, [(SELL, 100, 100), (BUY, 100, 95)], 0, "0", "500", "10.41"),
    # 1,000 bought: 0.30 + 0 + 0.03 + 0 + 0.03 + 0.06; 2,750 sold, of which 10 close and 15 open short:
    # 0.83 + 0.69 + 0.08 + 0 + 0 + 0.16
    "a flip through zero": (MIS, [(BUY, 10, 100), (SELL, 25, 110)], -15, "-1650", "100", "2.18"),
    # a short through zero: 1,000 sold: 0.30 + 0.25 + 0.03 + 0 + 0 + 0.06; 1,350 bought: 0.41 + 0 + 0.04 + 0 + 0.04 + 0.08
    "a flip the other way": (MIS, [(SELL, 10, 100), (BUY, 15, 90)], 5, "450", "100", "1.21"),
    # 150,000 delivered: 0 + 150 + 4.46 + 0.15 + 22.50 + 0.83; 75,500 sold: 0 + 75.50 + 2.24 + 0.08 + 0 + 0.42
    "a delivery, half of it sold": (CNC, [(BUY, 100, 1500), (SELL, 50, 1510)], 50, "75000", "500", "256.18"),
}


@pytest.mark.parametrize("story", STORIES)
def test_what_is_held_earned_and_paid(story):
    product, trades, quantity, cost, gross, charges = STORIES[story]
    desk = book()
    for side, shares, price in trades:
        run(desk, ticket(side, shares, product=product), context(quote(price=price)))
    held = desk.position("RELIANCE", "")
    every = desk.changes.positions.values()
    assert ((held.quantity, held.cost) if held else (0, 0)) == (quantity, Decimal(cost))
    assert sum(position.realized_pnl for position in every) == Decimal(gross)
    assert sum(position.charges for position in every) == Decimal(charges)
    assert sum(fill.charges["total"] for fill in desk.changes.executions) == Decimal(charges)
    # net: cash has gained what was earned less what was paid, but for what stands in the open position
    assert desk.cash == CASH + Decimal(gross) - Decimal(charges) - Decimal(cost)


def test_an_order_filled_in_parts_pays_its_brokerage_once():
    """100,000 rupees in parts of 40, 40 and 20 thousand: brokerage 12, 8 and 0, where three orders would have paid 30.

    The other charges: exchange 1.19 + 1.19 + 0.59, SEBI 0.04 + 0.04 + 0.02, stamp 1.20 + 1.20 + 0.60, and GST 18 % of
    13.228, 9.228 and 0.614, which is 2.38 + 1.66 + 0.11.
    """
    desk, placed = book(), ticket(BUY, 1000)
    world = context(replace(quote(), volume=4000))
    run(desk, placed, world)
    for _ in range(2):
        again = {"order_id": placed.data["order_id"], "trigger": "price", "last_price": Decimal(100)}
        run(desk, event(EventType.ORDER_UPDATED, **again), world)
    fills = [(fill.quantity, fill.charges["brokerage"], fill.charges["total"]) for fill in desk.changes.executions]
    assert fills == [
        (400, Decimal(12), Decimal("16.81")),
        (400, Decimal(8), Decimal("12.09")),
        (200, Decimal(0), Decimal("1.32")),
    ]
    assert desk.cash == CASH - 100_000 - Decimal("30.22")
