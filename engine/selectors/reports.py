"""P&L of a period from its fills, which never change; and the trades that were closed in it."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from engine import reading
from engine.domain.charges import NAMES
from engine.domain.intervals import IST
from engine.domain.reports import Booked
from engine.models import Account, Execution, Instrument, Position
from engine.selectors.keyset import Key, Page
from engine.selectors.pages import CLOSED_POSITIONS, among, in_scope
from engine.selectors.prices import UNQUOTED
from engine.selectors.statistics import trades_summary
from engine.selectors.units import Scope, rupees

# Amounts are added up as whole numbers of a hundredth of a paisa, the tables' last digit: SQLite would add them as floats.
UNIT = Decimal("0.0001")
BUCKETS = {
    ("sqlite", False): "strftime('%%Y-%%m-%%d', executed_at, '+330 minutes')",
    ("sqlite", True): "strftime('%%Y-%%m-%%dT%%H:00', executed_at, '+330 minutes')",
    ("postgresql", False): "to_char(executed_at at time zone 'Asia/Kolkata', 'YYYY-MM-DD')",
    ("postgresql", True): "to_char(executed_at at time zone 'Asia/Kolkata', 'YYYY-MM-DD\"T\"HH24:00')",
}
PARTS = {
    "sqlite": "coalesce(json_extract(charge_breakdown, '$.{name}'), 0)",
    "postgresql": "coalesce((charge_breakdown->>'{name}')::numeric, 0)",
}
TRADES_AT_A_TIME = 1_000
Row = dict[str, Any]


def booked(user_ids: Scope, *, since: datetime, until: datetime, by_hour: bool) -> list[Booked]:
    """What the fills from `since` to before `until` booked, by IST day (or hour), strategy and symbol; two statements."""
    whose, parameters = reading.among("account_id", _named(user_ids))
    amounts = ["quantity * price", "realized_pnl", "charges", *(PARTS[connection.vendor].format(name=name) for name in NAMES)]
    sums = ", ".join(f"sum(cast(round(({amount}) * 10000) as bigint))" for amount in amounts)
    statement = f"""
        select {BUCKETS[connection.vendor, by_hour]}, strategy_id, symbol, count(*), {sums} from engine_execution
        where {whose} and executed_at >= %s and executed_at < %s group by 1, 2, 3 order by 1, 2, 3
    """  # noqa: S608 - no value is in it
    rows = reading.execute(statement, [*parameters, reading.moment(since), reading.moment(until)])
    sectors = dict(Instrument.objects.filter(symbol__in={row[2] for row in rows}).values_list("symbol", "sector"))
    return [_booked(row, sectors) for row in rows]


def _booked(row: tuple[Any, ...], sectors: dict[str, str]) -> Booked:
    start, strategy_id, symbol, fills, *units = row
    turnover, gross, charges, *parts = (int(unit) * UNIT for unit in units)
    return Booked(
        datetime.fromisoformat(start).replace(tzinfo=IST),
        strategy_id,
        symbol,
        sectors.get(symbol, UNQUOTED.sector),
        fills,
        turnover,
        gross,
        charges,
        dict(zip(NAMES, parts, strict=True)),
    )


def _named(user_ids: Scope) -> list[str]:
    """All accounts by name: the fills have an index by account and time, and none by time alone."""
    return list(Account.objects.values_list("user_id", flat=True)) if user_ids is None else list(user_ids)


def trades_closed(user_ids: Scope, *, since: datetime, until: datetime) -> Row:
    """How the trades went that were closed from `since` to before `until`: the figures of the API's statistics."""
    return trades_summary(Position.objects.closed().filter(in_scope(user_ids), closed_at__gte=since, closed_at__lt=until))


def trades_page(user_ids: Scope, *, since: datetime, until: datetime, after: Key | None = None, limit: int = 100) -> Page[Row]:
    """Those trades, the latest closed first; three statements. `held` is a timedelta, `result` WON, LOST or EVEN, net."""
    rows = Position.objects.closed().filter(in_scope(user_ids), among(closed_at__gte=since, closed_at__lt=until))
    page = CLOSED_POSITIONS.page(rows, after=after, limit=limit)
    sectors = dict(Instrument.objects.filter(symbol__in={row.symbol for row in page.rows}).values_list("symbol", "sector"))
    openings = Execution.objects.filter(id__in=[row.id for row in page.rows]).order_by()
    sides = dict(openings.values_list("id", "side"))  # the fill that opened a position has its id
    return page.map(lambda row: _trade(row, sides.get(row.id, ""), sectors.get(row.symbol, UNQUOTED.sector)))


def trades_all(user_ids: Scope, *, since: datetime, until: datetime) -> Iterator[Row]:
    """All of them, a page in memory at a time."""
    page = trades_page(user_ids, since=since, until=until, limit=TRADES_AT_A_TIME)
    yield from page.rows
    while page.next:
        page = trades_page(user_ids, since=since, until=until, after=page.next, limit=TRADES_AT_A_TIME)
        yield from page.rows


def _trade(row: Position, side: str, sector: str) -> Row:
    net = row.realized_pnl - row.charges
    return {
        "id": row.id,
        "user_id": row.account_id,
        "symbol": row.symbol,
        "sector": sector,
        "strategy_id": row.strategy_id,
        "direction": {"BUY": "LONG", "SELL": "SHORT"}.get(side, ""),
        "opened_at": row.opened_at,
        "closed_at": row.closed_at,
        "held": (row.closed_at or row.updated_at) - row.opened_at,
        "gross": rupees(row.realized_pnl),
        "charges": rupees(row.charges),
        "net": rupees(net),
        "result": "WON" if net > 0 else "LOST" if net < 0 else "EVEN",
    }


def first_fill_day(user_ids: Scope) -> date | None:
    """The IST day of the first fill."""
    found = (
        Execution.objects.filter(account=user_id).order_by("executed_at").values_list("executed_at", flat=True).first()
        for user_id in _named(user_ids)
    )
    first = min((at for at in found if at), default=None)
    return first.astimezone(IST).date() if first else None


def midnight(day: date) -> datetime:
    """When the day begins in India."""
    return datetime(day.year, day.month, day.day, tzinfo=IST)


def period_bounds(first: date, last: date) -> tuple[datetime, datetime]:
    """From the first day's beginning to the last one's end."""
    return midnight(first), midnight(last + timedelta(days=1))
