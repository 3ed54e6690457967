"""The closed bars that signal rules look back on: read from the candles once, kept in memory while we alone add to them."""

from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from engine import bulk
from engine.domain.bars import Bar
from engine.models import Candle

COLUMNS = ("symbol", "interval", "start", "open", "high", "low", "close", "volume")
UPSERT = (
    "on conflict (symbol, interval, start) do update set open = excluded.open, high = excluded.high, "
    "low = excluded.low, close = excluded.close, volume = excluded.volume"
)
SYMBOLS_A_STATEMENT = 200  # SQLite takes at most 500 parts in one union
LATEST = (
    "select * from (select symbol, start, open, high, low, close, volume from engine_candle "
    "where symbol = %s and interval = %s and start < %s order by start desc limit %s) as latest"
)


class History:
    """The last closed bars of each symbol, for each interval.

    Another process may have applied slices in between, or our own transaction may have been rolled back. So the memory is
    valid only when the first slice now is the one right after the last slice then, and the prices in the table are still those
    of that slice; otherwise it is forgotten, and read anew.
    """

    def __init__(self) -> None:
        self.depth = 0
        self._bars: dict[tuple[str, str], deque[Bar]] = {}
        self._last: tuple[int, datetime] | None = None  # id of the last slice, and when it reached us

    def begin(self, first_id: int, latest_received: datetime | None) -> None:
        """Look whether what is remembered still holds. Until `keep`, nothing is held to be."""
        if self._last is None or self._last != (first_id - 1, latest_received):
            self._bars.clear()
        self._last = None

    def keep(self, last_id: int, received_at: datetime) -> None:
        """All slices up to this one are in the memory and in the transaction."""
        self._last = (last_id, received_at)

    def closed(self, interval: str, bars: Sequence[Bar], depth: int) -> dict[str, list[Bar]]:
        """Add the bars that close now; returns the last `depth` bars of their symbols, oldest first."""
        if depth > self.depth:
            self._bars.clear()
            self.depth = depth
        missing = [bar.symbol for bar in bars if not self._goes_on(interval, bar)]
        if missing:
            self._load(interval, missing, min(bar.start for bar in bars))
        for bar in bars:
            self._bars[interval, bar.symbol].append(bar)
        return {bar.symbol: list(self._bars[interval, bar.symbol]) for bar in bars}

    def _goes_on(self, interval: str, bar: Bar) -> bool:
        """Whether the bar comes after those that we remember of its symbol."""
        known = self._bars.get((interval, bar.symbol))
        return known is not None and (not known or known[-1].start < bar.start)

    def _load(self, interval: str, symbols: Sequence[str], before: datetime) -> None:
        for symbol in symbols:
            self._bars[interval, symbol] = deque(maxlen=self.depth)
        for first in range(0, len(symbols), SYMBOLS_A_STATEMENT):
            for bar in reversed(_latest(interval, symbols[first : first + SYMBOLS_A_STATEMENT], before, self.depth)):
                self._bars[interval, bar.symbol].append(bar)


def candles_save(interval: str, bars: Sequence[Bar]) -> None:
    """Store closed bars; the same bar of a second replay overwrites the first's."""
    rows = [(bar.symbol, interval, bar.start, bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in bars]
    bulk.insert(Candle, COLUMNS, rows, on_conflict=UPSERT)


def _latest(interval: str, symbols: Sequence[str], before: datetime, count: int) -> list[Bar]:
    """The last `count` bars of each symbol, newest first: one step into the index per symbol, one statement for all."""
    at = connection.ops.adapt_datetimefield_value(before)
    parameters = [value for symbol in symbols for value in (symbol, interval, at, count)]
    with connection.cursor() as cursor:
        cursor.execute(" union all ".join([LATEST] * len(symbols)), parameters)
        return [_bar(row) for row in cursor.fetchall()]


def _bar(row: tuple[Any, ...]) -> Bar:
    """A row as the database gives it: SQLite has its own notion of times and amounts."""
    symbol, start, *prices, volume = row
    opened, high, low, close = (Decimal(str(price)) for price in prices)
    start = start if isinstance(start, datetime) else datetime.fromisoformat(start).replace(tzinfo=UTC)
    return Bar(symbol, start, opened, high, low, close, volume)
