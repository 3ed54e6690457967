"""Every documented key and type of the old API, on an empty engine and on a busy one."""

from typing import Any
from uuid import uuid4

import pytest
from pydantic import BaseModel

from dashboard.api import responses
from engine.processing import run_until_idle
from tests.api import contract
from tests.api.contract import READS, differences
from tests.support.api import Api

MODELS: dict[str, type[BaseModel]] = {
    "/health": responses.Health,
    "/metrics": responses.Metrics,
    "/alerts": responses.Alerts,
    "/config": responses.Config,
    "/events/history": responses.Events,
    "/event-history": responses.Events,
    "/coordination/status": responses.CoordinationStatus,
    "/status": responses.Status,
    "/system/status": responses.SystemStatus,
    "/orders": responses.Orders,
    "/positions": responses.Positions,
}
SIGNAL = {"symbol": "RELIANCE", "signal_type": "BUY", "confidence_score": 0.9}


def walk(api: Api) -> None:
    answers = {path: api.get(path, include_closed="true") for path in READS}
    assert {path: found for path in READS if (found := differences(answers[path], READS[path]))} == {}
    for path, answer in answers.items():
        MODELS[path].model_validate(answer)  # what the OpenAPI description promises, and not a key more
        assert not {"data", "success"} & set(answer)


def test_reads_on_an_empty_engine(chief: Api) -> None:
    walk(chief)


def test_reads_on_a_busy_engine(busy: Api) -> None:
    walk(busy)


def test_the_busy_engine_is_busy(busy: Api) -> None:
    """Else the walk above would look through empty lists."""
    assert busy.get("/alerts")["alert_count"] >= 3
    assert {order["status"] for order in busy.get("/orders")["orders"]} >= {"FILLED", "SUBMITTED"}
    assert {row["status"] for row in busy.get("/positions", include_closed="1")["positions"]} == {"OPEN", "CLOSED"}
    assert "signal_processing" in busy.get("/metrics")["timing_metrics"]


def test_one_metric(busy: Api) -> None:
    one = busy.get("/metrics", metric_name="signals_processed", time_window_minutes=15)["metrics"]
    assert one == {"signals_processed": 5, "time_window_minutes": 15}
    everything = busy.get("/metrics", metric_name="no_such_counter")["metrics"]
    assert differences(everything, contract.FLAT_METRICS) == []


@pytest.mark.parametrize(("sent", "used"), [("0", 1), ("-5", 1), ("60", 60), ("999999", 10080)])
def test_the_window_is_clamped(chief: Api, sent: str, used: int) -> None:
    assert chief.get("/metrics", time_window_minutes=sent)["metrics"]["time_window_minutes"] == used


def test_a_window_that_is_no_number_is_422(chief: Api) -> None:
    fault = chief.get("/metrics", time_window_minutes="soon", status=422)["detail"][0]
    assert (fault["type"], fault["loc"], fault["input"]) == ("int_parsing", ["query", "time_window_minutes"], "soon")


def test_a_signal(chief: Api) -> None:
    answer = chief.signal("RELIANCE", "buy", target_price="120.5", strategy_id="mine", colour="ignored")
    assert differences(answer, contract.SIGNAL_ACCEPTED) == []
    responses.SignalAccepted.model_validate(answer)
    assert answer["signal_id"] == answer["event_id"] == answer["correlation_id"]
    run_until_idle()
    chain = chief.get("/events/history", correlation_id=answer["correlation_id"])["events"]
    assert {"signal_received", "order_created", "order_executed"} <= {event["event_type"] for event in chain}


@pytest.mark.parametrize("score", [True, 1, "1", 1.0, "1e0"])
def test_numbers_are_read_as_leniently_as_ever(chief: Api, score: Any) -> None:
    chief.signal(confidence_score=score)


def test_a_hold_is_a_success_without_an_order(chief: Api) -> None:
    answer = chief.signal(signal_type="hold")
    run_until_idle()
    events = chief.get("/event-history", correlation_id=answer["correlation_id"])["events"]
    assert [event["event_type"] for event in events] == ["signal_generated", "signal_held"]
    assert chief.get("/orders")["count"] == 0


def test_a_batch_answers_in_order(chief: Api) -> None:
    ids = [str(uuid4()) for _ in range(3)]
    answer = chief.signals([{"signal_id": uid} for uid in ids])
    assert differences(answer, contract.BATCH_ACCEPTED) == []
    assert answer == {"status": "success", "accepted": 3, "signal_ids": ids, "correlation_ids": ids}


def test_an_invalid_item_fails_the_whole_batch(chief: Api) -> None:
    wrong = [SIGNAL, SIGNAL | {"confidence_score": 2}, SIGNAL | {"signal_type": "FOO"}, {}]
    faults = chief.post("/signals/batch", {"signals": wrong}, user_id="asha", status=422)["detail"]
    assert {fault["loc"][2] for fault in faults} == {1, 2, 3}
    unknown = [SIGNAL, SIGNAL | {"symbol": "NOPE"}, SIGNAL, SIGNAL | {"symbol": "NEITHER"}]
    faults = chief.post("/signals/batch", {"signals": unknown}, user_id="asha", status=422)["detail"]
    assert [fault["loc"] for fault in faults] == [["body", "signals", 1, "symbol"], ["body", "signals", 3, "symbol"]]
    assert chief.get("/events/history", event_type="signal_received")["events"] == []


def test_a_batch_has_at_most_a_thousand(chief: Api) -> None:
    assert chief.signals([{}] * 1_000)["accepted"] == 1_000
    fault = chief.post("/signals/batch", {"signals": [SIGNAL] * 1_001}, user_id="asha", status=422)["detail"][0]
    assert (fault["type"], fault["loc"]) == ("too_long", ["body", "signals"])


def test_an_order(chief: Api) -> None:
    answer = chief.post("/orders", {"symbol": "infy", "side": "buy", "quantity": "7"}, user_id="asha")
    responses.OrderAccepted.model_validate(answer)
    assert differences(answer["order"], contract.ORDER) == []
    assert (answer["order"]["symbol"], answer["order"]["side"], answer["order"]["quantity"]) == ("INFY", "BUY", 7)
    run_until_idle()
    order = chief.get("/orders", user_id="asha")["orders"][0]
    assert (order["id"], order["status"], order["filled_quantity"]) == (answer["order_id"], "FILLED", 7)


def test_orders_are_filtered_and_paged(busy: Api) -> None:
    everything = busy.get("/orders")["orders"]
    first = busy.get("/orders", limit=2)["orders"]
    rest = busy.get("/orders", before=first[-1]["id"])["orders"]
    assert [order["id"] for order in first + rest] == [order["id"] for order in everything]
    assert {order["status"] for order in busy.get("/orders?status=active")["orders"]} == {"SUBMITTED"}
    assert {order["symbol"] for order in busy.get("/orders", symbol="infy")["orders"]} == {"INFY"}


def test_an_emergency_stop_stops(busy: Api) -> None:
    answer = busy.post("/emergency-stop", user_id="asha", reason="enough")
    assert differences(answer, contract.STOPPED) == []
    responses.Stopped.model_validate(answer)
    assert (answer["orders_cancelled"], answer["reason"]) == (1, "enough")
    assert busy.get("/status")["operational_state"] == "emergency_stopped"
    run_until_idle()
    assert busy.get("/orders?status=ACTIVE")["orders"] == []
    again = busy.post("/emergency-stop", user_id="asha")
    assert (again["orders_cancelled"], again["halted_now"], again["reason"]) == (0, [], "Manual emergency stop")


def test_resolving_an_alert(busy: Api) -> None:
    before = busy.get("/alerts")["alerts"]
    answer = busy.post(f"/alerts/{before[0]['id']}/resolve")
    assert differences(answer, contract.RESOLVED) == []
    run_until_idle()
    assert [alert["id"] for alert in busy.get("/alerts")["alerts"]] == [alert["id"] for alert in before[1:]]
    problem = busy.post(f"/alerts/{before[0]['id']}/resolve", status=404)
    assert problem["detail"] == f"Alert {before[0]['id']} not found or already resolved"


def test_alerts_are_filtered_without_regard_to_case(busy: Api) -> None:
    answer = busy.get("/alerts", level="warning", component="risk_engine")
    assert answer["alert_count"] == answer["total_count"] >= 3
    assert (answer["filters"]["level"], answer["filters"]["component"]) == ("warning", "risk_engine")
    assert busy.get("/alerts", level="critical")["alerts"] == []
    assert busy.get("/alerts", level="", limit=1)["alert_count"] == 1


def test_changing_the_configuration(chief: Api) -> None:
    answer = chief.post("/config", {"max_concurrent_orders": "7", "kite_api_key": "x"})
    assert differences(answer, contract.CONFIG_UPDATED) == []
    responses.ConfigUpdated.model_validate(answer)
    assert (answer["updated_keys"], answer["failed_keys"], answer["status"]) == (
        ["max_concurrent_orders"],
        ["kite_api_key"],
        "partial",
    )
    assert chief.post("/config", {})["message"] == "Updated 0 configuration keys"


def test_both_histories_speak_their_own_names(busy: Api) -> None:
    newest_first = busy.get("/events/history", event_type="signal_generated")["events"]
    oldest_first = busy.get("/event-history", event_type="signal_received")["events"]
    assert {event["event_type"] for event in newest_first} == {"signal_received"}
    assert {event["event_type"] for event in oldest_first} == {"signal_generated"}
    assert [event["id"] for event in newest_first] == [event["id"] for event in reversed(oldest_first)]
    problem = busy.get("/events/history", event_type="signal_lost", status=400)
    assert problem["detail"] == "Invalid event type: signal_lost"


@pytest.mark.parametrize(("limit", "rows"), [(0, 0), (2, 2), (-1, None), (99999, None)])
def test_limits_are_clamped(busy: Api, limit: int, rows: int | None) -> None:
    answer = busy.get("/events/history", limit=limit)
    assert answer["total_count"] == len(answer["events"])
    assert answer["total_count"] == rows if rows is not None else answer["total_count"] > 10


def test_empty_filters_filter_nothing(busy: Api) -> None:
    answer = busy.get("/events/history", user_id="", event_type="")
    assert answer["events"]
    assert (answer["filters"]["user_id"], answer["filters"]["event_type"]) == ("", "")
