"""Fault 9: with the bus and all workers dead /health said healthy, and a signal was answered with success and lost."""

from engine.processing import run_until_idle
from tests.support.api import Api


def test_without_workers_health_says_so(admin: Api) -> None:
    health = admin.get("/health")
    assert health["status"] != "healthy"
    assert health["event_bus"]["running"] is False
    assert "operational" not in {health["components"]["event_bus"], health["components"]["order_executor"]}
    assert set(admin.get("/coordination/status")["coordination"]["worker_tasks"].values()) == {False}


def test_without_workers_a_signal_waits_and_the_answer_says_so(admin: Api) -> None:
    sent = admin.signal(position_size=10)
    assert sent["processing_status"] != "processed"
    assert admin.get("/orders", user_id="asha")["orders"] == []
    assert admin.get("/coordination/status")["coordination"]["queue_sizes"]["order_processing"] == 1
    run_until_idle()
    assert [row["signal_id"] for row in admin.get("/orders", user_id="asha")["orders"]] == [sent["signal_id"]]
