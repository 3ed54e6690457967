"""The strategy routes: every key of the old API with real trades behind it, who may, and what may be sent."""

from collections.abc import Callable
from typing import Any

import pytest

from dashboard.api.responses import strategies as responses
from engine.models import Event, IdempotencyKey, PendingEvent, Position, Strategy, StrategyStage
from engine.processing import run_until_idle
from tests.api.contract import (
    PROBLEM,
    ListOf,
    among,
    differences,
    is_integer,
    is_number,
    is_object,
    is_text,
    is_time,
    is_uuid,
    matches,
    optional,
)
from tests.engine.flow import assert_sound, count_statements, set_price
from tests.support.api import PREFIX, Api

WANTED: dict[str, Any] = {
    "name": "Breaks out",
    "description": "buys what leaves its range",
    "strategy_type": "momentum",
    "symbols": ["RELIANCE", "INFY"],
    "parameters": {"length": 30},
    "rule": "breakout",
}
STATUS = {
    "strategy_id": matches(r"strategy_asha_\d{8}_\d{6}(_\d+)?"),
    "name": is_text,
    "type": among("MOMENTUM"),
    "status": among("ACTIVE", "PAUSED", "STOPPED", "ERROR"),
    "deployed_at": optional(is_time),
    "last_signal_at": optional(is_time),
    "total_signals": is_integer,
    "successful_trades": is_integer,
    "failed_trades": is_integer,
    "total_pnl": is_number,
    "current_positions": is_integer,
    "error_count": is_integer,
    "last_error": optional(is_text),
    "performance_metrics": {
        "win_rate": is_number,
        "avg_profit": is_number,
        "avg_loss": is_number,
        "max_drawdown": is_number,
        "sharpe_ratio": is_number,
        "total_return": is_number,
        "total_trades": is_integer,
    },
    "symbols": ListOf(is_text),
    "max_positions": is_integer,
    "max_daily_trades": is_integer,
}
PERFORMANCE = {
    "strategy_id": is_text,
    "period_days": is_integer,
    "total_trades": is_integer,
    "winning_trades": is_integer,
    "losing_trades": is_integer,
    **dict.fromkeys(
        (
            "win_rate",
            "total_pnl",
            "max_drawdown",
            "sharpe_ratio",
            "avg_trade_duration",
            "best_trade",
            "worst_trade",
            "volatility",
        ),
        is_number,
    ),
    "calculated_at": is_time,
}
STEP = {
    "event_id": is_uuid,
    "stage": among("CREATED", "VALIDATED", "DEPLOYED", "ACTIVE", "PAUSED", "STOPPED", "RETIRED"),
    "previous_stage": optional(is_text),
    "timestamp": is_time,
    "triggered_by": among("USER", "SYSTEM", "PERFORMANCE", "RISK"),
    "reason": is_text,
    "metadata": is_object,
}
SUGGESTION = {
    "suggestion_id": is_text,
    "strategy_id": is_text,
    "category": among("PARAMETERS", "RISK", "TIMING", "SYMBOLS"),
    "priority": among("HIGH", "MEDIUM", "LOW"),
    "description": is_text,
    "expected_improvement": is_text,
    "confidence": is_number,
    "created_at": is_time,
}


def deploy(api: Api, user_id: str = "asha", **fields: Any) -> str:
    answer = api.post(f"/strategies/{user_id}/deploy", WANTED | fields)
    assert answer["status"] == "success", answer
    run_until_idle()
    return str(answer["strategy_id"])


def control(api: Api, strategy_id: str, action: str, *, status: int = 200, **parameters: Any) -> dict[str, Any]:
    body = {"action_type": action, "reason": "because", "parameters": parameters or None}
    answer = api.post(f"/strategies/{strategy_id}/control", body, status=status)
    run_until_idle()
    return answer


def trade(api: Api, strategy_id: str, bought: Any, sold: Any, symbol: str = "RELIANCE") -> None:
    for side, price in (("BUY", bought), ("SELL", sold)):
        set_price(symbol, price)
        api.signal(symbol, side, strategy_id=strategy_id, position_size=100)
        run_until_idle()


@pytest.fixture
def traded(chief: Api) -> str:
    """One that won, lost, and holds something."""
    strategy_id = deploy(chief)
    trade(chief, strategy_id, 100, 110)
    trade(chief, strategy_id, 100, 96)
    chief.signal("INFY", strategy_id=strategy_id, position_size=10)
    run_until_idle()
    set_price("INFY", 104)
    return strategy_id


def test_a_status_has_every_key_and_its_figures_are_the_trades(chief: Api, traded: str) -> None:
    answer = chief.get(f"/strategies/{traded}/status")
    responses.OneStrategy.model_validate(answer)
    status = answer["strategy_status"]
    assert differences(status, STATUS) == []
    closed = Position.objects.filter(strategy_id=traded, status="CLOSED")
    assert status["total_pnl"] == pytest.approx(float(sum(row.realized_pnl - row.charges for row in closed)), abs=0.01)
    assert (status["successful_trades"], status["failed_trades"], status["current_positions"]) == (1, 1, 1)
    assert (status["total_signals"], status["trades_today"], status["status"]) == (5, 3, "ACTIVE")
    assert status["unrealized_pnl"] == pytest.approx(39.5, abs=0.01)  # bought 5 basis points above 100
    assert status["performance_metrics"]["win_rate"] == 0.5
    assert status["parameters"] == {"length": 30, "stop_ranges": 2.0, "target_ranges": 3.0}


def test_lists_are_an_accounts_or_all_that_one_may_see(chief: Api, caller: Callable[[str], Api], traded: str) -> None:
    theirs = deploy(chief, "bala", name="theirs")
    answer = chief.get("/strategies/asha")
    responses.Strategies.model_validate(answer)
    assert [row["strategy_id"] for row in answer["strategies"]] == [traded]
    assert answer["count"] == 1
    assert {row["strategy_id"] for row in chief.get("/strategies")["strategies"]} == {traded, theirs}
    assert [row["strategy_id"] for row in caller("bala").get("/strategies")["strategies"]] == [theirs]
    chief.delete(f"/strategies/{theirs}")
    run_until_idle()
    assert chief.get("/strategies/bala")["strategies"] == []
    (retired,) = chief.get("/strategies/bala", include_retired=True)["strategies"]
    assert (retired["status"], retired["lifecycle_stage"]) == ("STOPPED", "RETIRED")
    paused = chief.client.get(f"{PREFIX}/strategies?status=paused", headers=chief.headers)
    assert paused.json()["count"] == 0


def test_a_list_costs_the_same_for_one_as_for_many(chief: Api, traded: str) -> None:
    few = count_statements(lambda: chief.get("/strategies/asha"))
    for _ in range(5):
        deploy(chief)
    assert count_statements(lambda: chief.get("/strategies/asha")) == few


def test_performance(chief: Api, traded: str) -> None:
    answer = chief.get(f"/strategies/{traded}/performance")
    responses.StrategyPerformance.model_validate(answer)
    found = answer["performance"]
    assert differences(found, PERFORMANCE) == []
    gains = [float(row.realized_pnl - row.charges) for row in Position.objects.filter(strategy_id=traded, status="CLOSED")]
    assert (found["total_trades"], found["winning_trades"], found["win_rate"], found["win_rate_percent"]) == (2, 1, 0.5, 50)
    assert (found["best_trade"], found["worst_trade"]) == pytest.approx((max(gains), min(gains)), abs=0.01)
    assert found["gross_pnl"] - found["charges"] == pytest.approx(found["total_pnl"], abs=0.011)
    assert found["max_drawdown"] == pytest.approx(-min(gains) / 1_000_000, rel=0.01)
    assert found["equity_curve"][-1]["pnl"] == found["total_pnl"]
    assert chief.get(f"/strategies/{traded}/performance", days=7)["performance"]["period_days"] == 7
    chief.get(f"/strategies/{traded}/performance", days=0, status=422)
    chief.get(f"/strategies/{traded}/performance", days="soon", status=422)


def test_the_lifecycle_log(chief: Api, traded: str) -> None:
    control(chief, traded, "PAUSE")
    control(chief, traded, "RESUME")
    control(chief, traded, "STOP")
    answer = chief.get(f"/strategies/{traded}/lifecycle")
    responses.Lifecycle.model_validate(answer)
    assert differences(answer["lifecycle_history"], ListOf(STEP)) == []
    steps = [(step["stage"], step["previous_stage"]) for step in answer["lifecycle_history"]]
    assert steps == [
        ("STOPPED", "ACTIVE"),
        ("ACTIVE", "PAUSED"),
        ("PAUSED", "ACTIVE"),
        ("ACTIVE", "DEPLOYED"),
        ("DEPLOYED", "VALIDATED"),
        ("VALIDATED", "CREATED"),
        ("CREATED", None),
    ]
    assert answer["lifecycle_history"][0]["metadata"] == {"by": "chief", "close_positions": True}
    second = answer["lifecycle_history"][1]["event_id"]
    older = chief.get(f"/strategies/{traded}/lifecycle", before=second, limit=2)["lifecycle_history"]
    assert [step["stage"] for step in older] == ["PAUSED", "ACTIVE"]
    assert chief.get("/strategies/nobody/lifecycle") == {"status": "success", "lifecycle_history": [], "count": 0}


@pytest.mark.slow
def test_suggestions_come_only_once_there_are_trades_enough(chief: Api, traded: str) -> None:
    answer = chief.get(f"/strategies/{traded}/optimization")
    responses.Optimization.model_validate(answer)
    assert answer["optimization_suggestions"] == []
    assert answer["recommendation"]["action"] is None
    for number in range(19):
        trade(chief, traded, 100, 101 if number % 4 == 0 else 90)
        chief.post(f"/strategies/{traded}/enable")
    answer = chief.get(f"/strategies/{traded}/optimization")
    responses.Optimization.model_validate(answer)
    assert differences(answer["optimization_suggestions"], ListOf(SUGGESTION)) == []
    assert answer["count"] == len(answer["optimization_suggestions"]) > 0
    assert "of 21 trades won" in answer["optimization_suggestions"][0]["description"]
    assert answer["recommendation"]["action"] == "RETIRE"


def test_every_control_action(chief: Api, traded: str) -> None:
    paused = control(chief, traded, "pause")
    responses.Controlled.model_validate(paused)
    assert paused["status"] == "success"
    assert is_uuid(paused["action_id"])
    assert is_time(paused["executed_at"])
    again = control(chief, traded, "PAUSE")
    responses.Controlled.model_validate(again)
    assert (again["status"], again["error_code"]) == ("failed", "INVALID_TRANSITION")
    assert again["reason"] == again["error"] == "the strategy is PAUSED: it cannot pause"
    assert control(chief, traded, "RESUME")["status"] == "success"
    assert control(chief, traded, "MODIFY", max_positions=3, length=44)["details"]["changes"]["max_positions"] == 3
    assert control(chief, traded, "MODIFY", speed=1)["error_code"] == "VALIDATION_FAILED"
    assert control(chief, traded, "STOP", close_positions=False)["status"] == "success"
    assert Position.objects.filter(strategy_id=traded, status="OPEN").count() == 1
    assert control(chief, traded, "RESUME")["status"] == "success"
    assert control(chief, traded, "EMERGENCY_STOP")["status"] == "success"
    assert Position.objects.filter(strategy_id=traded, status="OPEN").count() == 0
    status = chief.get(f"/strategies/{traded}/status")["strategy_status"]
    assert (status["status"], status["status_reason"]) == ("STOPPED", "emergency stop: because")
    assert (status["parameters"]["length"], status["max_positions"]) == (44, 3)
    control(chief, traded, "MODIFY", status=422)
    control(chief, traded, "DANCE", status=422)
    assert_sound()


def test_the_later_names_do_the_same(chief: Api) -> None:
    strategy_id = chief.post("/strategies", WANTED, user_id="asha")["strategy_id"]
    run_until_idle()
    assert chief.post(f"/strategies/{strategy_id}/disable", {"reason": "lunch"})["reason"] == "lunch"
    assert chief.post(f"/strategies/{strategy_id}/enable")["status"] == "success"
    assert (
        chief.put(f"/strategies/{strategy_id}", {"name": "Another", "max_daily_trades": 7, "reason": "calmer"})["reason"]
        == "calmer"
    )
    assert chief.delete(f"/strategies/{strategy_id}", reason="done")["status"] == "success"
    run_until_idle()
    row = Strategy.objects.get(id=strategy_id)
    assert (row.name, row.max_daily_trades, row.status, row.status_reason) == ("Another", 7, "RETIRED", "done")
    assert chief.put(f"/strategies/{strategy_id}", {"name": "Third"})["error_code"] == "INVALID_TRANSITION"
    assert_sound()


def test_everything_wrong_with_a_deployment_is_said_at_once(chief: Api) -> None:
    wrong = {"name": " ", "symbols": ["NOSUCH"], "max_positions": 0, "max_drawdown_percent": 31, "parameters": {"length": 1}}
    answer = chief.post("/strategies/asha/deploy", WANTED | wrong)
    responses.Deployed.model_validate(answer)
    assert (answer["status"], answer["strategy_id"], answer["error_code"]) == ("failed", None, "VALIDATION_FAILED")
    assert [problem["field"] for problem in answer["details"]] == [
        "name", "symbols", "max_positions", "max_drawdown_percent", "parameters",
    ]  # fmt: skip
    valid = chief.post("/strategies/asha/deploy", WANTED | {"validate_only": True, "max_positions": 60})
    responses.Deployed.model_validate(valid)
    assert (valid["status"], valid["lifecycle_stage"]) == ("success", "VALIDATED")
    assert valid["warnings"] == ["60 positions at once are many: more than 50"]
    assert not Strategy.objects.exists()


def test_sent_again_under_its_key_a_write_has_no_second_effect(chief: Api) -> None:
    chief.headers["Idempotency-Key"] = "once"
    first = chief.post("/strategies/asha/deploy", WANTED)
    assert chief.post("/strategies/asha/deploy", WANTED) == first
    assert Strategy.objects.count() == 1
    run_until_idle()
    paused = control(chief, first["strategy_id"], "PAUSE")
    assert control(chief, first["strategy_id"], "PAUSE") == paused
    assert paused["status"] == "success"
    control(chief, first["strategy_id"], "RESUME", status=422)  # the key was for another action
    retired = chief.delete(f"/strategies/{first['strategy_id']}")
    assert chief.delete(f"/strategies/{first['strategy_id']}") == retired


CALLS: dict[str, Callable[..., Any]] = {
    "deploy": lambda api, id, status: api.post("/strategies/asha/deploy", WANTED, status=status),
    "deploy, later": lambda api, id, status: api.post("/strategies", WANTED, status=status, user_id="asha"),
    "list": lambda api, id, status: api.get("/strategies/asha", status=status),
    "control": lambda api, id, status: control(api, id, "PAUSE", status=status),
    "enable": lambda api, id, status: api.post(f"/strategies/{id}/enable", status=status),
    "disable": lambda api, id, status: api.post(f"/strategies/{id}/disable", status=status),
    "put": lambda api, id, status: api.put(f"/strategies/{id}", {"name": "x"}, status=status),
    "delete": lambda api, id, status: api.delete(f"/strategies/{id}", status=status),
    **{
        name: lambda api, id, status, name=name: api.get(f"/strategies/{id}/{name}", status=status)
        for name in ("status", "performance", "lifecycle", "optimization")
    },
}


def stored() -> list[int]:
    return [table.objects.count() for table in (Strategy, StrategyStage, Event, PendingEvent, IdempotencyKey)]


@pytest.mark.parametrize("call", CALLS)
def test_owner_teammate_outsider_and_nobody(chief: Api, caller: Callable[[str], Api], call: str) -> None:
    strategy_id = deploy(chief)
    before = stored()
    CALLS[call](caller("bala"), strategy_id, 403)
    CALLS[call](Api(), strategy_id, 401)
    assert stored() == before
    CALLS[call](caller("ashas-teammate"), strategy_id, 200)
    CALLS[call](caller("asha"), strategy_id, 200)


@pytest.mark.parametrize("name", ["status", "performance", "optimization", "control", "enable", "disable", "put", "delete"])
def test_an_unknown_one_is_404(chief: Api, name: str) -> None:
    for odd in ["nobody", "%00", "%ff", "x" * 3_000, "a%27--", "%F0%9F%92%A9", "%ED%A0%80"]:
        answer = CALLS[name](chief, odd, 404)
        assert differences(answer, PROBLEM) == []
    chief.get("/strategies/nobody", status=404)
    chief.get("/strategies/a%00b", status=422)
