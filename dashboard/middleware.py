"""Who asked: an id for every request, in its answer and in each of its log lines."""

import re
from collections.abc import Awaitable, Callable
from typing import Any, cast
from uuid import uuid4

import structlog
from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

HEADER = "X-Request-ID"
_WELL_FORMED = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@sync_and_async_middleware
def RequestIdMiddleware(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:  # noqa: N802 - named as a class
    """Takes a proxy's well-formed X-Request-ID, else makes one. Works for sync and async handlers alike."""
    if iscoroutinefunction(get_response):

        async def answer_later(request: HttpRequest) -> HttpResponseBase:
            _bind(request)
            return _labelled(await cast("Awaitable[HttpResponseBase]", get_response(request)), request)

        return answer_later

    def answer(request: HttpRequest) -> HttpResponseBase:
        _bind(request)
        return _labelled(get_response(request), request)

    return answer


def request_id(request: HttpRequest) -> str:
    """The request's id; empty where the middleware is not installed."""
    return str(request.META.get("quantumleap.request_id", ""))


def _bind(request: HttpRequest) -> None:
    """For the log lines until the next request here: Django writes one of its own after all middleware is through."""
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=_identify(request))


def _identify(request: HttpRequest) -> str:
    sent = request.headers.get(HEADER, "")
    request.META["quantumleap.request_id"] = sent if _WELL_FORMED.fullmatch(sent) else uuid4().hex
    return request_id(request)


def _labelled(response: HttpResponseBase, request: HttpRequest) -> HttpResponseBase:
    response.headers[HEADER] = request_id(request)
    return response
