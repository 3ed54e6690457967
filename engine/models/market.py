from typing import Any

from django.db import models
from django.db.models import Q

from engine.models.fields import money


def daily_fraction(help_text: str) -> "models.DecimalField[Any, Any]":
    return models.DecimalField(max_digits=10, decimal_places=8, null=True, blank=True, help_text=help_text)


class Instrument(models.Model):
    """A share, with the latest price that any feed brought. Prices are conflated here; they are no events."""

    symbol = models.CharField(primary_key=True, max_length=32)
    exchange = models.CharField(max_length=8, default="NSE")
    name = models.CharField(max_length=120, blank=True, default="")
    sector = models.CharField(max_length=60, default="Unknown")
    tick_size = money(default="0.05")
    lot_size = models.PositiveIntegerField(default=1)
    last_price = money(null=True, blank=True)
    previous_close = money(null=True, blank=True)
    bar_volume = models.BigIntegerField(
        null=True, blank=True, help_text="shares traded in the latest closed bar; empty where the feed gives none"
    )
    priced_at = models.DateTimeField(null=True, blank=True, help_text="the price's own time, as the feed said")
    received_at = models.DateTimeField(null=True, blank=True, help_text="when it reached us: what freshness is judged by")
    source = models.CharField(max_length=16, blank=True, default="", help_text="simulated, replay or live")
    volatility = daily_fraction("of a day, lately, as a fraction")
    usual_volatility = daily_fraction("of a day, over a long time, as a fraction")

    class Meta:
        ordering = ["symbol"]
        constraints = [
            models.CheckConstraint(
                condition=Q(last_price__isnull=True) | Q(last_price__gt=0), name="instrument_price_positive"
            ),
            models.CheckConstraint(condition=Q(tick_size__gt=0), name="instrument_tick_positive"),
            models.CheckConstraint(condition=Q(lot_size__gt=0), name="instrument_lot_positive"),
        ]

    def __str__(self) -> str:
        return self.symbol


class Candle(models.Model):
    """A closed bar: what strategies look back on and charts are drawn from."""

    symbol = models.CharField(max_length=32)
    interval = models.CharField(max_length=8, help_text="5s, 1m, 1d, ...")
    start = models.DateTimeField()
    open = money()
    high = money()
    low = money()
    close = money()
    volume = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            # also serves "the last N bars of a symbol", which is what a strategy asks
            models.UniqueConstraint(fields=["symbol", "interval", "start"], name="candle_once"),
            models.CheckConstraint(condition=Q(low__gt=0, high__gte=models.F("low")), name="candle_range"),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.interval} {self.start:%Y-%m-%d %H:%M:%S}"


class PendingPrices(models.Model):
    """The market_data lane's work: one conflated slice of prices from a feed, deleted in the transaction that applies it.

    `prices` is {symbol: last price}; `bars` is {symbol: [open, high, low, close, volume]} for the bars that this slice closes.
    """

    at = models.DateTimeField(help_text="market time")
    source = models.CharField(max_length=16)
    interval = models.CharField(max_length=8)
    prices = models.JSONField()
    bars = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "pending prices"

    def __str__(self) -> str:
        return f"{len(self.prices)} prices at {self.at:%Y-%m-%d %H:%M:%S}"
