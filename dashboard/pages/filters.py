"""What the lists are filtered by: read from the address, so that a link shows the same rows. Nonsense is left out."""

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlencode
from uuid import UUID

from django.http import QueryDict

from engine.domain.enums import AlertLevel, OrderStatus
from engine.domain.events import EventType
from engine.selectors.orders import ACTIVE

ORDER_STATUSES = [(ACTIVE, "Working"), *((status.value, status.value.replace("_", " ").capitalize()) for status in OrderStatus)]
EVENT_TYPES = [(kind.value, kind.value.replace("_", " ").capitalize()) for kind in EventType]
LEVELS = [(level.value, level.value.capitalize()) for level in AlertLevel]
SYMBOL = re.compile(r"[A-Z0-9&._-]{1,32}")


@dataclass(frozen=True, slots=True)
class OrderFilters:
    status: str
    symbol: str
    before: UUID | None  # the last order of the page before

    choices = ORDER_STATUSES

    @classmethod
    def read(cls, query: QueryDict) -> Self:
        symbol = query.get("symbol", "").strip().upper()
        status = _one_of(query.get("status", ""), ORDER_STATUSES)
        return cls(status, symbol if SYMBOL.fullmatch(symbol) else "", _uuid(query.get("before", "")))

    def as_query(self) -> dict[str, str]:
        return {"status": self.status, "symbol": self.symbol}

    @property
    def query(self) -> str:
        return _encoded(self.as_query())


@dataclass(frozen=True, slots=True)
class EventFilters:
    type: str
    before: int | None  # the last event of the page before
    correlation: UUID | None  # a chain to go to

    choices = EVENT_TYPES

    @classmethod
    def read(cls, query: QueryDict) -> Self:
        before = _number(query.get("before", "")) or None
        return cls(_one_of(query.get("type", ""), EVENT_TYPES), before, _uuid(query.get("correlation", "").strip()))

    def as_query(self) -> dict[str, str]:
        return {"type": self.type}

    @property
    def query(self) -> str:
        return _encoded(self.as_query())


@dataclass(frozen=True, slots=True)
class AlertFilters:
    level: str
    history: bool
    offset: int

    choices = LEVELS

    @classmethod
    def read(cls, query: QueryDict) -> Self:
        return cls(_one_of(query.get("level", ""), LEVELS), query.get("show") == "history", _number(query.get("from", "")))

    def as_query(self) -> dict[str, str]:
        return {"level": self.level}

    @property
    def query(self) -> str:
        return _encoded(self.as_query() | ({"show": "history"} if self.history else {}))


def _one_of(text: str, choices: list[tuple[str, str]]) -> str:
    return text if text in dict(choices) else ""


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 16 else 0


def _encoded(values: dict[str, str]) -> str:
    return urlencode({key: value for key, value in values.items() if value})
