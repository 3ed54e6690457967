from django.db import models
from django.db.models import Q

from engine.domain.brokers import Breaker, BrokerAction, BrokerName, CallOutcome, CallState
from engine.models.accounts import Account
from engine.models.fields import one_of
from engine.models.orders import Order


class BrokerCall(models.Model):
    """Something that a real broker is to be told, committed with its cause and made after; and how far it has come."""

    id = models.BigAutoField(primary_key=True)
    cause = models.UUIDField(unique=True, help_text="the event that it follows from")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="broker_calls", db_index=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="broker_calls", db_index=False)
    action = one_of(BrokerAction)
    tag = models.CharField(max_length=32, help_text="our mark on the order, by which the broker is asked for it")
    request = models.JSONField(help_text="the order's terms; no secrets")
    state = one_of(CallState, default="QUEUED")
    sends = models.PositiveSmallIntegerField(default=0)
    asks = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    taken_by = models.UUIDField(null=True, blank=True, help_text="who is making it just now")
    taken_until = models.DateTimeField(null=True, blank=True, help_text="from then on who took it is taken for dead")
    outcome = models.CharField(
        max_length=11, choices=[(item.value, item.value) for item in CallOutcome], blank=True, default=""
    )
    broker_order_id = models.CharField(max_length=64, blank=True, default="")
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            # an order's calls, and whether an earlier one is still to be done
            models.Index(fields=["order", "id"], name="broker_call_order"),
            # an account's calls of some days
            models.Index(fields=["account", "created_at"], name="broker_call_account"),
            # what is still to be done
            models.Index(fields=["due_at"], name="broker_call_undone", condition=Q(done_at__isnull=True)),
            # whose the broker's orders are
            models.Index(fields=["tag"], name="broker_call_tag"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.tag} {self.state}"


class BrokerAttempt(models.Model):
    """One time that the broker was called, or was to be: what it answered, as it stood there, without secrets."""

    id = models.BigAutoField(primary_key=True)
    call = models.ForeignKey(BrokerCall, on_delete=models.PROTECT, related_name="attempts")
    action = one_of(BrokerAction)
    number = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(
        max_length=11, choices=[(item.value, item.value) for item in CallOutcome], blank=True, default=""
    )
    http_status = models.PositiveSmallIntegerField(null=True, blank=True)
    message = models.TextField(blank=True, default="", help_text="the broker's words, or what went wrong")

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.action} attempt {self.number}: {self.outcome or 'under way'}"


class BrokerLink(models.Model):
    """How the broker can be reached, as all processes together have found; the row is the breaker's lock."""

    name = models.CharField(max_length=8, primary_key=True, choices=[(item.value, item.value) for item in BrokerName])
    failures = models.PositiveIntegerField(default=0, help_text="to reach it, in a row")
    opened_at = models.DateTimeField(null=True, blank=True, help_text="when the circuit breaker opened")
    polled_at = models.DateTimeField(null=True, blank=True, help_text="when it was last asked for its orders")

    def __str__(self) -> str:
        return f"{self.name}: {self.failures} failures in a row"

    @property
    def breaker(self) -> Breaker:
        return Breaker(self.failures, self.opened_at)
