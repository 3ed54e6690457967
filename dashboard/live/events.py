"""The log, newest first, each event in a few words."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse

from dashboard import figures
from dashboard.live.state import Row, State, picked, wire
from dashboard.live.topics import Topic
from engine.domain.events import event_type_named
from engine.selectors.events import events_history

PAGE = 50
TRIGGERS = {"price": "the price reached it"}
PAYLOAD_LIMIT = 6_000  # characters of an event's data; the API has the rest
SHOWN = (
    "id",
    "log_id",
    "event_type",
    "timestamp",
    "processing_time",
    "processed_at",
    "error",
    "correlation_id",
    "causation_id",
)


def state(topic: Topic, now: datetime) -> State:
    """Empty for filters that make no sense."""
    try:
        return {"events": rows(topic.user_ids, dict(topic.filters))}
    except ValueError:
        return {"events": {}}


def rows(user_ids: list[str] | None, filters: Mapping[str, str], *, before_id: int | None = None) -> dict[str, Row]:
    """A page of the log. Raises ValueError for a type, a chain or a time that is none."""
    found = events_history(limit=PAGE, before_id=before_id, user_ids=user_ids, **wanted(filters))
    return {str(event["id"]): event_row(event) for event in found}


def wanted(filters: Mapping[str, str]) -> dict[str, Any]:
    """What the log is asked for. Raises ValueError for a type, a chain or a time that is none."""
    times: dict[str, Any] = {name: datetime.fromisoformat(filters[name]) for name in ("since", "until") if name in filters}
    if any(at.tzinfo is None for at in times.values()):
        raise ValueError("a time names its zone")
    return times | {
        "event_type": event_type_named(filters["type"]) if "type" in filters else None,
        "correlation_id": UUID(filters["correlation"]) if "correlation" in filters else None,
        "symbol": filters.get("symbol"),
    }


def event_row(event: dict[str, Any]) -> Row:
    row = picked(event, SHOWN)
    return row | {
        "sort": row["log_id"],
        "status": "FAILED" if row["error"] else "DONE" if event["processed"] else "WAITING",
        "summary": summary(wire(event["data"])),
        "payload": payload(event["data"]),
        "whose": event["user_id"] or "system",
        "raw_url": reverse("event", args=[row["log_id"]]),
        "trace_url": reverse("trace", args=[row["correlation_id"]]),
        "time_url": time_url(event["user_id"], row["processed_at"]),
    }


def time_url(user_id: str | None, handled_at: str | None) -> str:
    """The account's desk just after the event was handled; nothing for the system's own, and for what still waits."""
    return f"{reverse('time')}?{urlencode({'account': user_id, 'at': handled_at})}" if user_id and handled_at else ""


def payload(data: dict[str, Any]) -> str:
    text = json.dumps(wire(data), indent=2, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= PAYLOAD_LIMIT else f"{text[:PAYLOAD_LIMIT]}\n… {len(text) - PAYLOAD_LIMIT:,} characters more"


def summary(data: dict[str, Any]) -> str:
    """What the event is about: side, quantity, symbol, price and reason (as it was written), where it has them."""
    side = data.get("signal_type") or data.get("side") or data.get("position_type")
    quantity = data.get("executed_quantity") or data.get("quantity") or data.get("position_size")
    price = data.get("executed_price") or data.get("price") or data.get("exit_price") or data.get("average_price")
    confidence, booked = data.get("confidence_score"), data.get("realized_pnl")
    head = [
        _words(side),
        figures.quantity(abs(quantity)) if isinstance(quantity, int | float) and quantity else "",
        _text(data.get("symbol")),
        f"@ {figures.price(price)}" if isinstance(price, int | float) and price else "",
    ]
    parts = [
        " ".join(part for part in head if part),
        f"confidence {_text(confidence)}" if confidence is not None else "",
        f"booked {_unbroken(figures.pnl(booked))}" if isinstance(booked, int | float) and booked else "",
        TRIGGERS.get(_text(data.get("trigger")), "") or _words(data.get("kind") or data.get("trigger")),
        _text(data.get("reason") or data.get("message")) or _words(data.get("action")),
        f"{len(data['prices'])} prices" if isinstance(data.get("prices"), dict) else "",
    ]
    return " · ".join(part for part in parts if part)


def _unbroken(amount: str) -> str:
    """A browser would part the sign from the rupees at the end of a line."""
    return amount.replace("₹", "\N{WORD JOINER}₹")


def _text(value: Any) -> str:
    if isinstance(value, dict | list):
        return ""
    if isinstance(value, float):
        return f"{value:.4f}".rstrip("0").rstrip(".")
    return "" if value is None else str(value)


def _words(value: Any) -> str:
    """One of our own names: take_profit as take profit."""
    return _text(value).replace("_", " ")
