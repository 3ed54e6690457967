"""The inbox: the alerts that are open, newest first."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse

from dashboard.live.state import Row, State, picked, wire
from dashboard.live.topics import Topic
from engine.selectors.alerts import alert_actions, alert_counts, alert_counts_unsilenced, alerts_list

OPEN_LIMIT = 100
SHOWN = (
    *("id", "level", "title", "message", "component", "status", "silenced_until", "count", "created_at", "last_seen"),
    *("acknowledged_by", "resolved_at", "resolved_by", "resolution_note"),
)
DID = {
    "raised": "raised it",
    "acknowledged": "acknowledged it",
    "unacknowledged": "took the acknowledgement back",
    "silenced": "silenced it",
    "unsilenced": "ended its silence",
    "resolved": "resolved it",
}


def state(topic: Topic, now: datetime) -> State:
    filters = dict(topic.filters)
    found = alerts_list(
        level=filters.get("level"),
        component=filters.get("component"),
        status=filters.get("status"),
        user_ids=topic.user_ids,
        limit=OPEN_LIMIT,
        now=now,
    )
    return {"alerts": rows(found), "alert_counts": {"open": counts(topic.user_ids, now)}}


def counts(user_ids: list[str] | None, now: datetime) -> Row:
    """How many are open: in all, by status and level, and how many of them are silenced."""
    every = alert_counts(user_ids)
    return {**every, "silenced": every["total"] - alert_counts_unsilenced(user_ids, now=now)["total"]}


def rows(alerts: Sequence[dict[str, Any]]) -> dict[str, Row]:
    tracks = alert_actions([alert["id"] for alert in alerts])
    return {alert["id"]: alert_row(alert, tracks[alert["id"]]) for alert in alerts}


def alert_row(alert: dict[str, Any], track: Sequence[dict[str, Any]]) -> Row:
    row = picked(alert, SHOWN)
    correlation = alert["correlation_id"]
    return row | {
        "sort": f"{row['created_at']} {row['id']}",
        "repeats": f"×{row['count']}" if row["count"] > 1 else "",
        "whose": alert["user_id"] or "system",
        "is_system": alert["user_id"] is None,
        "is_silenced": row["silenced_until"] is not None,
        "track": [wire(line) | {"did": DID[line["action"]]} for line in track],
        "acknowledge_url": reverse("alert-acknowledge", args=[row["id"]]),
        "resolve_url": reverse("alert-resolve", args=[row["id"]]),
        "trace_url": reverse("trace", args=[correlation]) if correlation else None,
    }
