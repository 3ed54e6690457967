import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError, connections
from django.utils import timezone

from engine.domain.intervals import IST
from engine.market import demo
from engine.market.demo import DemoFeed, run_demo_feed
from engine.market.feeds import prices_publish, slices_of
from engine.market.instruments import NIFTY_50_LISTINGS, load_nifty_50
from engine.models import Candle, Instrument, PendingPrices
from engine.processing import run_until_idle
from tests.market.bars import START, bar

PACE = timedelta(seconds=0.5)


# --- bars to slices --------------------------------------------------------------------------------------------------------
def test_an_up_bar_dips_first_and_a_down_bar_peaks_first():
    up, down = bar(100, 105, 98, 103), bar(100, 105, 98, 99, symbol="TCS")
    slices = list(slices_of([up, down], timedelta(minutes=1)))
    assert [part.prices["INFY"] for part in slices] == [100, 98, 105, 103]
    assert [part.prices["TCS"] for part in slices] == [100, 105, 98, 99]
    assert [bool(part.bars) for part in slices] == [False, False, False, True]
    assert slices[3].bars == {"INFY": (100, 105, 98, 103, 100), "TCS": (100, 105, 98, 99, 100)}


@pytest.mark.parametrize(
    ("interval", "times"),
    [
        (timedelta(minutes=1), ["09:15:00", "09:15:15", "09:15:30", "09:15:45"]),
        (timedelta(days=1), ["09:15:00", "11:20:00", "13:25:00", "15:30:00"]),
    ],
)
def test_a_bars_slices_lie_inside_it(interval: timedelta, times: list[str]):
    slices = slices_of([bar(100)], interval)
    assert [f"{part.at.astimezone(IST):%H:%M:%S}" for part in slices] == times


@pytest.mark.django_db
@pytest.mark.parametrize("price", [0, -1, float("nan"), float("inf")])
def test_what_is_no_price_is_not_published(price: float):
    with pytest.raises(ValueError, match="INFY cannot be priced at"):
        prices_publish(at=START, source="live", interval="5s", prices={"INFY": price}, now=START)
    assert not PendingPrices.objects.exists()


# --- the demo's feed -------------------------------------------------------------------------------------------------------
@pytest.fixture
def feed(db) -> DemoFeed:
    load_nifty_50()
    made = DemoFeed(pace=PACE)
    made.start(now=START)
    return made


def play(feed: DemoFeed, slices: int) -> None:
    for _ in range(slices):
        feed.publish_next(now=feed.next_at)
    run_until_idle()


def test_history_is_there_at_once_and_prices_go_on_from_it(feed: DemoFeed):
    closes = dict(Candle.objects.filter(start=START - timedelta(seconds=5)).values_list("symbol", "close"))
    assert Candle.objects.filter(symbol="INFY").count() == 120
    assert Candle.objects.values("symbol").distinct().count() == 50
    play(feed, 1)
    for instrument in Instrument.objects.all():
        assert instrument.source == "simulated"
        assert abs(instrument.last_price / closes[instrument.symbol] - 1) < Decimal("0.02")


def test_a_bar_closes_every_ten_slices_with_the_range_of_its_prices(feed: DemoFeed):
    play(feed, 25)
    bars = Candle.objects.filter(symbol="INFY", start__gte=START).order_by("start")
    assert [candle.start - START for candle in bars] == [timedelta(0), timedelta(seconds=5)]
    assert all(candle.low <= min(candle.open, candle.close) <= max(candle.open, candle.close) <= candle.high for candle in bars)
    assert bars[1].open != bars[0].open


@pytest.mark.slow
def test_the_same_start_gives_the_same_market(feed: DemoFeed):
    play(feed, 12)
    prices = list(Instrument.objects.values_list("symbol", "last_price"))
    Candle.objects.all().delete()
    Instrument.objects.update(last_price=None, priced_at=None)
    again = DemoFeed(pace=PACE)
    again.start(now=START)
    play(again, 12)
    assert list(Instrument.objects.values_list("symbol", "last_price")) == prices


def test_a_second_start_goes_on_without_a_second_history(feed: DemoFeed):
    play(feed, 10)
    candles, prices = Candle.objects.count(), dict(Instrument.objects.values_list("symbol", "last_price"))
    again = DemoFeed(pace=PACE)
    again.start(now=feed.next_at)
    assert Candle.objects.count() == candles
    play(again, 1)
    for symbol, price in Instrument.objects.values_list("symbol", "last_price"):
        assert abs(price / prices[symbol] - 1) < Decimal("0.02")


def test_old_bars_shorter_than_a_minute_are_pruned_once_a_minute(feed: DemoFeed):
    old = feed.next_at - timedelta(hours=7)
    for interval in ("5s", "1d"):
        Candle.objects.create(symbol="INFY", interval=interval, start=old, open=1, high=1, low=1, close=1)
    play(feed, 110)  # not yet a minute since the start
    assert Candle.objects.filter(start=old).count() == 2
    play(feed, 15)
    assert [candle.interval for candle in Candle.objects.filter(start=old)] == ["1d"]


def test_after_a_long_delay_the_market_is_at_the_clock_again(feed: DemoFeed):
    play(feed, 3)
    late = feed.next_at + timedelta(minutes=10)
    feed.publish_next(now=late)
    run_until_idle()
    priced = Instrument.objects.get(symbol="INFY").priced_at
    assert priced is not None
    assert timedelta(0) <= late - priced < timedelta(seconds=5)
    assert not Candle.objects.filter(start__range=(late - timedelta(minutes=9), late)).exists()


class FakeDatabase:
    """Runs the feed's work at once, or is away."""

    def __init__(self, away: int = 0) -> None:
        self.away, self.done = away, 0

    async def execute(self, work: Any, **options: Any) -> None:
        if self.away:
            self.away -= 1
            raise OperationalError("gone fishing")
        self.done += 1
        if work.__name__ == "start":
            work.__self__.next_at = options["now"]
        else:
            work.__self__.next_at += work.__self__.pace


@contextmanager
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """Sleeping takes no time, and is noted."""
    slept: list[float] = []

    async def sleep(seconds: float, stopping: asyncio.Event) -> None:
        slept.append(seconds)
        if len(slept) >= 20:
            stopping.set()
        await asyncio.sleep(0)

    monkeypatch.setattr(demo, "_sleep", sleep)
    yield slept


@pytest.mark.parametrize("away", [0, 3])
async def test_a_database_that_is_away_is_waited_for(monkeypatch, away: int):
    database = FakeDatabase(away)
    with clock(monkeypatch) as slept:
        await run_demo_feed(stopping=asyncio.Event(), pace_seconds=0.5, execute=database.execute)
    assert slept[:away] == [1.0] * away
    assert database.done >= 20 - away


async def test_stopping_ends_the_feed_in_its_sleep():
    stopping = asyncio.Event()
    running = asyncio.create_task(run_demo_feed(stopping=stopping, pace_seconds=3600, execute=FakeDatabase().execute))
    await asyncio.sleep(0.05)
    stopping.set()
    async with asyncio.timeout(1):
        await running


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
async def test_by_itself_the_feed_has_a_thread_of_its_own():
    await sync_to_async(load_nifty_50)()
    stopping = asyncio.Event()
    running = asyncio.create_task(run_demo_feed(stopping=stopping, pace_seconds=0.5))
    for _ in range(200):
        if await PendingPrices.objects.acount() >= 2:
            break
        await asyncio.sleep(0.1)
    stopping.set()
    await running
    assert await PendingPrices.objects.acount() >= 2
    first = await PendingPrices.objects.afirst()
    assert first is not None
    assert (first.source, len(first.prices)) == ("simulated", 50)
    assert abs(timezone.now() - first.at) < timedelta(seconds=30)
    await sync_to_async(connections.close_all)()  # of the thread that asked here


def test_the_nifty_50_are_fifty_shares_in_sectors_with_round_prices():
    assert len({listing.symbol for listing in NIFTY_50_LISTINGS}) == 50
    assert len({listing.sector for listing in NIFTY_50_LISTINGS}) >= 10
    assert all(listing.base_price % 50 == 0 or listing.base_price < 1000 for listing in NIFTY_50_LISTINGS)
    assert isinstance(START, datetime)
