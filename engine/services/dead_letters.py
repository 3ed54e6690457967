"""Dead letters: events given up after three attempts, which an operator may send back to work."""

from datetime import datetime

from django.db import transaction

from engine import alerts, bus, log
from engine.domain.enums import Lane
from engine.domain.events import SYSTEM_STREAM, EventType, new_event
from engine.models import PendingEvent
from engine.services.errors import EventNotDead


@transaction.atomic
def requeue(*, event_id: int, by: str, now: datetime) -> None:
    """Bring a dead letter back to its lane with its attempts forgotten. Raises EventNotDead when it is none."""
    pending = PendingEvent.objects.select_for_update().filter(event_id=event_id, dead_at__isnull=False).first()
    if pending is None:
        raise EventNotDead(f"event {event_id} is not among the dead letters")
    pending.dead_at, pending.attempts, pending.due_at = None, 0, now
    pending.save(update_fields=["dead_at", "attempts", "due_at"])
    alerts.alerts_clear([log.dead_letter_fingerprint(event_id)], now=now, note=f"requeued by {by}")
    audit = {"action": "requeue", "event_id": event_id, "by": by}
    log.append([new_event(EventType.USER_ACTION, SYSTEM_STREAM, now, audit)], now=now)
    bus.ring_after_commit({Lane(pending.lane)})
