"""How an account's risk stands, what an order would meet, and the stops of its positions, over HTTP."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client

from dashboard.api import responses
from engine.models import Account, Candle, Event, Order, Position
from engine.processing import run_until_idle
from engine.shelf import shelf
from engine.verification import verify
from tests.support.api import PREFIX

pytestmark = pytest.mark.usefixtures("busy")


def test_the_portfolio_at_risk(chief):
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for day in range(40):
        price = 100 + day % 7
        prices = dict.fromkeys(("open", "high", "low", "close"), price)
        Candle.objects.create(symbol="RELIANCE", interval="1d", start=start + timedelta(days=day), **prices)
    found = responses.AccountRisk.model_validate(chief.get("/risk/asha/portfolio")).risk_metrics
    assert found.total_exposure == 1000  # ten RELIANCE at 100; INFY was bought back
    assert found.exposure_percentage == pytest.approx(0.1, rel=1e-2)
    assert found.position_concentrations == {"RELIANCE": found.exposure_percentage}
    assert found.sector_exposures == {"Energy": found.exposure_percentage}
    assert (found.var_periods, found.trading_state) == (39, "ACTIVE")
    assert 0 < found.var_95 <= found.var_99 < 100
    assert found.expected_shortfall >= found.var_95


@pytest.mark.parametrize(("halts", "told"), [
    ([{"user_id": "asha", "reason": "own"}], ("HALTED", "account", "own")),
    ([{"scope": "GLOBAL", "reason": "all"}], ("HALTED", "global", "all")),
    ([{"user_id": "asha", "reason": "own"}, {"scope": "GLOBAL", "reason": "all"}], ("HALTED", "global", "all")),
    ([{"user_id": "bala", "reason": "not hers"}], ("ACTIVE", None, "")),
])  # fmt: skip
def test_a_halt_of_everybody_is_the_accounts_too(chief, halts, told):
    for halt in halts:
        chief.post("/emergency-stop", halt)
    for path in ("/risk/asha/portfolio", "/risk/metrics?user_id=asha"):
        found = responses.AccountRisk.model_validate(chief.get(path)).risk_metrics
        assert (found.trading_state, found.trading_state_scope, found.trading_state_reason) == told
    assert (chief.get("/status")["operational_state"] == "emergency_stopped") is (told[0] == "HALTED" or "bala" in str(halts))


def test_the_later_dashboard_asks_for_the_same(chief):
    portfolio = chief.get("/risk/asha/portfolio")
    assert chief.get("/risk/metrics", user_id="asha") == portfolio
    assert (
        chief.client.get("/api/api/trading-engine/risk/metrics/", {"user_id": "asha"}, headers=chief.headers).json()
        == portfolio
    )
    assert chief.get("/risk/metrics", status=422)["detail"][0]["loc"] == ["query", "user_id"]
    chief.get("/risk/metrics", user_id="nobody", status=404)


def test_nothing_held_is_no_risk(chief):
    found = responses.AccountRisk.model_validate(chief.get("/risk/bala/portfolio")).risk_metrics
    assert (found.total_exposure, found.var_95, found.risk_score, found.sector_exposures) == (0, 0, 0, {})


def test_its_alerts(chief):
    chief.post("/orders", {"symbol": "INFY", "side": "BUY", "quantity": 5000}, user_id="asha")
    run_until_idle()
    answer = responses.RiskAlerts.model_validate(chief.get("/risk/asha/alerts"))
    assert answer.count == len(answer.risk_alerts) == 2
    assert {alert.type for alert in answer.risk_alerts} == {"ORDER_RISK_REFUSAL", "RISK"}


def what_if(api, quantity=10, **fields):
    body = {"symbol": "INFY", "side": "BUY", "quantity": quantity, **fields}
    return responses.WhatIf.model_validate(api.post("/risk/asha/what-if", body))


def test_what_an_order_would_meet(chief):
    before = (Event.objects.count(), Order.objects.count())
    Account.objects.filter(user_id="asha").update(max_order_value=Decimal(50_000))
    found = what_if(chief)
    assert (found.verdict, found.room_shares, found.more_shares) == ("ACCEPTED", 500, 490)
    rooms = {check.rule: check.room_shares for check in found.checks}
    # 10 % of a million, at 100: a thousand shares, less the three that rest already
    assert (rooms["order_value"], rooms["position_size"], rooms["trading_state"]) == (500, 997, None)
    assert found.charges is not None
    assert found.charges["total"] == pytest.approx(sum(found.charges.values()) / 2)
    denied = what_if(chief, quantity=501)
    assert (denied.verdict, denied.more_shares) == ("DENIED", -1)
    assert [check.rule for check in denied.checks if not check.passed] == ["order_value"]
    assert what_if(chief, quantity=500).verdict == "ACCEPTED"
    assert (Event.objects.count(), Order.objects.count()) == before


def test_the_room_is_what_the_engine_then_lets_pass(chief):
    room = what_if(chief, symbol="RELIANCE").room_shares
    for quantity, status in ((room + 1, "REJECTED"), (room, "FILLED")):
        placed = chief.post("/orders", {"symbol": "RELIANCE", "side": "BUY", "quantity": quantity}, user_id="asha")
        run_until_idle()
        assert Order.objects.get(id=placed["order_id"]).status == status


def test_a_stop_loss_is_set_outlasts_a_restart_and_is_taken_away(chief, caller):
    asha = caller("asha")
    answer = asha.post("/risk/asha/stop-loss", {"symbol": "infy", "trigger_price": 50}, symbol="RELIANCE", trigger_price=90)
    assert responses.StopLoss.model_validate(answer).status == "success"
    run_until_idle()
    shelf.clear()
    assert Position.objects.get(symbol="RELIANCE").stop_loss == 90  # the query wins
    asha.post("/risk/asha/stop-loss", {"symbol": "reliance", "trigger_price": 91, "order_type": "market", "quantity": 0})
    run_until_idle()
    assert Position.objects.get(symbol="RELIANCE").stop_loss == 91
    assert verify().differences == []
    for status in ("success", "failed"):
        response = Client().delete(f"{PREFIX}/risk/asha/stop-loss/reliance", headers=asha.headers)
        assert (response.status_code, response.json()["status"]) == (200, status)
        run_until_idle()
    assert response.json()["error_code"] == "NO_STOP_LOSS"
    assert Position.objects.get(symbol="RELIANCE").stop_loss is None
    assert verify().differences == []


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"symbol": "TCS"}, "NO_POSITION"),
        ({"trigger_price": 100}, "WRONG_SIDE"),
        ({"order_type": "LIMIT"}, "NOT_SUPPORTED"),
        ({"quantity": 5}, "NOT_SUPPORTED"),
    ],
)
def test_what_cannot_be_done_is_said(chief, wanted, code):
    before = Event.objects.count()
    answer = chief.post("/risk/asha/stop-loss", {"symbol": "RELIANCE", "trigger_price": 90} | wanted)
    assert (answer["status"], answer["error_code"], Event.objects.count()) == ("failed", code, before)


ROUTES = ("portfolio", "alerts", "what-if", "stop-loss")


@pytest.mark.parametrize(("who", "status"), [("ashas-teammate", 200), ("bala", 403), ("", 401)])
@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.slow
def test_whose_it_is(caller, who, status, route):
    api = caller(who)
    if route in ("portfolio", "alerts"):
        api.get(f"/risk/asha/{route}", status=status)
        assert caller("chief").get(f"/risk/nobody/{route}", status=404)["code"] == "NOT_FOUND"
        return
    body = {"symbol": "RELIANCE", "side": "BUY", "quantity": 1, "trigger_price": 90}
    api.post(f"/risk/asha/{route}", body, status=status)
    caller("chief").post(f"/risk/nobody/{route}", body, status=404)
    response = Client().delete(f"{PREFIX}/risk/asha/stop-loss/RELIANCE", headers=api.headers)
    assert response.status_code == status


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b'{"symbol": "RELIANCE"}',
        b'{"symbol": "RELIANCE", "side": "BUY", "quantity": 1e400, "trigger_price": 1e400}',
        b'{"symbol": "\\u0000", "side": "BUY", "quantity": 1, "trigger_price": 90}',
        b'{"symbol": "\\ud800", "side": "BUY", "quantity": 1, "trigger_price": 90}',
        b'{"symbol": "<script>", "side": "BUY", "quantity": 1, "trigger_price": 90}',
        b'{"symbol": "RELIANCE", "side": "BUY", "quantity": -0, "trigger_price": -0}',
        b'{"a":' * 500 + b"1" + b"}" * 500,
    ],
)  # fmt: skip
@pytest.mark.parametrize("route", ["what-if", "stop-loss"])
@pytest.mark.slow
def test_the_worst_input_is_refused_and_nothing_stored(chief, route, body):
    before = Event.objects.count()
    chief.post(f"/risk/asha/{route}", raw=body, status=422)
    assert Event.objects.count() == before


@pytest.mark.parametrize("name", ["%00", "%ED%A0%80", "a" * 200, "<script>", "$system"])
def test_the_worst_names(chief, name):
    for path in (f"/risk/{name}/portfolio", f"/risk/{name}/alerts"):
        chief.get(path, status=404)
    response = Client().delete(f"{PREFIX}/risk/asha/stop-loss/{name}", headers=chief.headers)
    assert response.status_code == 404 or response.json()["status"] == "failed"


def test_how_large_a_signal_would_be(chief):
    query = {"user_id": "asha", "symbol": "infy", "signal_type": "buy", "confidence_score": 0.8}
    answer = responses.PositionSize.model_validate(chief.get("/signals/position-size", **query)).recommendation
    assert (answer.model_used, answer.recommendation.quantity) == ("VOLATILITY_ADJUSTED", 639)  # 6.4 % of equity at 100
    assert answer.warnings == ["its volatility is not known yet: 2.5 % a day is assumed"]
    assert chief.get("/signals/position-size", **query, model="none such")["recommendation"]["model_used"] == answer.model_used
    kelly = responses.PositionSize.model_validate(
        chief.get("/signals/position-size", **query, model="kelly_criterion", target_price=110, stop_loss=95)
    ).recommendation
    assert (kelly.risk_analysis.risk_reward_ratio, kelly.adjustments.final_adjustment_factor) == (2, 1)
    assert kelly.risk_analysis.risk_amount == kelly.recommendation.quantity * 5
    for wrong in ({"symbol": "NONE"}, {"confidence_score": 2}, {"signal_type": "?"}, {"symbol": "\0"}):
        chief.get("/signals/position-size", status=422, **(query | wrong))


@pytest.mark.parametrize(("who", "status"), [("ashas-teammate", 200), ("bala", 403), ("", 401)])
def test_whose_sizes(caller, who, status):
    query = {"user_id": "asha", "symbol": "INFY", "signal_type": "BUY", "confidence_score": 0.8}
    caller(who).get("/signals/position-size", status=status, **query)


@pytest.mark.parametrize(
    ("level", "found"), [({"trailing_stop": 5}, (5, None)), ({"trailing_stop_percent": "2.5"}, (None, Decimal("2.5")))]
)
def test_a_stop_that_follows_is_set_over_the_same_route(chief, level, found):
    answer = chief.post("/risk/asha/stop-loss", {"symbol": "RELIANCE"} | level)
    assert (answer["status"], "behind the best price" in answer["message"]) == ("success", True)
    run_until_idle()
    position = Position.objects.get(symbol="RELIANCE")
    assert (position.trailing_stop, position.trailing_stop_percent) == found
    chief.post("/risk/asha/stop-loss", {"symbol": "RELIANCE", "trigger_price": 90} | level, status=422)
    chief.post("/risk/asha/stop-loss", {"symbol": "RELIANCE", "trailing_stop_percent": 100}, status=422)
