"""The chain of one signal: each event beneath its cause, with the time of each hop and its bar on a common scale."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from dashboard.live.events import event_row
from dashboard.live.state import Row, State
from dashboard.live.topics import Topic
from engine.selectors.events import event_trace

DEPTH_LIMIT = 8  # deeper ones are indented no further
THINNEST = 0.6  # percent: a bar that can be seen
Trace = list[dict[str, Any]]


def state(topic: Topic, now: datetime) -> State:
    """Empty when the correlation id is none."""
    filters = dict(topic.filters)
    try:
        focus = UUID(filters["event"]) if "event" in filters else None
        return chain(UUID(filters.get("correlation", "")), topic.user_ids, focus, filters.get("direction", ""))
    except ValueError:
        return {"trace": {}, "chain": {}}


def chain(correlation_id: UUID, user_ids: list[str] | None, focus: UUID | None = None, direction: str = "") -> State:
    """The events that the reader may see. Times in ms; bars in percent of the whole.

    With a focus, each event is told to be a cause of it or an effect; `direction` back leaves the causes, forward the effects.
    """
    events = [event for event in event_trace(correlation_id) if user_ids is None or event["user_id"] in user_ids]
    whole = max((_end(event) for event in events), default=0.0)
    relations = related(events, focus)
    left_out = {"back": {"effect", ""}, "forward": {"cause", ""}}.get(direction, set()) if relations else set()
    rows = {
        str(event["id"]): _row(event, place, whole, relations.get(event["id"], ""))
        for place, event in enumerate(events)
        if relations.get(event["id"], "") not in left_out
    }
    return {"trace": rows, "chain": {"all": _about(events, whole) | _focused(events, relations)}}


def related(events: Trace, focus: UUID | None) -> dict[UUID | None, str]:
    """What the events are to the focus: itself, a cause, an effect. Those that are neither are left out."""
    causes = {event["id"]: event["causation_id"] for event in events}
    if focus not in causes:
        return {}
    relations: dict[UUID | None, str] = {focus: "focus"}
    cause = causes[focus]
    while cause in causes and cause not in relations:
        relations[cause] = "cause"
        cause = causes[cause]
    for event in events:  # each stands after its cause
        if relations.get(event["causation_id"]) in ("focus", "effect"):
            relations[event["id"]] = "effect"
    return relations


def _end(event: dict[str, Any]) -> float:
    return (event["total_ms"] or 0.0) + (event["processing_time"] or 0.0)


def _row(event: dict[str, Any], place: int, whole: float, relation: str) -> Row:
    """Two bars: from the cause's being handled to the event's own, and how long that took."""
    total, hop, work = event["total_ms"], event["hop_ms"], event["processing_time"] or 0.0
    scale = 100 / whole if whole and total is not None else 0.0
    width = max(work * scale, THINNEST) if scale else 0.0
    begun = min((total or 0.0) * scale, 100 - width)
    return event_row(event) | {
        "sort": place,
        "depth": min(event["depth"], DEPTH_LIMIT),
        "relation": relation,
        "hop_ms": hop,
        "total_ms": total,
        "wait_x": round(max(0.0, begun - (hop or 0.0) * scale), 2),
        "wait_width": round(min((hop or 0.0) * scale, begun), 2),
        "bar_x": round(max(0.0, begun), 2),
        "bar_width": round(width, 2),
        "focus_url": f"?event={event['id']}",
    }


def _about(events: Trace, whole: float) -> Row:
    waiting = sum(not event["processed"] for event in events)
    first = event_row(events[0]) if events else {"summary": "", "timestamp": None, "whose": ""}
    return {
        "title": first["summary"],
        "started_at": first["timestamp"],
        "whose": first["whose"],
        "count": len(events),
        "waiting": waiting,
        "total_ms": round(whole, 3),
        "half_ms": round(whole / 2, 3),
    }


def _focused(events: Trace, relations: dict[UUID | None, str]) -> Row:
    name = next((event["event_type"] for event in events if relations.get(event["id"]) == "focus"), "")
    kinds: Sequence[str] = list(relations.values())
    return {"focus": name, "causes": kinds.count("cause"), "effects": kinds.count("effect")}
