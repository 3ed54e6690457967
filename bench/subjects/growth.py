"""What grows with the log, and what must not: reads, an acknowledgement, the engine's memory."""

from bench.load.http import load
from bench.places import Desk, child, desk_database
from bench.result import Result, Scale, at_most, in_turn, several
from bench.servers import served

FEW, MANY = (10_000, 500), (1_000_000, 2_000)  # events: in a real run, in a quick one
ADDRESSES = {
    "/health": "/api/trading-engine/health",
    "/metrics": "/api/trading-engine/metrics",
    "/alerts": "/api/trading-engine/alerts",
    "/events/history?limit=100": "/api/trading-engine/events/history?limit=100",
    "the Overview page": "/",
}


def reads(scale: Scale) -> list[Result]:
    """Through the whole server, on one connection: the middle time of an answer."""
    few, many = scale.of(*FEW), scale.of(*MANY)
    with desk_database("postgres") as small, desk_database("postgres") as large:
        for desk, events in ((small, few), (large, many)):
            child("bench.inside.history", "--events", events, database_url=desk.url)
        with served(small.url, "--no-engine") as of_few, served(large.url, "--no-engine") as of_many:
            return [
                compared(scale, name, (of_many.url + path, large), (of_few.url + path, small))
                for name, path in ADDRESSES.items()
            ]


def compared(scale: Scale, name: str, ours: tuple[str, Desk], limit: tuple[str, Desk]) -> Result:
    seconds = scale.of(2, 1)
    few, many = scale.of(*FEW), scale.of(*MANY)

    def took(address: str, desk: Desk) -> float:
        return load(address, seconds=seconds, connections=1, token=desk.token, session=desk.session).p50

    runs, limits = in_turn(scale, lambda: took(*ours), lambda: took(*limit))
    result = Result(f"{name} at {many:,} events, p50, PostgreSQL", "ms", runs, (), f"the same at {few:,} events", limits)
    return result.judged(at_most(result.ratio or 0, 1.2, "×"))


def acknowledgement(scale: Scale) -> list[Result]:
    stored = scale.of(100_000, 1_000)
    results = []
    for kind, title in (("sqlite", "SQLite"), ("postgres", "PostgreSQL")):

        def p99(kind: str = kind) -> float:
            with desk_database(kind) as desk:
                amount = ("--alerts", stored, "--times", scale.of(500, 20))
                return float(child("bench.inside.acknowledge", *amount, database_url=desk.url)["p99"])

        result = Result(f"acknowledge an alert with {stored:,} alerts stored, p99, {title}", "ms", several(scale, p99))
        results.append(result.judged(at_most(result.ours, 50, "ms")))
    return results


def memory(scale: Scale) -> list[Result]:
    """Once: a million events take minutes."""
    few, many = scale.of(10_000, 250), scale.of(1_000_000, 1_000)
    with desk_database("postgres") as desk:
        held = child("bench.inside.memory", "--few", few, "--many", many, database_url=desk.url)
    what = f"engine memory after {many:,} events"
    result = Result(what, "MiB", (held["many"],), (), f"after {few:,} events", (held["few"],), note="measured once")
    return [result.judged(at_most(result.ratio or 0, 1.2, "×"))]
