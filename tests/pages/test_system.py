"""The engine room: what everybody sees, what staff see, and sending a dead letter back."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client

from dashboard.live.operations import bytes_text
from dashboard.live.registry import may_watch
from dashboard.live.topics import Topic
from engine.config import config_update
from engine.models import Event, PendingEvent, Worker

JSON = {"Accept": "application/json"}
NOW = datetime.now(UTC)


@pytest.fixture
def dead(db) -> int:
    event = Event.objects.create(
        uid=uuid4(),
        type="order_executed",
        stream="asha",
        data={},
        priority=3,
        correlation_id=uuid4(),
        created_at=NOW,
        attempts=3,
    )
    PendingEvent.objects.create(
        event=event, lane="order_processing", stream="asha", priority=3, due_at=NOW, attempts=3, dead_at=NOW,
        last_error="KeyError: 'charges'",
    )  # fmt: skip
    return event.id


@pytest.fixture
def worked(db) -> None:
    Worker.objects.create(
        id=uuid4(), host="desk-7", pid=4711, started_at=NOW, beat_at=NOW, lanes={"order_processing": NOW.isoformat()}
    )
    config_update({"max_position_size_percent": 8}, by="chief", now=NOW)


def test_staff_see_workers_dead_letters_and_who_changed_what(visitors, dead, worked):
    page = visitors["staff"].get("/system/").content.decode()
    for text in (
        "desk-7:4711",
        "KeyError: &#x27;charges&#x27;",
        "chief",
        f"/system/dead-letters/{dead}/requeue/",
        "SQLite" if "SQLite" in page else "PostgreSQL",
    ):
        assert text in page


def test_everybody_else_sees_health_and_the_settings_in_force(visitors, dead, worked):
    page = visitors["owner"].get("/system/")
    text = page.content.decode()
    assert "A dead letter waits to be requeued" in text
    assert page.context["state"]["settings"]["max_position_size_percent"]["shown"] == "8"
    for hidden in ("desk-7", "KeyError", "chief", "requeue/"):
        assert hidden not in text


def test_a_lanes_last_hour_is_drawn(visitors, signal):
    signal()
    lanes = visitors["owner"].get("/system/").context["state"]["lane_states"]
    busy, idle = lanes["order_processing"], lanes["market_data"]
    assert busy["most_per_minute"] == busy["per_minute"] * 5 > 0
    assert 0 < busy["latency_p50_ms"] <= busy["latency_p99_ms"] == busy["slowest_ms"]
    assert ",1.5" in busy["pace_line"]  # the highest minute reaches the top
    assert (idle["most_per_minute"], idle["latency_p99_ms"], idle["slowest_ms"]) == (0, None, None)


def test_an_engine_without_a_worker_says_what_is_wrong_and_what_to_do(visitors):
    page = visitors["staff"].get("/system/").content.decode()
    for text in (
        "signals are accepted and wait",
        "No worker goes through any lane",
        "No worker has shown a sign of life",
        "No event was given up",
    ):
        assert text in page


@pytest.mark.parametrize(("who", "status"), [("staff", 200), ("owner", 403), ("outsider", 403)])
def test_a_dead_letter_is_sent_back_by_staff_only(visitors, dead, who, status):
    response = visitors[who].post(f"/system/dead-letters/{dead}/requeue/", headers=JSON)
    assert response.status_code == status
    assert PendingEvent.objects.filter(dead_at__isnull=True).exists() is (status == 200)
    if status == 200:
        assert visitors[who].post(f"/system/dead-letters/{dead}/requeue/", headers=JSON).status_code == 400


@pytest.mark.parametrize("event_id", [2**63, 10**30])
@pytest.mark.parametrize(("who", "refusal"), [("staff", 404), ("owner", 403)])
def test_a_number_that_no_event_can_have_is_not_found(visitors, event_id, who, refusal):
    path = f"/system/dead-letters/{event_id}/requeue/"
    assert visitors[who].get(path).status_code == 404
    assert visitors[who].post(path, headers=JSON).status_code == refusal


def test_requeueing_asks_first_and_staff_without_the_permission_may_not(visitors, dead):
    path = f"/system/dead-letters/{dead}/requeue/"
    assert "KeyError" in visitors["staff"].get(path).content.decode()
    assert visitors["owner"].get(path).status_code == 404
    assert visitors["staff"].get("/system/dead-letters/1/requeue/").status_code == (200 if dead == 1 else 404)
    clerk = Client()
    clerk.force_login(User.objects.create_user("clerk", is_staff=True))
    assert clerk.get(path).status_code == 404
    assert clerk.post(path, headers=JSON).status_code == 403
    assert "data-requeue>" not in clerk.get("/system/").content.decode()
    assert not PendingEvent.objects.filter(dead_at__isnull=True).exists()


@pytest.mark.parametrize(
    ("who", "topic", "may"),
    [
        ("owner", "health/*", True),
        ("owner", "operations/*", False),
        ("owner", "operations/asha", False),
        ("staff", "operations/*", True),
    ],
)
def test_what_staff_look_after_is_watched_by_staff_only(visitors, who, topic, may):
    assert may_watch(User.objects.get(username=who), [Topic.parse(topic)]) is may


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (1400, "1.4 kB"), (2_500_000, "2.5 MB"), (7e15, "7000.0 TB")]
)
def test_sizes_are_read_at_a_glance(count, text):
    assert bytes_text(count) == text
