"""The reads that every screen polls, 16 connections: beside a bare ASGI reply of the same size on Daphne."""

import httpx

from bench.load.http import load
from bench.places import desk_database
from bench.result import Result, Scale, at_least, in_turn
from bench.servers import daphne, served

PREFIX = "/api/trading-engine"
POLLED = ("health", "metrics", "alerts")


def measure(scale: Scale) -> list[Result]:
    """On SQLite, in the one process that `make run` starts: the engine's lanes poll beside it."""
    with desk_database("sqlite") as desk, served(desk.url) as server:
        return [polled(scale, f"{server.url}{PREFIX}/{name}") for name in POLLED]


def polled(scale: Scale, url: str) -> Result:
    """Without credentials, as the old frontend polls."""
    seconds = scale.of(4, 1)
    size = len(httpx.get(url).content)
    with daphne("bench.limits.bare_asgi:application", BODY_BYTES=str(max(20, size))) as bare:
        runs, limits = in_turn(scale, lambda: load(url, seconds=seconds).rate, lambda: load(bare, seconds=seconds).rate)
    name = url.rsplit("/", 1)[1]
    result = Result(f"GET /{name}, 16 connections", "answers/s", runs, (), f"a bare ASGI reply of {size} bytes", limits)
    return result.judged(at_least(result.ratio or 0, 0.5, "of the limit"))
