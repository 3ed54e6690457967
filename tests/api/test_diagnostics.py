"""The diagnostics look for themselves, and only staff may ask them to."""

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
from django.db import OperationalError
from django.test import Client

from dashboard.api.responses import diagnostics as shapes
from engine.domain import risk
from engine.models import Stream
from tests.api.contract import ListOf, MapOf, among, differences, is_integer, is_number, is_text, is_time
from tests.support.api import PREFIX, Api

RESULT = {"status": among("passed", "failed")}
INTEGRATION = {
    "status": among("healthy", "degraded", "error"),
    "summary": {"total_tests": is_integer, "passed_tests": is_integer, "failed_tests": is_integer, "success_rate": is_number},
    "test_results": dict.fromkeys(("models", "database", "event_bus", "risk_engine"), RESULT),
    "timestamp": is_time,
}
ENDPOINTS = {
    "status": among("success"),
    "endpoint_tests": MapOf({"status": among("accessible"), "method": among("GET")}),
    "total_endpoints": among(4),
    "timestamp": is_time,
}
FALLBACK = {"status": among("fallback"), "message": is_text, "available_endpoints": ListOf(is_text), "timestamp": is_time}


def test_every_part_is_tried_and_nothing_stays(chief: Api) -> None:
    streams = Stream.objects.count()
    answer = chief.post("/test/backend-integration")
    assert differences(answer, INTEGRATION) == []
    shapes.IntegrationReport.model_validate(answer)
    assert (answer["status"], answer["summary"]["success_rate"]) == ("healthy", 100)
    assert answer["test_results"]["models"]["details"]["tables"] > 15
    assert Stream.objects.count() == streams


def lets_all_pass(*args: Any) -> list[Any]:
    return []


BROKEN = {
    "models": ("engine.models.Alert.objects.order_by", OperationalError("secret address")),
    "database": ("engine.models.Stream.objects.create", OperationalError("secret address")),
    "event_bus": ("engine.bus.round_trip", lambda **options: False),
    "risk_engine": ("engine.domain.risk.checks_for", lets_all_pass),
}


@pytest.mark.parametrize("part", BROKEN)
def test_a_part_that_is_broken_is_found(chief: Api, part: str) -> None:
    where, effect = BROKEN[part]
    with patch(where, side_effect=effect):
        answer = chief.post("/test/backend-integration")
    assert differences(answer, INTEGRATION) == []
    failed = [name for name, result in answer["test_results"].items() if result["status"] == "failed"]
    assert (failed, answer["status"], answer["summary"]["success_rate"]) == ([part], "degraded", 75)
    assert "secret" not in answer["test_results"][part]["error"]


def test_rules_that_deny_everything_are_found(chief: Api) -> None:
    denied = [risk.answer("position_size", False, 1, 2, "no")]
    with patch("engine.domain.risk.checks_for", return_value=denied):
        answer = chief.post("/test/backend-integration")
    assert answer["test_results"]["risk_engine"]["error"] == "A small order was denied by position_size"


def test_four_routes_are_asked(chief: Api) -> None:
    answer = chief.get("/test/endpoints")
    assert differences(answer, ENDPOINTS) == []
    shapes.EndpointTests.model_validate(answer)


def test_a_route_that_fails_is_found(chief: Api) -> None:
    with patch("dashboard.api.answers.metrics_answer", side_effect=ZeroDivisionError):
        tests = chief.get("/test/endpoints")["endpoint_tests"]
    words = {address.rsplit("/", 1)[1]: (test["status"], test["status_code"]) for address, test in tests.items()}
    assert words == {
        "health": ("accessible", 200),
        "metrics": ("failed", 500),
        "alerts": ("accessible", 200),
        "config": ("accessible", 200),
    }


@pytest.mark.parametrize(("who", "status"), [("chief", 200), ("asha", 403), ("", 401)])
def test_only_staff_may_test(caller: Callable[[str], Api], who: str, status: int) -> None:
    caller(who).post("/test/backend-integration", status=status)
    caller(who).get("/test/endpoints", status=status)


def test_what_is_left_without_a_database_is_told_without_one() -> None:
    """No test database is asked for: a query would fail."""
    answer = Client().get(f"{PREFIX}/fallback/status", headers={"Authorization": "Token x"})
    assert answer.status_code == 200
    assert differences(answer.json(), FALLBACK) == []
    shapes.FallbackStatus.model_validate(answer.json())


def test_the_open_alerts_have_a_second_name(busy: Api) -> None:
    assert busy.get("/alerts/active")["alerts"] == busy.get("/alerts")["alerts"] != []
