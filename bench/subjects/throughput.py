"""Signals to positions, committed, one engine process, 50 accounts, all rows: beside a hand-written loop writing the same."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from bench.places import ACCOUNTS, SYMBOLS, Desk, child, copy_of, desk_database
from bench.result import Result, Scale, at_least, in_turn

BATCH = 200  # signals in one transaction, on both sides


@dataclass(frozen=True, slots=True)
class Kind:
    title: str
    limit: str  # the module
    limit_is: str
    share: float
    rate: float


KINDS = {
    "postgres": Kind("PostgreSQL", "bench.limits.copy_loop", "psycopg, COPY, the same rows", 0.45, 3300),
    "sqlite": Kind("SQLite, synchronous=FULL", "bench.limits.sqlite_loop", "sqlite3, executemany, the same rows", 0.45, 2500),
}


class RowsDiffer(Exception):
    """Ours and the limit did not write the same rows: their speeds cannot be compared."""


def ours(desk: Desk, kind: str, signals: int) -> dict[str, Any]:
    with copy_of(desk, kind) as copy:
        size = ("--accounts", ACCOUNTS, "--symbols", SYMBOLS)
        return child("bench.inside.drain", "--signals", signals, *size, database_url=copy.url)


def limit(desk: Desk, kind: str, signals: int) -> dict[str, Any]:
    with copy_of(desk, kind) as copy:
        return child(KINDS[kind].limit, "--url", copy.url, "--signals", signals, "--batch", BATCH, database_url=copy.url)


def check_rows(ours: dict[str, Any], limit: dict[str, Any]) -> None:
    """The metrics' rows are left out: they are two a minute and a day, whenever either happens to begin."""
    kept = [{table: n for table, n in side["rows"].items() if table != "engine_metricbucket"} for side in (ours, limit)]
    if kept[0] != kept[1]:
        raise RowsDiffer(f"ours wrote {kept[0]}, the limit {kept[1]}")


def measure(kind: str, scale: Scale) -> list[Result]:
    what, signals = KINDS[kind], scale.of(10_000, 400)
    answers: dict[str, list[dict[str, Any]]] = {"ours": [], "limit": []}

    def rate(side: str, run: Callable[..., dict[str, Any]]) -> float:
        answers[side].append(run(desk, kind, signals))
        return signals / float(answers[side][-1]["accept_seconds"] + answers[side][-1]["drain_seconds"])

    with desk_database(kind) as desk:
        runs, limits = in_turn(scale, partial(rate, "ours", ours), partial(rate, "limit", limit))
    for pair in zip(answers["ours"], answers["limit"], strict=True):
        check_rows(*pair)
    result = Result(f"signals → positions, committed, {what.title}", "signals/s", runs, (), what.limit_is, limits)
    goals = (at_least(result.ratio or 0, what.share, "of the limit"), at_least(result.ours, what.rate, "signals/s"))
    rows = sum(answers["ours"][-1]["rows"].values()) / signals
    waiting = sorted(signals / answer["drain_seconds"] for answer in answers["ours"])[len(runs) // 2]
    note = f"accepting included; {waiting:,.0f} signals/s without it; {rows:.1f} rows a signal, counted equal on both sides"
    return [replace(result, goals=goals, note=note)]


postgres = partial(measure, "postgres")
sqlite = partial(measure, "sqlite")
