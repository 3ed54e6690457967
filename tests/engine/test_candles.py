"""A chart's bars: those stored, and coarser ones that whole bars of a stored length add up to."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from engine.domain.bars import Bar
from engine.domain.intervals import IST, interval_length
from engine.market.history import candles_save
from engine.selectors import candles

OPENS = datetime(2026, 11, 23, 9, 15, tzinfo=IST)


def store(interval: str, count: int, *, symbol: str = "TCS") -> None:
    length = interval_length(interval)
    bars = [
        Bar(symbol, OPENS + place * length, first, first + 3, first - 2, first + 1, 10)
        for place, first in enumerate(map(Decimal, range(100, 100 + count)))
    ]
    candles_save(interval, bars)


def test_stored_bars_come_as_they_are_oldest_first(db):
    store("1m", 5)
    found = candles.candles_of("TCS", "1m", source="1m", limit=3)
    assert [(bar.at, bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in found] == [
        (OPENS + timedelta(minutes=place), 100 + place, 103 + place, 98 + place, 101 + place, 10) for place in (2, 3, 4)
    ]


def test_a_coarser_bar_opens_with_its_first_and_closes_with_its_last(db):
    store("1m", 12)
    [first, second, third] = candles.candles_of("TCS", "5m", source="1m", limit=10)
    assert (first.at, first.open, first.high, first.low, first.close, first.volume) == (OPENS, 100, 107, 98, 105, 50)
    assert (second.at, third.at) == (OPENS + timedelta(minutes=5), OPENS + timedelta(minutes=10))
    assert (third.open, third.close, third.volume) == (110, 112, 20)  # its last parts are still to come


def test_an_hour_begins_with_the_session(db):
    store("15m", 5)
    found = candles.candles_of("TCS", "1h", source="15m", limit=10)
    assert [bar.at for bar in found] == [OPENS, OPENS + timedelta(hours=1)]


def test_a_bar_whose_beginning_was_not_read_is_left_out(db, monkeypatch):
    monkeypatch.setattr(candles, "READ_LIMIT", 7)
    store("1m", 12)
    found = candles.candles_of("TCS", "5m", source="1m", limit=10)
    assert [(bar.at, bar.volume) for bar in found] == [(OPENS + timedelta(minutes=10), 20)]


@pytest.mark.parametrize(
    ("stored", "offered"),
    [([], []), (["1d"], ["1d"]), (["5m"], ["5m", "15m", "1h", "1d"]), (["5s", "1d"], ["5s", "1m", "5m", "15m", "1h", "1d"])],
)
def test_only_lengths_that_add_up_are_offered(stored, offered):
    assert candles.intervals_offered(stored) == offered


def test_a_symbol_has_the_intervals_that_are_stored_of_it(db):
    store("1d", 1)
    store("5s", 1)
    store("1m", 1, symbol="INFY")
    assert candles.intervals_stored("TCS") == ["5s", "1d"]
    assert candles.source_of("1h", ["5s", "1d"]) == "5s"
