"""The days that a report is about: a day, a week or a month, or any days, as the address says."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

from django.http import QueryDict

DAY, WEEK, MONTH, RANGE = "day", "week", "month", "range"
LONGEST = 366  # days
ONE = timedelta(days=1)


class NoPeriod(Exception):
    """The address names no period that there could be: the text says why."""


@dataclass(frozen=True, slots=True)
class Period:
    """From the first day to the last, both included, in India."""

    kind: str
    first: date
    last: date

    @classmethod
    def read(cls, query: QueryDict, today: date) -> Self:
        """`from` and `to`, or the `period` that the day `on` lies in; this month where nothing is said. Raises NoPeriod."""
        if query.get("from") or query.get("to"):
            first = _day(query.get("from", "") or query.get("to", ""))
            last = _day(query.get("to", "") or today.isoformat())
            if first > last:
                raise NoPeriod(f"A period cannot end on {last} before it begins on {first}.")
            if (last - first).days >= LONGEST:
                raise NoPeriod(f"From {first} to {last} is more than {LONGEST} days: choose a shorter period.")
            return cls(RANGE, first, last)
        kind = query.get("period") or MONTH
        if kind not in (DAY, WEEK, MONTH):
            raise NoPeriod(f"“{kind[:40]}” is no period: there are day, week and month.")
        return cls.around(kind, _day(query.get("on", "")) if query.get("on") else today)

    @classmethod
    def around(cls, kind: str, day: date) -> Self:
        """The day, or the week (from Monday) or month that it lies in."""
        if kind == DAY:
            return cls(DAY, day, day)
        if kind == WEEK:
            monday = day - day.weekday() * ONE
            return cls(WEEK, monday, monday + 6 * ONE)
        return cls(MONTH, day.replace(day=1), _month_after(day) - ONE)

    @property
    def title(self) -> str:
        if self.first == self.last:
            return f"{self.first:%a} {self.first.day} {self.first:%b %Y}"
        if self.kind == MONTH:
            return f"{self.first:%B %Y}"
        begins = f"{self.first.day} {self.first:%b}" + (f" {self.first:%Y}" if self.first.year != self.last.year else "")
        return f"{begins} – {self.last.day} {self.last:%b %Y}"

    @property
    def query(self) -> dict[str, str]:
        if self.kind == RANGE:
            return {"from": self.first.isoformat(), "to": self.last.isoformat()}
        return {"period": self.kind, "on": self.first.isoformat()}

    @property
    def by_hour(self) -> bool:
        """A single day is looked at by the hour."""
        return self.first == self.last

    def neighbour(self, steps: int) -> "Period":
        """The period before (-1) or after (1), as long as this one."""
        if self.kind == RANGE:
            length = (self.last - self.first + ONE) * steps
            return Period(RANGE, self.first + length, self.last + length)
        return Period.around(self.kind, self.last + ONE if steps > 0 else self.first - ONE)


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        raise NoPeriod(f"“{text[:40]}” is no day. Write it like 2026-11-24.") from None
    if not 2000 <= day.year <= 2100:
        raise NoPeriod(f"{day} lies out of reach: days are from 2000 to 2100.")
    return day


def _month_after(day: date) -> date:
    return (day.replace(day=28) + 4 * ONE).replace(day=1)
