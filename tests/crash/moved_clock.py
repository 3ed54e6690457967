"""A process's clock, off by what a file says, from before anything is imported. Its monotonic clock goes on as it should.

As when somebody sets the machine's clock: all that asks for the time, ours and the libraries', is told another.
"""

import datetime as dt
import time
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

READ_EVERY = 0.2  # seconds

real_time = time.time


class _Offset:
    def __init__(self, path: Path) -> None:
        self.path, self.seconds, self.read_at = path, 0.0, float("-inf")

    def __call__(self) -> float:
        if time.monotonic() - self.read_at > READ_EVERY:
            self.seconds, self.read_at = float(self.path.read_text()), time.monotonic()
        return self.seconds


class _LikeTheRealOne(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, datetime)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, datetime)


def install(path: Path) -> None:
    offset = _Offset(path)

    class Moved(datetime, metaclass=_LikeTheRealOne):
        """Makes real datetimes, and knows another now."""

        def __new__(cls, *given: Any, **named: Any) -> datetime:  # type: ignore[misc]
            return datetime(*given, **named)  # noqa: DTZ001 - whatever was given

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + timedelta(seconds=offset())

        @classmethod
        def utcnow(cls) -> datetime:  # type: ignore[override]
            return datetime.now(dt.UTC).replace(tzinfo=None) + timedelta(seconds=offset())

    dt.datetime = Moved  # type: ignore[misc]
    time.time = lambda: real_time() + offset()
