"""The NSE's trading sessions: 09:15 to 15:30 in India, Monday to Friday, but for the holidays of its calendar."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from django.conf import settings
from holidays import financial_holidays

from engine.domain.intervals import CLOSES, IST, OPENS
from engine.domain.sessions import MarketHours

ONE_DAY = timedelta(days=1)
LONGEST_BREAK = 15  # days without a session that we would believe
_holidays = financial_holidays("XNSE")  # learns each year when it is first asked about it


class NoSession(Exception):
    """The calendar knows no session within a fortnight: it is wrong, or the clock is."""


@dataclass(frozen=True, slots=True)
class Session:
    """One day's trading, in India's time."""

    opens: datetime
    closes: datetime

    def at(self, moment: time) -> datetime:
        return datetime.combine(self.opens.date(), moment, IST)


@lru_cache(maxsize=64)
def session_on(day: date) -> Session | None:
    """The day's session; None for a weekend or a holiday."""
    if day.weekday() >= 5 or day in _holidays:
        return None
    return Session(datetime.combine(day, OPENS, IST), datetime.combine(day, CLOSES, IST))


def session_at(now: datetime) -> Session:
    """The session that is on, or else the next one. Raises NoSession."""
    day = now.astimezone(IST).date()
    for ahead in range(LONGEST_BREAK):
        session = session_on(day + ahead * ONE_DAY)
        if session and now < session.closes:
            return session
    raise NoSession


def last_session(now: datetime) -> Session:
    """The latest session that has begun. Raises NoSession."""
    day = now.astimezone(IST).date()
    for behind in range(LONGEST_BREAK):
        session = session_on(day - behind * ONE_DAY)
        if session and session.opens <= now:
            return session
    raise NoSession


def hours_at(now: datetime) -> MarketHours:
    session = session_at(now)
    return MarketHours(session.opens <= now, session.opens, square_off_of(session))


def square_off_of(session: Session) -> datetime:
    """When intraday positions are closed: MIS_SQUARE_OFF, of the session's day."""
    return session.at(time.fromisoformat(settings.MIS_SQUARE_OFF))
