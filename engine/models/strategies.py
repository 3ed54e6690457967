from django.db import models
from django.db.models import Q

from engine.domain.enums import StrategyStatus, StrategyType
from engine.models.accounts import Account
from engine.models.fields import one_of, values


class Strategy(models.Model):
    """A strategy deployed in an account. `rule` names the signal function that it runs; none for one that lives elsewhere."""

    id = models.CharField(primary_key=True, max_length=64)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="strategies")
    name = models.CharField(max_length=120)
    strategy_type = one_of(StrategyType, default="CUSTOM")
    rule = models.CharField(max_length=40, blank=True, default="")
    status = one_of(StrategyStatus, default="ACTIVE")
    status_reason = models.CharField(max_length=200, blank=True, default="", help_text="why it is paused or stopped")
    symbols = models.JSONField(default=list, help_text="which symbols it trades; an empty list is all of them")
    parameters = models.JSONField(default=dict)
    max_positions = models.PositiveIntegerField(default=10)
    max_daily_trades = models.PositiveIntegerField(default=50)
    deployed_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "strategies"
        constraints = [
            models.CheckConstraint(condition=Q(status__in=values(StrategyStatus)), name="strategy_status_known"),
        ]

    def __str__(self) -> str:
        return self.name
