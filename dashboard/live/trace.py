"""The chain of one signal: each event beneath its cause, with the time of each hop and its bar on a common scale."""

from datetime import datetime
from typing import Any
from uuid import UUID

from dashboard.live.events import event_row
from dashboard.live.state import Row, State
from dashboard.live.topics import Topic
from engine.selectors.events import event_trace

DEPTH_LIMIT = 8  # deeper ones are indented no further


def state(topic: Topic, now: datetime) -> State:
    """Empty when the correlation id is none."""
    try:
        return chain(UUID(dict(topic.filters).get("correlation", "")), topic.user_ids)
    except ValueError:
        return {"trace": {}, "chain": {}}


def chain(correlation_id: UUID, user_ids: list[str] | None) -> State:
    """The events that the reader may see. Times in ms; `bar_x` and `bar_width` in percent of the whole."""
    events = [event for event in event_trace(correlation_id) if _visible(event, user_ids)]
    whole = max((event["total_ms"] or 0.0 for event in events), default=0.0)
    rows = {str(event["id"]): _row(event, place, whole) for place, event in enumerate(events)}
    waiting = sum(not event["processed"] for event in events)
    about = {"count": len(events), "waiting": waiting, "total_ms": round(whole, 3)}
    return {"trace": rows, "chain": {"all": about | _begin(events)}}


def _visible(event: dict[str, Any], user_ids: list[str] | None) -> bool:
    return user_ids is None or event["user_id"] in user_ids


def _row(event: dict[str, Any], place: int, whole: float) -> Row:
    """The bar goes from the cause's end to the event's own; a hop too short to see is one percent wide."""
    total, hop = event["total_ms"] or 0.0, event["hop_ms"] or 0.0
    width = max(100 * hop / whole, 1.0) if whole else 0.0
    return event_row(event) | {
        "sort": place,
        "depth": min(event["depth"], DEPTH_LIMIT),
        "hop_ms": event["hop_ms"],
        "total_ms": event["total_ms"],
        "bar_x": round(max(0.0, min(100 * total / whole, 100.0) - width), 2) if whole else 0.0,
        "bar_width": round(width, 2),
    }


def _begin(events: list[dict[str, Any]]) -> Row:
    if not events:
        return {"title": "", "started_at": None, "whose": ""}
    first = event_row(events[0])
    return {"title": first["summary"], "started_at": first["timestamp"], "whose": first["whose"]}
