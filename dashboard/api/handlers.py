"""What goes wrong before a view is reached (an unknown host, a failing middleware), as programs are told it."""

import structlog
from django.http import HttpRequest, HttpResponse

from dashboard.api.errors import ApiError, Unexpected
from dashboard.api.wire import to_json

logger = structlog.get_logger(__name__)


def bad_request() -> HttpResponse:
    return _json(ApiError())


def server_error() -> HttpResponse:
    """Django has logged the exception by now; this line gives it the id that the caller sees."""
    error = Unexpected()
    logger.error("request_failed", error_id=error.error_id)
    return _json(error)


def is_for_a_program(request: HttpRequest) -> bool:
    return request.path.startswith(("/api", "/healthz", "/readyz"))


def _json(error: ApiError) -> HttpResponse:
    return HttpResponse(to_json(error.body()), status=error.status, content_type="application/json")
