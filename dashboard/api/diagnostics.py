"""The old diagnostics, which really look: for staff, but for the one that only says what is left without a database."""

from copy import copy
from time import perf_counter
from typing import Any

from django.urls import resolve
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from dashboard.api.base import ApiView
from dashboard.api.describe import described
from dashboard.api.identity import require_own_pages, require_staff
from dashboard.api.responses import diagnostics as responses
from engine.health import self_test

PREFIX = "/api/trading-engine"
TESTED = (f"{PREFIX}/health", f"{PREFIX}/metrics", f"{PREFIX}/alerts", f"{PREFIX}/config")
WITHOUT_DATABASE = [f"GET {PREFIX}/health", f"GET {PREFIX}/metrics", f"GET {PREFIX}/alerts", f"GET {PREFIX}/fallback/status"]


class BackendIntegrationView(ApiView):
    @described("Test four parts by using them", response=responses.IntegrationReport, tag="System", errors=(401, 403))
    def post(self, request: Request) -> Response:
        require_own_pages(request)
        require_staff(request)
        return Response(self_test.integration_report(now=timezone.now()))


class EndpointsTestView(ApiView):
    @described("Ask four routes as the caller would", response=responses.EndpointTests, tag="System", errors=(401, 403))
    def get(self, request: Request) -> Response:
        require_staff(request)
        tests = {address: _asked(request, address) for address in TESTED}
        return Response(
            {"status": "success", "endpoint_tests": tests, "total_endpoints": len(tests), "timestamp": timezone.now()}
        )


def _asked(request: Request, address: str) -> dict[str, Any]:
    """The route's own view, with the caller's credential."""
    asked = copy(request._request)
    asked.path = asked.path_info = address
    asked.method = "GET"
    started = perf_counter()
    answer = resolve(address).func(asked)
    took = round((perf_counter() - started) * 1000, 3)
    word = "accessible" if answer.status_code == 200 else "failed"
    return {"status": word, "method": "GET", "status_code": answer.status_code, "duration_ms": took}


class FallbackStatusView(ApiView):
    authentication_classes: Any = []  # a credential would ask the database

    @described("What is left when the database is away", response=responses.FallbackStatus, tag="System")
    def get(self, request: Request) -> Response:
        return Response(
            {
                "status": "fallback",
                "message": "Without a database these routes still answer, with what old clients know",
                "available_endpoints": WITHOUT_DATABASE,
                "timestamp": timezone.now(),
            }
        )
