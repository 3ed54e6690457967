"""Requests that a client sends again: the Idempotency-Key header makes the second one an echo of the first."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from pydantic import BaseModel
from rest_framework.request import Request

from dashboard.api.errors import Conflict, Invalid, fault
from dashboard.api.identity import user_of
from dashboard.api.wire import to_json
from engine.services import idempotency

HEADER = "Idempotency-Key"
IN_FLIGHT = "The first request with this Idempotency-Key is still being handled; send it again in a moment"


def answered_once(
    request: Request, route: str, user_id: str, body: BaseModel, effect: Callable[[], dict[str, Any]], *, now: datetime
) -> HttpResponse:
    """The effect's answer; for a key seen before, the answer of then.

    Raises Invalid for a key used otherwise, and Conflict while its first request is still in flight.
    """
    key = _key(request)
    if key is None:
        return _json(to_json(effect()).decode())
    try:
        answer = idempotency.once(
            scope=f"{route}:{user_of(request).pk or f'anonymous {user_id}'}",  # people without names share no keys
            key=key,
            request={"user_id": user_id, "body": body.model_dump(mode="json")},
            now=now,
            effect=lambda: to_json(effect()).decode(),
        )
    except idempotency.KeyReused as error:
        message = "This key was used before, for another request"
        raise Invalid([fault("idempotency_key_reused", ["header", HEADER], message, key)]) from error
    except idempotency.KeyInFlight as error:
        conflict = Conflict(IN_FLIGHT)
        conflict.headers["Retry-After"] = "1"
        raise conflict from error
    return _json(answer)


def _key(request: Request) -> str | None:
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not 0 < len(key) <= 200 or not key.isprintable() or not key.isascii():
        raise Invalid([fault("idempotency_key", ["header", HEADER], "A key is 1 to 200 printable ASCII characters", key)])
    return key


def _json(text: str) -> HttpResponse:
    return HttpResponse(text, content_type="application/json")
