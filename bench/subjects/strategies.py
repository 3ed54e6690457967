"""A hundred strategies in one account: what they cost the flow of signals, and how long they look at a bar of every share."""

from functools import partial

from bench.places import SYMBOLS, Desk, child, copy_of, desk_database
from bench.result import Result, Scale, at_least, at_most, in_turn, several

MANY = 100


def measure(scale: Scale) -> list[Result]:
    return [*(_flow(kind, title, scale) for kind, title in (("postgres", "PostgreSQL"), ("sqlite", "SQLite"))), _judging(scale)]


def _run(desk: Desk, kind: str, *, strategies: int, signals: int, judging: int) -> dict[str, float]:
    amounts = ("--strategies", strategies, "--signals", signals, "--symbols", SYMBOLS, "--judging", judging)
    with copy_of(desk, kind) as copy:
        return child("bench.inside.strategies", *amounts, database_url=copy.url)


def _flow(kind: str, title: str, scale: Scale) -> Result:
    many, signals = scale.of(MANY, 3), scale.of(5_000, 40)

    def rate(desk: Desk, strategies: int) -> float:
        return signals / _run(desk, kind, strategies=strategies, signals=signals, judging=0)["flow_seconds"]

    with desk_database(kind) as desk:
        runs, limits = in_turn(scale, partial(rate, desk, many), partial(rate, desk, 1))
    result = Result(f"signals of {many} strategies in one account, {title}", "signals/s", runs, (), "of 1 strategy", limits)
    return result.judged(at_least(result.ratio or 0, 0.9, "of the same with one"))


def _judging(scale: Scale) -> Result:
    """On SQLite: nearly all of it is ours, not the database's."""
    many = scale.of(MANY, 3)
    with desk_database("sqlite") as desk:
        runs = several(
            scale,
            lambda: 1000 * _run(desk, "sqlite", strategies=many, signals=scale.of(200, 20), judging=1)["judging_seconds"],
        )
    result = Result(f"{many} strategies judge the bars of {SYMBOLS} shares, and signal, SQLite", "ms", runs)
    return result.judged(at_most(result.ours, 500, "ms"))
