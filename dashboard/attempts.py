"""Guessing passwords takes a while: one limit for the sign-in page, the admin and the API's tokens, in every process alike.

It stands in the authentication backend, which all three ask. Failures are counted in the database, under the name that was
typed, whether or not there is such a user, and under the client's address. What is refused is not counted, so that no refusal
is for longer than WINDOW.
"""

import hashlib
import math
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.deprecation import MiddlewareMixin

from dashboard.models import SignInAttempt

WINDOW = timedelta(minutes=5)
PER_NAME = 10  # failures within WINDOW
PER_ADDRESS = 30  # an office is one address

logger = structlog.get_logger(__name__)


class TooManyAttempts(Exception):
    """The password was not looked at. `wait` is in seconds."""

    def __init__(self, wait: int) -> None:
        super().__init__(f"Too many failed sign-ins; try again in {in_words(wait)}")
        self.wait = wait


class LimitedBackend(ModelBackend):
    """Django's own users and permissions, with the limit before the password."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        if username is None or password is None:
            return None
        attempt = begin(username, address_of(request), now=timezone.now())
        user = super().authenticate(request, username=username, password=password, **kwargs)
        if user is not None:
            attempt.delete()
        return user


def begin(name: str, address: str, *, now: datetime) -> SignInAttempt:
    """Count an attempt as failed, until it turns out not to be: of many at once, none slips through. Raises TooManyAttempts."""
    SignInAttempt.objects.filter(at__lte=now - WINDOW).delete()
    digest = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()
    attempt = SignInAttempt.objects.create(name_digest=digest, address=address, at=now)
    wait = max(
        _wait(attempt, PER_NAME, now, name_digest=digest),
        _wait(attempt, PER_ADDRESS, now, address=address) if address else 0,
    )
    if wait:
        attempt.delete()
        logger.warning("sign_in_refused", address=address, wait_seconds=wait)
        raise TooManyAttempts(wait)
    return attempt


def _wait(attempt: SignInAttempt, limit: int, now: datetime, **same: str) -> int:
    """Seconds until one more is allowed: when the limit-th latest has grown old. 0 for at once."""
    others = SignInAttempt.objects.filter(**same, at__gt=now - WINDOW).exclude(pk=attempt.pk)
    times = others.order_by("-at").values_list("at", flat=True)[limit - 1 : limit]
    return max((math.ceil(min(at + WINDOW - now, WINDOW).total_seconds()) for at in times), default=0)


def address_of(request: HttpRequest | None) -> str:
    """Who really connected. A header can be made up: of X-Forwarded-For only what our own proxies wrote counts, at its end."""
    if request is None:
        return ""
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",")]
    proxies = settings.TRUSTED_PROXY_COUNT
    forwarded = hops[-proxies] if 0 < proxies <= len(hops) else ""
    return (forwarded or str(request.META.get("REMOTE_ADDR") or "")).replace("\0", "")[:64]


def in_words(seconds: int) -> str:
    count, unit = (seconds, "second") if seconds < 60 else (math.ceil(seconds / 60), "minute")
    return f"{count} {unit}{'' if count == 1 else 's'}"


class TooManyAttemptsMiddleware(MiddlewareMixin):
    """The refusal as a page, for the sign-in page and the admin's. The API has its own words."""

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, TooManyAttempts):
            return None
        response = render(request, "429.html", {"wait": in_words(error.wait), "page": "sign-in"}, status=429)
        response["Retry-After"], response["Cache-Control"] = str(error.wait), "no-store"
        return response
