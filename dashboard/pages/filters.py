"""What the lists are filtered by: read from the address, so that a link shows the same rows. Nonsense is left out."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from urllib.parse import urlencode
from uuid import UUID

from django.http import QueryDict

from engine.domain.enums import AlertLevel, Component
from engine.domain.events import EventType
from engine.domain.intervals import IST

EVENT_TYPES = [(kind.value, kind.value.replace("_", " ").capitalize()) for kind in EventType]
LEVELS = [(level.value, level.value.capitalize()) for level in AlertLevel]
ALERT_STATUSES = [("ACTIVE", "Active"), ("ACKNOWLEDGED", "Acknowledged"), ("SILENCED", "Silenced")]
COMPONENTS = [(name, name.replace("_", " ").capitalize()) for name in (*Component, "market_data")]
DIRECTIONS = [("back", "What led to it"), ("forward", "What it led to")]
ALERT_ID = re.compile(r"alert_\d{13}_[0-9a-z]{6}", re.ASCII)
SYMBOL = re.compile(r"[A-Z0-9&._-]{1,32}")


@dataclass(frozen=True, slots=True)
class EventFilters:
    """Times as they were written, in Indian time where they name no zone; `since` and `until` are what they mean."""

    type: str
    symbol: str
    correlation: UUID | None
    since: datetime | None
    until: datetime | None
    before: int | None  # the last event of the page before

    choices = EVENT_TYPES

    @classmethod
    def read(cls, query: QueryDict) -> Self:
        return cls(
            type=_one_of(query.get("type", ""), EVENT_TYPES),
            symbol=_symbol(query.get("symbol", "")),
            correlation=_uuid(query.get("correlation", "").strip()),
            since=_moment(query.get("since", "")),
            until=_moment(query.get("until", "")),
            before=number(query.get("before", "")) or None,
        )

    def as_query(self) -> dict[str, str]:
        return {
            "type": self.type,
            "symbol": self.symbol,
            "correlation": str(self.correlation or ""),
            "since": self.since.isoformat() if self.since else "",
            "until": self.until.isoformat() if self.until else "",
        }

    def left_out(self, query: Mapping[str, str]) -> str:
        kept = self.as_query() | {"before": str(self.before or "")}
        return left_out(query, kept, kept)

    @property
    def query(self) -> str:
        return _encoded(self.as_query())


@dataclass(frozen=True, slots=True)
class TraceFilters:
    """One event of a chain to look from, and which way: to its causes, to its effects, or both."""

    event: UUID | None
    direction: str

    directions = DIRECTIONS

    @classmethod
    def read(cls, query: QueryDict) -> Self:
        event = _uuid(query.get("event", ""))
        return cls(event, _one_of(query.get("direction", ""), DIRECTIONS) if event else "")

    def as_query(self) -> dict[str, str]:
        return {"event": str(self.event or ""), "direction": self.direction}


@dataclass(frozen=True, slots=True)
class AlertFilters:
    level: str
    status: str  # of the open ones
    component: str
    history: bool
    before: str  # the last alert of the page before, in the history

    choices = LEVELS
    statuses = ALERT_STATUSES
    components = COMPONENTS

    @classmethod
    def read(cls, query: QueryDict) -> Self:
        before = query.get("before", "")
        return cls(
            level=_one_of(query.get("level", ""), LEVELS),
            status=_one_of(query.get("status", ""), ALERT_STATUSES),
            component=_one_of(query.get("component", ""), COMPONENTS),
            history=query.get("show") == "history",
            before=before if ALERT_ID.fullmatch(before) else "",
        )

    def as_query(self) -> dict[str, str]:
        return {"level": self.level, "component": self.component} | ({} if self.history else {"status": self.status})

    def left_out(self, query: Mapping[str, str]) -> str:
        kept = self.as_query() | {"before": self.before}
        return left_out(query, kept, kept)

    @property
    def query(self) -> str:
        return _encoded(self.as_query() | ({"show": "history"} if self.history else {}))

    @property
    def is_narrowed(self) -> bool:
        return any(self.as_query().values())


def left_out(query: Mapping[str, str], kept: Mapping[str, str], names: Iterable[str]) -> str:
    """What of the address filters nothing, in words; empty where all of it does. `kept` are the filters as they were read."""
    wrong = [f"{name} “{query[name].strip()[:40]}”" for name in names if query.get(name, "").strip() and not kept.get(name)]
    return f"{', '.join(wrong)} cannot be filtered by" if wrong else ""


def _one_of(text: str, choices: list[tuple[str, str]]) -> str:
    return text if text in dict(choices) else ""


def _symbol(text: str) -> str:
    symbol = text.strip().upper()
    return symbol if SYMBOL.fullmatch(symbol) else ""


def _moment(text: str) -> datetime | None:
    """A time in ISO form, of the years that anything can have happened in."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=IST)
    return at if 1970 < at.year < 9000 else None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def number(text: str) -> int:
    """The number of an event; 0 for what is none."""
    return int(text) if is_number(text) else 0


def is_number(text: str) -> bool:
    return text.isdecimal() and len(text) < 16


def _encoded(values: dict[str, str]) -> str:
    return urlencode({key: value for key, value in values.items() if value})
