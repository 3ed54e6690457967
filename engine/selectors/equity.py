from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from django.db.models import Exists, Max, Min, OuterRef

from engine import reading
from engine.domain.intervals import IST
from engine.domain.values import as_decimal
from engine.models import Account, EquityPoint
from engine.selectors.units import Scope, rupees

_FIGURES = ("equity", "cash", "exposure", "day_pnl")
HOUR = timedelta(hours=1)
FEW_POINTS = 8  # no curve of a day yet
READ_LIMIT = 20_000  # points; a longer curve shows its latest part


def equity_known(user_ids: Scope = None) -> bool:
    """Whether there is any point of a curve."""
    rows = EquityPoint.objects.all() if user_ids is None else EquityPoint.objects.filter(account__in=user_ids)
    return rows.exists()


def equity_curve(user_ids: Scope = None, since: datetime | None = None, max_points: int = 500) -> list[dict[str, Any]]:
    """The accounts' equity over time, summed up and thinned to `max_points`, oldest first; the last point always stays.

    All accounts have their points at the same market times, so a sum by time needs no interpolation, and the times are thinned
    before anything is summed up: of one account, in its index.
    """
    accounts = Account.objects.all() if user_ids is None else Account.objects.filter(user_id__in=user_ids)
    known = accounts.filter(Exists(EquityPoint.objects.filter(account=OuterRef("user_id"))))
    oldest = known.order_by("created_at", "user_id").values_list("user_id", flat=True).first()
    if oldest is None:
        return []
    times = _times(oldest, since, max_points)
    if not times:
        return []
    (whose, ids), (when, moments) = reading.scoped("account_id", user_ids), reading.among("at", times)
    sums = reading.summed(EquityPoint, "at", _FIGURES, f"where {whose} and {when}", [*ids, *moments])
    return [{"at": at, **dict(zip(_FIGURES, map(rupees, figures), strict=True))} for at, *figures in sums]


def _times(user_id: str, since: datetime | None, most: int) -> list[Any]:
    """At most so many of the account's times, evenly among the latest READ_LIMIT of them, as the database has them."""
    whose, parameters = "account_id = %s", [user_id]
    if since:
        whose, parameters = f"{whose} and at >= %s", [user_id, reading.moment(since)]
    [(count,)] = reading.execute(f"select count(*) from engine_equitypoint where {whose}", parameters)  # noqa: S608 - no value
    step = max(1, -(-min(count, READ_LIMIT) // most))  # counted apart: a window that counts too takes twice as long
    placed = f"select at, row_number() over (order by at desc) as place from engine_equitypoint where {whose}"  # noqa: S608
    thinned = f"select at from ({placed}) as placed where place <= %s and (place - 1) %% %s = 0"  # noqa: S608
    return [at for (at,) in reading.execute(thinned, [*parameters, READ_LIMIT, step])]


def equity_today(user_ids: Scope = None) -> list[dict[str, Any]]:
    """The curve of the latest day of market time; the whole of it where bars of days leave a day but a few points."""
    rows = EquityPoint.objects.all() if user_ids is None else EquityPoint.objects.filter(account__in=user_ids)
    latest = rows.aggregate(at=Max("at"))["at"]
    if latest is None:
        return []
    points = equity_curve(user_ids, since=latest.astimezone(IST).replace(hour=0, minute=0, second=0, microsecond=0))
    return points if len(points) >= FEW_POINTS else equity_curve(user_ids)


def pnl_by_hour(user_ids: Scope = None, *, hours: int = 8) -> list[dict[str, Any]]:
    """What each hour of the latest day in market time gained, net, in rupees: {at: the hour's beginning, pnl}, oldest first.

    At most the last `hours`; none before the day's first point. Four statements. The thousands of points of an hour are not
    looked at: its last one is a step into the index.
    """
    accounts = Account.objects.all() if user_ids is None else Account.objects.filter(user_id__in=user_ids)
    opened_with = dict(accounts.order_by("created_at", "user_id").values_list("user_id", "initial_cash"))
    if not opened_with:
        return []
    oldest = next(iter(opened_with))  # all have their points at the same market times
    points = EquityPoint.objects.filter(account=oldest)
    last = points.aggregate(at=Max("at"))["at"]
    if last is None:
        return []
    latest = _hour_of(last)
    first = points.filter(at__gte=latest.replace(hour=0)).aggregate(at=Min("at"))["at"]
    begins = [latest - HOUR * number for number in reversed(range(hours)) if latest - HOUR * number >= _hour_of(first)]
    known = dict(opened_with)
    equities = []
    for found in _equity_before([*begins, latest + HOUR], oldest, list(opened_with)):
        known |= found
        equities.append(sum(known.values()))
    return [{"at": at, "pnl": rupees(after - before)} for at, (before, after) in zip(begins, pairwise(equities), strict=True)]


def _hour_of(at: datetime) -> datetime:
    return at.astimezone(IST).replace(minute=0, second=0, microsecond=0)


def _equity_before(moments: Sequence[datetime], oldest: str, ids: Sequence[str]) -> list[dict[str, Decimal]]:
    """The accounts' last equity before each of the moments; nothing for one that had no point yet."""
    whose, parameters = reading.among("account_id", ids)
    one = f"""
        select %s, account_id, equity from engine_equitypoint where {whose}
        and at = (select max(at) from engine_equitypoint where account_id = %s and at < %s)
    """  # noqa: S608 - no value is in it
    given = [value for place, at in enumerate(moments) for value in (place, *parameters, oldest, reading.moment(at))]
    found: list[dict[str, Decimal]] = [{} for _ in moments]
    for place, user_id, equity in reading.execute(" union all ".join([one] * len(moments)), given):
        found[int(place)][user_id] = as_decimal(equity)
    return found
