"""The risk monitor on real prices and rows: one alert a breach, gone with its cause, and a stop in an emergency."""

import pytest

from engine.models import Account, Alert, ConfigEntry, Event
from engine.processing import run_until_idle
from tests.market.market_table import position, set_up, tick

pytestmark = pytest.mark.django_db


def open_alerts():
    rows = Alert.objects.open().filter(fingerprint__startswith="monitor:")
    return {row.fingerprint.removeprefix("monitor:desk:"): (row.level, row.count) for row in rows}


def state():
    return Account.objects.get().trading_state


@pytest.fixture
def desk():
    set_up("INFY")
    Account.objects.update(cash=900_000)
    position(1000)  # 100,000 of a million


def test_a_breach_is_one_alert_worse_when_it_gets_worse_and_gone_when_it_is_over(desk):
    tick({"INFY": 100}, 0)
    assert open_alerts() == {"position_concentration:INFY": ("WARNING", 1)}
    tick({"INFY": 101}, 1)
    assert open_alerts() == {"position_concentration:INFY": ("WARNING", 1)}  # the same, a moment later
    tick({"INFY": 130}, 2)
    assert open_alerts() == {"position_concentration:INFY": ("ERROR", 2)}
    assert Alert.objects.get(fingerprint="monitor:desk:position_concentration:INFY").data["threshold_value"] == 12
    tick({"INFY": 70}, 3)
    assert open_alerts() == {}
    assert state() == "ACTIVE"


@pytest.mark.parametrize("switched_on", [True, False])
def test_an_emergency_stops_the_account_once(desk, switched_on):
    if not switched_on:
        ConfigEntry.objects.create(
            key="emergency_stop_enabled", value=False, updated_at="2026-01-01T00:00Z", updated_by="chief"
        )
    position(-6000, "INFY", strategy_id="other")
    Account.objects.update(cash=1_500_000)  # 1,000,000 at 100, with 700,000 of exposure
    tick({"INFY": 100}, 0)
    assert state() == "ACTIVE"
    tick({"INFY": 150}, 1)  # 250,000 lost
    run_until_idle()
    assert state() == ("HALTED" if switched_on else "ACTIVE")
    assert open_alerts()["drawdown:"][0] == "CRITICAL"
    tick({"INFY": 151}, 2)
    run_until_idle()
    stops = Event.objects.filter(type="emergency_stop")
    assert [stop.data["by"] for stop in stops] == ["risk monitor"] * switched_on


def test_a_position_near_its_stop_is_warned_of(desk):
    position(10, "INFY", strategy_id="trend", stop_loss=95)
    tick({"INFY": 97}, 0)
    assert "near_stop:INFY" not in open_alerts()
    tick({"INFY": 95.5}, 1)
    assert open_alerts()["near_stop:INFY"] == ("INFO", 1)
    tick({"INFY": 97}, 2)  # it does not flutter
    assert open_alerts()["near_stop:INFY"] == ("INFO", 1)
    tick({"INFY": 98}, 3)
    assert "near_stop:INFY" not in open_alerts()
