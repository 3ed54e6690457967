"""Whatever is sent: a 4xx that says what is wrong, and nothing stored. Never a 500."""

import json
from typing import Any

import pytest
from django.test import Client

from engine.models import Event, IdempotencyKey, Order, PendingEvent, Signal
from tests.api.contract import PROBLEM, differences
from tests.support.api import PREFIX, Api

SIGNAL = {"symbol": "RELIANCE", "signal_type": "BUY", "confidence_score": 0.9}
ORDER = {"symbol": "RELIANCE", "side": "BUY", "quantity": 1}


def refused(api: Api, path: str, raw: bytes | str, *, query: str = "user_id=asha") -> dict[str, Any]:
    before = stored()
    answer = api.client.post(f"{PREFIX}{path}?{query}", raw, content_type="application/json", headers=api.headers)
    assert 400 <= answer.status_code < 500, answer.content[:500]
    assert len(answer.content) < 50_000
    body: dict[str, Any] = answer.json()
    assert differences(body, PROBLEM) == []
    assert body["detail"]
    assert stored() == before
    return body


def stored() -> list[int]:
    return [table.objects.count() for table in (Event, PendingEvent, Signal, Order, IdempotencyKey)]


NOT_JSON = {
    "nothing": b"",
    "half": b'{"symbol": "RELIA',
    "text": b"RELIANCE",
    "null": b"null",
    "a number": b"7",
    "a list": b"[]",
    "not UTF-8": b'{"symbol": "\xff\xfe"}',
    "UTF-16": json.dumps(SIGNAL).encode("utf-16"),
    "NaN": b'{"symbol": "RELIANCE", "signal_type": "BUY", "confidence_score": NaN}',
    "minus infinity": b'{"symbol": "RELIANCE", "signal_type": "BUY", "confidence_score": -Infinity}',
    "1e400": b'{"symbol": "RELIANCE", "signal_type": "BUY", "confidence_score": 1e400}',
    "a name twice": b'{"symbol": "RELIANCE", "symbol": "INFY", "signal_type": "BUY", "confidence_score": 1}',
    "deep list": b"[" * 100_000,
    "deep object": b'{"a":' * 100_000,
    "deep and whole": b'{"symbol": ' + b"[" * 30 + b"]" * 30 + b"}",
    "deep in what is ignored": json.dumps(SIGNAL)[:-1].encode() + b', "x": ' + b"[" * 500 + b"]" * 500 + b"}",
    "NUL": b'{"symbol": "REL\\u0000", "signal_type": "BUY", "confidence_score": 1}',
    "NUL in a name": b'{"a\\u0000": 1, "symbol": "RELIANCE", "signal_type": "BUY", "confidence_score": 1}',
    "raw NUL": b'{"symbol": "REL\x00", "signal_type": "BUY", "confidence_score": 1}',
    "lone surrogate": b'{"symbol": "\\ud800", "signal_type": "BUY", "confidence_score": 1}',
    "lone surrogate, ignored": b'{"x": ["\\udfff"], "symbol": "RELIANCE", "signal_type": "BUY", "confidence_score": 1}',
    "a number of 5,000 digits": b'{"symbol": "RELIANCE", "signal_type": "BUY", "confidence_score": ' + b"9" * 5_000 + b"}",
    "a number of 4,000 digits": b'{"symbol": "RELIANCE", "signal_type": "BUY", "confidence_score": ' + b"9" * 4_000 + b"}",
    "2 MB": b'{"symbol": "' + b"A" * 2_000_000 + b'"}',
    "1 MB text": b'{"symbol": "' + b"A" * 1_000_000 + b'"}',
    "1 MB number as text": b'{"symbol": "RELIANCE", "signal_type": "BUY", "confidence_score": "' + b"1" * 1_000_000 + b'"}',
}


@pytest.mark.parametrize("path", ["/signals/process", "/signals/batch", "/orders"])
def test_what_is_no_sound_json_is_refused(chief: Api, path: str) -> None:
    for raw in NOT_JSON.values():
        refused(chief, path, raw)


WRONG_SIGNALS: dict[str, list[Any]] = {
    "symbol": [None, 5, True, [], {}, "", " ", "NOPE", "A" * 33, "A\nB", "<script>", "रिलायंस", "RELIANCE\u202e"],
    "signal_type": [None, 1, [], "", "FOO", "BUY SELL", "B" * 10_000],
    "confidence_score": [None, "", "high", "nan", "inf", "-inf", [], {}, -0.0001, 1.0001, 55, "75", 10**30, -(10**400)],
    "target_price": ["x", 0, -1, 10**9, "inf", [], "1,000"],
    "stop_loss": ["x", 0, -5.5, "nan", {}],
    "position_size": ["x", 0, -10, 10**12, "nan", [1], 1e300],
    "strategy_id": [5, [], "s" * 65],
    "signal_id": [5, "", "not-an-id", "g" * 36],
    "user_id": [5, [], {}, "a b", "x" * 65, "../asha", "$system"],
}
WRONG_ORDERS: dict[str, list[Any]] = {
    "symbol": [None, 5, "", "NOPE"],
    "side": [None, "HOLD", 1, ""],
    "order_type": [None, "FOO", 5],
    "quantity": [None, 0, -1, 1.5, "1.5", "many", 10**9, 10**30, "nan", [], True + 0.5],
    "price": [0, -1, "x", 10**9, 5],  # 5: a MARKET order takes no price
    "stop_price": [0, -1, "x", 5],
    "product": ["FOO", 1],
    "validity": ["FOO", 1],
    "strategy_id": [5, "s" * 65],
    "stop_loss": [0, -1, "x"],
    "take_profit": [0, -1, "x"],
}


@pytest.mark.parametrize("field", WRONG_SIGNALS)
@pytest.mark.slow
def test_a_wrong_signal_is_refused(chief: Api, field: str) -> None:
    for value in WRONG_SIGNALS[field]:
        faults = refused(chief, "/signals/process", json.dumps(SIGNAL | {field: value}))["detail"]
        assert field in {fault["loc"][-1] for fault in faults}, value
        refused(chief, "/signals/batch", json.dumps({"signals": [SIGNAL, SIGNAL | {field: value}]}))


@pytest.mark.parametrize("field", WRONG_ORDERS)
def test_a_wrong_order_is_refused(chief: Api, field: str) -> None:
    for value in WRONG_ORDERS[field]:
        faults = refused(chief, "/orders", json.dumps(ORDER | {field: value}))["detail"]
        assert field in {fault["loc"][-1] for fault in faults}, value


def test_a_signal_that_lacks_something_is_refused(chief: Api) -> None:
    for field in SIGNAL:
        body = {name: value for name, value in SIGNAL.items() if name != field}
        fault = refused(chief, "/signals/process", json.dumps(body))["detail"][0]
        assert (fault["type"], fault["loc"]) == ("missing", ["body", field])


CONTRADICTIONS: list[dict[str, Any]] = [
    {"order_type": "LIMIT"},
    {"order_type": "STOP_LOSS"},
    {"order_type": "STOP_LIMIT", "price": 100},
    {"order_type": "LIMIT", "price": 100.012},
]


def test_an_order_that_contradicts_itself_is_refused(chief: Api) -> None:
    for order in CONTRADICTIONS:
        refused(chief, "/orders", json.dumps(ORDER | order))


NO_BATCHES: list[Any] = [{}, {"signals": None}, {"signals": {}}, {"signals": []}, {"signals": [None]}, {"signals": ["x"]}]


def test_a_batch_that_is_none_is_refused(chief: Api) -> None:
    for body in NO_BATCHES:
        refused(chief, "/signals/batch", json.dumps(body))


QUERIES = [
    "/events/history?limit=ten",
    "/events/history?before=0",
    "/events/history?before=9223372036854775808",
    "/events/history?correlation_id=x",
    "/events/history?event_type=%00",
    "/events/history?user_id=%00",
    "/orders?status=SLEEPING",
    "/orders?before=x",
    "/orders?symbol=%00",
    "/orders?user_id=a%20b",
    "/positions?include_closed=perhaps",
    "/alerts?level=%00",
    "/alerts?limit=x",
    "/metrics?metric_name=%00",
    "/metrics?time_window_minutes=1.5",
]


def test_a_wrong_query_is_refused(chief: Api) -> None:
    for address in QUERIES:
        body = chief.get(address, status=422)
        assert differences(body, PROBLEM) == []
        assert body["detail"][0]["loc"][0] == "query"


ODD_BUT_HARMLESS = [
    "/alerts?level=%ff",
    "/alerts?component=" + "x" * 5_000,
    "/orders?symbol=%F0%9F%92%A9",
    "/metrics?metric_name=" + "x" * 3_000,
    "/alerts?offset=-5&limit=-1",
    "/events/history?limit=5&limit=1",
    "/events/history?limit=99999999999999999999999999",
    "/alerts?status=sleeping",
]


def test_an_odd_query_finds_nothing_and_breaks_nothing(chief: Api) -> None:
    for address in ODD_BUT_HARMLESS:
        assert chief.get(address)["status"] == "success"


def test_an_odd_alert_id_is_404(chief: Api) -> None:
    for alert_id in ["x", "alert_", "%00", "%ff", "x" * 3_000, "alert_1%27--", "%F0%9F%92%A9", "_", "%25"]:
        assert "not found" in chief.post(f"/alerts/{alert_id}/resolve", status=404)["detail"]


ODD_SETTINGS = [
    {"max_concurrent_orders": 10**4000},
    {"max_concurrent_orders": {"a": [1]}},
    {"x" * 100_000: 1},
    {"database_url": "postgres://"},
    {"risk_check_enabled": None},
    {"max_position_size_percent": "1e-400"},
]


@pytest.mark.parametrize("values", ODD_SETTINGS, ids=lambda values: str(list(values))[:30])
def test_an_odd_setting_is_named_and_not_stored(chief: Api, values: dict[str, Any]) -> None:
    before = chief.get("/config")["config"]
    answer = chief.client.post(f"{PREFIX}/config", json.dumps(values), content_type="application/json", headers=chief.headers)
    assert answer.status_code == 200
    assert answer.json()["status"] == "partial"
    assert len(answer.content) < 2_000
    assert chief.get("/config")["config"] == before


def test_a_password_of_odd_text_is_no_fault_of_ours(desk: None) -> None:
    odd: list[Any] = [
        {"username": "a\x00"},
        {"username": 5, "password": []},
        {"username": "a" * 500, "password": "x"},
        [],
        None,
    ]
    for body in odd:
        answer = Client().post("/api/auth/token", json.dumps(body), content_type="application/json")
        assert answer.status_code == 422
