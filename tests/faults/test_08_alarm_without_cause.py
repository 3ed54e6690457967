"""Fault 8: every fill raised a WARNING, a working engine was always "degraded", and resolving an alert raised another."""

from datetime import UTC, datetime

from engine.alerts import alerts_raise
from engine.processing import run_until_idle
from tests.faults.test_03_alerts_lost import alert
from tests.support.api import Api


def test_a_fill_raises_no_alert(admin: Api) -> None:
    admin.signals([{"symbol": symbol, "position_size": 10} for symbol in ("RELIANCE", "INFY")])
    run_until_idle()
    assert {row["status"] for row in admin.get("/orders", user_id="asha")["orders"]} == {"FILLED"}
    assert admin.get("/alerts")["alert_count"] == 0
    assert admin.get("/health")["monitoring"]["active_alerts"] == 0
    assert admin.get("/health")["monitoring"]["status"] == "HEALTHY"


def test_resolving_an_alert_leaves_one_less(admin: Api) -> None:
    alerts_raise([alert(number) for number in range(3)], now=datetime.now(UTC))
    counts = []
    for row in admin.get("/alerts")["alerts"]:
        admin.post(f"/alerts/{row['id']}/resolve")
        run_until_idle()
        counts.append(admin.get("/alerts")["alert_count"])
    assert counts == [2, 1, 0]
