"""Accept signals, then let the engine's own rounds turn them into positions, as its process does: SQL on the engine's thread,
the loop beside it. Prints the seconds of both halves and how many rows each table grew by."""

import asyncio
from time import perf_counter
from typing import Any

from bench.inside import desk  # first: it sets Django up
from bench.tables import TABLES

from django.db import connection  # isort: skip

from engine import bus, collector, processing
from engine.consumers import on_engine_thread
from engine.domain.enums import Lane


def rows() -> dict[str, int]:
    with connection.cursor() as cursor:
        counts = {}
        for table in TABLES:
            cursor.execute(f"select count(*) from {table}")
            counts[table] = cursor.fetchone()[0]
        return counts


def accept(signals: int, accounts: int, symbols: int) -> float:
    started = perf_counter()
    for _ in desk.accept(signals, batch=processing.BATCH, accounts=accounts, symbols=symbols):
        pass
    return perf_counter() - started


def drain() -> float:
    started = perf_counter()
    while processing.run_lane(Lane.ORDER_PROCESSING):
        pass
    return perf_counter() - started


async def measure(given: Any) -> None:
    bus.bind(asyncio.get_running_loop())
    if connection.vendor == "postgresql":  # as an engine of its own does; one that serves sockets, too, does not
        collector.settle()
    await on_engine_thread(accept, given.accounts, given.accounts, given.symbols)  # one signal each, unmeasured
    await on_engine_thread(drain)
    before = await on_engine_thread(rows)
    accepted = await on_engine_thread(accept, given.signals, given.accounts, given.symbols)
    drained = await on_engine_thread(drain)
    after = await on_engine_thread(rows)
    grown = {table: after[table] - before[table] for table in TABLES}
    desk.answer(accept_seconds=accepted, drain_seconds=drained, rows=grown)


if __name__ == "__main__":
    asyncio.run(measure(desk.options(signals=10_000, accounts=50, symbols=50)))
