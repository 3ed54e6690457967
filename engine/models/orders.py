from django.db import models
from django.db.models import F, Q

from engine.domain.brokers import BrokerName
from engine.domain.enums import OrderStatus, OrderType, Product, RejectedBy, Side, Validity
from engine.domain.orders import WORKING
from engine.models.accounts import Account, percent
from engine.models.fields import money, one_of, values

WORKING_VALUES = sorted(status.value for status in WORKING)
IS_WORKING = "status in ({})".format(", ".join(f"'{value}'" for value in WORKING_VALUES))  # as the partial index has it

FILTERED_BY = ("status", "symbol", "side", "order_type", "strategy_id")


class OrderQuerySet(models.QuerySet["Order"]):
    def working(self) -> "OrderQuerySet":
        """Those that are not at their end. Spelt out as the partial index has it: SQLite does not look behind a parameter."""
        return self.extra(where=[f"engine_order.{IS_WORKING}"])  # type: ignore[return-value] # noqa: S610 - constants


class Order(models.Model):
    """An order and where it stands. Only the engine's life-cycle table moves `status`."""

    id = models.UUIDField(primary_key=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="orders", db_index=False)
    symbol = models.CharField(max_length=32)
    side = one_of(Side)
    order_type = one_of(OrderType)
    product = one_of(Product, default="MIS")
    validity = one_of(Validity, default="DAY")
    quantity = models.PositiveBigIntegerField()
    price = money(null=True, blank=True, help_text="limit price")
    stop_price = money(null=True, blank=True, help_text="trigger price")
    stop_loss = money(null=True, blank=True, help_text="where the position it opens is stopped out")
    take_profit = money(null=True, blank=True, help_text="where the position it opens takes its profit")
    trailing_stop = money(null=True, blank=True, help_text="a stop so many rupees behind the position's best price")
    trailing_stop_percent = percent("a stop so many percent behind the position's best price")
    status = one_of(OrderStatus, default="PENDING")
    rejected_by = models.CharField(
        max_length=6, choices=[(value, value) for value in values(RejectedBy)], blank=True, default=""
    )
    reason = models.CharField(max_length=300, blank=True, default="", help_text="why it was rejected, cancelled or expired")
    sizing = models.CharField(max_length=300, blank=True, default="", help_text="how its quantity came about, in words")
    risk_checks = models.JSONField(default=list, help_text="each pre-trade rule with its limit, value and verdict")
    filled_quantity = models.PositiveBigIntegerField(default=0)
    filled_notional = money(default="0", help_text="sum of price x quantity over its fills, in rupees")
    charges = money(default="0")
    broker = models.CharField(
        max_length=8, choices=[(value, value) for value in values(BrokerName)], default="PAPER", help_text="who has it, or had"
    )
    broker_order_id = models.CharField(max_length=64, blank=True, default="")
    strategy_id = models.CharField(max_length=64, blank=True, default="")
    signal_id = models.UUIDField(null=True, blank=True)
    correlation_id = models.UUIDField()
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True, blank=True)
    filled_at = models.DateTimeField(null=True, blank=True)
    waits_until = models.DateTimeField(null=True, blank=True, help_text="the market is closed: when it opens")
    triggered_at = models.DateTimeField(null=True, blank=True, help_text="when its stop price traded")
    leave = models.JSONField(null=True, blank=True, help_text="the order that is to close the position once this one has ended")

    objects = OrderQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            # an account's blotter, newest first. What it is filtered by stands in the index too: a rare order is found among
            # a hundred thousand without a look at their rows, which are long
            models.Index(fields=["account", "-created_at", "-id", *FILTERED_BY], name="order_account_latest"),
            # everybody's blotter, newest first, likewise
            models.Index(fields=["-created_at", "-id", *FILTERED_BY], name="order_latest"),
            # what is at work: loaded with each book, and looked through at each price
            models.Index(fields=["account", "symbol"], name="order_working", condition=Q(status__in=WORKING_VALUES)),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="order_quantity_positive"),
            models.CheckConstraint(condition=Q(filled_quantity__lte=F("quantity")), name="order_never_overfilled"),
            models.CheckConstraint(condition=Q(status__in=values(OrderStatus)), name="order_status_known"),
            models.CheckConstraint(
                condition=~Q(status="FILLED") | Q(filled_quantity=F("quantity")), name="order_filled_is_full"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.quantity} {self.symbol} {self.status}"

    @property
    def is_working(self) -> bool:
        return self.status in WORKING_VALUES


class Execution(models.Model):
    """A fill: a trade that happened. Never changed, never deleted."""

    id = models.UUIDField(primary_key=True)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="executions")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="executions", db_index=False)
    symbol = models.CharField(max_length=32)
    side = one_of(Side)
    quantity = models.PositiveBigIntegerField()
    price = money()
    charges = money(default="0")
    charge_breakdown = models.JSONField(default=dict, help_text="each charge by name, in rupees")
    realized_pnl = money(default="0", help_text="booked by this fill, before charges, in rupees")
    strategy_id = models.CharField(max_length=64, blank=True, default="")
    broker_execution_id = models.CharField(max_length=64)
    executed_at = models.DateTimeField()

    class Meta:
        ordering = ["-executed_at"]
        indexes = [
            # an account's fills, newest first
            models.Index(fields=["account", "-executed_at"], name="execution_account_latest"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["broker_execution_id"], name="execution_booked_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0, price__gt=0), name="execution_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.quantity} {self.symbol} @ {self.price}"
