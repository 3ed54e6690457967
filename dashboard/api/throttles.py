"""How often a caller may ask: a fence against a client that has run away, not a limit of trading, which the engine's rules are.

Counted by each process in memory, so that the count costs a microsecond and needs no table: with several processes behind a
proxy the fence stands that many times as far out.
"""

import math
from threading import Lock
from time import monotonic
from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from dashboard.attempts import address_of

MINUTE = 60.0  # seconds


class Counts:
    """Requests by caller in this minute and the one before: the last sixty seconds are the one and a share of the other."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.forget()

    def forget(self) -> None:
        self._minute = -1
        self._now: dict[str, int] = {}
        self._before: dict[str, int] = {}

    def take(self, caller: str, limit: int, at: float) -> float:
        """Count one request; 0.0 where it is allowed, else the seconds to wait. What is refused is not counted."""
        minute, into = int(at // MINUTE), at % MINUTE
        with self._lock:
            if minute != self._minute:
                self._before = self._now if minute == self._minute + 1 else {}
                self._now, self._minute = {}, minute
            taken, before = self._now.get(caller, 0), self._before.get(caller, 0)
            if taken + 1 + before * (1 - into / MINUTE) <= limit:
                self._now[caller] = taken + 1
                return 0.0
        if taken >= limit:  # the next minute, and in it until this one weighs little enough
            return MINUTE - into + MINUTE * (1 - (limit - 1) / taken)
        return MINUTE * (1 - (limit - 1 - taken) / before) - into


counts = Counts()


class PerCaller(BaseThrottle):
    """By user, or by address for who is not signed in."""

    seconds = 0.0

    def allow_request(self, request: Request, view: Any) -> bool:
        limit: int = settings.API_REQUESTS_PER_MINUTE
        if limit <= 0:
            return True
        user = request.user
        caller = f"user {user.pk}" if user.is_authenticated else f"address {address_of(request._request)}"
        self.seconds = counts.take(caller, limit, monotonic())
        return not self.seconds

    def wait(self) -> float:
        return math.ceil(self.seconds)
