from django.db import models
from django.db.models import Q

from engine.domain.enums import PositionStatus, Product
from engine.models.accounts import Account, percent
from engine.models.fields import money, one_of, values


class PositionQuerySet(models.QuerySet["Position"]):
    def open(self) -> "PositionQuerySet":
        """Those still held. Spelt out as the partial index has it: SQLite does not look behind a parameter."""
        return self.extra(where=['"engine_position"."status" = \'OPEN\''])  # type: ignore[return-value] # the stubs forget the class


class Position(models.Model):
    """What an account holds of a symbol for one strategy (or for none, the empty string). A negative quantity is short.

    Unrealised P&L is not stored: it is quantity x last price - cost, wherever it is asked for.
    """

    id = models.UUIDField(primary_key=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="positions", db_index=False)
    symbol = models.CharField(max_length=32)
    strategy_id = models.CharField(max_length=64, blank=True, default="")
    product = one_of(Product, default="MIS")
    status = one_of(PositionStatus, default="OPEN")
    quantity = models.BigIntegerField()
    cost = money(help_text="what the open quantity cost, in rupees; negative for a short")
    average_price = money()
    realized_pnl = money(default="0", help_text="booked so far, before charges, in rupees")
    charges = money(default="0")
    stop_loss = money(null=True, blank=True)
    take_profit = money(null=True, blank=True)
    trailing_stop = money(null=True, blank=True, help_text="a stop so many rupees behind the best price since it opened")
    trailing_stop_percent = percent("a stop so many percent behind the best price since it opened")
    opened_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = PositionQuerySet.as_manager()

    class Meta:
        ordering = ["symbol"]
        indexes = [
            # an account's closed positions, newest first
            models.Index(fields=["account", "-closed_at"], name="position_account_closed", condition=Q(status="CLOSED")),
        ]
        constraints = [
            # also serves the loading of a book
            models.UniqueConstraint(
                fields=["account", "symbol", "strategy_id"], name="position_open_once", condition=Q(status="OPEN")
            ),
            models.CheckConstraint(condition=Q(status__in=values(PositionStatus)), name="position_status_known"),
            models.CheckConstraint(
                condition=(Q(status="CLOSED", quantity=0, cost=0, closed_at__isnull=False))
                | (Q(status="OPEN", closed_at__isnull=True) & ~Q(quantity=0)),
                name="position_closed_is_flat",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} {self.symbol} @ {self.average_price}"


class TrailingMark(models.Model):
    """The best price that a position with a trailing stop has seen. It follows the prices, not the log: no event moves it.

    Only the market's step writes it, so that prices and books never wait for each other's rows.
    """

    position = models.OneToOneField(Position, on_delete=models.CASCADE, primary_key=True, related_name="trailing_mark")
    best_price = money()

    def __str__(self) -> str:
        return f"{self.best_price}"
