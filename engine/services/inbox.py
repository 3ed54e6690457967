"""What people do about alerts, to many at once: all of it in one transaction.

Each is tracked with its alert and goes into the log. What cannot be done to an alert any more (somebody resolved it meanwhile)
is left out, and told apart from what was done.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from engine.alerts import audit, resolution
from engine.domain.alerts import LONGEST_SILENCE, RANKS
from engine.domain.enums import AlertLevel, AlertStatus
from engine.models import Alert, AlertSilence
from engine.services.errors import SilenceTooLong


@dataclass(frozen=True, slots=True)
class Handled:
    """The ids of the alerts that it was done to, and of those that were left as they were."""

    done: list[str]
    left: list[str]


def alerts_acknowledge(*, alert_ids: Sequence[str], by: str, now: datetime) -> Handled:
    """Somebody has them in hand. What was acknowledged before stays with whoever did so first."""
    with transaction.atomic():
        active = [alert for alert in _open(alert_ids) if alert.status == AlertStatus.ACTIVE]
        _update(active, status=AlertStatus.ACKNOWLEDGED, acknowledged_at=now, acknowledged_by=by)
        audit(active, "acknowledged", by=by, note="", now=now)
    return _handled(alert_ids, active)


def alerts_unacknowledge(*, alert_ids: Sequence[str], by: str, now: datetime) -> Handled:
    """Take acknowledgements back: nobody has them in hand after all."""
    with transaction.atomic():
        taken = [alert for alert in _open(alert_ids) if alert.status == AlertStatus.ACKNOWLEDGED]
        _update(taken, status=AlertStatus.ACTIVE, acknowledged_at=None, acknowledged_by="")
        audit(taken, "unacknowledged", by=by, note="", now=now)
    return _handled(alert_ids, taken)


def alerts_resolve(*, alert_ids: Sequence[str], by: str, note: str, now: datetime) -> Handled:
    """Their causes are gone, as `by` says."""
    with transaction.atomic():
        alerts, fields = _open(alert_ids), resolution(by, note, now)
        _update(alerts, **fields)
        audit(alerts, "resolved", by=by, note=fields["resolution_note"], now=now)
    return _handled(alert_ids, alerts)


def alerts_silence(*, alert_ids: Sequence[str], length: timedelta, by: str, now: datetime) -> Handled:
    """Do not call for attention for that long, unless they grow worse. Repeats are stored and counted all the same.

    A silence goes by what makes alerts the same: one that is resolved and raised again meanwhile is silent, too. Raises
    SilenceTooLong, and then silences none of them.
    """
    with transaction.atomic():
        alerts = _open(alert_ids)
        _not_too_long(alerts, length)
        AlertSilence.objects.filter(until__lte=now).delete()
        AlertSilence.objects.bulk_create(
            [
                AlertSilence(
                    fingerprint=alert.fingerprint, rank=RANKS[AlertLevel(alert.level)], until=now + length, by=by, at=now
                )
                for alert in alerts
            ],
            update_conflicts=True,
            unique_fields=["fingerprint"],
            update_fields=["rank", "until", "by", "at"],
        )
        audit(alerts, "silenced", by=by, note=f"for {_words(length)}", now=now, until=(now + length).isoformat())
    return _handled(alert_ids, alerts)


def alerts_unsilence(*, alert_ids: Sequence[str], by: str, now: datetime) -> Handled:
    """Let them call for attention again."""
    with transaction.atomic():
        alerts = _open(alert_ids)
        silences = AlertSilence.objects.filter(fingerprint__in=[alert.fingerprint for alert in alerts], until__gt=now)
        silent = set(silences.values_list("fingerprint", flat=True))
        silences.delete()
        freed = [alert for alert in alerts if alert.fingerprint in silent]
        audit(freed, "unsilenced", by=by, note="", now=now)
    return _handled(alert_ids, freed)


def _open(alert_ids: Sequence[str]) -> list[Alert]:
    """Those of them that are open, locked in the order in which whoever raises or clears them does."""
    rows = Alert.objects.filter(id__in=alert_ids).exclude(status=AlertStatus.RESOLVED)
    return list(rows.select_for_update().order_by("fingerprint"))


def _update(alerts: Sequence[Alert], **fields: object) -> None:
    Alert.objects.filter(id__in=[alert.id for alert in alerts]).update(**fields)


def _handled(alert_ids: Sequence[str], done: Sequence[Alert]) -> Handled:
    ids = {alert.id for alert in done}
    return Handled(sorted(ids), sorted(set(alert_ids) - ids))


def _not_too_long(alerts: Sequence[Alert], length: timedelta) -> None:
    for alert in alerts:
        longest = LONGEST_SILENCE[AlertLevel(alert.level)]
        if not timedelta(0) < length <= longest:
            article = "an" if alert.level[0] in "EI" else "a"
            raise SilenceTooLong(
                f"{article} {alert.level} alert can be silenced for at most {_words(longest)}; none was silenced"
            )


def _words(length: timedelta) -> str:
    """15 minutes, 1 hour, 7 days."""
    seconds = int(length.total_seconds())
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= size and seconds % size == 0:
            count = seconds // size
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return f"{seconds} seconds"
