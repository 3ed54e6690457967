"""What the faces keep for themselves: who tried to sign in of late."""

from django.db import models


class SignInAttempt(models.Model):
    """A sign-in under way, or one that failed within the last minutes. See dashboard/attempts.py."""

    name_digest = models.CharField(max_length=64)  # people type passwords into the wrong field: no name is stored
    address = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["name_digest", "at"], name="sign_in_by_name"),
            models.Index(fields=["address", "at"], name="sign_in_by_address"),
            models.Index(fields=["at"], name="sign_in_old"),
        ]

    def __str__(self) -> str:
        return f"{self.address} at {self.at}"
