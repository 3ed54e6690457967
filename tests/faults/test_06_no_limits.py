"""Fault 6: BUY, SELL and HOLD all opened a LONG position, no limit was checked, one order in ten was cancelled by chance."""

import pytest

from engine.processing import run_until_idle
from tests.support.api import Api


def test_buy_is_long_sell_is_short_hold_is_nothing(admin: Api) -> None:
    kinds = {"RELIANCE": "BUY", "INFY": "SELL", "ITC": "HOLD"}
    admin.signals([{"symbol": symbol, "signal_type": kind, "position_size": 10} for symbol, kind in kinds.items()])
    run_until_idle()
    held = {row["symbol"]: row["quantity"] for row in admin.get("/positions", user_id="asha")["positions"]}
    assert held == {"RELIANCE": 10, "INFY": -10}
    assert len(admin.get("/orders", user_id="asha")["orders"]) == 2


@pytest.mark.parametrize("size", [10**6, 10**8])
def test_a_size_beyond_the_limits_is_refused_with_the_numbers(admin: Api, size: int) -> None:
    admin.signal(position_size=size)
    run_until_idle()
    (order,) = admin.get("/orders", user_id="asha")["orders"]
    assert (order["status"], order["rejected_by"], order["filled_quantity"]) == ("REJECTED", "RISK", 0)
    failed = {check["rule"]: check for check in order["risk_checks"] if not check["passed"]}
    assert {"position_size", "portfolio_exposure", "sector_exposure"} <= set(failed)
    assert failed["position_size"]["value"] > failed["position_size"]["limit"]
    assert admin.get("/positions", user_id="asha")["positions"] == []


def test_a_size_beyond_all_measure_is_no_signal_at_all(admin: Api) -> None:
    body = {"symbol": "RELIANCE", "signal_type": "BUY", "confidence_score": 0.9, "position_size": 10**12}
    admin.post("/signals/process", body, user_id="asha", status=422)
    assert admin.get("/events/history", event_type="signal_received")["events"] == []


def test_nothing_is_decided_by_chance(admin: Api) -> None:
    admin.signals([{"position_size": 1} for _ in range(200)])
    run_until_idle()
    orders = admin.get("/orders", user_id="asha", limit=1000)["orders"]
    assert [row["status"] for row in orders] == ["FILLED"] * 200
    assert len({row["average_fill_price"] for row in orders}) == 1
