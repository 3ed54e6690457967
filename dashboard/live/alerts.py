"""The inbox: the alerts that are open, newest first."""

from datetime import datetime
from typing import Any

from django.urls import reverse

from dashboard.live.state import Row, State, picked
from dashboard.live.topics import Topic
from engine.selectors.alerts import alert_counts, alerts_list

OPEN_LIMIT = 100
SHOWN = (
    *("id", "level", "title", "message", "component", "status", "count", "created_at", "last_seen"),
    *("acknowledged_by", "resolved_at", "resolved_by", "resolution_note"),
)


def state(topic: Topic, now: datetime) -> State:
    level = dict(topic.filters).get("level")
    return {
        "alerts": rows(alerts_list(level=level, user_ids=topic.user_ids, limit=OPEN_LIMIT)),
        "alert_counts": {"open": dict(alert_counts(topic.user_ids))},
    }


def rows(alerts: list[dict[str, Any]]) -> dict[str, Row]:
    return {alert["id"]: alert_row(alert) for alert in alerts}


def alert_row(alert: dict[str, Any]) -> Row:
    row = picked(alert, SHOWN)
    correlation = alert["correlation_id"]
    return row | {
        "sort": f"{row['created_at']} {row['id']}",
        "repeats": f"×{row['count']}" if row["count"] > 1 else "",
        "whose": alert["user_id"] or "system",
        "is_system": alert["user_id"] is None,
        "acknowledge_url": reverse("alert-acknowledge", args=[row["id"]]),
        "resolve_url": reverse("alert-resolve", args=[row["id"]]),
        "trace_url": reverse("trace", args=[correlation]) if correlation else None,
    }
