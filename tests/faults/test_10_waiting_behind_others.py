"""Fault 10: a CRITICAL event waited 2.9 s behind 30 ordinary orders, and one user's backlog delayed every other user."""

from engine.domain.enums import Lane
from engine.processing import run_lane, run_until_idle
from tests.faults.conftest import open_roomy
from tests.support.api import Api


def test_a_critical_event_overtakes_what_waits(admin: Api) -> None:
    admin.signals([{"position_size": 1} for _ in range(30)])
    admin.post("/emergency-stop", {"reason": "drill"}, user_id="asha")
    run_lane(next(iter(Lane)))  # the engine's first round
    handled = [row for row in admin.get("/events/history", user_id="asha")["events"] if row["processed"]]
    assert "emergency_stop" in {row["event_type"] for row in handled}
    assert "order_created" not in {row["event_type"] for row in handled}
    run_until_idle()
    assert {row["status"] for row in admin.get("/orders", user_id="asha")["orders"]} == {"REJECTED"}


def test_one_accounts_backlog_delays_no_other(admin: Api) -> None:
    open_roomy("ravi")
    admin.signals([{"position_size": 1} for _ in range(1000)])
    admin.signal(user_id="ravi", position_size=10)
    run_lane(Lane.ORDER_PROCESSING)  # one round, less than half of what waits
    assert [row["status"] for row in admin.get("/orders", user_id="ravi")["orders"]] == ["FILLED"]
    assert admin.get("/coordination/status")["coordination"]["queue_sizes"]["order_processing"] > 500
