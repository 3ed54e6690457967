from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.enums import Side
from engine.domain.round_trips import TripFill, annualized_percent, entry_value, holding_days
from tests.domain.desk import book, fill

BUY, SELL = Side.BUY, Side.SELL
OPENED = datetime(2026, 1, 5, 4, tzinfo=UTC)


def traded(fills):
    """The closed positions of real fills, each with the fills up to its end and what entering it cost, by its own count."""
    desk, done, known, entered = book(), [], [], {}
    for side, shares, price in fills:
        before = desk.position("RELIANCE", "")
        held = before.quantity if before else 0
        fill(desk, side, shares, price)
        known.append(TripFill(desk.changes.executions[-1].id, side, shares, Decimal(price)))
        after = desk.position("RELIANCE", "")
        flips = held * side.sign < 0 and shares > abs(held)
        if before and (after is None or flips):
            done.append((before, list(known), entered.pop(before.id)))
        if after:
            opening = shares - abs(held) if flips else shares if held * side.sign >= 0 else 0
            entered[after.id] = entered.get(after.id, 0) + opening * Decimal(price)
    return done


TABLE = [
    ([(BUY, 10, 100), (SELL, 10, 110)], [1000]),
    ([(BUY, 10, 100), (BUY, 5, 120), (SELL, 15, 90)], [1600]),
    ([(BUY, 10, 100), (SELL, 4, 110), (BUY, 4, 105), (SELL, 10, 99)], [1420]),
    ([(SELL, 10, 100), (BUY, 10, 100)], [1000]),  # at one price: shares alone tell
    ([(BUY, 10, 100), (SELL, 25, 110), (BUY, 15, 105)], [1000, 1650]),  # through zero: 15 are sold short at 110
    ([(SELL, 5, 20), (BUY, 10, 18), (SELL, 12, 21), (BUY, 7, 21)], [100, 90, 147]),
]


@pytest.mark.parametrize(("fills", "values"), TABLE)
def test_what_entering_cost(fills, values):
    trips = traded(fills)
    assert [entered for _, _, entered in trips] == values
    assert [entry_value(position.id, position.realized_pnl, known) for position, known, _ in trips] == values


@given(st.lists(st.tuples(st.sampled_from([BUY, SELL]), st.integers(1, 50), st.integers(90, 110)), min_size=2, max_size=25))
def test_any_round_trip_is_told_from_its_fills(fills):
    for position, known, entered in traded(fills):
        first = next(item for item in known if item.id == position.id)
        if first.price != known[-1].price:
            assert entry_value(position.id, position.realized_pnl, known) == entered


def test_without_its_fills_nothing_is_told():
    stranger = TripFill(uuid4(), "BUY", 1, Decimal(1))
    assert entry_value(uuid4(), Decimal(0), [stranger]) is entry_value(stranger.id, Decimal(0), [stranger]) is None


@pytest.mark.parametrize(
    ("percent", "held", "annual"),
    [
        (10, timedelta(days=365), 10),
        (10, timedelta(days=730), 4.88088),  # the root of 1.1
        (-50, timedelta(days=365), -50),
        (10, timedelta(hours=23), None),
        (-100, timedelta(days=9), None),
        (900, timedelta(days=1), None),  # 10 to the 365th
    ],
)
def test_a_years_worth(percent, held, annual):
    assert annualized_percent(percent, OPENED, OPENED + held) == (annual and pytest.approx(annual, abs=1e-4))


def test_days_held_are_whole():
    assert holding_days(OPENED, OPENED + timedelta(days=2, hours=23)) == 2
    assert holding_days(OPENED, OPENED) == 0
