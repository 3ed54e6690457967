"""Instants as people write them, in India's time unless they say otherwise; and those that they mostly mean."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from dashboard.figures import clock, moment
from dashboard.pages.access import Scope
from engine.domain.intervals import IST
from engine.market.sessions import NoSession, last_session
from engine.models import Event
from engine.selectors.moments import first_instant, last_halts

HALTS = 5  # offered
OLDEST = 1970  # year
JUST_BEFORE = timedelta(microseconds=1)
STEPS = (
    ("1 h earlier", timedelta(hours=-1)),
    ("5 min earlier", timedelta(minutes=-5)),
    ("1 min earlier", timedelta(minutes=-1)),
    ("1 min later", timedelta(minutes=1)),
    ("5 min later", timedelta(minutes=5)),
    ("1 h later", timedelta(hours=1)),
)


class NoInstant(Exception):
    """What was written names no instant that can be looked at: the text says why."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    label: str
    url: str
    note: str = ""


def read_instant(text: str, now: datetime) -> datetime:
    """The instant that the text names. Raises NoInstant for nonsense, and for the future."""
    written = text.strip()
    if len(written) > 10 and written[-6:-5] == " ":  # an address makes a space of the plus
        written = f"{written[:-6]}+{written[-5:]}"
    try:
        at = datetime.fromisoformat(written)
        at = at if at.tzinfo else at.replace(tzinfo=IST)
        local = at.astimezone(IST)
        if local.year < OLDEST:  # the database reckons in UTC: the first years' edges would fall off the calendar
            raise ValueError
    except (ValueError, OverflowError):
        raise NoInstant(
            f"“{text[:60]}” is no instant. Write it like 2026-11-24T11:30:00; it is taken as Indian time."
        ) from None
    if at > now:
        raise NoInstant(f"{full(local)} is in the future: the log ends now, at {clock(now)} IST.")
    return local


def full(at: datetime) -> str:
    """Tue 24 Nov 2026, 11:30:00 IST; to the microsecond where it has any."""
    local = at.astimezone(IST)
    fraction = f".{local:%f}" if local.microsecond else ""
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M:%S}{fraction} IST"


def address(name: str, scope: Scope, **values: Any) -> str:
    """A page's address, with the account and these values; times in India's."""
    query = {key: value.astimezone(IST).isoformat() if isinstance(value, datetime) else value for key, value in values.items()}
    account = {"account": scope.chosen} if scope.chosen else {}
    return f"{reverse(name)}?{urlencode(account | {key: value for key, value in query.items() if value})}"


def for_input(at: datetime) -> str:
    """As a datetime-local field wants it."""
    return at.astimezone(IST).strftime("%Y-%m-%dT%H:%M:%S")


def suggestions(scope: Scope, now: datetime, show: str = "") -> list[Suggestion]:
    """Instants worth looking at: the session's open, an hour ago, just before each of the last halts; none before the log."""
    moments = [("1 hour ago", now.replace(microsecond=0) - timedelta(hours=1))]
    with suppress(NoSession):  # a calendar without sessions has no open to offer
        opens = last_session(now).opens
        words = "Open of today" if opens.date() == now.astimezone(IST).date() else "Open of the last session"
        moments.insert(0, (words, opens))
    first = first_instant(scope.user_ids) or now
    found = [Suggestion(words, address("time", scope, at=at, show=show), moment(at)) for words, at in moments if at >= first]
    halts = last_halts(scope.user_ids, HALTS)
    return found + [_halt(scope, halt, show, first=place == 0) for place, halt in enumerate(halts)]


def _halt(scope: Scope, halt: Event, show: str, *, first: bool) -> Suggestion:
    words = "Before the last halt" if first else "Before a halt"
    before = halt.created_at - JUST_BEFORE
    return Suggestion(words, address("time", scope, at=before, show=show), f"{moment(halt.created_at)} · {halt.stream}")


def steps(scope: Scope, at: datetime, now: datetime, show: str) -> list[Suggestion]:
    """From there to other instants, none before the log begins and none in the future."""
    first = first_instant(scope.user_ids) or now
    moments = [(words, at + step) for words, step in STEPS]
    return [Suggestion(words, address("time", scope, at=then, show=show)) for words, then in moments if first <= then <= now]
