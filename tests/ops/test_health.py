"""Health tells the truth: well when it is, not when a part is away, and never an error because of what it asks."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from engine import bus, config, health
from engine.alerts import alerts_raise
from engine.domain.alerts import AlertRaised
from engine.domain.enums import AlertLevel, AlertStatus, Component, Lane
from engine.health import answers, probes
from engine.models import Alert, ConfigEntry, Event, Instrument, PendingEvent, Worker
from tests.support.factories import account, instrument

NOW = datetime(2026, 3, 2, 6, 30, tzinfo=UTC)
SECOND = timedelta(seconds=1)

pytestmark = pytest.mark.django_db


def worker(*lanes: Lane, age: timedelta = SECOND) -> None:
    """A worker that went through the lanes `age` ago."""
    at = NOW - age
    rounds = {lane.value: at.isoformat() for lane in lanes or Lane}
    Worker.objects.create(id=uuid4(), host="here", pid=1, lanes=rounds, started_at=NOW - timedelta(hours=1), beat_at=at)


def prices(age: timedelta = SECOND) -> None:
    instrument("RELIANCE")
    Instrument.objects.update(received_at=NOW - age, priced_at=NOW - age)


def waiting(age: timedelta, *, lane: Lane = Lane.ORDER_PROCESSING, dead: bool = False) -> None:
    event = Event.objects.create(
        uid=uuid4(), type="signal_received", stream="asha", data={}, priority=3, correlation_id=uuid4(), created_at=NOW - age
    )
    at = NOW - age
    PendingEvent.objects.create(event=event, lane=lane, stream="asha", priority=3, due_at=at, dead_at=at if dead else None)


def silent_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus, "round_trip", lambda *, seconds: False)


def working() -> None:
    worker()
    prices()


def look() -> dict[str, Any]:
    return health.report(now=NOW)


# --- the report -----------------------------------------------------------------------------------------------------------
def test_a_working_engine_is_healthy() -> None:
    working()
    found = look()
    assert (found["status"], found["service_level"]) == ("healthy", "production")
    assert set(found["components"]) == {component.value for component in Component}
    assert set(found["components"].values()) == {"operational"}
    assert found["monitoring"] == {"status": "HEALTHY", "active_alerts": 0, "uptime_seconds": 3600}
    assert (found["database"]["connection"], found["broker"]["status"]) == ("active", "operational")
    assert found["database"]["timestamp"] == found["timestamp"] == NOW


def test_fault_8_refusals_and_fills_do_not_make_an_engine_sick() -> None:
    working()
    account("asha")
    refusals = [
        AlertRaised(AlertLevel.WARNING, "Refused", "", "risk_engine", f"refused:{n}", user_id="asha") for n in range(50)
    ]
    alerts_raise(refusals, now=NOW)
    found = look()
    assert (found["status"], found["monitoring"]["status"], found["monitoring"]["active_alerts"]) == ("healthy", "HEALTHY", 50)


def test_fault_9_dead_workers_are_critical() -> None:
    prices()
    worker(age=timedelta(minutes=1))
    found = look()
    assert (found["status"], found["service_level"], found["event_bus"]["running"]) == ("critical", "simple", False)
    assert not any(lane["alive"] for lane in found["lanes"].values())
    assert found["monitoring"]["uptime_seconds"] == 0


COMPONENT_OF_LANE = {
    Lane.HIGH_PRIORITY: Component.RISK_ENGINE,
    Lane.ORDER_PROCESSING: Component.ORDER_EXECUTOR,
    Lane.POSITION_MANAGEMENT: Component.POSITION_MANAGER,
    Lane.RISK_MONITORING: Component.RISK_ENGINE,
    Lane.MARKET_DATA: Component.STRATEGY_MANAGER,
    Lane.SYSTEM_EVENTS: Component.EVENT_BUS,
}


@pytest.mark.parametrize("dead", Lane)
def test_one_dead_lane_degrades_what_depends_on_it(dead: Lane) -> None:
    prices()
    worker(*(lane for lane in Lane if lane is not dead))
    found = look()
    assert (found["status"], found["service_level"]) == ("degraded", "simple")
    assert found["components"][COMPONENT_OF_LANE[dead]] == found["components"][Component.EVENT_BUS] == "degraded"
    assert [name for name, lane in found["lanes"].items() if not lane["alive"]] == [dead.value]


def test_two_workers_cover_the_lanes_between_them() -> None:
    prices()
    worker(Lane.HIGH_PRIORITY, Lane.ORDER_PROCESSING, Lane.POSITION_MANAGEMENT)
    worker(Lane.RISK_MONITORING, Lane.MARKET_DATA, Lane.SYSTEM_EVENTS)
    assert look()["status"] == "healthy"


@pytest.mark.parametrize(("age", "status"), [(2, "healthy"), (11, "degraded")])
def test_work_that_waits_too_long_degrades(age: int, status: str) -> None:
    working()
    waiting(timedelta(seconds=age))
    found = look()
    assert found["status"] == status
    assert found["lanes"]["order_processing"] == {"alive": True, "waiting": 1, "lag_seconds": float(age)}
    assert found["event_bus"]["queue_size"] == 1


def test_work_that_is_due_later_is_not_late() -> None:
    working()
    waiting(timedelta(seconds=-60))
    assert look()["lanes"]["order_processing"]["lag_seconds"] == 0.0


def test_a_dead_letter_degrades_until_it_is_sent_back() -> None:
    working()
    waiting(timedelta(hours=1), dead=True)
    found = look()
    assert (found["status"], found["event_bus"]["dead_letters"], found["event_bus"]["queue_size"]) == ("degraded", 1, 0)


@pytest.mark.parametrize(
    ("age", "prices_are", "broker", "status"),
    [(None, "none", "unknown", "healthy"), (59, "fresh", "operational", "healthy"), (61, "stale", "degraded", "degraded")],
)
def test_prices_are_as_good_as_they_are_young(age: int | None, prices_are: str, broker: str, status: str) -> None:
    worker()
    if age is not None:
        prices(timedelta(seconds=age))
    found = look()
    assert (found["prices"]["status"], found["broker"]["status"], found["status"]) == (prices_are, broker, status)
    assert found["prices"]["age_seconds"] == age
    assert found["components"]["order_executor"] == broker


def test_invalid_settings_degrade_and_are_named() -> None:
    working()
    ConfigEntry.objects.create(key="max_position_size_percent", value="abc", updated_at=NOW, updated_by="somebody")
    found = look()
    assert (found["status"], found["components"]["configuration"], found["database"]["config_valid"]) == (
        "degraded",
        "degraded",
        False,
    )
    assert found["database"]["config_issues"] == ["max_position_size_percent must be between 0 and 100"]


def test_risk_checks_that_are_switched_off_degrade() -> None:
    working()
    config.config_update({"risk_check_enabled": False}, by="asha", now=NOW)
    assert look()["components"]["risk_engine"] == "degraded"


@pytest.mark.parametrize(
    ("level", "count", "status"), [("ERROR", 1, "healthy"), ("CRITICAL", 1, "degraded"), ("CRITICAL", 2, "critical")]
)
def test_alerts_of_the_system_itself_count(level: str, count: int, status: str) -> None:
    working()
    alerts_raise([AlertRaised(AlertLevel(level), "Broken", "", "system", f"broken:{n}") for n in range(count)], now=NOW)
    assert look()["status"] == status


def test_a_silent_layer_means_polling(monkeypatch: pytest.MonkeyPatch) -> None:
    working()
    silent_layer(monkeypatch)
    found = look()
    assert (found["status"], found["service_level"], found["channel_layer"]["status"]) == ("degraded", "full", "unhealthy")


def test_the_report_costs_the_same_whatever_there_is() -> None:
    working()
    look()
    for number in range(20):
        waiting(timedelta(seconds=number))
    with CaptureQueriesContext(connection) as statements:
        look()
    assert len(statements) <= 12


# --- without a database ---------------------------------------------------------------------------------------------------
def away(*_: object, **__: object) -> Any:
    raise OperationalError("the server at 10.0.0.7 as user trader is gone")


def test_without_a_database_the_old_fallback_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "look", away)
    found = look()
    assert (found["status"], found["service_level"]) == ("fallback", "minimal")
    assert {"message", "error", "timestamp", "components"} <= set(found)
    assert "trader" not in str(found)


def test_the_fallbacks_have_the_shapes_that_old_clients_know() -> None:
    assert health.fallback_metrics(now=NOW)["metrics"] == {
        "orders_processed": 0,
        "signals_processed": 0,
        "active_strategies": 0,
        "error": "Metrics service unavailable",
    }
    assert health.fallback_alerts(now=NOW) == {
        "status": "fallback",
        "alerts": [],
        "alert_count": 0,
        "error": "Alerts service unavailable",
        "last_updated": NOW,
    }


def test_ready_asks_the_database_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    assert health.ready() == (True, {"status": "ready", "database": "active", "migrations": "applied"})
    monkeypatch.setattr(answers, "database_round_trip", away)
    assert health.ready()[0] is False
    assert health.live()[0] is True


def test_missing_tables_are_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "is_migrated", lambda: False)
    assert health.ready() == (False, {"status": "not ready", "database": "active", "migrations": "missing"})


# --- the layer's round trip -----------------------------------------------------------------------------------------------
async def on_bound_loop(ask: Callable[[], bool]) -> bool:
    bus.bind(asyncio.get_running_loop())
    try:
        return await asyncio.to_thread(ask)
    finally:
        bus.bus.loop = None


async def test_a_message_makes_the_round_from_another_thread() -> None:
    assert await on_bound_loop(lambda: bus.round_trip(seconds=0.5))


@pytest.mark.slow
async def test_a_stuck_loop_is_not_waited_for() -> None:
    def ask() -> bool:
        bus.bus.loop.call_soon_threadsafe(time.sleep, 1)  # type: ignore[union-attr]
        started = time.monotonic()
        answered = bus.round_trip(seconds=0.3)
        assert time.monotonic() - started < 0.8
        return answered

    assert await on_bound_loop(ask) is False


def test_without_a_bound_loop_it_makes_the_round_too() -> None:
    assert bus.round_trip(seconds=0.5)


def test_many_who_ask_at_once_share_one_round_trip(monkeypatch: pytest.MonkeyPatch) -> None:
    trips: list[float] = []
    monkeypatch.setattr(bus, "round_trip", lambda *, seconds: not trips.append(seconds))
    assert all(probes._layer.answers() for _ in range(5))
    assert len(trips) == 1


# --- the watch ------------------------------------------------------------------------------------------------------------
def open_alerts() -> list[str]:
    rows = Alert.objects.exclude(status=AlertStatus.RESOLVED)
    return sorted(rows.values_list("fingerprint", flat=True))


def beat(now: datetime) -> None:
    Worker.objects.update(beat_at=now, lanes={lane.value: now.isoformat() for lane in Lane})


def watch(seconds: float, *, lanes_alive: bool = True) -> None:
    """Look at the system `seconds` after NOW, with workers that are alive then."""
    now = NOW + timedelta(seconds=seconds)
    if lanes_alive:
        beat(now)
    health.watch(now=now)


def test_stale_prices_raise_one_alert_and_clear_it_when_they_are_back() -> None:
    worker()
    prices(age=timedelta(minutes=5))
    for seconds in (0, 5, 10, 15, 20):
        watch(seconds)
    assert open_alerts() == ["health:prices"]
    Instrument.objects.update(received_at=NOW + 24 * SECOND)
    watch(25)
    row = Alert.objects.get()
    assert (row.status, row.resolved_by, row.resolution_note, row.count) == ("RESOLVED", "engine", "The cause is gone.", 1)


def test_a_short_fault_raises_nothing() -> None:
    worker()
    prices(age=timedelta(minutes=5))
    watch(0)
    Instrument.objects.update(received_at=NOW)
    watch(5)
    Instrument.objects.update(received_at=NOW - timedelta(minutes=5))
    watch(12)
    assert not Alert.objects.exists()


def test_a_lasting_fault_counts_once_a_minute() -> None:
    worker()
    prices(age=timedelta(minutes=5))
    for seconds in range(0, 181, 5):
        watch(seconds)
    assert Alert.objects.get().count == 3


def test_a_lane_without_a_worker_raises_an_alert() -> None:
    prices(age=-timedelta(minutes=5))
    worker(*(lane for lane in Lane if lane is not Lane.RISK_MONITORING))
    for seconds in (0, 11):
        Worker.objects.update(beat_at=NOW + seconds * SECOND)
        row = Worker.objects.get()
        row.lanes = {lane: (NOW + seconds * SECOND).isoformat() for lane in row.lanes}
        row.save()
        watch(seconds, lanes_alive=False)
    assert open_alerts() == ["health:lane:risk_monitoring"]
    assert Alert.objects.get().level == "ERROR"


@pytest.mark.parametrize(
    ("values", "fingerprint"),
    [({"risk_check_enabled": False}, "health:risk checks"), ({"emergency_stop_enabled": False}, "health:emergency stops")],
)
def test_a_switched_off_protection_raises_an_alert(values: dict[str, bool], fingerprint: str) -> None:
    worker()
    config.config_update(values, by="asha", now=NOW)
    for seconds in (0, 11):
        watch(seconds)
    assert open_alerts() == [fingerprint]
    config.config_update(dict.fromkeys(values, True), by="asha", now=NOW)
    watch(12)
    assert open_alerts() == []


def test_a_silent_layer_raises_an_alert(monkeypatch: pytest.MonkeyPatch) -> None:
    worker()
    silent_layer(monkeypatch)
    for seconds in (0, 11):
        watch(seconds)
    assert open_alerts() == ["health:layer"]


def test_a_well_system_raises_nothing_and_writes_nothing() -> None:
    working()
    with CaptureQueriesContext(connection) as statements:
        health.watch(now=NOW)
    assert not [one["sql"] for one in statements if one["sql"].upper().startswith(("INSERT", "UPDATE", "DELETE"))]
    assert open_alerts() == []
