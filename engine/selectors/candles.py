"""A symbol's bars: those that feeds brought and the engine stored, and coarser ones made of them."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from engine import reading
from engine.domain.intervals import bar_start, interval_length

CHART_INTERVALS = ("5s", "1m", "5m", "15m", "1h", "1d")
READ_LIMIT = 5000  # stored bars that one answer is made of; of more, the latest
COLUMNS = ("start", "open", "high", "low", "close", "volume")


class ChartBar(NamedTuple):
    """Prices in rupees, volume in shares; `at` is when the bar began."""

    at: datetime
    open: float
    high: float
    low: float
    close: float
    volume: int


def intervals_stored(symbol: str) -> list[str]:
    """Which lengths of bars there are of the symbol, the shortest first. One statement: a step into the index for each."""
    known = " union all ".join(
        ["select %s where exists (select 1 from engine_candle where symbol = %s and interval = %s)"] * len(CHART_INTERVALS)
    )
    parameters = [value for name in CHART_INTERVALS for value in (name, symbol, name)]
    return sorted((name for (name,) in reading.execute(known, parameters)), key=interval_length)


def intervals_offered(stored: Sequence[str]) -> list[str]:
    """Those stored, and the longer ones that whole bars of a stored one add up to."""
    return [name for name in CHART_INTERVALS if source_of(name, stored)]


def source_of(interval: str, stored: Sequence[str]) -> str | None:
    """The stored bars that those of `interval` are, or are made of: the longest that fit."""
    length = interval_length(interval)
    fitting = [name for name in stored if not length % interval_length(name)]
    return max(fitting, key=interval_length, default=None)


def candles_of(symbol: str, interval: str, *, source: str, limit: int) -> list[ChartBar]:
    """The symbol's latest closed bars, oldest first, made of those stored as `source`. One statement.

    A bar of several is there as soon as the first of them is: its last part is still to come.
    """
    length = interval_length(interval)
    parts = max(1, length // interval_length(source))
    most = min(limit * parts, READ_LIMIT)
    columns = ", ".join(COLUMNS)
    clause = f"select {columns} from engine_candle where symbol = %s and interval = %s order by start desc limit %s"  # noqa: S608
    bars = [_bar(row) for row in reversed(reading.execute(clause, [symbol, source, most]))]
    if parts == 1:
        return bars
    joined = _joined(bars, length)
    return joined[1:] if len(bars) == most else joined  # of the first, some parts may lie before what was read


def _bar(row: tuple[Any, ...]) -> ChartBar:
    """A row as the database gives it: of thousands, the ORM's exact amounts would be most of the time, for a drawing."""
    start, first, high, low, close, volume = row
    at = start if start.tzinfo else start.replace(tzinfo=UTC)  # SQLite keeps no zone
    return ChartBar(at, float(first), float(high), float(low), float(close), volume)


def _joined(bars: Iterable[ChartBar], length: timedelta) -> list[ChartBar]:
    joined: list[ChartBar] = []
    ends = None  # of the bar in the making: where the next begins, the calendar is asked anew
    for bar in bars:
        if ends is None or bar.at >= ends:
            start = bar_start(bar.at, length)
            ends = start + length
            joined.append(bar._replace(at=start))
            continue
        last = joined[-1]
        high, low = max(last.high, bar.high), min(last.low, bar.low)
        joined[-1] = ChartBar(last.at, last.open, high, low, bar.close, last.volume + bar.volume)
    return joined
