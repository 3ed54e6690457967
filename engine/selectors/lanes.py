from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count

from engine.domain.enums import Lane
from engine.models import PendingEvent, PendingPrices, Worker

LAST_LOG_ID = 2**63 - 1  # that a database can number
ALIVE_WITHIN = timedelta(seconds=5)
REMEMBERED = timedelta(days=1)  # one that ended cleanly takes its row along; one that was killed is shown so long


def queue_depths() -> dict[str, int]:
    """How much work waits in each lane: events, and slices of prices in market_data. Dead letters wait for nobody."""
    depths = {lane.value: 0 for lane in Lane}
    waiting = PendingEvent.objects.filter(dead_at__isnull=True).order_by().values_list("lane")
    depths |= dict(waiting.annotate(count=Count("event_id")))
    depths[Lane.MARKET_DATA] += PendingPrices.objects.count()
    return depths


def workflows_active() -> int:
    """How many chains still have an event to be handled."""
    rows = PendingEvent.objects.filter(dead_at__isnull=True).order_by()
    return int(rows.aggregate(count=Count("event__correlation_id", distinct=True))["count"])


def lanes_alive(*, now: datetime) -> dict[str, bool]:
    """Whether some worker went through the lane within the last five seconds."""
    beats = Worker.objects.filter(beat_at__gte=now - ALIVE_WITHIN).values_list("lanes", flat=True)
    seen = {lane for lanes in beats for lane, at in lanes.items() if at and datetime.fromisoformat(at) >= now - ALIVE_WITHIN}
    return {lane.value: lane.value in seen for lane in Lane}


def workers(*, now: datetime) -> list[dict[str, Any]]:
    """Each worker that left a sign of life in the last day, the latest first: whether it lives, and its lanes' last rounds."""
    rows = Worker.objects.filter(beat_at__gte=now - REMEMBERED).order_by("-beat_at")
    return [
        {
            "id": row.id,
            "host": row.host,
            "pid": row.pid,
            "started_at": row.started_at,
            "beat_at": row.beat_at,
            "alive": row.beat_at >= now - ALIVE_WITHIN,
            "lanes": {lane: datetime.fromisoformat(at) for lane, at in row.lanes.items() if at},
        }
        for row in rows
    ]


def dead_letters(limit: int = 100) -> list[dict[str, Any]]:
    """Events given up after their last attempt, latest first."""
    rows = PendingEvent.objects.filter(dead_at__isnull=False).select_related("event").order_by("-dead_at")[:limit]
    return [_dead_letter(row) for row in rows]


def dead_letter(log_id: int) -> dict[str, Any] | None:
    """One of them, by its place in the log; a number that no place can have is none of them."""
    rows = PendingEvent.objects.filter(dead_at__isnull=False).select_related("event")
    row = rows.filter(event_id=log_id).first() if log_id <= LAST_LOG_ID else None
    return _dead_letter(row) if row else None


def _dead_letter(row: PendingEvent) -> dict[str, Any]:
    return {
        "event_id": row.event.uid,
        "log_id": row.event_id,
        "event_type": row.event.type,
        "user_id": None if row.stream.startswith("$") else row.stream,
        "lane": row.lane,
        "attempts": row.attempts,
        "error": row.last_error,
        "correlation_id": row.event.correlation_id,
        "created_at": row.event.created_at,
        "dead_at": row.dead_at,
    }
