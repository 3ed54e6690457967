"""Fault 3: of 1,000 alerts created in a row 2 to 5 survived, for their ids were milliseconds."""

from datetime import UTC, datetime

import pytest

from engine.alerts import alerts_raise
from engine.domain.alerts import AlertRaised
from engine.domain.enums import AlertLevel
from engine.processing import run_until_idle
from tests.support.api import Api


def alert(number: int) -> AlertRaised:
    return AlertRaised(
        level=AlertLevel.WARNING,
        title=f"Number {number}",
        message="one of many",
        component="risk_engine",
        fingerprint=f"test:{number}",
    )


@pytest.mark.slow
def test_a_thousand_alerts_of_one_millisecond_all_survive(admin: Api) -> None:
    now = datetime.now(UTC)
    for number in range(1000):
        alerts_raise([alert(number)], now=now)
    alerts = admin.get("/alerts", limit=1000)["alerts"]
    assert len({row["id"] for row in alerts}) == 1000
    assert {row["title"] for row in alerts} == {f"Number {number}" for number in range(1000)}


def test_of_many_refusals_at_once_none_is_lost(admin: Api) -> None:
    sent = admin.signals(
        [{"symbol": symbol, "position_size": 10**7} for symbol in ("RELIANCE", "INFY", "ITC") for _ in range(100)]
    )
    run_until_idle()
    alerts = [row for row in admin.get("/alerts")["alerts"] if row["user_id"] == "asha"]
    assert sent["accepted"] == 300
    # repeats are counted, not stored again: each symbol's position limit, and the account's two others
    assert all(row["count"] % 100 == 0 for row in alerts)
    assert sum(row["count"] for row in alerts) >= 300
