from datetime import datetime
from typing import Any

from django.db.models import Sum

from engine.models import EquityPoint
from engine.selectors.units import Scope, rupees

_FIGURES = ("equity", "cash", "exposure", "day_pnl")
READ_LIMIT = 20_000  # points; a longer curve shows its latest part


def equity_curve(user_ids: Scope = None, since: datetime | None = None, max_points: int = 500) -> list[dict[str, Any]]:
    """The accounts' equity over time, summed up and thinned to `max_points`, oldest first; the last point always stays.

    All accounts have their points at the same market times, so a sum by time needs no interpolation.
    """
    rows = EquityPoint.objects.all() if user_ids is None else EquityPoint.objects.filter(account__in=user_ids)
    if since:
        rows = rows.filter(at__gte=since)
    sums = rows.order_by("-at").values_list("at").annotate(*map(Sum, _FIGURES))
    latest_first = list(sums[:READ_LIMIT])
    step = max(1, -(-len(latest_first) // max_points))
    return [
        {"at": at, **dict(zip(_FIGURES, map(rupees, figures), strict=True))} for at, *figures in reversed(latest_first[::step])
    ]
