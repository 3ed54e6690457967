"""Strategies under their names. Their ids, made as the old API made them, say only whose they are and since when."""

from collections.abc import Iterable, Sequence

from dashboard.live.state import Row
from engine.models import Strategy


def strategy_names(ids: Iterable[str | None]) -> dict[str, str]:
    wanted = {strategy_id for strategy_id in ids if strategy_id}
    return dict(Strategy.objects.filter(id__in=wanted).values_list("id", "name")) if wanted else {}


def named(rows: Sequence[Row]) -> Sequence[Row]:
    """The rows, each with `strategy` beside its `strategy_id`: the name, or the id again where nobody deployed it here."""
    names = strategy_names(row["strategy_id"] for row in rows)
    for row in rows:
        row["strategy"] = names.get(row["strategy_id"], row["strategy_id"])
    return rows
