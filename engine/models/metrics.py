from django.db import models

from engine.models.accounts import Account
from engine.models.fields import money


class MetricBucket(models.Model):
    """What one process counted and timed in one minute, or in one IST trading day.

    Each process writes only rows of its own, and whole: no two processes ever wait for the same row, and reading sums them up.
    `counters` is {name: number}; `timings` is {operation: {count, total_us, min_us, max_us, histogram: {bucket: count}}}.
    """

    resolution = models.CharField(max_length=6, choices=[("minute", "minute"), ("day", "day")])
    start = models.DateTimeField()
    process = models.UUIDField()
    counters = models.JSONField(default=dict)
    timings = models.JSONField(default=dict)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            # also serves the reading of a window
            models.UniqueConstraint(fields=["resolution", "start", "process"], name="metric_bucket_once"),
        ]

    def __str__(self) -> str:
        return f"{self.resolution} {self.start:%Y-%m-%d %H:%M}"


class EquityPoint(models.Model):
    """An account's equity curve, a point every ten seconds of market time."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="equity_points", db_index=False)
    at = models.DateTimeField()
    equity = money()
    cash = money()
    exposure = money(help_text="gross market value of the open positions, in rupees")
    day_pnl = money()

    class Meta:
        constraints = [
            # also serves the reading of the curve
            models.UniqueConstraint(fields=["account", "at"], name="equity_point_once"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.at:%Y-%m-%d %H:%M:%S}"


class Worker(models.Model):
    """A process that handles events: its sign of life, rewritten every two seconds.

    `lanes` is {lane: time of its last round}.
    """

    id = models.UUIDField(primary_key=True)
    host = models.CharField(max_length=120)
    pid = models.IntegerField()
    lanes = models.JSONField(default=dict)
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField()

    class Meta:
        ordering = ["-beat_at"]

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}"
