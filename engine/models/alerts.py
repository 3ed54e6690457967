from datetime import datetime

from django.db import models
from django.db.models import Case, OuterRef, Q, Subquery, Value, When

from engine.domain.alerts import RANKS
from engine.domain.enums import AlertLevel, AlertStatus
from engine.models.accounts import Account
from engine.models.fields import one_of, values


class AlertQuerySet(models.QuerySet["Alert"]):
    def open(self) -> "AlertQuerySet":
        """Those not resolved. Spelt out as the partial index has it: SQLite does not look behind a parameter."""
        return self.extra(where=['NOT ("engine_alert"."status" = \'RESOLVED\')'])  # type: ignore[return-value] # the stubs forget the class

    def with_silence(self, *, now: datetime) -> "AlertQuerySet":
        """Each with `silenced_until`: none where nobody silenced it, or where it grew worse than what was silenced."""
        rank = Case(*[When(level=level, then=Value(rank)) for level, rank in RANKS.items()], output_field=models.IntegerField())
        silences = AlertSilence.objects.filter(fingerprint=OuterRef("fingerprint"), until__gt=now, rank__gte=OuterRef("rank"))
        return self.annotate(rank=rank, silenced_until=Subquery(silences.values("until")))


class Alert(models.Model):
    """Something that an operator should know. Repeats of an open alert raise its count, not a second row."""

    id = models.CharField(primary_key=True, max_length=40)  # alert_<13 digits>_<6 base36>
    level = one_of(AlertLevel)
    title = models.CharField(max_length=200)
    message = models.CharField(max_length=1000)
    component = models.CharField(max_length=40)
    account = models.ForeignKey(Account, null=True, blank=True, on_delete=models.PROTECT, related_name="alerts")
    data = models.JSONField(default=dict)
    fingerprint = models.CharField(max_length=200, help_text="what makes two alerts the same")
    count = models.PositiveIntegerField(default=1)
    status = one_of(AlertStatus, default="ACTIVE")
    correlation_id = models.UUIDField(null=True, blank=True)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.CharField(max_length=150, blank=True, default="")
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.CharField(max_length=150, blank=True, default="")
    resolution_note = models.CharField(max_length=1000, blank=True, default="")

    objects = AlertQuerySet.as_manager()

    class Meta:
        ordering = ["-first_seen", "-id"]
        indexes = [
            # the inbox: what is open, newest first, whatever the history weighs
            models.Index(fields=["-first_seen", "-id"], name="alert_open_latest", condition=~Q(status="RESOLVED")),
            # the history, newest first
            models.Index(fields=["-first_seen", "-id"], name="alert_latest"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["fingerprint"], name="alert_open_once", condition=~Q(status="RESOLVED")),
            models.CheckConstraint(condition=Q(level__in=values(AlertLevel)), name="alert_level_known"),
            models.CheckConstraint(
                condition=Q(status="RESOLVED", resolved_at__isnull=False)
                | (~Q(status="RESOLVED") & Q(resolved_at__isnull=True)),
                name="alert_resolved_has_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.level} {self.title}"


class AlertSilence(models.Model):
    """An alert that somebody does not want to hear of for a while. It is stored and counted all the same, and listed.

    It goes by what makes alerts the same, so it also covers one that is resolved and comes back meanwhile.
    """

    fingerprint = models.CharField(primary_key=True, max_length=200)
    rank = models.PositiveSmallIntegerField(help_text="how bad it may become (see RANKS) and still stay silent")
    until = models.DateTimeField()
    by = models.CharField(max_length=150)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.fingerprint} until {self.until:%Y-%m-%d %H:%M}"


class AlertAction(models.Model):
    """One line of an alert's track history: who did what to it, and when."""

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="actions")
    action = models.CharField(max_length=20)  # raised, acknowledged, unacknowledged, silenced, unsilenced, resolved
    by = models.CharField(max_length=150)
    note = models.CharField(max_length=1000, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.action} by {self.by}"
