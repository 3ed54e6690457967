"""Alerts: raised once however often their cause repeats, acknowledged, resolved; or cleared when the cause is gone.

Nothing that is done to an alert raises another one.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from secrets import randbelow
from threading import Lock
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from engine import bulk, bus, log
from engine.domain.alerts import (
    COMPONENT_LENGTH,
    ID_SUFFIXES,
    MESSAGE_LENGTH,
    OLD_ID,
    RANKS,
    TITLE_LENGTH,
    AlertRaised,
    alert_id,
    alerts_merged,
    fingerprint_stored,
    storable,
    storable_data,
)
from engine.domain.enums import AlertStatus
from engine.domain.events import SYSTEM_STREAM, EventType, new_event
from engine.models import Alert, AlertAction
from engine.topics import ALERTS

ENGINE = "engine"  # who resolves an alert whose cause is gone
CHUNK = 500  # rows a statement

_COLUMNS = (
    "id, level, title, message, component, account_id, data, fingerprint, count, status, correlation_id, first_seen, last_seen,"
    " acknowledged_by, resolved_by, resolution_note"
)
_ROW = "(%s, %s, %s, %s, %s, %s, %s, %s, %s, 'ACTIVE', %s, %s, %s, '', '', '')"


class AlertNotFound(Exception):
    """The alert is unknown, or already resolved."""

    def __init__(self, alert_id: str) -> None:
        super().__init__(f"Alert {alert_id} not found or already resolved")
        self.alert_id = alert_id


def alerts_raise(raised: Sequence[AlertRaised], *, now: datetime) -> None:
    """Store the alerts; a repeat of an open one raises its count, brings its text up to date and keeps the higher level.

    Two statements, whatever their number, or one when none is new. Part of the caller's transaction, if there is one.
    """
    merged = alerts_merged(raised)
    with transaction.atomic(savepoint=False):
        for start in range(0, len(merged), CHUNK):
            _raise(merged[start : start + CHUNK], now)
        if merged:
            bus.announce_after_commit([ALERTS])


def _raise(alerts: Sequence[AlertRaised], now: datetime) -> None:
    ids = _new_ids(len(alerts), now)
    parameters = [value for new_id, alert in zip(ids, alerts, strict=True) for value in _values(new_id, alert, now)]
    with connection.cursor() as cursor:
        cursor.execute(_upsert(len(alerts)), parameters)
        stored = {row[0] for row in cursor.fetchall()}
    # a repeat answers with the id of the row that stood there already
    track((new_id for new_id in ids if new_id in stored), "raised", by=ENGINE, note="", now=now)


def _upsert(rows: int) -> str:
    """Its conflict target is word for word the condition of the index alert_open_once.

    An alert that grows worse than what was acknowledged asks for attention again.
    """
    worse = f"{_rank('excluded')} > {_rank('engine_alert')}"
    return f"""
        INSERT INTO engine_alert ({_COLUMNS}) VALUES {", ".join([_ROW] * rows)}
        ON CONFLICT (fingerprint) WHERE NOT (status = 'RESOLVED') DO UPDATE SET
            level = CASE WHEN {worse} THEN excluded.level ELSE engine_alert.level END,
            status = CASE WHEN {worse} THEN 'ACTIVE' ELSE engine_alert.status END,
            acknowledged_at = CASE WHEN {worse} THEN NULL ELSE engine_alert.acknowledged_at END,
            acknowledged_by = CASE WHEN {worse} THEN '' ELSE engine_alert.acknowledged_by END,
            count = engine_alert.count + excluded.count,
            title = excluded.title,
            message = excluded.message,
            data = excluded.data,
            correlation_id = excluded.correlation_id,
            last_seen = excluded.last_seen
        RETURNING id
    """  # noqa: S608 - no value is in it


def _rank(table: str) -> str:
    ranks = " ".join(f"WHEN '{level}' THEN {rank}" for level, rank in RANKS.items())
    return f"CASE {table}.level {ranks} END"


def _values(new_id: str, alert: AlertRaised, now: datetime) -> list[Any]:
    adapt = connection.ops.adapt_datetimefield_value
    return [
        new_id,
        alert.level.value,
        storable(alert.title, TITLE_LENGTH),
        storable(alert.message, MESSAGE_LENGTH),
        storable(alert.component, COMPONENT_LENGTH),
        alert.user_id,
        bulk.dumps(storable_data(alert.data)),
        alert.fingerprint,
        alert.count,
        alert.correlation_id and alert.correlation_id.hex,
        adapt(now),
        adapt(now),
    ]


_next_suffix = randbelow(ID_SUFFIXES)
_suffix_lock = Lock()


def _new_ids(count: int, now: datetime) -> list[str]:
    """Ids that sort in this order. A process hands out suffix after suffix from a random start, so that in one millisecond its
    own never meet, and two processes' hardly ever."""
    global _next_suffix  # noqa: PLW0603
    with _suffix_lock:
        first = _next_suffix
        _next_suffix = (first + count) % ID_SUFFIXES
    return [alert_id(now, first + n) for n in range(count)]


def alerts_clear(fingerprints: Sequence[str], *, now: datetime, note: str) -> int:
    """Resolve the open alerts of these fingerprints, for their cause is gone. Returns how many there were."""
    cleared = 0
    stored = sorted({fingerprint_stored(fingerprint) for fingerprint in fingerprints})
    with transaction.atomic(savepoint=False):
        for start in range(0, len(stored), CHUNK):
            cleared += _clear(Q(fingerprint__in=stored[start : start + CHUNK]), now, note)
        if cleared:
            bus.announce_after_commit([ALERTS])
    return cleared


def _clear(which: Q, now: datetime, note: str) -> int:
    rows = Alert.objects.filter(which).exclude(status=AlertStatus.RESOLVED)
    ids = list(rows.select_for_update().order_by("fingerprint").values_list("id", flat=True))
    if ids:
        Alert.objects.filter(id__in=ids).update(**resolution(ENGINE, note, now))
        track(ids, "resolved", by=ENGINE, note=note, now=now)
    return len(ids)


def alert_acknowledge(*, alert_id: str, by: str, now: datetime) -> Alert:
    """Somebody has it in hand. Acknowledged already, it stays with whoever did so first.

    Raises AlertNotFound when it is unknown or resolved.
    """
    with transaction.atomic():
        alert = _open_alert(alert_id)
        if alert.status == AlertStatus.ACTIVE:
            alert.status, alert.acknowledged_at, alert.acknowledged_by = AlertStatus.ACKNOWLEDGED, now, by
            alert.save(update_fields=["status", "acknowledged_at", "acknowledged_by"])
            audit([alert], "acknowledged", by=by, note="", now=now)
    return alert


def alert_resolve(*, alert_id: str, by: str, note: str, now: datetime) -> Alert:
    """Its cause is gone, as `by` says. Raises AlertNotFound when it is unknown or resolved already."""
    with transaction.atomic():
        alert = _open_alert(alert_id)
        fields = resolution(by, note, now)
        for name, value in fields.items():
            setattr(alert, name, value)
        alert.save(update_fields=list(fields))
        audit([alert], "resolved", by=by, note=alert.resolution_note, now=now)
    return alert


def _open_alert(alert_id: str) -> Alert:
    """The open alert, locked. An id without a suffix, as they once were, means the first alert of that millisecond."""
    if not re.fullmatch(r"[\w-]{1,40}", alert_id, re.ASCII):
        raise AlertNotFound(alert_id)
    which = Q(id__startswith=f"{alert_id}_") if OLD_ID.fullmatch(alert_id) else Q(id=alert_id)
    rows = Alert.objects.select_for_update().filter(which).exclude(status=AlertStatus.RESOLVED)
    alert = rows.order_by("id").first()
    if alert is None:
        raise AlertNotFound(alert_id)
    return alert


def resolution(by: str, note: str, now: datetime) -> dict[str, Any]:
    """The fields of an alert that is resolved."""
    note = storable(note, MESSAGE_LENGTH)
    return {"status": AlertStatus.RESOLVED, "resolved_at": now, "resolved_by": by, "resolution_note": note}


def audit(alerts: Sequence[Alert], action: str, *, by: str, note: str, now: datetime, **more: Any) -> None:
    """Track what somebody did to the alerts, put it into the log, an event each, and tell the pages."""
    if not alerts:
        return
    track([alert.id for alert in alerts], action, by=by, note=note, now=now)
    about = {"action": f"alert_{action}", "by": by, "note": note, **more}
    log.append(
        [
            new_event(EventType.USER_ACTION, SYSTEM_STREAM, now, {"alert_id": alert.id, "title": alert.title, **about})
            for alert in alerts
        ],
        now=now,
    )
    bus.announce_after_commit([ALERTS])


def track(alert_ids: Iterable[str], action: str, *, by: str, note: str, now: datetime) -> None:
    """A line of each alert's own history."""
    rows = [(alert_id, action, by, note, now) for alert_id in alert_ids]
    bulk.insert(AlertAction, ("alert", "action", "by", "note", "at"), rows)
