"""What the fills of days that are over booked is kept added up, so that a report of months need not read each fill.

Fills are never changed and never deleted, and the sums never count one that is not there. So where as many were counted as
there are, the sums are right; where there are more, the days that got some are added up anew.

Measured, a month of 25,000 fills: 60 ms on SQLite and 90 ms on PostgreSQL by the fills, 3 ms by the sums.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from engine import reading
from engine.domain.charges import NAMES
from engine.domain.intervals import IST

AMOUNTS = ("turnover", "gross", "charges", *NAMES)  # the columns, each in units of 0.0001 rupee
UNITS = 10_000  # in a rupee
DAY = {
    "sqlite": "date(executed_at, '+330 minutes')",
    "postgresql": "(executed_at at time zone 'Asia/Kolkata')::date",
}
PART = {
    "sqlite": "coalesce(json_extract(charge_breakdown, '$.{name}'), 0)",
    "postgresql": "coalesce((charge_breakdown->>'{name}')::numeric, 0)",
}


def sums() -> str:
    """The AMOUNTS of fills, for a statement that groups them. SQLite would add up rupees as floats: so whole numbers."""
    amounts = ["quantity * price", "realized_pnl", "charges", *(PART[connection.vendor].format(name=name) for name in NAMES)]
    named = zip(amounts, AMOUNTS, strict=True)
    return ", ".join(f"sum(cast(round(({amount}) * {UNITS}) as bigint)) as {name}" for amount, name in named)


def keep(user_ids: Sequence[str], *, since: datetime, until: datetime) -> None:
    """See to it that the sums hold every fill of these days: from a day's beginning in India to before another's."""
    within = [reading.moment(since), reading.moment(until)]
    days = [at.astimezone(IST).date().isoformat() for at in (since, until)]
    whose, named = reading.among("account_id", user_ids)
    there = f"from engine_execution where {whose} and executed_at >= %s and executed_at < %s group by 1"
    kept = f"from engine_bookedday where {whose} and day >= %s and day < %s group by 1"
    counted: dict[str, int] = dict(reading.execute(f"select account_id, sum(fills) {kept}", [*named, *days]))
    for user_id, fills in reading.execute(f"select account_id, count(*) {there}", [*named, *within]):
        if fills != counted.get(user_id, 0):
            _add_up(user_id, within, days)


def _add_up(user_id: str, within: Sequence[Any], days: Sequence[str]) -> None:
    """Whoever counted more fills is right: two who do this at once do not undo each other's, nor wait for each other."""
    day, columns = DAY[connection.vendor], ", ".join(("strategy_id", "symbol", "fills", *AMOUNTS))
    newer = ", ".join(f"{name} = excluded.{name}" for name in ("fills", *AMOUNTS))
    statement = f"""
        insert into engine_bookedday (account_id, day, {columns})
        select account_id, {day}, strategy_id, symbol, count(*), {sums()} from engine_execution
        where account_id = %s and executed_at >= %s and executed_at < %s and {day} in (
            select there.day from (
                select {day} as day, count(*) as fills from engine_execution
                where account_id = %s and executed_at >= %s and executed_at < %s group by 1) as there
            left join (
                select day, sum(fills) as fills from engine_bookedday
                where account_id = %s and day >= %s and day < %s group by 1) as kept on kept.day = there.day
            where kept.fills is null or kept.fills <> there.fills)
        group by 1, 2, 3, 4 order by 1, 2, 3, 4
        on conflict (account_id, day, strategy_id, symbol) do update set {newer}
        where excluded.fills > engine_bookedday.fills
    """  # noqa: S608 - no value is in it
    with connection.cursor() as cursor:
        cursor.execute(statement, [*[user_id, *within] * 2, user_id, *days])
