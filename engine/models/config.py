from django.db import models


class ConfigEntry(models.Model):
    """A setting that was changed at run time. A key without a row has its default."""

    key = models.CharField(primary_key=True, max_length=40)
    value = models.JSONField()
    updated_at = models.DateTimeField()
    updated_by = models.CharField(max_length=150)

    class Meta:
        verbose_name = "setting"

    def __str__(self) -> str:
        return self.key


class ConfigChange(models.Model):
    """The audit of a setting: what it was, what it became, who did it, and when."""

    key = models.CharField(max_length=40)
    old = models.JSONField(null=True)
    new = models.JSONField(null=True)
    by = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        verbose_name = "change of a setting"
        verbose_name_plural = "changes of settings"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.key}: {self.old} -> {self.new}"
