"""Prices come in: conflated into the instruments, bars into candles, and what they set off into the accounts' streams.

Everything is read once and written once, however many slices and symbols there are: a price costs no statement of its own.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from engine import bulk, bus, log, topics
from engine.domain.bars import Bar
from engine.domain.events import MARKET_STREAM, Event, EventType, new_event
from engine.domain.intervals import IST, bar_start, interval_length
from engine.domain.quotes import Quote
from engine.market import monitor, rules
from engine.market.desk import Desk, Holder, Quotes
from engine.market.history import History, candles_save
from engine.market.volatility import volatility_observe
from engine.models import EquityPoint, Instrument, PendingPrices, Strategy, TrailingMark

POINT_SPACING = timedelta(seconds=10)  # of market time, between two points of an equity curve
MINUTE = timedelta(minutes=1)
PRICE_COLUMNS = ("symbol", "last_price", "previous_close", "bar_volume", "priced_at", "received_at", "source")
POINT_COLUMNS = ("account", "at", "equity", "cash", "exposure", "day_pnl")
REPLACE_POINT = (
    "on conflict (account_id, at) do update set equity = excluded.equity, cash = excluded.cash, "
    "exposure = excluded.exposure, day_pnl = excluded.day_pnl"
)
REPLACE_MARK = "on conflict (position_id) do update set best_price = excluded.best_price"
EPOCH = datetime(1970, 1, 1, tzinfo=IST)

history = History()  # this process's


def apply_waiting(*, now: datetime, limit: int) -> int:
    """Apply up to `limit` waiting slices of prices, in order, in the caller's transaction, which holds the market's stream.

    Returns how many slices there were. What they set off is appended to the accounts' streams, once.
    """
    slices = list(PendingPrices.objects.order_by("id")[:limit])
    if not slices:
        return 0
    market = Market(now)
    history.begin(slices[0].id, market.received_at)
    for waiting in slices:
        market.apply(waiting)
    market.save()
    PendingPrices.objects.filter(id__in=[waiting.id for waiting in slices]).delete()
    history.keep(slices[-1].id, slices[-1].created_at)
    return len(slices)


class Market:
    """The market while slices are applied to it: all that is read, and all that is to be written."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        columns = ("symbol", "sector", "tick_size", "lot_size", "last_price", "received_at", "bar_volume", "source")
        rows = list(Instrument.objects.values_list(*columns, "previous_close", "priced_at"))
        self.quotes = Quotes({row[0]: Quote(*row[:8]) for row in rows})
        self.previous_closes: dict[str, Decimal | None] = {row[0]: row[8] for row in rows}
        self.priced_at: dict[str, datetime | None] = {row[0]: row[9] for row in rows}
        self.at = max((row[9] for row in rows if row[9]), default=None)  # market time
        self.received_at = max((row[5] for row in rows if row[5]), default=None)
        self.desk = Desk()
        self._strategies: list[Strategy] | None = None
        self._priced: set[str] = set()  # symbols
        self._points: list[tuple[object, ...]] = []

    def apply(self, waiting: PendingPrices) -> None:
        """One slice: the day and the minute that it ends, its prices and what they set off, and the bars that it closes."""
        at, before = waiting.at, self.at
        length = interval_length(waiting.interval)
        goes_on = before is None or _day(at) >= _day(before)  # a feed that is late does not bring yesterday back
        events = self.desk.start_day(_day(at), self.quotes, self.now) if goes_on else []
        if length < MINUTE and before is not None and _has_passed(MINUTE, before, at):
            events.append(self._closing_prices(before))
        for symbol, price in waiting.prices.items():
            self._take(symbol, Decimal(str(price)), waiting)
        self.at = at
        if length >= MINUTE and waiting.bars:
            events.append(self._closing_prices(at))
        reached = self.desk.reached(waiting.prices, self.quotes, self.now, closed=waiting.bars)
        log.append(events + reached, now=self.now)
        if before is None or _has_passed(POINT_SPACING, before, at):
            self._points += [self._point(holder) for holder in self.desk.holders.values()]
        if waiting.bars:
            self._close_bars(waiting)

    def _take(self, symbol: str, price: Decimal, waiting: PendingPrices) -> None:
        """The symbol's latest price; what it was when its day ended is the close before."""
        quote = self.quotes.by_symbol.get(symbol)
        if quote is None:
            return
        priced_at = self.priced_at[symbol]
        if priced_at is not None and _day(priced_at) != _day(waiting.at):
            self.previous_closes[symbol] = quote.last_price
        known = quote.volume if waiting.source == quote.source else None  # another feed may have other bars, or none
        volume = int(waiting.bars[symbol][-1]) or None if symbol in waiting.bars else known
        self.quotes.by_symbol[symbol] = replace(
            quote, last_price=price, received_at=waiting.created_at, volume=volume, source=waiting.source
        )
        self.priced_at[symbol] = waiting.at
        self._priced.add(symbol)

    def _closing_prices(self, at: datetime) -> Event:
        """What was priced in the minute of `at`, at its last price: the market on record, once a minute or a longer bar."""
        prices = {
            symbol: self.quotes.price(symbol)
            for symbol, priced_at in self.priced_at.items()
            if priced_at is not None and not _has_passed(MINUTE, priced_at, at)
        }
        return new_event(EventType.MARKET_DATA_UPDATE, MARKET_STREAM, self.now, {"at": at, "prices": prices})

    def _point(self, holder: Holder) -> tuple[object, ...]:
        equity = holder.equity(self.quotes)
        exposure = holder.exposure(self.quotes)
        return holder.user_id, self.at, equity, holder.cash, exposure, equity - holder.day_start_equity

    def _close_bars(self, waiting: PendingPrices) -> None:
        """Store the bars that this slice closes, and let the strategies judge them."""
        start = bar_start(waiting.at, interval_length(waiting.interval))
        bars = [_bar(symbol, start, figures) for symbol, figures in waiting.bars.items() if symbol in self.quotes.by_symbol]
        if self._strategies is None:
            self._strategies = rules.running_strategies()
        windows = history.closed(waiting.interval, bars, rules.lookback(self._strategies))
        candles_save(waiting.interval, bars)
        volatility_observe(waiting.interval, bars)
        rules.judge(self._strategies, windows, now=self.now)

    def save(self) -> None:
        """Write the latest prices and the points, and tell the pages."""
        rows = [
            (
                symbol,
                quote.last_price,
                self.previous_closes[symbol],
                quote.volume,
                self.priced_at[symbol],
                quote.received_at,
                quote.source,
            )
            for symbol in sorted(self._priced)
            for quote in [self.quotes.by_symbol[symbol]]
        ]
        bulk.update(Instrument, PRICE_COLUMNS, rows)
        bulk.insert(TrailingMark, ("position", "best_price"), list(self.desk.marks.items()), on_conflict=REPLACE_MARK)
        monitor.watch(self.desk.holders.values(), self.quotes, now=self.now)
        points = {(point[0], point[1]): point for point in self._points}
        bulk.insert(EquityPoint, POINT_COLUMNS, list(points.values()), on_conflict=REPLACE_POINT)
        if points:
            bus.announce_after_commit({topics.account_topic(user_id) for user_id in self.desk.holders})


def _has_passed(span: timedelta, before: datetime, after: datetime) -> bool:
    """Whether the two times lie in different spans of the clock (minutes, ten seconds)."""
    return (before - EPOCH) // span != (after - EPOCH) // span


def _day(at: datetime) -> date:
    return at.astimezone(IST).date()


def _bar(symbol: str, start: datetime, figures: Sequence[float]) -> Bar:
    *prices, volume = figures
    opened, high, low, close = (Decimal(str(price)) for price in prices)
    return Bar(symbol, start, opened, high, low, close, int(volume))
