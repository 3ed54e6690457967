from typing import Any

from django.db.models import Count, Q

from engine.domain.enums import AlertLevel, AlertStatus
from engine.models import Alert, AlertAction
from engine.models.alerts import AlertQuerySet
from engine.selectors.units import Scope

ANY = "ALL"  # not a status: the open ones and the history


def alerts_list(
    level: str | None = None,
    component: str | None = None,
    status: str | None = None,
    *,
    user_ids: Scope = None,
    limit: int = 1000,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """Alerts, newest first: without a status, all that are open. `status` is one of AlertStatus, or ALL.

    A reader whose scope is bounded sees the alerts of those accounts and the system's own.
    """
    rows = _scoped(user_ids)
    if status is None:
        rows = rows.open()
    elif status.upper() != ANY:
        rows = rows.filter(status=status.upper())
    if level:
        rows = rows.filter(level=level.upper())
    if component:
        rows = rows.filter(component=component)
    return [alert_dict(row) for row in rows.order_by("-first_seen", "-id")[offset : offset + limit]]


def alert_counts(user_ids: Scope = None) -> dict[str, int]:
    """How many alerts are open: in all, by status and by level, each key in lower case. One statement."""
    levels = {level.value.lower(): Count("id", filter=Q(level=level.value)) for level in AlertLevel}
    return (
        _scoped(user_ids)
        .open()
        .aggregate(
            total=Count("id"),
            active=Count("id", filter=Q(status=AlertStatus.ACTIVE)),
            acknowledged=Count("id", filter=Q(status=AlertStatus.ACKNOWLEDGED)),
            **levels,
        )
    )


def alert_actions(alert_id: str) -> list[dict[str, Any]]:
    """An alert's track history, oldest first: who did what, and when."""
    rows = AlertAction.objects.filter(alert=alert_id).order_by("id")
    return [{"action": row.action, "by": row.by, "note": row.note, "at": row.at} for row in rows]


def alert_owner(alert_id: str) -> tuple[str | None] | None:
    """Whose the open alert is, in a tuple: (None,) for the system's own. None when there is no such open alert.

    An old id, without a suffix, is the first alert of its millisecond.
    """
    rows = Alert.objects.open()
    which = Q(id=alert_id) if alert_id.count("_") > 1 else Q(id__startswith=f"{alert_id}_")
    return rows.filter(which).order_by("id").values_list("account").first()


def alert_dict(row: Alert) -> dict[str, Any]:
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
