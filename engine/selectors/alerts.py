from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models import Case, Count, Q, When
from django.utils import timezone

from engine.domain.alerts import OLD_ID
from engine.domain.enums import AlertLevel, AlertStatus
from engine.models import Alert, AlertAction, AlertSilence
from engine.models.alerts import AlertQuerySet
from engine.selectors.units import Scope

ANY = "ALL"  # not a status: the open ones and the history
SILENCED = "SILENCED"  # nor is this: the open ones that call for nobody's attention just now


def alerts_list(
    level: str | None = None,
    component: str | None = None,
    status: str | None = None,
    *,
    user_ids: Scope = None,
    limit: int = 1000,
    offset: int = 0,
    now: datetime | None = None,
) -> list[dict[str, Any]]:
    """Alerts, newest first: without a status, all that are open. `status` is one of AlertStatus, ALL, SILENCED, UNSILENCED.

    A reader whose scope is bounded sees the alerts of those accounts and the system's own.
    """
    rows = in_state(_scoped(user_ids).with_silence(now=now or timezone.now()), status)
    if level:
        rows = rows.filter(level=level.upper())
    if component:
        rows = rows.filter(component=component)
    return [alert_dict(row) for row in rows.order_by("-first_seen", "-id")[offset : offset + limit]]


def in_state(rows: AlertQuerySet, status: str | None) -> AlertQuerySet:
    """Those of a status, as `alerts_list` has it, of rows that know their silence."""
    match status and status.upper():
        case None | "":
            return rows.open()
        case "SILENCED":
            return rows.open().filter(Q(silenced_until__isnull=False))
        case "UNSILENCED":
            return rows.open().filter(Q(silenced_until__isnull=True))
        case "ALL":
            return rows
        case wanted:
            return rows.filter(status=wanted)


def alert_counts(user_ids: Scope = None) -> dict[str, int]:
    """How many alerts are open: in all, by status and by level, each key in lower case. One statement."""
    return _counts(_scoped(user_ids).open())


def alert_counts_unsilenced(user_ids: Scope = None, *, now: datetime) -> dict[str, int]:
    """The same of those that nobody silenced: what calls for attention. One statement more."""
    rows = _scoped(user_ids).open()
    if AlertSilence.objects.filter(until__gt=now).exists():
        rows = rows.with_silence(now=now).filter(Q(silenced_until__isnull=True))
    return _counts(rows)


def _counts(rows: AlertQuerySet) -> dict[str, int]:
    counts = {"total": 0, "active": 0, "acknowledged": 0, **{level.value.lower(): 0 for level in AlertLevel}}
    for status, level, count in rows.order_by().values_list("status", "level").annotate(Count("id")):
        for name in ("total", status.lower(), level.lower()):
            counts[name] += count
    return counts


def alert_actions(alert_ids: Collection[str]) -> dict[str, list[dict[str, Any]]]:
    """Each alert's track history, oldest first: who did what, and when. One statement."""
    tracks: dict[str, list[dict[str, Any]]] = {alert_id: [] for alert_id in alert_ids}
    for row in AlertAction.objects.filter(alert__in=alert_ids).order_by("id"):
        tracks[row.alert_id].append({"action": row.action, "by": row.by, "note": row.note, "at": row.at})
    return tracks


def alert_found(alert_id: str) -> tuple[str, str | None] | None:
    """The alert's own id and whose it is: nobody's is the system's. None where there is no such alert.

    An old id, without a suffix, is the first alert of its millisecond, of the open ones where there is one.
    """
    which = Q(id__startswith=f"{alert_id}_") if OLD_ID.fullmatch(alert_id) else Q(id=alert_id)
    is_over = Case(When(status=AlertStatus.RESOLVED, then=1), default=0)
    return Alert.objects.filter(which).order_by(is_over, "id").values_list("id", "account").first()


def alert_owners(alert_ids: Collection[str]) -> dict[str, str | None]:
    """Whose each of the alerts is; the unknown ones are left out."""
    return dict(Alert.objects.filter(id__in=alert_ids).values_list("id", "account"))


def alert_dict(row: Any) -> dict[str, Any]:
    """`row` is an Alert that knows its silence."""
    return {
        "id": row.id,
        "level": row.level,
        "title": row.title,
        "message": row.message,
        "component": row.component,
        "user_id": row.account_id,
        "data": row.data,
        "count": row.count,
        "status": row.status,
        "silenced_until": row.silenced_until,
        "correlation_id": row.correlation_id,
        "created_at": row.first_seen,
        "last_seen": row.last_seen,
        "acknowledged_at": row.acknowledged_at,
        "acknowledged_by": row.acknowledged_by or None,
        "resolved_at": row.resolved_at,
        "resolved_by": row.resolved_by or None,
        "resolution_note": row.resolution_note or None,
    }


def _scoped(user_ids: Scope) -> AlertQuerySet:
    if user_ids is None:
        return Alert.objects.all()
    return Alert.objects.filter(Q(account__isnull=True) | Q(account__in=user_ids))
