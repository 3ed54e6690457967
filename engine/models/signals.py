from django.db import models
from django.db.models import Q

from engine.domain.enums import SignalDecision, SignalType
from engine.models.accounts import Account
from engine.models.fields import money, one_of, values


class Signal(models.Model):
    """A signal that was decided, with the decision and its reason. One still waiting is only in the log."""

    id = models.UUIDField(primary_key=True, help_text="the id of its signal_received event")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="signals", db_index=False)
    symbol = models.CharField(max_length=32)
    signal_type = one_of(SignalType)
    confidence_score = models.DecimalField(max_digits=7, decimal_places=6)
    target_price = money(null=True, blank=True)
    stop_loss = money(null=True, blank=True)
    position_size = money(null=True, blank=True)
    strategy_id = models.CharField(max_length=64, blank=True, default="")
    decision = one_of(SignalDecision)
    reason = models.CharField(max_length=300, blank=True, default="")
    order_id = models.UUIDField(null=True, blank=True)
    received_at = models.DateTimeField()
    decided_at = models.DateTimeField()

    class Meta:
        ordering = ["-received_at"]
        indexes = [
            # an account's latest signals
            models.Index(fields=["account", "-received_at"], name="signal_account_latest"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(decision__in=values(SignalDecision)), name="signal_decision_known"),
            models.CheckConstraint(
                condition=Q(confidence_score__gte=0, confidence_score__lte=1), name="signal_confidence_is_fraction"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.signal_type} {self.symbol} {self.decision}"
