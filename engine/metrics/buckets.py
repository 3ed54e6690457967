"""Where a minute and an IST trading day begin."""

from datetime import UTC, datetime

from engine.domain.intervals import IST


def minute_start(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(second=0, microsecond=0)


def day_start(at: datetime) -> datetime:
    """The midnight in India that began the trading day of `at`."""
    return at.astimezone(IST).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
