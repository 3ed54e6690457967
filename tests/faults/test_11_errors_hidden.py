"""Fault 11: a handler that raised left `processed: true, error: null`, and errors_count stayed 0."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.domain.events import EventType
from engine.handlers import HANDLERS, Handling
from engine.processing import run_until_idle
from tests.faults.conftest import open_roomy
from tests.support.api import Api


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler that raises at the symbol ITC."""
    sound = HANDLERS[EventType.SIGNAL_RECEIVED]

    def decide(*given: object) -> list[object]:
        if given[1].data["symbol"] == "ITC":  # type: ignore[attr-defined]
            raise ZeroDivisionError("the test's own")
        return sound.then[0](*given)  # type: ignore[arg-type,return-value]

    monkeypatch.setitem(HANDLERS, EventType.SIGNAL_RECEIVED, Handling(sound.apply, (decide,)))  # type: ignore[arg-type]


def wait_and_run(minutes: int) -> None:
    run_until_idle(now=lambda: datetime.now(UTC) + timedelta(minutes=minutes))


@pytest.mark.usefixtures("broken")
def test_a_handler_that_raises_shows(admin: Api) -> None:
    sent = admin.signal("ITC")
    run_until_idle()
    (event,) = [row for row in admin.get("/events/history")["events"] if row["id"] == sent["event_id"]]
    assert event["processed"] is False
    assert "ZeroDivisionError" in event["error"]
    assert admin.get("/metrics")["metrics"]["errors_count"] == 1


@pytest.mark.usefixtures("broken")
def test_after_three_attempts_it_is_set_aside_with_an_alert(admin: Api) -> None:
    admin.signal("ITC")
    for minutes in range(4):
        wait_and_run(minutes)
    (alert,) = admin.get("/alerts", level="CRITICAL")["alerts"]
    assert "Dead letter" in alert["title"]
    assert admin.get("/metrics")["component_metrics"]["event_system"]["events_failed"] == 1


@pytest.mark.usefixtures("broken")
def test_the_others_of_its_batch_are_handled(admin: Api) -> None:
    open_roomy("ravi")
    admin.signals([{"symbol": "RELIANCE", "position_size": 1}, {"symbol": "ITC"}])
    admin.signal(user_id="ravi", position_size=1)
    run_until_idle()
    assert {row["user_id"] for row in admin.get("/orders")["orders"]} == {"asha", "ravi"}
