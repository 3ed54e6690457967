from django.db import models
from django.db.models import Q

from engine.domain.enums import Lane
from engine.domain.events import EventType
from engine.models.fields import one_of


class Stream(models.Model):
    """What is handled by one worker at a time, in order: an account, or one of the two system streams.

    The row is the lock; `seq` counts the stream's handled events.
    """

    name = models.CharField(primary_key=True, max_length=64)
    seq = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return self.name


class Event(models.Model):
    """The append-only log: the truth. What happened, why (causation), and for which signal (correlation)."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField()
    type = one_of(EventType)
    stream = models.CharField(max_length=64)
    seq = models.BigIntegerField(null=True, help_text="its place among the stream's handled events; empty while it waits")
    data = models.JSONField()
    symbol = models.TextField(null=True, help_text="the share that its data names, if any: what the log is searched by")
    priority = models.SmallIntegerField()
    correlation_id = models.UUIDField()
    causation_id = models.UUIDField(null=True)
    created_at = models.DateTimeField()
    processed_at = models.DateTimeField(null=True)
    duration_us = models.IntegerField(null=True, help_text="time its handlers took, in microseconds")
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            # the trace of one signal
            models.Index(fields=["correlation_id"], name="event_correlation"),
            # the history of one type, newest first
            models.Index(fields=["type", "id"], name="event_type_latest"),
            # the history of one account, newest first
            models.Index(fields=["stream", "id"], name="event_stream_latest"),
            # the history of one symbol, newest first
            models.Index(fields=["symbol", "id"], name="event_symbol_latest", condition=Q(symbol__isnull=False)),
        ]
        constraints = [
            # folding reads in this order; and no two events can take one place, so none is handled twice
            models.UniqueConstraint(fields=["stream", "seq"], name="event_handled_once", condition=Q(seq__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.type} #{self.id}"


class PendingEvent(models.Model):
    """The small work table: one row per event still to be handled, deleted in the transaction that handles it."""

    event = models.OneToOneField(Event, primary_key=True, on_delete=models.PROTECT, related_name="pending")
    lane = one_of(Lane)
    stream = models.CharField(max_length=64)
    priority = models.SmallIntegerField()
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.TextField(blank=True, default="")
    dead_at = models.DateTimeField(null=True, blank=True, help_text="when it was given up; an operator may requeue it")

    class Meta:
        verbose_name = "dead letter"  # what the admin calls its rows: it lists no others
        ordering = ["event_id"]
        indexes = [
            # the claim: a stream's next events by priority and age
            models.Index(
                fields=["lane", "stream", "-priority", "event"], name="pending_claim", condition=Q(dead_at__isnull=True)
            ),
            # the dead letters
            models.Index(fields=["dead_at"], name="pending_dead", condition=Q(dead_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"event {self.event_id} in {self.lane}"
