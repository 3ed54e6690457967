"""Signals in over HTTP, one by one: beside a trivial sync Django view on Daphne. Answered means committed."""

import json

from bench.load.http import load
from bench.places import Desk, desk_database
from bench.result import Result, Scale, at_least, in_turn, several
from bench.servers import daphne, served

SIGNAL = {"symbol": "S001", "signal_type": "BUY", "confidence_score": 0.9, "position_size": 1, "user_id": "bench-000"}
LIMIT_IS = "a trivial sync Django view on Daphne"
BODY = json.dumps(SIGNAL)


def one_by_one(scale: Scale) -> list[Result]:
    seconds = scale.of(4, 1)

    def rate(url: str, token: str) -> float:
        return load(url, seconds=seconds, token=token, body=BODY).rate

    results = []
    for kind, title in (("sqlite", "SQLite"), ("postgres", "PostgreSQL")):
        with desk_database(kind) as desk, served(desk.url, "--no-engine") as server:
            with daphne("bench.limits.trivial_view:application") as bare:
                address = f"{server.url}/api/trading-engine/signals/process"
                runs, limits = in_turn(scale, lambda: rate(address, desk.token), lambda: rate(bare, ""))
        result = Result(f"POST /signals/process, one Daphne process, {title}", "answers/s", runs, (), LIMIT_IS, limits)
        results.append(result.judged(at_least(result.ratio or 0, 0.6, "of the limit")))
    return [*results, with_engine(scale), *other_handlers(scale)]


def other_handlers(scale: Scale) -> list[Result]:
    """What a coroutine gains over a sync view, and what our handler gains over Django's."""
    seconds = scale.of(4, 1)

    def rate(url: str) -> float:
        return load(url, seconds=seconds, body=BODY).rate

    with daphne("bench.limits.trivial_view:application") as bare, daphne("bench.limits.trivial_view:one_hop") as ours:
        as_coroutine, beside = in_turn(scale, lambda: rate(f"{bare}/async"), lambda: rate(bare))
        in_one_hop, again = in_turn(scale, lambda: rate(ours), lambda: rate(bare))
    return [
        Result("the trivial view as a coroutine, on Django's handler", "answers/s", as_coroutine, (), LIMIT_IS, beside),
        Result("the trivial sync view on our own handler", "answers/s", in_one_hop, (), LIMIT_IS, again),
    ]


def with_engine(scale: Scale) -> Result:
    """The one process of `make run`: it decides the signals while it accepts more."""
    with desk_database("sqlite") as desk, served(desk.url) as server:
        address = f"{server.url}/api/trading-engine/signals/process"
        runs = several(scale, lambda: load(address, seconds=scale.of(4, 1), token=desk.token, body=BODY).rate)
    return Result("the same, SQLite, with the engine at work in the same process", "answers/s", runs)


def in_batches(scale: Scale) -> list[Result]:
    """500 a call, two calls at a time; the engine is elsewhere."""
    body = json.dumps({"user_id": "bench-000", "signals": [dict(SIGNAL, user_id="bench-000")] * 500})
    results = []
    for kind, title in (("sqlite", "SQLite"), ("postgres", "PostgreSQL")):
        with desk_database(kind) as desk, served(desk.url, "--no-engine") as server:
            runs = several(scale, lambda: batches(server.url, desk, body, scale.of(4, 1)))
        result = Result(f"POST /signals/batch, 500 a call, {title}", "signals/s", runs)
        results.append(result.judged(at_least(result.ours, 5_000, "signals/s")))
    return results


def batches(url: str, desk: Desk, body: str, seconds: int) -> float:
    address = f"{url}/api/trading-engine/signals/batch"
    return 500 * load(address, seconds=seconds, connections=2, token=desk.token, body=body).rate
