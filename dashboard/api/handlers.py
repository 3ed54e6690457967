"""What goes wrong before a view is reached (an unknown host, a failing middleware): JSON for programs, pages for people."""

import structlog
from django.http import HttpRequest, HttpResponse
from django.views import defaults

from dashboard.api.errors import ApiError, Unexpected
from dashboard.api.wire import to_json

logger = structlog.get_logger(__name__)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _json(ApiError()) if _is_for_a_program(request) else defaults.bad_request(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django has logged the exception by now; this line gives it the id that the caller sees."""
    if not _is_for_a_program(request):
        return defaults.server_error(request)
    error = Unexpected()
    logger.error("request_failed", error_id=error.error_id)
    return _json(error)


def _is_for_a_program(request: HttpRequest) -> bool:
    return request.path.startswith(("/api", "/healthz", "/readyz"))


def _json(error: ApiError) -> HttpResponse:
    return HttpResponse(to_json(error.body()), status=error.status, content_type="application/json")
