"""One account and its strategies: signals in pairs, each opening a position of a strategy and closing it again, and the time
that its strategies take to judge the bars of all shares. Prints the seconds of both."""

import asyncio
from datetime import datetime, timedelta
from decimal import Decimal
from time import perf_counter
from typing import Any

from bench.inside import desk  # first: it sets Django up

from django.db import transaction  # isort: skip
from django.utils import timezone

from engine import bus, collector, log, processing
from engine.consumers import on_engine_thread
from engine.domain.deployment import StrategyInput
from engine.domain.enums import Lane
from engine.domain.events import Event, EventType, new_event
from engine.market.feeds import prices_publish
from engine.services.strategies import strategy_deploy

ROOMY: dict[str, Any] = {"max_positions": 10_000, "max_daily_trades": 100_000, "min_win_rate_percent": Decimal(0)}
RULES = ("moving_average_cross", "breakout", "mean_reversion")
BARS = 70  # before the measured ones, so that every rule has enough to look back on
MEASURED_BARS = 20


def deploy(count: int, symbols: int) -> list[str]:
    """Each with parameters of its own, as people's strategies have them."""
    listed = [f"S{number:03d}" for number in range(symbols)]
    now, ids = timezone.now(), []
    for number in range(count):
        wanted = StrategyInput(
            f"strategy {number}",
            symbols=listed,
            rule=RULES[number % len(RULES)],
            parameters={"stop_ranges": 2.0 + number / 100},
            **ROOMY,
        )
        strategy = strategy_deploy(user_id=desk.account_named(0), strategy=wanted, by="bench", now=now)
        ids.append(strategy.id)
    processing.run_until_idle()
    return ids


def pairs(first: int, count: int, ids: list[str], symbols: int, now: datetime) -> list[Event]:
    """Bought and sold again at once: the same rows and as many open positions, however many strategies there are."""
    events = []
    for number in range(first, first + count):
        pair = number // 2
        data = desk.signal_data(pair, accounts=1, symbols=symbols) | {"strategy_id": ids[pair % len(ids)]}
        side = "SELL" if number % 2 else "BUY"
        events.append(new_event(EventType.SIGNAL_RECEIVED, desk.account_named(0), now, data | {"signal_type": side}))
    return events


def flow(signals: int, ids: list[str], symbols: int) -> float:
    for first in range(0, signals, processing.BATCH):
        now = timezone.now()
        with transaction.atomic():
            log.append(pairs(first, min(processing.BATCH, signals - first), ids, symbols, now), now=now)
    started = perf_counter()
    while processing.run_lane(Lane.ORDER_PROCESSING):
        pass
    return perf_counter() - started


def judging(symbols: int) -> float:
    """Seconds that a slice with a closed bar of every share takes, strategies included; the mean of some."""
    begun = timezone.now() - timedelta(hours=1)
    for number in range(BARS):
        _slice(begun, number, symbols)
    processing.run_until_idle()
    total = 0.0
    for number in range(BARS, BARS + MEASURED_BARS):
        _slice(begun, number, symbols)
        started = perf_counter()
        processing.run_prices(now=timezone.now)
        total += perf_counter() - started
        processing.run_until_idle()
    return total / MEASURED_BARS


def _slice(begun: datetime, number: int, symbols: int) -> None:
    prices = {f"S{share:03d}": 100.0 + share + (number * 7 + share * 3) % 11 for share in range(symbols)}
    bars = {symbol: (price, price + 1, price - 1, price, 100) for symbol, price in prices.items()}
    at = begun + timedelta(seconds=5 * number + 4)
    prices_publish(at=at, source="simulated", interval="5s", prices=prices, bars=bars, now=timezone.now())


async def measure(given: Any) -> None:
    bus.bind(asyncio.get_running_loop())
    collector.settle()
    ids = await on_engine_thread(deploy, given.strategies, given.symbols)
    await on_engine_thread(flow, 200, ids, given.symbols)  # unmeasured
    flowed = await on_engine_thread(flow, given.signals, ids, given.symbols)
    judged = await on_engine_thread(judging, given.symbols) if given.judging else 0.0
    desk.answer(flow_seconds=flowed, judging_seconds=judged)


if __name__ == "__main__":
    asyncio.run(measure(desk.options(strategies=100, signals=5_000, symbols=50, judging=1)))
