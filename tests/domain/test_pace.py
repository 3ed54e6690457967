"""How many orders were sent within a minute: counted by the second, over every border of a minute."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.pace import Pace
from tests.domain.desk import NOW, order

BUY = order()


def at(seconds: float):
    return NOW + timedelta(seconds=seconds)


def sent(*moments: float) -> Pace:
    pace = Pace()
    for moment in moments:
        pace.count(BUY, at(moment))
    return pace


@pytest.mark.parametrize(("now", "count"), [(40, 5), (59.9, 5), (60.9, 5), (61, 2), (99.9, 2), (101, 0)])
def test_a_burst_over_two_minutes_is_one_burst(now, count):
    assert sent(0, 0.5, 0.9, 40, 40.2).in_minute(at(now)) == count


@given(st.lists(st.floats(0, 20), max_size=60))
def test_no_sixty_seconds_hold_more_orders_than_the_limit(gaps):
    pace, moments, now = Pace(), [], 0.0
    for gap in gaps:
        now += gap
        if pace.in_minute(at(now)) < 3:
            pace.count(BUY, at(now))
            moments.append(now)
    assert all(later - earlier >= 60 for earlier, later in zip(moments, moments[3:], strict=False))
    assert pace.orders_today == len(moments)


def test_it_costs_the_same_however_many_orders_there_are():
    pace = sent(*(place / 10 for place in range(3000)))
    assert len(pace.orders_by_second) == 61
    assert pace.in_minute(at(299.9)) == 610


@pytest.mark.parametrize(("back", "count"), [(5, 3), (600, 1)])
def test_a_clock_that_is_set_back_leaves_the_list_in_order(back, count):
    pace = sent(0, 0)
    assert pace.in_minute(at(-back)) == count - 1
    pace.count(BUY, at(-back))
    assert pace.in_minute(at(-back)) == count
    assert len(pace.orders_by_second) == 1
