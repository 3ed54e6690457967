"""P&L of a period from its fills, which never change; and the trades that were closed in it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from engine import booked_days, reading
from engine.domain.charges import NAMES
from engine.domain.intervals import IST
from engine.domain.reports import OTHER, Total, total_of, totals_by
from engine.models import Account, Execution, Instrument, Position
from engine.selectors.keyset import Key, Page
from engine.selectors.pages import CLOSED_POSITIONS, among, in_scope
from engine.selectors.prices import UNQUOTED
from engine.selectors.statistics import trades_summary
from engine.selectors.units import Scope, rupees

UNIT = Decimal(1) / booked_days.UNITS
HOUR = {
    "sqlite": "strftime('%%Y-%%m-%%dT%%H:00', executed_at, '+330 minutes')",
    "postgresql": "date_trunc('hour', executed_at at time zone 'Asia/Kolkata')",
}
ISO = {"sqlite": "start", "postgresql": "to_char(start, 'YYYY-MM-DD\"T\"HH24:MI')"}
TRADES_AT_A_TIME = 1_000
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Booked:
    """What the fills of a period booked, by when the IST day (or hour) began, by strategy, symbol and sector. Exact."""

    starts: dict[datetime, Total] = field(default_factory=dict)
    strategies: dict[str, Total] = field(default_factory=dict)
    symbols: dict[str, Total] = field(default_factory=dict)
    sectors: dict[str, Total] = field(default_factory=dict)

    @property
    def whole(self) -> Total:
        return total_of(self.starts.values())


def booked(user_ids: Scope, *, since: datetime, until: datetime, by_hour: bool, now: datetime) -> Booked:
    """What the fills from `since` to before `until` booked, each of which begins a day in India.

    Days that are over are read from the sums that are kept of them.
    """
    names, found = _named(user_ids), Booked()
    over = since if by_hour else max(since, min(until, midnight(now.astimezone(IST).date())))
    if over > since:
        booked_days.keep(names, since=since, until=over)
    for cut, key, *amounts in reading.execute(*_sums(names, since, over, until, by_hour=by_hour)):
        total = _total(*amounts)
        if cut == "start":
            found.starts[datetime.fromisoformat(key).replace(tzinfo=IST)] = total
        else:
            {"strategy_id": found.strategies, "symbol": found.symbols}[cut][key] = total
    sectors = dict(Instrument.objects.filter(symbol__in=found.symbols).values_list("symbol", "sector"))
    found.sectors.update(totals_by(found.symbols, lambda symbol: sectors.get(symbol, UNQUOTED.sector)))
    return found


def _sums(
    user_ids: Sequence[str], since: datetime, over: datetime, until: datetime, *, by_hour: bool
) -> tuple[str, Sequence[Any]]:
    """The statement, with its parameters: kept sums until `over`, fills from there on, added up by each of three columns."""
    whose, named = reading.among("account_id", user_ids)
    start = (HOUR if by_hour else booked_days.DAY)[connection.vendor]
    kept = ", ".join(("fills", *booked_days.AMOUNTS))
    added = ", ".join(f"sum({name})" for name in ("fills", *booked_days.AMOUNTS))
    cuts = {"start": ISO[connection.vendor], "strategy_id": "strategy_id", "symbol": "symbol"}
    statement = f"""
        with booked as materialized (
            select day as start, strategy_id, symbol, {kept} from engine_bookedday where {whose} and day >= %s and day < %s
            union all
            select {start}, strategy_id, symbol, count(*) as fills, {booked_days.sums()} from engine_execution
            where {whose} and executed_at >= %s and executed_at < %s group by 1, 2, 3)
    """ + " union all ".join(f"select '{cut}', {key}, {added} from booked group by {cut}" for cut, key in cuts.items())  # noqa: S608
    days = [at.astimezone(IST).date().isoformat() for at in (since, over)]
    return statement, [*named, *days, *named, reading.moment(over), reading.moment(until)]


def _total(fills: Any, *units: Any) -> Total:
    """SQLite gives integers, PostgreSQL decimals without a fraction."""
    turnover, gross, charges, *parts = (int(unit) * UNIT for unit in units)
    named = dict(zip(NAMES, parts, strict=True))
    return Total(int(fills), turnover, gross, charges, named | {OTHER: charges - sum(parts)})


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
