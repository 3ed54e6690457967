"""What goes wrong, as the wire says it: one body shape for every error, a list of faults for 422."""

import math
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import structlog
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404
from pydantic import ValidationError
from rest_framework import exceptions
from rest_framework.response import Response

from dashboard.attempts import TooManyAttempts

logger = structlog.get_logger(__name__)

MAX_ECHO = 200  # characters of an input that are sent back
MAX_FAULTS = 1_000
Fault = dict[str, Any]


class ApiError(Exception):
    """An answer other than success. `detail` is what old clients read; `code` is for programs."""

    status = 400
    code = "BAD_REQUEST"
    detail = "Bad request"

    def __init__(self, detail: str | None = None, *, code: str | None = None) -> None:
        self.detail = detail or self.detail
        self.code = code or self.code
        self.headers: dict[str, str] = {}
        super().__init__(self.detail)

    def body(self) -> dict[str, Any]:
        return problem(self.detail, self.code)


class Invalid(ApiError):
    """The request was understood and cannot be done as it stands: 422, with every fault named."""

    status = 422
    code = "VALIDATION_ERROR"

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = list(faults[:MAX_FAULTS])
        super().__init__(_one_line(faults))

    def body(self) -> dict[str, Any]:
        return problem(self.faults, self.code, self.detail)


class AuthRequired(ApiError):
    status = 401
    code = "AUTH_REQUIRED"
    detail = "Sign in to do this"


class PermissionDenied(ApiError):
    status = 403
    code = "PERMISSION_DENIED"
    detail = "You may not do this"


class NotFound(ApiError):
    status = 404
    code = "NOT_FOUND"
    detail = "Not Found"


class Conflict(ApiError):
    status = 409
    code = "CONFLICT"


class BodyTooLarge(ApiError):
    status = 413
    code = "TOO_LARGE"

    def __init__(self, limit: int) -> None:
        super().__init__(f"The body is larger than {limit} bytes")


class Unavailable(ApiError):
    status = 503
    code = "UNAVAILABLE"
    detail = "The database does not answer; try again in a moment"

    def __init__(self) -> None:
        super().__init__()
        self.headers["Retry-After"] = "1"


class Unexpected(ApiError):
    """Our own fault. The text says nothing of it; the log, under `error_id`, says everything."""

    status = 500
    code = "INTERNAL_ERROR"
    detail = "Internal error"

    def __init__(self) -> None:
        super().__init__()
        self.error_id = uuid4().hex[:12]

    def body(self) -> dict[str, Any]:
        return super().body() | {"error_id": self.error_id}


def problem(detail: str | list[Fault], code: str, message: str | None = None) -> dict[str, Any]:
    """The error body. `needs_reauth` keeps the old frontend from signing its user out of the broker."""
    text = message or str(detail)
    return {"detail": detail, "message": text, "error": text, "code": code, "needs_reauth": False}


# --- faults of a request ---------------------------------------------------------------------------------------------------
def fault(kind: str, loc: Sequence[str | int], msg: str, value: Any, ctx: dict[str, Any] | None = None) -> Fault:
    entry: Fault = {"type": kind, "loc": list(loc), "msg": msg, "input": echo(value)}
    return entry | {"ctx": echo(ctx)} if ctx else entry


def faults_of(error: ValidationError, where: Sequence[str | int]) -> list[Fault]:
    """pydantic's errors in the old API's words; `where` is what stands before each location (query, body, path)."""
    return [
        fault(entry["type"], [*where, *entry["loc"]], entry["msg"], entry["input"], entry.get("ctx"))
        for entry in error.errors(include_url=False)
    ]


def echo(value: Any, depth: int = 3) -> Any:
    """An input as it may be sent back: valid JSON, and short."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        text = value[:MAX_ECHO].replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode()
        return text if len(value) <= MAX_ECHO else f"{text}…"
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, int):
        return value if abs(value) < 10**18 else "a very large number"
    if depth and isinstance(value, dict):
        return {str(echo(str(key))): echo(item, depth - 1) for key, item in list(value.items())[:20]}
    if depth and isinstance(value, (list, tuple)):
        return [echo(item, depth - 1) for item in value[:20]]
    return echo(str(value)) if not isinstance(value, (dict, list, tuple)) else "…"


def _one_line(faults: Sequence[Fault]) -> str:
    first = faults[0]
    place = ".".join(map(str, first["loc"]))
    rest = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return f"{place}: {first['msg']}{rest}"


# --- from exception to answer ----------------------------------------------------------------------------------------------
def exception_handler(error: Exception, context: dict[str, Any]) -> Response:
    """Every exception's answer. A view with a `fallback` answers that where the database is away."""
    view = context.get("view")
    if isinstance(error, (OperationalError, InterfaceError)):
        logger.warning("database_away", error=str(error))
        fallback = getattr(view, "fallback", None)
        if fallback is not None:
            return Response(fallback())
    known = as_api_error(error)
    if isinstance(known, Unexpected):
        logger.error("request_failed", error_id=known.error_id, view=type(view).__name__, exc_info=error)
    return Response(known.body(), status=known.status, headers=known.headers)


def as_api_error(error: Exception) -> ApiError:
    match error:
        case ApiError():
            return error
        case OperationalError() | InterfaceError():
            return Unavailable()
        case Http404() | exceptions.NotFound():
            return NotFound()
        case RequestDataTooBig():
            return _as("The body is too large", 413, "TOO_LARGE")
        case SuspiciousOperation():
            return ApiError()
        case TooManyAttempts():
            limited = _as(str(error), 429, "RATE_LIMITED")
            limited.headers["Retry-After"] = str(error.wait)
            return limited
        case exceptions.APIException():
            return _from_framework(error)
    return Unexpected()


def _from_framework(error: exceptions.APIException) -> ApiError:
    """The framework's own texts say "token" and end in full stops; old clients would sign out, or not know them."""
    match error:
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            known: ApiError = AuthRequired("These credentials are not known here") if _was_sent(error) else AuthRequired()
        case exceptions.PermissionDenied():
            known = PermissionDenied("The request does not come from our own pages") if _is_csrf(error) else PermissionDenied()
        case exceptions.MethodNotAllowed():
            known = _as("Method Not Allowed", 405, "METHOD_NOT_ALLOWED")
        case exceptions.Throttled():
            known = _as("Too many requests; come back when Retry-After says", 429, "RATE_LIMITED")
            known.headers["Retry-After"] = str(getattr(error, "wait", None) or 1)
        case exceptions.UnsupportedMediaType():
            known = _as("The body must be application/json", 415, "UNSUPPORTED_MEDIA_TYPE")
        case _:
            known = _as("Bad request", error.status_code, "BAD_REQUEST")
    challenge = getattr(error, "auth_header", None)
    if challenge:
        known.headers["WWW-Authenticate"] = challenge
    return known


def _was_sent(error: exceptions.APIException) -> bool:
    return isinstance(error, exceptions.AuthenticationFailed)


def _is_csrf(error: exceptions.APIException) -> bool:
    return str(error.detail).startswith("CSRF")


def _as(detail: str, status: int, code: str) -> ApiError:
    error = ApiError(detail, code=code)
    error.status = status
    return error
