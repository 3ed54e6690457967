"""How long a bar is, as a name (5s, 1m, 1h, 1d), and where bars begin: counted from 09:15, when the NSE opens."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

IST = ZoneInfo("Asia/Kolkata")
OPENS, CLOSES = time(9, 15), time(15, 30)  # the NSE's normal session
DAY = timedelta(days=1)
_UNITS = {"d": DAY, "h": timedelta(hours=1), "m": timedelta(minutes=1), "s": timedelta(seconds=1)}


def interval_name(length: timedelta) -> str:
    """The interval's name in the largest unit that fits. Raises ValueError when it is no whole number of seconds."""
    for unit, size in _UNITS.items():
        if length >= size and not length % size:
            return f"{length // size}{unit}"
    raise ValueError(f"a bar of {length} has no name")


def interval_length(name: str) -> timedelta:
    """The length of an interval by its name. Raises ValueError for what is none."""
    count, unit = name[:-1], name[-1:]
    if unit not in _UNITS or not count.isdecimal() or not int(count):
        raise ValueError(f"{name!r} is no interval: 5s, 1m, 1h or 1d is one")
    return int(count) * _UNITS[unit]


def bar_start(at: datetime, length: timedelta) -> datetime:
    """When the bar began that `at` falls into. Days and longer begin at midnight in India."""
    local = at.astimezone(IST)
    if length >= DAY:
        return local.replace(hour=0, minute=0, second=0, microsecond=0)
    opening = datetime.combine(local.date(), OPENS, IST)
    return opening + (local - opening) // length * length


def market_day_bounds(day: datetime) -> tuple[datetime, datetime]:
    """When the NSE opens and closes on the day that `day` falls on in India."""
    date = day.astimezone(IST).date()
    return datetime.combine(date, OPENS, IST), datetime.combine(date, CLOSES, IST)
