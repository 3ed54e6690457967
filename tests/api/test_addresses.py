"""Addresses, headers and times: what a client meets before it reads a body."""

import json
import re
from collections import Counter
from io import BytesIO
from typing import Any

import pytest
import structlog
from django.core.handlers.asgi import ASGIRequest
from django.test import AsyncClient, Client
from drf_spectacular.drainage import GENERATOR_STATS
from rest_framework.views import APIView

from dashboard.api.base import raw_body
from dashboard.api.docs import schema
from dashboard.api.glossary import GLOSSARY
from dashboard.api.responses.shapes import Shape
from dashboard.api.urls import ACCESS_ROUTES, ENGINE_ROUTES, PARAMETER
from tests.api.contract import READS
from tests.support.api import PREFIX, Api

ORIGIN = "http://localhost:5173"
SIGNAL = {"symbol": "RELIANCE", "signal_type": "BUY", "confidence_score": 0.9}


@pytest.mark.parametrize("prefix", ["/api/trading-engine", "/api/api/trading-engine"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_every_spelling_is_served_without_a_redirect(chief: Api, prefix: str, slash: str) -> None:
    for path in READS:
        assert chief.client.get(f"{prefix}{path}{slash}", headers=chief.headers).status_code == 200
    for path, body in {"/signals/process": SIGNAL, "/signals/batch": {"signals": [SIGNAL]}, "/emergency-stop": {}}.items():
        address = f"{prefix}{path}{slash}?user_id=asha"
        answer = chief.client.post(address, json.dumps(body), content_type="application/json", headers=chief.headers)
        assert answer.json()["status"] == "success"
    resolve = f"{prefix}/alerts/nope/resolve{slash}"
    assert chief.client.post(resolve, content_type="application/json", headers=chief.headers).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/healthz", "/healthz/", "/readyz", "/readyz/"])
def test_probes(address: str) -> None:
    answer = Client().get(address)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")


# --- cross-origin ----------------------------------------------------------------------------------------------------------
HEADERS = ["content-type", "authorization", "x-user-id", "x-config-id", "idempotency-key"]


@pytest.mark.parametrize("header", HEADERS)
def test_a_preflight_is_answered(header: str) -> None:
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": header}
    answer = Client().options(f"{PREFIX}/signals/process", headers=asked)
    assert answer.status_code == 200
    assert answer["Access-Control-Allow-Origin"] == ORIGIN
    assert answer["Access-Control-Allow-Credentials"] == "true"
    assert answer["Access-Control-Max-Age"] == "600"
    assert header in answer["Access-Control-Allow-Headers"]


@pytest.mark.django_db
def test_the_origin_is_echoed_and_only_known_ones() -> None:
    answer = Client().get(f"{PREFIX}/alerts", headers={"Origin": ORIGIN})
    assert answer["Access-Control-Allow-Origin"] == ORIGIN
    assert {"Retry-After", "X-Request-ID"} <= set(re.split(", ?", answer["Access-Control-Expose-Headers"]))
    assert "Access-Control-Allow-Origin" not in Client().get(f"{PREFIX}/alerts", headers={"Origin": "https://evil.example"})


def test_an_error_too_can_be_read_across_origins() -> None:
    assert Client().get(f"{PREFIX}/nothing", headers={"Origin": ORIGIN})["Access-Control-Allow-Origin"] == ORIGIN


# --- request ids -----------------------------------------------------------------------------------------------------------
def test_every_answer_has_its_request_id() -> None:
    first, second = (Client().get(f"{PREFIX}/nothing")["X-Request-ID"] for _ in range(2))
    assert first != second
    assert Client().get("/healthz", headers={"X-Request-ID": "from-the-proxy.1"})["X-Request-ID"] == "from-the-proxy.1"
    assert Client().get("/healthz", headers={"X-Request-ID": "a b"})["X-Request-ID"] != "a b"


@pytest.mark.django_db
def test_every_route_has_it_errors_included() -> None:
    for address, methods in schema()["paths"].items():
        for method in methods:
            sent = f"{method}-{len(address)}"
            asked = re.sub(r"{\w+}", "nobody", address)
            answer = getattr(Client(), method)(asked, content_type="application/json", headers={"X-Request-ID": sent})
            assert answer["X-Request-ID"] == sent, address
            assert structlog.contextvars.get_contextvars() == {"request_id": sent}


def test_log_lines_carry_it() -> None:
    answer = Client().get("/healthz")
    assert structlog.contextvars.get_contextvars() == {"request_id": answer["X-Request-ID"]}


async def test_it_works_for_async_servers_too() -> None:
    answer = await AsyncClient().get("/healthz", headers={"X-Request-ID": "abc"})
    assert answer["X-Request-ID"] == "abc"


# --- the wire --------------------------------------------------------------------------------------------------------------
def times_in(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [found for item in value.values() for found in times_in(item)]
    if isinstance(value, list):
        return [found for item in value for found in times_in(item)]
    return [value] if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d[T ]", value) else []


@pytest.mark.parametrize("path", READS)
def test_every_time_is_utc_with_z_and_six_digits(busy: Api, path: str) -> None:
    found = times_in(busy.get(path))
    assert found or path == "/config"
    assert [time for time in found if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", time)] == []


def test_money_is_a_number_and_the_text_is_compact(busy: Api) -> None:
    raw = busy.client.get(f"{PREFIX}/positions", headers=busy.headers).content.decode()
    assert re.search(r'"average_price":\d+\.\d+,', raw)
    assert '": ' not in raw


def test_a_chunked_body_is_read() -> None:
    """It states no length, and so would be taken for none."""
    headers = [(b"host", b"testserver"), (b"content-type", b"application/json"), (b"transfer-encoding", b"chunked")]
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}
    request = APIView().initialize_request(ASGIRequest(scope, BytesIO(json.dumps(SIGNAL).encode())))
    assert raw_body(request) == SIGNAL


# --- the description -------------------------------------------------------------------------------------------------------
@pytest.mark.slow
def test_the_description_is_complete_and_builds_without_a_warning() -> None:
    schema.cache_clear()
    GENERATOR_STATS.reset()
    described = schema()
    assert not GENERATOR_STATS._warn_cache
    assert not GENERATOR_STATS._error_cache
    routes = {f"/api/trading-engine/{address}" for address in ENGINE_ROUTES} | {f"/api/auth/{name}" for name in ACCESS_ROUTES}
    assert set(described["paths"]) == {PARAMETER.sub(r"{\1}", address) for address in routes}
    for operations in described["paths"].values():
        for operation in operations.values():
            assert operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]


def test_no_two_shapes_share_a_name() -> None:
    """The description knows them by name: the second would be described as the first."""
    names = Counter(kind.__name__ for kind in Shape.__subclasses__())
    assert [name for name, number in names.items() if number > 1] == []


def test_every_field_and_parameter_is_described() -> None:
    shapes = schema()["components"]["schemas"]
    fields = {
        (name, key)
        for name, shape in shapes.items()
        for key, field in shape.get("properties", {}).items()
        if not field.get("description")
    }
    assert fields == set(), "describe it where it is declared, or in dashboard/api/glossary.py"
    operations = [operation for methods in schema()["paths"].values() for operation in methods.values()]
    parameters = [parameter for operation in operations for parameter in operation.get("parameters", ())]
    assert {parameter["name"] for parameter in parameters if not parameter.get("description")} == set()


def test_the_glossary_explains_nothing_that_is_not_there() -> None:
    shapes = schema()["components"]["schemas"].values()
    operations = [operation for methods in schema()["paths"].values() for operation in methods.values()]
    names = {key for shape in shapes for key in shape.get("properties", {})}
    names |= {parameter["name"] for operation in operations for parameter in operation.get("parameters", ())}
    assert set(GLOSSARY) - names == set()


def test_every_operation_lists_what_can_go_wrong_anywhere() -> None:
    for address, methods in schema()["paths"].items():
        for operation in methods.values():
            assert {"429", "500", "503"} <= set(operation["responses"]), address


@pytest.mark.parametrize("slash", ["", "/"])
def test_the_description_is_served_with_a_page_of_our_own(slash: str) -> None:
    served = json.loads(Client().get(f"/api/schema{slash}").content)
    assert served["openapi"].startswith("3.1")
    page = Client().get(f"/api/docs{slash}").content.decode()
    assert "/api/trading-engine/signals/process" in page
    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", page)
    assert "<script" not in page
    assert re.findall(r"<a href=\"#(\w+)\"", page)
