"""The routes that change orders at work and close positions: their keys, who may, what fails, and once per key."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from dashboard.api.responses import orders as responses
from engine.models import Event, Order, Position
from engine.processing import run_until_idle
from tests.api import contract
from tests.api.contract import ListOf, among, differences, is_integer, is_switch, is_text
from tests.support.api import Api

As = Callable[[str], Api]
EXECUTION = {
    "id": contract.is_uuid,
    "order_id": contract.is_uuid,
    "user_id": is_text,
    "symbol": is_text,
    "side": among("BUY", "SELL"),
    "quantity": is_integer,
    "price": contract.is_number,
    "commission": contract.is_number,
    "broker_execution_id": contract.optional(is_text),
    "executed_at": contract.is_time,
}
STATUS = {
    "status": among("success"),
    "order_status": {
        "order": contract.ORDER,
        "executions": ListOf(EXECUTION),
        "is_active": is_switch,
        "remaining_quantity": is_integer,
    },
}
CANCELLED = {"status": among("success", "failed"), "order_id": is_text, "message": is_text}
CLOSED = {"status": among("success", "failed"), "user_id": is_text, "symbol": is_text, "message": is_text}
STATUSES = {"asha": 200, "ashas-teammate": 200, "chief": 200, "bala": 403, "": 401}


@pytest.fixture
def resting(busy: Api) -> str:
    return str(Order.objects.get(status="SUBMITTED").id)


@pytest.fixture
def filled(busy: Api) -> str:
    return str(Order.objects.filter(status="FILLED")[0].id)


def test_status_shows_the_order_and_its_fills(busy: Api, filled: str, resting: str) -> None:
    answer = busy.get(f"/orders/{filled}/status")
    assert differences(answer, STATUS) == []
    responses.OrderStatus.model_validate(answer)
    assert [fill["order_id"] for fill in answer["order_status"]["executions"]] == [filled]
    assert (answer["order_status"]["is_active"], answer["order_status"]["remaining_quantity"]) == (False, 0)
    waits = busy.get(f"/orders/{resting}/status")["order_status"]
    assert (waits["executions"], waits["is_active"], waits["remaining_quantity"]) == ([], True, 3)


@pytest.mark.parametrize("order_id", ["5f3a9c1e-7b1d-4c1a-9c55-0a1b2c3d4e5f", "7", "..", "%00", "<script>"])
def test_an_order_that_never_was(busy: Api, order_id: str) -> None:
    path = f"/orders/{order_id if '%' in order_id else quote(order_id, safe='')}"
    assert busy.get(f"{path}/status", status=404)["detail"] == "Order not found"
    busy.post(f"{path}/modify", {"quantity": 5}, status=404)
    answer = busy.post(f"{path}/cancel", user_id="asha")
    assert (answer["status"], answer["error_code"]) == ("failed", "ORDER_NOT_FOUND")
    assert differences(answer, CANCELLED) == []
    assert busy.post(f"{path}/cancel")["status"] == "failed"


def test_an_order_is_cancelled_once(busy: Api, resting: str) -> None:
    answer = busy.post(f"/orders/{resting}/cancel", {"reason": "enough"}, user_id="asha")
    assert differences(answer, CANCELLED) == []
    responses.OrderCancelled.model_validate(answer)
    assert answer["status"] == "success"
    run_until_idle()
    order = busy.get(f"/orders/{resting}/status")["order_status"]["order"]
    assert (order["status"], order["error_message"]) == ("CANCELLED", "enough")
    again = busy.post(f"/orders/{resting}/cancel", user_id="asha")
    responses.OrderCancelled.model_validate(again)
    assert (again["status"], again["error_code"]) == ("failed", "ORDER_NOT_WORKING")
    assert "CANCELLED" in again["reason"]


def test_another_accounts_order_is_not_found_in_ones_own(busy: Api, resting: str, caller: As) -> None:
    assert caller("bala").post(f"/orders/{resting}/cancel", user_id="bala")["error_code"] == "ORDER_NOT_FOUND"
    run_until_idle()
    assert Order.objects.get(id=resting).status == "SUBMITTED"


def test_an_order_is_modified(busy: Api, resting: str) -> None:
    answer = busy.post(f"/orders/{resting}/modify", {"price": 55, "quantity": "4", "stop_loss": 40})
    responses.OrderModifying.model_validate(answer)
    assert (answer["order"]["price"], answer["order"]["quantity"]) == (50, 3)
    run_until_idle()
    order = busy.get(f"/orders/{resting}/status")["order_status"]["order"]
    assert (order["price"], order["quantity"], order["stop_loss"], order["status"]) == (55, 4, 40, "SUBMITTED")


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"quantity": 0},
        {"quantity": -3},
        {"quantity": 2.5},
        {"quantity": 10**30},
        {"price": -0.0},
        {"price": 1e400},
        {"price": "NaN"},
        {"price": 50.01},
        {"price": {"a": []}},
        {"stop_price": 50},
        {"stop_loss": "<script>"},
        {"price": 51, "user_id": "\x00"},
    ],
)
@pytest.mark.slow
def test_terms_that_make_no_sense_are_422_and_nothing_is_stored(busy: Api, resting: str, body: Any) -> None:
    before = Event.objects.count()
    busy.post(f"/orders/{resting}/modify", body, status=422)
    assert Event.objects.count() == before


def test_what_has_ended_cannot_be_modified(busy: Api, filled: str) -> None:
    assert busy.post(f"/orders/{filled}/modify", {"quantity": 50}, status=409)["code"] == "CONFLICT"


def test_all_of_an_account_are_cancelled(busy: Api, resting: str) -> None:
    nothing = busy.post("/orders/cancel-all", {"side": "sell", "user_id": "asha"})
    assert (nothing["count"], nothing["order_ids"]) == (0, [])
    answer = busy.post("/orders/cancel-all", {"symbol": "infy", "side": "buy"}, user_id="asha")
    responses.OrdersCancelled.model_validate(answer)
    assert answer["order_ids"] == [resting]
    run_until_idle()
    assert busy.post("/orders/cancel-all", user_id="asha")["count"] == 0
    busy.post("/orders/cancel-all", {"side": "UP"}, user_id="asha", status=422)
    busy.post("/orders/cancel-all", status=422)


def test_a_position_is_closed(busy: Api) -> None:
    answer = busy.post("/positions/asha/reliance/close")
    assert differences(answer, CLOSED) == []
    responses.PositionClosing.model_validate(answer)
    run_until_idle()
    order = busy.get(f"/orders/{answer['exits'][0]['order_id']}/status")["order_status"]["order"]
    assert (order["status"], order["side"], order["quantity"]) == ("FILLED", "SELL", 10)
    again = busy.post("/positions/asha/RELIANCE/close")
    responses.PositionClosing.model_validate(again)
    assert (again["status"], again["error_code"]) == ("failed", "NO_POSITION")


def test_a_position_is_closed_at_a_limit_from_query_or_body(busy: Api) -> None:
    leaving = busy.post("/positions/asha/RELIANCE/close", {"price": 120}, price=130)["exits"][0]
    run_until_idle()
    order = busy.get(f"/orders/{leaving['order_id']}/status")["order_status"]["order"]
    assert (order["order_type"], order["price"], order["status"]) == ("LIMIT", 130, "SUBMITTED")
    for wrong in (0, -0.0, "1e400", "nan", 120.01, "x"):
        busy.post("/positions/asha/RELIANCE/close", price=wrong, status=422)


def test_a_symbol_that_cannot_be_is_422(busy: Api) -> None:
    for symbol in ("<script>", "A" * 33, "%00"):
        busy.post(f"/positions/asha/{quote(symbol, safe='%')}/close", status=422)
    assert busy.post("/positions/asha/M%26M/close")["status"] == "failed"


def test_every_position_is_closed(busy: Api) -> None:
    answer = busy.post("/positions/asha/close-all")
    responses.PositionsClosing.model_validate(answer)
    assert answer["count"] == 1
    run_until_idle()
    assert not Position.objects.filter(status="OPEN").exists()
    assert busy.post("/positions/asha/close-all")["count"] == 0


@pytest.mark.parametrize("who", STATUSES)
def test_who_may(busy: Api, caller: As, resting: str, who: str) -> None:
    api, status = caller(who), STATUSES[who]
    before = Event.objects.count()
    api.get(f"/orders/{resting}/status", status=status)
    api.post(f"/orders/{resting}/modify", {"quantity": 5}, status=status)
    api.post(f"/orders/{resting}/cancel", status=status)
    api.post(f"/orders/{resting}/cancel", status=status, user_id="asha")
    api.post("/orders/cancel-all", status=status, user_id="asha")
    api.post("/positions/asha/RELIANCE/close", status=status)
    api.post("/positions/asha/close-all", status=status)
    assert (Event.objects.count() == before) == (status != 200)


def test_an_unknown_account_is_404(chief: Api) -> None:
    for path in ("/positions/nobody/INFY/close", "/positions/nobody/close-all"):
        chief.post(path, status=404)
    chief.post("/orders/cancel-all", user_id="nobody", status=404)
    chief.post(f"/orders/{uuid4()}/cancel", user_id="nobody", status=404)
    chief.post("/positions/null/close-all", status=422)


def test_the_same_key_has_one_effect(busy: Api, resting: str) -> None:
    keyed = Api(busy.headers | {"Idempotency-Key": "a key"})
    wishes: list[tuple[str, Any]] = [
        (f"/orders/{resting}/modify", {"quantity": 5}),
        (f"/orders/{resting}/cancel", {"reason": "enough"}),
        ("/orders/cancel-all", {"user_id": "asha"}),
        ("/positions/asha/RELIANCE/close", {"price": 130}),
        ("/positions/asha/close-all", {}),
    ]
    for path, body in wishes:
        first = keyed.post(path, body)
        stored = Event.objects.count()
        run_until_idle()
        settled = Event.objects.count()
        assert keyed.post(path, body) == first
        assert Event.objects.count() == settled >= stored
    other = Order.objects.exclude(id=resting)[0].id
    keyed.post(f"/orders/{other}/cancel", {"reason": "enough"}, status=422)
