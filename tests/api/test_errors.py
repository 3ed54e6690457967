"""Every error has one shape, and says nothing of our inside."""

import json
from typing import Any
from unittest.mock import patch

import pytest
from django.db import OperationalError
from django.test import Client

from dashboard.api.errors import MAX_ECHO
from tests.api.contract import PROBLEM, differences
from tests.support.api import PREFIX, Api

NOBODY = Client()


def problem(response: Any, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status
    assert response["Content-Type"] == "application/json"
    body: dict[str, Any] = response.json()
    assert differences(body, PROBLEM) == []
    assert body["code"] == code
    assert "\n" not in body["message"]
    assert "token" not in json.dumps(body).lower()
    return body


@pytest.mark.parametrize("path", ["/api/trading-engine/nothing", "/api/nothing/", "/api", "/api/trading-engine/"])
def test_an_unknown_path_is_404_in_json(path: str) -> None:
    for answer in (NOBODY.get(path), NOBODY.post(path, "{}", content_type="application/json")):
        assert problem(answer, 404, "NOT_FOUND")["detail"] == "Not Found"


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["put", "patch", "delete", "options"])
def test_another_method_is_405(method: str) -> None:
    answer = getattr(NOBODY, method)(f"{PREFIX}/health")
    assert problem(answer, 405, "METHOD_NOT_ALLOWED")["detail"] == "Method Not Allowed"


@pytest.mark.django_db
def test_head_is_answered_as_get() -> None:
    answer = NOBODY.head(f"{PREFIX}/alerts")
    assert (answer.status_code, answer.content) == (200, b"")


def test_another_media_type_is_415(chief: Api) -> None:
    answer = chief.client.post(f"{PREFIX}/config", "a=1", content_type="text/plain", headers=chief.headers)
    problem(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.django_db
@pytest.mark.parametrize("accept", ["text/html", "application/xml", "nonsense"])
def test_whatever_is_accepted_json_comes(accept: str) -> None:
    assert NOBODY.get(f"{PREFIX}/alerts?format=xml", headers={"Accept": accept}).json()["status"] == "success"


@pytest.mark.django_db
@pytest.mark.parametrize("credential", ["Token wrong", "Token", "Token a b", "Token \xff"])
def test_an_unknown_credential_is_401(credential: str) -> None:
    problem(NOBODY.get(f"{PREFIX}/config", headers={"Authorization": credential}), 401, "AUTH_REQUIRED")


@pytest.mark.django_db
def test_a_brokers_credential_is_none_of_ours() -> None:
    answer = NOBODY.get(f"{PREFIX}/alerts", headers={"Authorization": "token api_key:access_token"})
    assert answer.status_code == 200


@pytest.mark.django_db
def test_a_fault_of_our_own_is_500_with_an_id_and_no_text(caplog: pytest.LogCaptureFixture) -> None:
    with patch("dashboard.api.system.health.report", side_effect=RuntimeError("/srv/secret/path")):
        body = problem(NOBODY.get(f"{PREFIX}/health"), 500, "INTERNAL_ERROR")
    assert "secret" not in json.dumps(body)
    assert body["error_id"] in caplog.text
    assert "/srv/secret/path" in caplog.text


AWAY = OperationalError("connection to server at 10.0.0.1 failed")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "reads"),
    [("/health", "system.health.report"), ("/metrics", "answers.metrics_answer"), ("/alerts", "system.alerts_page")],
)
def test_without_a_database_the_polled_reads_fall_back(path: str, reads: str) -> None:
    with patch(f"dashboard.api.{reads}", side_effect=AWAY):
        answer = NOBODY.get(PREFIX + path)
    body = answer.json()
    assert (answer.status_code, body["status"]) == (200, "fallback")
    assert "10.0.0.1" not in answer.content.decode()
    wanted = {
        "/health": {"message", "error", "timestamp"},
        "/metrics": {"metrics", "timestamp"},
        "/alerts": {"alerts", "alert_count", "total_count", "error", "last_updated"},
    }
    assert wanted[path] <= set(body)


def test_without_a_database_the_rest_is_503(chief: Api) -> None:
    with patch("dashboard.api.trading.orders_page", side_effect=AWAY):
        answer = chief.client.get(f"{PREFIX}/orders", headers=chief.headers)
    problem(answer, 503, "UNAVAILABLE")
    assert answer["Retry-After"] == "1"


def test_without_a_database_not_even_a_credential_can_be_checked() -> None:
    with patch("dashboard.api.identity.TokenAuthentication.authenticate", side_effect=AWAY):
        answer = NOBODY.get(f"{PREFIX}/health", headers={"Authorization": "Token x"})
        assert answer.json()["status"] == "fallback"
        problem(NOBODY.get(f"{PREFIX}/orders", headers={"Authorization": "Token x"}), 503, "UNAVAILABLE")


def test_what_fails_before_the_view_is_json_too() -> None:
    problem(NOBODY.get(f"{PREFIX}/health", headers={"Host": "evil.example"}), 400, "BAD_REQUEST")
    careful = Client(raise_request_exception=False)
    with patch("corsheaders.middleware.CorsMiddleware.check_preflight", side_effect=RuntimeError("/srv/secret/path")):
        body = problem(careful.get(f"{PREFIX}/health"), 500, "INTERNAL_ERROR")
    assert "secret" not in json.dumps(body)


def test_faults_are_listed_as_the_old_api_listed_them(chief: Api) -> None:
    body = chief.post("/signals/process", {"symbol": 5, "confidence_score": "high"}, user_id="asha", status=422)
    assert differences(body, PROBLEM) == []
    assert body["code"] == "VALIDATION_ERROR"
    assert body["detail"][0] == {
        "type": "string_type",
        "loc": ["body", "symbol"],
        "msg": "Input should be a valid string",
        "input": 5,
    }
    missing, unparsable = body["detail"][1:]
    assert (missing["type"], missing["loc"], missing["msg"]) == ("missing", ["body", "signal_type"], "Field required")
    assert (unparsable["type"], unparsable["input"]) == ("float_parsing", "high")
    assert body["message"] == body["error"] == "body.symbol: Input should be a valid string (and 2 more)"


def test_a_missing_body_and_bad_json_have_their_own_types(chief: Api) -> None:
    missing = chief.post("/signals/process", raw=b"", user_id="asha", status=422)["detail"][0]
    assert (missing["type"], missing["loc"]) == ("missing", ["body"])
    bad = chief.post("/signals/process", raw=b'{"symbol": }', user_id="asha", status=422)["detail"][0]
    assert (bad["type"], bad["loc"], bad["msg"]) == ("json_invalid", ["body", 11], "JSON decode error")
    assert bad["ctx"] == {"error": "Expecting value"}


def test_a_long_input_is_not_echoed_whole(chief: Api) -> None:
    body = chief.post("/signals/process", {"symbol": "A" * 500_000}, user_id="asha", status=422)
    assert len(body["detail"][0]["input"]) == MAX_ECHO + 1


def test_too_large_a_body_is_413(chief: Api) -> None:
    answer = chief.client.post(f"{PREFIX}/config", b" " * 1_100_000, content_type="application/json", headers=chief.headers)
    problem(answer, 413, "TOO_LARGE")


@pytest.mark.django_db
def test_guessing_passwords_is_slowed(chief: Api) -> None:
    guess = {"username": "chief", "password": "wrong"}
    answers = [NOBODY.post("/api/auth/token", guess, content_type="application/json") for _ in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    problem(answers[0], 401, "AUTH_REQUIRED")
    problem(answers[-1], 429, "RATE_LIMITED")
    assert 0 < int(answers[-1]["Retry-After"]) <= 300
    assert "try again in" in answers[-1].json()["message"]
