"""What a load balancer and a scraper ask. No session, no log of it, and never an exception."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from dashboard.api.errors import NotFound
from dashboard.api.wire import to_json
from engine import health


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    return _answer(*health.live())


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    return _answer(*health.ready())


def _answer(well: bool, body: dict[str, object]) -> HttpResponse:
    status = 200 if well else 503
    return HttpResponse(to_json(body | {"timestamp": timezone.now()}), status=status, content_type="application/json")


@csrf_exempt
def not_found(request: HttpRequest) -> HttpResponse:
    """Whatever else is asked for under /api: JSON too, for programs read it."""
    error = NotFound()
    return HttpResponse(to_json(error.body()), status=error.status, content_type="application/json")
