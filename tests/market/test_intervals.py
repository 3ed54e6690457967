from datetime import datetime, timedelta

import pytest

from engine.domain.intervals import IST, bar_start, interval_length, interval_name


@pytest.mark.parametrize(
    ("name", "length"),
    [
        ("5s", timedelta(seconds=5)),
        ("1m", timedelta(minutes=1)),
        ("15m", timedelta(minutes=15)),
        ("1h", timedelta(hours=1)),
        ("75m", timedelta(minutes=75)),
        ("1d", timedelta(days=1)),
    ],
)
def test_an_interval_has_one_name(name: str, length: timedelta):
    assert interval_name(length) == name
    assert interval_length(name) == length


@pytest.mark.parametrize("name", ["", "m", "0m", "-5s", "1.5h", "5", "day", "5 s"])
def test_what_is_no_interval_is_refused(name: str):
    with pytest.raises(ValueError, match="is no interval"):
        interval_length(name)


def test_a_bar_of_half_a_second_has_no_name():
    with pytest.raises(ValueError, match="has no name"):
        interval_name(timedelta(milliseconds=500))


@pytest.mark.parametrize(
    ("at", "interval", "start"),
    [
        ("09:15:00", "1h", "09:15:00"),
        ("10:14:59", "1h", "09:15:00"),
        ("10:15:00", "75m", "09:15:00"),
        ("09:16:45", "1m", "09:16:00"),
        ("09:15:07", "5s", "09:15:05"),
        ("08:59:59", "1m", "08:59:00"),
        ("00:10:00", "15m", "00:00:00"),
        ("23:59:59", "1d", "00:00:00"),
    ],
)
def test_bars_are_counted_from_the_opening(at: str, interval: str, start: str):
    day = "2025-01-06 "
    begun = bar_start(datetime.fromisoformat(day + at).replace(tzinfo=IST), interval_length(interval))
    assert begun == datetime.fromisoformat(day + start).replace(tzinfo=IST)
