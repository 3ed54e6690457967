from typing import Any

from django.db import models
from django.db.models import Q

from engine.domain.enums import LifecycleStage, StrategyStatus, StrategyType, TriggeredBy
from engine.models.accounts import Account
from engine.models.fields import money, one_of, values


def share(default: str, help_text: str) -> "models.DecimalField[Any, Any]":
    return models.DecimalField(max_digits=7, decimal_places=4, default=default, help_text=help_text)


class Strategy(models.Model):
    """A strategy deployed in an account. `rule` names the signal function that it runs; none for one that lives elsewhere.

    A service writes what it is and where somebody sent it; the engine its status and what it did.
    """

    id = models.CharField(primary_key=True, max_length=64)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="strategies")
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True, default="")
    strategy_type = one_of(StrategyType, default="CUSTOM")
    rule = models.CharField(max_length=40, blank=True, default="")
    status = one_of(StrategyStatus, default="ACTIVE")
    status_reason = models.CharField(max_length=200, blank=True, default="", help_text="why it is paused or stopped")
    symbols = models.JSONField(default=list, help_text="which symbols it trades; an empty list is all of them")
    parameters = models.JSONField(default=dict)

    watched = models.BooleanField(default=False, help_text="whether its figures are counted and its limits hold")
    max_positions = models.PositiveIntegerField(default=10)
    max_daily_trades = models.PositiveIntegerField(default=50, help_text="orders a day that open or enlarge a position")
    max_drawdown_percent = share("15", "of its capital; reached, it is stopped and its positions are closed")
    min_win_rate_percent = share("40", "after 20 trades; below, it is paused")
    max_errors = models.PositiveIntegerField(default=10, help_text="reached, it is paused")
    capital = money(default="0", help_text="what losses are measured against; 0 for the account's equity at the day's start")

    signals = models.PositiveBigIntegerField(default=0)
    last_signal_at = models.DateTimeField(null=True, blank=True)
    traded_on = models.DateField(null=True, blank=True, help_text="the trading day of `trades today`")
    trades_today = models.PositiveIntegerField(default=0)
    open_positions = models.IntegerField(default=0)
    trades = models.PositiveBigIntegerField(default=0, help_text="positions closed")
    wins = models.PositiveBigIntegerField(default=0, help_text="of them, those with a gain after charges")
    net_pnl = money(default="0", help_text="of its closed positions, after charges, in rupees")
    peak_pnl = money(default="0", help_text="the highest net P&L since it was started or last resumed")
    trades_before = models.PositiveBigIntegerField(default=0, help_text="trades when it was last resumed")
    wins_before = models.PositiveBigIntegerField(default=0, help_text="wins when it was last resumed")
    errors = models.PositiveIntegerField(default=0, help_text="since it was started or last resumed")
    last_error = models.CharField(max_length=200, blank=True, default="")

    deployed_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "strategies"
        constraints = [
            models.CheckConstraint(condition=Q(status__in=values(StrategyStatus)), name="strategy_status_known"),
            models.CheckConstraint(condition=Q(wins__lte=models.F("trades")), name="strategy_wins_are_trades"),
        ]

    def __str__(self) -> str:
        return self.name


class StrategyStage(models.Model):
    """A step in a strategy's life, written in the transaction that took it. Never changed."""

    id = models.UUIDField(primary_key=True)
    strategy = models.ForeignKey(Strategy, on_delete=models.PROTECT, related_name="stages", db_index=False)
    stage = one_of(LifecycleStage)
    previous_stage = models.CharField(max_length=9, blank=True, default="")
    at = models.DateTimeField()
    triggered_by = one_of(TriggeredBy)
    reason = models.CharField(max_length=200, blank=True, default="")
    metadata = models.JSONField(default=dict)
    number = models.PositiveSmallIntegerField(help_text="its place among the steps of one moment")

    class Meta:
        ordering = ["-at", "-number"]
        verbose_name = "step in a strategy's life"
        verbose_name_plural = "steps in strategies' lives"
        indexes = [
            # a strategy's lifecycle log, newest first
            models.Index(fields=["strategy", "-at", "-number"], name="strategy_stage_latest"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(stage__in=values(LifecycleStage)), name="strategy_stage_known"),
            models.CheckConstraint(condition=Q(triggered_by__in=values(TriggeredBy)), name="strategy_stage_trigger_known"),
        ]

    def __str__(self) -> str:
        return f"{self.strategy_id} {self.stage}"
