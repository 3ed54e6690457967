"""The two field shapes that every table shares."""

from enum import Enum
from typing import Any

from django.db import models


def money(**options: Any) -> "models.DecimalField[Any, Any]":
    """Rupees. Up to 10^11 with four decimals, which SQLite's numbers hold exactly too."""
    return models.DecimalField(max_digits=20, decimal_places=4, **options)


def one_of(enum: type[Enum], **options: Any) -> "models.CharField[Any, Any]":
    """One of an enum's values. Plain strings, so that a migration never imports our code."""
    choices = [(member.value, member.value) for member in enum]
    return models.CharField(max_length=max(len(value) for value, _ in choices), choices=choices, **options)


def values(enum: type[Enum]) -> list[str]:
    """The enum's values, for a check constraint."""
    return [member.value for member in enum]
