from django.db import models

from engine.models.accounts import Account


class BookedDay(models.Model):
    """What an account's fills of one strategy and symbol booked in one IST day that is over, added up.

    Amounts are whole numbers of 0.0001 rupee, the last digit of the fills' own. A report leaves these sums on its way, for the
    next one; nothing else reads them, and what is deleted here is added up anew.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    strategy_id = models.CharField(max_length=64, blank=True, default="")
    symbol = models.CharField(max_length=32)
    fills = models.PositiveIntegerField()
    turnover = models.BigIntegerField()
    gross = models.BigIntegerField(help_text="realised P&L before charges")
    charges = models.BigIntegerField()
    brokerage = models.BigIntegerField()
    stt = models.BigIntegerField()
    exchange = models.BigIntegerField()
    sebi = models.BigIntegerField()
    stamp_duty = models.BigIntegerField()
    gst = models.BigIntegerField()

    class Meta:
        ordering = ["account", "day", "strategy_id", "symbol"]
        constraints = [
            # also serves the finding of a period's
            models.UniqueConstraint(fields=["account", "day", "strategy_id", "symbol"], name="booked_day_once"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.day} {self.strategy_id} {self.symbol}"
