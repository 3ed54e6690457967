"""Fault 4: each signal was counted twice, and success rate, average time, risk score and failures were constants."""

from engine.processing import run_until_idle
from tests.support.api import Api


def test_with_nothing_done_yet_nothing_is_claimed(admin: Api) -> None:
    answer = admin.get("/metrics")
    orders = answer["component_metrics"]["order_processing"]
    assert (orders["success_rate"], orders["avg_processing_time"]) == ("N/A", "N/A")
    assert (orders["success_rate_percent"], orders["avg_processing_time_ms"]) == (None, None)
    assert answer["metrics"]["signals_processed"] == 0


def test_every_number_is_counted_once_and_measured(admin: Api) -> None:
    admin.signals([{"position_size": 10}, {"symbol": "INFY", "position_size": 10}, {"signal_type": "HOLD"}])
    admin.signals([{"confidence_score": 0.2}, {"symbol": "ITC", "position_size": 10**7}])
    run_until_idle()
    answer = admin.get("/metrics")
    orders = answer["component_metrics"]["order_processing"]
    assert answer["metrics"]["signals_processed"] == 5
    assert orders["orders_today"] == 3
    assert orders["failed_orders"] == 1
    assert (orders["success_rate"], orders["success_rate_percent"]) == ("66.67%", 66.67)
    assert orders["avg_processing_time_ms"] > 0
    assert orders["avg_processing_time"] != "150ms"
    assert answer["component_metrics"]["risk_management"]["alerts_today"] >= 1
    assert answer["timing_metrics"]["signal_to_position"]["count"] == 2
