from typing import Any

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from engine.domain.enums import TradingState, WhenClosed
from engine.models.fields import money, one_of, values

USER_ID = r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}"


def percent(help_text: str) -> "models.DecimalField[Any, Any]":
    return models.DecimalField(max_digits=7, decimal_places=4, null=True, blank=True, help_text=help_text)


class Account(models.Model):
    """A trading account: its cash, its limits and whether it may trade. Limits left empty follow the configuration."""

    user_id = models.CharField(primary_key=True, max_length=64, validators=[RegexValidator(rf"^{USER_ID}\Z")])
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="accounts", help_text="who may see it and trade in it"
    )
    is_paper = models.BooleanField(default=True)
    cash = money()
    initial_cash = money()
    trading_state = one_of(TradingState, default="ACTIVE")
    trading_state_reason = models.CharField(max_length=200, blank=True, default="")
    trading_day = models.DateField(help_text="the IST trading day that the day's figures belong to")
    day_start_equity = money(help_text="equity when the trading day began, in rupees")
    peak_equity = money(help_text="the highest equity at the start of any trading day, in rupees")

    confidence_threshold = models.DecimalField(max_digits=5, decimal_places=4, default="0.6")
    allow_short = models.BooleanField(default=True)
    when_closed = one_of(
        WhenClosed, default="WAIT", help_text="whether orders for a closed market wait for the open, or are refused"
    )
    max_position_size_percent = percent("of equity, in one symbol")
    max_portfolio_exposure_percent = percent("of equity, gross")
    max_sector_exposure_percent = percent("of equity, gross, in one sector")
    max_concurrent_orders = models.PositiveIntegerField(null=True, blank=True)

    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["user_id"]
        constraints = [
            models.CheckConstraint(condition=Q(trading_state__in=values(TradingState)), name="account_state_known"),
            models.CheckConstraint(
                condition=Q(confidence_threshold__gte=0, confidence_threshold__lte=1), name="account_threshold_is_fraction"
            ),
        ]

    def __str__(self) -> str:
        return self.user_id
