from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.enums import OrderStatus, Side
from engine.domain.orders import LIFE_CYCLE, TERMINAL, WORKING, LifeCycleError, OverfillError, Trigger
from tests.domain.desk import NOW, order


@pytest.mark.parametrize(("status", "trigger"), list(product(OrderStatus, Trigger)))
def test_only_the_life_cycle_moves_an_order(status, trigger):
    moved = order()
    moved.status = status
    if (status, trigger) in LIFE_CYCLE:
        moved.move(trigger, NOW)
        assert (moved.status, moved.updated_at) == (LIFE_CYCLE[status, trigger], NOW)
    else:
        with pytest.raises(LifeCycleError, match=f"is {status}: cannot {trigger}"):
            moved.move(trigger, NOW)
        assert (moved.status, moved.updated_at) == (status, None)


def test_what_has_ended_stays_ended():
    assert not {status for status, _ in LIFE_CYCLE} & TERMINAL
    assert set(OrderStatus) == TERMINAL | WORKING
    assert set(LIFE_CYCLE.values()) >= TERMINAL


@given(st.lists(st.tuples(st.integers(1, 60), st.decimals(1, 100, places=2)), max_size=8))
def test_fills_never_exceed_the_quantity(fills):
    filled = order(Side.BUY, 100, submitted=True)
    booked: list[tuple[int, Decimal]] = []
    for quantity, price in fills:
        try:
            filled.fill(quantity, price, Decimal(1), NOW)
        except (OverfillError, LifeCycleError):
            assert sum(q for q, _ in booked) + quantity > 100
        else:
            booked.append((quantity, price))
    total = sum(q for q, _ in booked)
    assert filled.filled_quantity == total <= 100
    assert filled.filled_notional == sum(q * p for q, p in booked)
    assert filled.charges == len(booked)
    assert (filled.status is OrderStatus.FILLED) == (total == 100)
    assert (filled.status is OrderStatus.PARTIALLY_FILLED) == (0 < total < 100)
    assert filled.average_fill_price == (filled.filled_notional / total if total else None)


def test_an_overfill_changes_nothing():
    filled = order(Side.BUY, 100, submitted=True)
    with pytest.raises(OverfillError, match="has 100 left: cannot fill 101"):
        filled.fill(101, Decimal(1), Decimal(0), NOW)
    assert (filled.status, filled.filled_quantity) == (OrderStatus.SUBMITTED, 0)
