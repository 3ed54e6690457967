"""Sent twice, done once."""

import threading
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from dashboard.api import trading
from dashboard.api.docs import schema
from engine.models import Event, IdempotencyKey, Order
from engine.processing import run_until_idle
from engine.services import idempotency
from engine.services.idempotency import KEPT, MOST_WAITING, keys_expire
from tests.support.api import PREFIX, Api
from tests.support.factories import account, instrument, token_of, user_named

SIGNAL = {"symbol": "RELIANCE", "signal_type": "BUY", "confidence_score": 0.9}
ORDER = {"symbol": "RELIANCE", "side": "BUY", "quantity": 1}
ROUTES = {
    "/signals/process": (SIGNAL, SIGNAL | {"confidence_score": 0.8}),
    "/signals/batch": ({"signals": [SIGNAL, SIGNAL]}, {"signals": [SIGNAL]}),
    "/orders": (ORDER, ORDER | {"quantity": 2}),
}


def effects() -> int:
    return Event.objects.filter(type__in=["signal_received", "order_created"]).count()


def keyed(api: Api, key: str) -> Api:
    return Api(api.headers | {"Idempotency-Key": key})


@pytest.mark.parametrize("path", ROUTES)
def test_the_same_key_answers_the_same_and_does_nothing_more(chief: Api, path: str) -> None:
    body, _ = ROUTES[path]
    api = keyed(chief, "a key")
    first = api.client.post(f"{PREFIX}{path}?user_id=asha", body, content_type="application/json", headers=api.headers)
    done = effects()
    run_until_idle()
    settled = effects()
    second = api.client.post(f"{PREFIX}{path}?user_id=asha", body, content_type="application/json", headers=api.headers)
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.content == second.content
    assert done > 0
    assert effects() == settled


@pytest.mark.parametrize("path", ROUTES)
def test_another_body_under_the_key_is_422(chief: Api, path: str) -> None:
    body, other = ROUTES[path]
    keyed(chief, "k").post(path, body, user_id="asha")
    done = effects()
    fault = keyed(chief, "k").post(path, other, user_id="asha", status=422)["detail"][0]
    assert (fault["type"], fault["loc"]) == ("idempotency_key_reused", ["header", "Idempotency-Key"])
    keyed(chief, "k").post(path, body, user_id="bala", status=422)
    assert effects() == done


def test_another_key_another_caller_and_another_route_are_other_requests(chief: Api) -> None:
    asha = Api(token_of(user_named("second-chief", is_staff=True)))
    for api in (keyed(chief, "k"), keyed(chief, "K"), keyed(asha, "k")):
        api.post("/signals/process", SIGNAL, user_id="asha")
    keyed(chief, "k").post("/orders", ORDER, user_id="asha")
    assert effects() == 4


@pytest.mark.usefixtures("open_doors")
def test_in_the_open_mode_a_key_is_the_accounts_own(desk: None) -> None:
    nobody = keyed(Api(), "1")
    nobody.post("/orders", ORDER, user_id="asha")
    nobody.post("/orders", ORDER | {"quantity": 2}, user_id="bala")
    assert effects() == 2


def test_without_a_key_each_is_its_own(chief: Api) -> None:
    assert chief.signal()["signal_id"] != chief.signal()["signal_id"]
    assert effects() == 2


def test_a_refused_request_leaves_its_key_free(chief: Api) -> None:
    keyed(chief, "k").post("/orders", ORDER | {"order_type": "LIMIT"}, user_id="asha", status=422)
    assert not IdempotencyKey.objects.exists()
    keyed(chief, "k").post("/orders", ORDER, user_id="asha")


@pytest.mark.parametrize("key", ["", "k" * 201, "tab\tkey"])
def test_what_can_be_no_key_is_422(chief: Api, key: str) -> None:
    keyed(chief, key).post("/orders", ORDER, user_id="asha", status=422)


# --- every write takes one -------------------------------------------------------------------------------------------------
WITHOUT_A_KEY = {
    "post /api/trading-engine/risk/{user_id}/what-if": "it changes nothing",
    "post /api/trading-engine/test/backend-integration": "it changes nothing that stays",
    "post /api/auth/token": "a secret is shown once, and not kept for whom asks again",
    "post /api/auth/token/revoke": "the second time there is no token to ask with",
    "delete /api/auth/token/revoke": "the same",
}


def test_every_write_route_takes_a_key_or_says_why_not() -> None:
    writes = {
        f"{method} {address}": {parameter["name"] for parameter in operation.get("parameters", [])}
        for address, operations in schema()["paths"].items()
        for method, operation in operations.items()
        if method != "get"
    }
    assert len(writes) > 20
    assert {route for route, names in writes.items() if "Idempotency-Key" not in names} == WITHOUT_A_KEY.keys()


@pytest.mark.parametrize("path", ["/emergency-stop", "/stop"])
def test_a_stop_sent_again_answers_the_same_and_stops_once(chief: Api, path: str) -> None:
    api = keyed(chief, "a key")
    stopped = api.post(path, {"reason": "odd"}, user_id="asha")
    run_until_idle()
    assert stopped["halted_now"] == ["asha"]
    assert api.post(path, {"reason": "odd"}, user_id="asha") == stopped
    api.post(path, {"reason": "odd", "flatten": True}, user_id="asha", status=422)
    assert Event.objects.filter(type="emergency_stop").count() == 1


@pytest.mark.parametrize("path", ["/trading/resume", "/start"])
def test_resuming_sent_again_answers_the_same_and_resumes_once(chief: Api, path: str) -> None:
    chief.post("/emergency-stop", user_id="asha")
    run_until_idle()
    asked = keyed(chief, "ask").post(path, {"reason": "well"}, user_id="asha")
    assert keyed(chief, "ask").post(path, {"reason": "well"}, user_id="asha") == asked
    token = {"confirmation": asked["confirmation"]}
    done = keyed(chief, "do").post(path, token)
    run_until_idle()
    chief.post("/emergency-stop", user_id="bala")  # would make the confirmation void
    assert done["user_ids"] == ["asha"]
    assert keyed(chief, "do").post(path, token) == done
    assert Event.objects.filter(type="trading_resumed").count() == 1


def test_settings_and_alerts_too(busy: Api) -> None:
    changed = keyed(busy, "c").post("/config", {"max_concurrent_orders": 7})
    busy.post("/config", {"max_concurrent_orders": 8})
    assert keyed(busy, "c").post("/config", {"max_concurrent_orders": 7}) == changed
    keyed(busy, "c").post("/config", {"max_concurrent_orders": 9}, status=422)
    assert busy.get("/config")["config"]["max_concurrent_orders"] == 8
    path = f"/alerts/{busy.get('/alerts')['alerts'][0]['id']}/resolve"
    resolved = keyed(busy, "r").post(path)
    assert keyed(busy, "r").post(path) == resolved
    busy.post(path, status=404)


# --- a signal's own id -----------------------------------------------------------------------------------------------------
def test_a_signals_own_id_is_a_key_too(chief: Api) -> None:
    own = {"signal_id": str(uuid4())}
    assert chief.signal(**own) == chief.signal(**own)
    assert chief.signals([own, {}])["signal_ids"][0] == own["signal_id"]
    assert effects() == 2
    run_until_idle()
    assert chief.signal(**own)["signal_id"] == own["signal_id"]
    assert Order.objects.count() == 2


def test_another_signal_under_the_id_is_422(chief: Api) -> None:
    own = {"signal_id": str(uuid4())}
    chief.signal(**own)
    chief.post("/signals/process", SIGNAL | own | {"signal_type": "SELL"}, user_id="asha", status=422)
    chief.post("/signals/process", SIGNAL | own, user_id="bala", status=422)
    batch = {"signals": [SIGNAL, SIGNAL | own | {"signal_type": "SELL"}]}
    assert chief.post("/signals/batch", batch, user_id="asha", status=422)["detail"][0]["loc"][:3] == ["body", "signals", 1]
    assert effects() == 1


def test_an_id_twice_in_a_batch_is_422(chief: Api) -> None:
    item = SIGNAL | {"signal_id": str(uuid4())}
    fault = chief.post("/signals/batch", {"signals": [item, item]}, user_id="asha", status=422)["detail"][0]
    assert fault["loc"] == ["body", "signals", 1, "signal_id"]


@pytest.mark.slow
def test_an_id_is_known_even_when_its_key_is_forgotten(chief: Api) -> None:
    own = {"signal_id": str(uuid4())}
    chief.signal(**own)
    run_until_idle()
    IdempotencyKey.objects.all().delete()
    chief.signal(**own)
    chief.post("/signals/process", SIGNAL | own, user_id="bala", status=422)
    assert effects() == Order.objects.count() + 1 == 2


def test_keys_are_forgotten_after_a_day(chief: Api) -> None:
    keyed(chief, "k").post("/orders", ORDER, user_id="asha")
    made = IdempotencyKey.objects.get().created_at
    assert keys_expire(now=made + KEPT) == 0
    assert keys_expire(now=made + KEPT * 2) == 1


# --- at once ---------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", ROUTES)
def test_at_once_they_still_have_one_effect(transactional_db: None, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr(idempotency, "IN_FLIGHT_SECONDS", 30)  # the last waits for all the others
    instrument()
    account("asha")
    api = keyed(Api(token_of(user_named("chief", is_staff=True))), "the one key")
    body, _ = ROUTES[path]
    before, answers, gate = effects(), [], threading.Barrier(MOST_WAITING + 1)

    def send() -> None:
        gate.wait()
        answers.append(Api(api.headers).post(path, body, user_id="asha"))
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(MOST_WAITING + 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == MOST_WAITING + 1
    assert all(answer == answers[0] for answer in answers)
    assert effects() - before == (2 if path == "/signals/batch" else 1)


def test_still_in_flight_is_409(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    instrument()
    account("asha")
    api = keyed(Api(token_of(user_named("chief", is_staff=True))), "slow")
    monkeypatch.setattr(idempotency, "IN_FLIGHT_SECONDS", 0.1)
    inside, go_on, answers = threading.Event(), threading.Event(), []
    place = trading.order_place

    def slowly(**given: Any) -> Order:
        inside.set()
        go_on.wait(20)
        return place(**given)

    def send() -> None:
        answers.append(Api(api.headers).post("/orders", ORDER, user_id="asha"))
        connection.close()

    monkeypatch.setattr(trading, "order_place", slowly)
    first = threading.Thread(target=send)
    first.start()
    inside.wait(20)
    response = api.client.post(f"{PREFIX}/orders?user_id=asha", ORDER, content_type="application/json", headers=api.headers)
    go_on.set()
    first.join()
    assert (response.status_code, response.json()["code"], response["Retry-After"]) == (409, "CONFLICT", "1")
    assert api.post("/orders", ORDER, user_id="asha") == answers[0]
    assert Order.objects.count() == 1
