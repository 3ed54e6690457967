"""Fault 5: positions of one symbol overwrote each other, orders had no position, and nothing joined a signal to its order."""

from engine.processing import run_until_idle
from tests.faults.conftest import open_roomy
from tests.support.api import Api


def test_positions_of_one_symbol_in_one_second_are_all_kept(admin: Api) -> None:
    users = [f"user-{number}" for number in range(20)]
    for user_id in users:
        open_roomy(user_id)
        admin.signals([{"position_size": 5, "strategy_id": name} for name in ("", "breakout")], user_id=user_id)
    run_until_idle()
    positions = admin.get("/positions", limit=1000)["positions"]
    assert len(positions) == 40
    assert {(row["user_id"], row["strategy_id"] or "") for row in positions} == {
        (user_id, name) for user_id in users for name in ("", "breakout")
    }


def test_every_filled_order_is_in_a_position(admin: Api) -> None:
    admin.signals([{"symbol": symbol, "position_size": 3} for symbol in ("RELIANCE", "INFY", "ITC") for _ in range(30)])
    run_until_idle()
    orders = admin.get("/orders", limit=1000)["orders"]
    positions = admin.get("/positions")["positions"]
    assert {row["status"] for row in orders} == {"FILLED"}
    assert {row["symbol"]: row["quantity"] for row in positions} == {"RELIANCE": 90, "INFY": 90, "ITC": 90}


def test_one_correlation_id_joins_the_signal_to_all_that_followed(admin: Api) -> None:
    sent = admin.signal(position_size=10)
    run_until_idle()
    events = admin.get("/events/history", user_id="asha")["events"]
    chain = [row["event_type"] for row in reversed(events) if row["correlation_id"] == sent["correlation_id"]]
    assert chain == ["signal_received", "order_created", "order_submitted", "order_executed", "position_opened"]
    (order,) = admin.get("/orders", user_id="asha")["orders"]
    assert (order["correlation_id"], order["signal_id"]) == (sent["correlation_id"], sent["signal_id"])


def test_a_workflow_ends(admin: Api) -> None:
    admin.signals([{"position_size": 1} for _ in range(60)])
    waiting = admin.get("/coordination/status")["coordination"]
    run_until_idle()
    done = admin.get("/coordination/status")["coordination"]
    assert (waiting["active_workflows"], done["active_workflows"]) == (60, 0)
    assert sum(done["queue_sizes"].values()) == 0
