"""The desk in the pictures lives at its prices' own time: the clock that its processes go by."""

import os
from datetime import UTC, datetime, timedelta
from time import monotonic

from django.utils import timezone

STARTS_AT = "PICTURES_START_AT"  # where a process finds the moment at which its clock starts


class MarketClock:
    """Goes on from where it was set, at the pace of the world."""

    def __init__(self, at: datetime) -> None:
        self.set(at)

    def set(self, at: datetime) -> None:
        self._at, self._since = at.astimezone(UTC), monotonic()

    def __call__(self) -> datetime:
        return self._at + timedelta(seconds=monotonic() - self._since)


def installed() -> MarketClock:
    """What `timezone.now` asks from now on. Before our own modules are imported: some keep it."""
    clock = MarketClock(datetime.fromisoformat(os.environ[STARTS_AT]))
    timezone.now = clock  # type: ignore[assignment]
    return clock
