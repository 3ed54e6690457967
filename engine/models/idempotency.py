from django.db import models


class IdempotencyKey(models.Model):
    """A key that a client sent with a write, and the answer it got: stored in the transaction of the effect itself."""

    scope = models.CharField(max_length=160, help_text="who sent it, and to which route")
    key = models.CharField(max_length=200)
    request_hash = models.CharField(max_length=64)
    status_code = models.PositiveSmallIntegerField()
    response = models.JSONField()
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "key"], name="idempotency_key_once")]

    def __str__(self) -> str:
        return self.key
