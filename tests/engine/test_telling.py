"""Doorbells and hints: only after the commit, once each, and never at the cost of what was committed."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import transaction
from redis.exceptions import ConnectionError as RedisAway

from engine import bus
from engine.domain.enums import Lane
from engine.models import PendingEvent
from engine.processing import run_until_idle
from engine.services.trading import emergency_stop
from engine.topics import account_topic
from tests.engine.flow import a_signal, held, send

pytestmark = pytest.mark.usefixtures("desk")


class Heard:
    """A layer that remembers what it was given; or that is away."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.rung: list[str] = []
        self.topics: list[list[str]] = []

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        if self.error:
            raise self.error
        assert message == {"type": "wake"}
        self.rung.append(channel)

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        if self.error:
            raise self.error
        assert (group, message["type"]) == ("live", "live.dirty")
        self.topics.append(message["topics"])


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Heard:
    layer = Heard()
    monkeypatch.setattr(bus, "get_channel_layer", lambda: layer)
    return layer


def test_a_lane_is_rung_once_after_the_commit(heard, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        send(*[a_signal()] * 50)
        assert heard.rung == []
    assert heard.rung == ["engine.order_processing"]


def test_what_is_rolled_back_rings_nobody(heard, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        send()
        transaction.set_rollback(True)
    assert heard.rung == []
    assert not PendingEvent.objects.exists()


def test_a_batch_tells_which_topics_changed(heard, django_capture_on_commit_callbacks):
    send()
    with django_capture_on_commit_callbacks(execute=True):
        run_until_idle()
    assert heard.topics == [["account.asha", "events", "system"]]
    with django_capture_on_commit_callbacks(execute=True):
        emergency_stop(user_ids=["asha"], by="chief", reason="drill", now=datetime.now(UTC))
        run_until_idle()
    assert {"account.asha", "alerts", "system"} <= set().union(*heard.topics)


@pytest.mark.usefixtures("transactional_db")
@pytest.mark.parametrize("error", [RedisAway("Connection refused"), OSError("broken pipe"), TimeoutError()])
def test_a_layer_that_is_away_fails_no_write(error, monkeypatch):
    monkeypatch.setattr(bus, "get_channel_layer", lambda: Heard(error))
    send()
    assert PendingEvent.objects.get().lane == Lane.ORDER_PROCESSING
    run_until_idle()
    assert held() == {"RELIANCE": 10}


@pytest.mark.parametrize("user_id", ["asha", "asha@desk.example", "A-1_b.c"])
def test_an_accounts_topic_is_a_name_that_layers_take(user_id):
    assert all(letter.isalnum() or letter in "-_." for letter in account_topic(user_id))
