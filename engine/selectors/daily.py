"""Values of an IST trading day: an account's equity at its end, and what the market and its shares returned."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from statistics import fmean

from django.db import connection
from django.db.models import Max, Min

from engine.domain.intervals import IST
from engine.domain.portfolio import DailyReturns
from engine.models import Candle, EquityPoint, Instrument
from engine.selectors.units import day_start

WINDOW = 365  # days that are looked back on; SQLite takes at most 500 parts in one union
_LAST_OF_DAY = (
    "select * from (select at, equity from engine_equitypoint "
    "where account_id = %s and at >= %s and at < %s order by at desc limit 1) as last"
)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DailyEquity:
    """An account's equity at the end of each day that had prices, oldest first, in rupees. Days are market days: a replay's
    are those of its files. `whole` says whether the account's first day is among them."""

    days: dict[date, Decimal]
    whole: bool


def equity_by_day(user_id: str, *, days: int = WINDOW) -> DailyEquity:
    """Up to the account's last day. Two statements, the second of one step into the index a day: the thousands of points
    of a day are not looked at."""
    first, last = EquityPoint.objects.filter(account=user_id).aggregate(first=Min("at"), last=Max("at")).values()
    if first is None:
        return DailyEquity({}, whole=True)
    latest = day_start(last)
    number = (latest - day_start(first)).days + 1
    begins = [latest - DAY * n for n in range(min(days, number))]
    adapt = connection.ops.adapt_datetimefield_value
    parameters = [value for begin in begins for value in (user_id, adapt(begin), adapt(begin + DAY))]
    with connection.cursor() as cursor:
        cursor.execute(" union all ".join([_LAST_OF_DAY] * len(begins)), parameters)
        found = cursor.fetchall()
    points = sorted((_time(at), Decimal(str(equity))) for at, equity in found)
    return DailyEquity({at.astimezone(IST).date(): equity for at, equity in points}, whole=number <= days)


def returns_by_day(*, since: date) -> tuple[DailyReturns, Mapping[str, DailyReturns]]:
    """Simple close-to-close returns from the daily candles (interval 1d): of the equal-weighted market, and of each share.

    Two statements, one of them over the listed shares' last daily candles alone.
    """
    symbols = list(Instrument.objects.order_by("symbol").values_list("symbol", flat=True))
    rows = Candle.objects.filter(symbol__in=symbols, interval="1d", start__gte=datetime.combine(since, time(), IST))
    closes: dict[str, list[tuple[date, Decimal]]] = defaultdict(list)
    for symbol, start, close in rows.order_by("symbol", "start").values_list("symbol", "start", "close"):
        closes[symbol].append((start.astimezone(IST).date(), close))
    shares = {symbol: _returns(series) for symbol, series in closes.items()}
    return equal_weighted(shares.values()), shares


def equal_weighted(shares: Iterable[DailyReturns]) -> DailyReturns:
    """Each day's mean over the shares that traded on it: an index in which every share weighs the same."""
    by_day: dict[date, list[float]] = defaultdict(list)
    for own in shares:
        for day, value in own.items():
            by_day[day].append(value)
    return {day: fmean(by_day[day]) for day in sorted(by_day)}


def _returns(series: list[tuple[date, Decimal]]) -> dict[date, float]:
    return {day: float(close / before - 1) for (_, before), (day, close) in pairwise(series)}


def _time(at: datetime | str) -> datetime:
    """SQLite has its own notion of times."""
    return at if isinstance(at, datetime) else datetime.fromisoformat(at).replace(tzinfo=UTC)
