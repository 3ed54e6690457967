"""The emergency stop of an account with a thousand working orders, on either database."""

from bench.places import child, desk_database
from bench.result import Result, Scale, at_most, several


def measure(scale: Scale) -> list[Result]:
    return [_cancelled(scale, "postgres", "PostgreSQL"), _cancelled(scale, "sqlite", "SQLite")]


def _cancelled(scale: Scale, kind: str, name: str) -> Result:
    orders = scale.of(1_000, 50)

    def milliseconds() -> float:
        with desk_database(kind) as desk:
            return float(child("bench.inside.halt", "--orders", orders, database_url=desk.url)["seconds"]) * 1000

    result = Result(
        f"an emergency stop, until {orders:,} working orders are cancelled, {name}", "ms", several(scale, milliseconds)
    )
    return result.judged(at_most(result.ours, 1000, "ms"))
