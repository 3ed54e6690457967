"""Fault 7: after a halt 16 of the user's next 20 signals were executed."""

from engine.processing import run_until_idle
from tests.faults.conftest import open_roomy
from tests.support.api import Api


def test_after_a_halt_no_signal_is_executed(admin: Api) -> None:
    admin.signal(position_size=10)
    run_until_idle()
    admin.post("/emergency-stop", {"reason": "margin call"}, user_id="asha")
    admin.signals([{"symbol": "INFY", "position_size": 1} for _ in range(20)])
    run_until_idle()
    orders = admin.get("/orders", user_id="asha", symbol="INFY")["orders"]
    assert [row["status"] for row in orders] == ["REJECTED"] * 20
    assert {row["filled_quantity"] for row in orders} == {0}


def test_signals_that_waited_when_the_halt_came_are_not_executed_either(admin: Api) -> None:
    admin.signals([{"position_size": 1} for _ in range(20)])
    admin.post("/emergency-stop", {"reason": "margin call"}, user_id="asha")
    run_until_idle()
    assert {row["status"] for row in admin.get("/orders", user_id="asha")["orders"]} == {"REJECTED"}


def test_another_account_trades_on(admin: Api) -> None:
    open_roomy("ravi")
    admin.post("/emergency-stop", {"reason": "margin call"}, user_id="asha")
    admin.signal(user_id="ravi", position_size=10)
    run_until_idle()
    assert [row["status"] for row in admin.get("/orders", user_id="ravi")["orders"]] == ["FILLED"]
