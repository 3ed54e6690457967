"""What the blotter is filtered by: read from the address, so that a link shows the same rows. Nonsense is left out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from typing import Any, Self
from urllib.parse import urlencode

from engine.domain.enums import OrderStatus, OrderType, Side
from engine.domain.intervals import IST
from engine.selectors.orders import ACTIVE

SYMBOL = re.compile(r"[A-Z0-9&._-]{1,32}")
FILTERS = ("status", "symbol", "side", "type", "strategy", "from", "to", "text")  # as an address names them
NAME_LIMIT, TEXT_LIMIT = 64, 40  # characters


def _choices(words: Any) -> list[tuple[str, str]]:
    return [(word.value, word.value.replace("_", " ").capitalize()) for word in words]


@dataclass(frozen=True, slots=True)
class OrderFilters:
    """Each is empty where nobody asked for it. Days are India's, both of them included."""

    status: str = ""
    symbol: str = ""
    side: str = ""
    type: str = ""
    strategy: str = ""
    first_day: str = ""
    last_day: str = ""
    text: str = ""

    statuses = ((ACTIVE, "Working"), *_choices(OrderStatus))
    sides = tuple(_choices(Side))
    types = tuple(_choices(OrderType))

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Self:
        """The address's `from` and `to` are the first and the last day."""
        symbol = query.get("symbol", "").strip().upper()
        return cls(
            status=_one_of(query.get("status", ""), cls.statuses),
            symbol=symbol if SYMBOL.fullmatch(symbol) else "",
            side=_one_of(query.get("side", ""), cls.sides),
            type=_one_of(query.get("type", ""), cls.types),
            strategy=_written(query.get("strategy", ""), NAME_LIMIT),
            first_day=_day(query.get("from", "")),
            last_day=_day(query.get("to", "")),
            text=_written(query.get("text", ""), TEXT_LIMIT),
        )

    def as_query(self) -> dict[str, str]:
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        named |= {"from": named.pop("first_day"), "to": named.pop("last_day")}
        return {name: value for name, value in named.items() if value}

    @property
    def query(self) -> str:
        return urlencode(self.as_query())

    def wanted(self) -> dict[str, Any]:
        """The filters as `orders_page` has them."""
        return {
            "status": self.status,
            "symbol": self.symbol,
            "side": self.side,
            "order_type": self.type,
            "strategy_id": self.strategy,
            "text": self.text,
            "since": _midnight(self.first_day),
            "until": _midnight(self.last_day, days=1),
        }


def _one_of(text: str, choices: tuple[tuple[str, str], ...]) -> str:
    return text if text in dict(choices) else ""


def _written(text: str, limit: int) -> str:
    text = text.strip()[:limit]
    return text if text.isprintable() else ""


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return ""


def _midnight(day: str, days: int = 0) -> datetime | None:
    """When the day begins in India, or `days` after. A day that no calendar goes on from filters nothing."""
    if not day or not "1970" <= day[:4] <= "2199":
        return None
    return datetime.combine(date.fromisoformat(day) + timedelta(days=days), time.min, IST)
