"""While the engine is away: what is asked of it is accepted, and the page says that it waits."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from engine import alerts
from engine.domain.alerts import AlertRaised
from engine.domain.enums import AlertLevel, Lane
from engine.models import Alert, Order, Position, Worker
from engine.processing import run_until_idle
from tests.support import factories

JSON = {"Accept": "application/json"}
AWAY = "The engine is not running"
TICKET = {"symbol": "RELIANCE", "side": "BUY", "quantity": "3", "confirmed": "yes", "for": "asha"}


def send(visitors, path: str, **fields: str) -> str:
    answer = visitors["owner"].post(path, fields, headers=JSON).json()
    assert answer["done"], answer
    return answer.get("waits", "")


def engine_runs() -> None:
    now = datetime.now(UTC)
    lanes = dict.fromkeys(Lane, now.isoformat())
    Worker.objects.create(id=uuid4(), host="desk-7", pid=4711, started_at=now, beat_at=now, lanes=lanes)


@pytest.mark.parametrize("runs", [False, True])
def test_an_order_and_an_exit_wait_for_it(visitors, signal, runs):
    signal()
    held = Position.objects.get()
    if runs:
        engine_runs()
    for path, fields in {
        "/orders/new/": TICKET,
        f"/positions/{held.id}/exits/": {"stop_loss": "90"},
        f"/positions/{held.id}/close/": {},
        "/emergency-stop/": {"word": "STOP"},
    }.items():
        assert (AWAY in send(visitors, path, **fields)) is not runs, path
    run_until_idle()
    assert Order.objects.count() > 1


def test_what_needs_no_engine_does_not_wait(visitors):
    raised = AlertRaised(AlertLevel.WARNING, "Refused", "too large", "risk_engine", "a", user_id="asha")
    alerts.alerts_raise([raised], now=datetime.now(UTC))
    alert_id = Alert.objects.get().id
    assert send(visitors, f"/alerts/{alert_id}/acknowledge/") == ""
    assert send(visitors, "/alerts/selected/silence/", alert=alert_id, minutes="15") == ""
    assert send(visitors, f"/alerts/{alert_id}/resolve/") == ""


def test_it_is_said_without_a_script_too(visitors):
    factories.instrument()
    page = visitors["owner"].post("/orders/new/", TICKET, follow=True).content.decode()
    assert "Sent: Buy 3 RELIANCE" in page
    assert AWAY in page
