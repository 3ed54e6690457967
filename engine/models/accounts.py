from typing import Any

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q, Subquery

from engine.domain.enums import TradingState, WhenClosed
from engine.domain.sizing_models import SizingModel
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
    cash = money()
    initial_cash = money()
    trading_state = one_of(TradingState, default="ACTIVE")
    trading_state_reason = models.CharField(max_length=200, blank=True, default="")
    trading_blocks = models.JSONField(default=dict, blank=True, help_text="strategies and symbols that are not ACTIVE")
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

    max_order_value = money(null=True, blank=True, help_text="of one order, in rupees")
    max_leverage = percent("gross exposure as a multiple of equity")
    max_orders_per_minute = models.PositiveIntegerField(null=True, blank=True)
    max_orders_per_day = models.PositiveIntegerField(null=True, blank=True)
    daily_loss_limit_percent = percent("of the equity that the day began with; at it only exits pass")
    max_drawdown_percent = percent("of the highest equity at the start of a day; at it only exits pass")
    minimum_balance = money(null=True, blank=True, help_text="cash that buying must leave, in rupees")
    price_collar_percent = percent("that a limit price may be worse than the last price")
    duplicate_signal_seconds = models.PositiveIntegerField(
        null=True, blank=True, help_text="between two orders of one side, symbol and strategy that signals ask for"
    )
    sizing_model = models.CharField(
        max_length=20,
        choices=[(model.value, model.value) for model in SizingModel],
        blank=True,
        default="",
        help_text="how signals without a size are sized; empty: 2 % of equity, 3 % when strong",
    )
    orders_today = models.PositiveIntegerField(default=0, help_text="sent to the market on the trading day")
    orders_by_second = models.JSONField(
        default=list,
        blank=True,
        help_text="[[second since 1970, orders sent in it], ...] of the minute before the latest order",
    )

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


class DeskState(models.Model):
    """Whether anybody may trade: one row, which `migrate` puts there. Where it is missing, nobody may."""

    THE_ONE = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=THE_ONE)
    state = one_of(TradingState, default="ACTIVE")
    reason = models.CharField(max_length=200, blank=True, default="")
    changed_by = models.CharField(max_length=150, blank=True, default="")
    changed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "desk state"
        constraints = [models.CheckConstraint(condition=Q(id=1), name="desk_state_is_one_row")]

    def __str__(self) -> str:
        return f"{self.state} {self.reason}".strip()


DESK_STATE = Subquery(DeskState.objects.filter(id=DeskState.THE_ONE).values("state")[:1])  # beside accounts: no statement more
