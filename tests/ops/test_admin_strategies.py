"""Strategies in the admin: their lifecycle log, and commands that go through the services."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Permission
from django.test import Client

from engine.domain.deployment import StrategyInput
from engine.models import Position, Strategy
from engine.processing import run_until_idle
from engine.services.strategies import strategy_deploy
from tests.engine.flow import a_signal, assert_sound, send
from tests.support.factories import account, instrument, user_named

pytestmark = pytest.mark.django_db
LIST = "/admin/engine/strategy/"


@pytest.fixture
def boss(client: Client) -> Client:
    client.force_login(user_named("boss", is_staff=True))
    return client


@pytest.fixture
def strategy() -> Strategy:
    """One that holds ten shares."""
    account("asha")
    instrument("RELIANCE")
    wanted = StrategyInput("Dip buyer", symbols=["RELIANCE"])
    deployed = strategy_deploy(user_id="asha", strategy=wanted, by="asha", now=datetime.now(UTC))
    send(a_signal(strategy_id=deployed.id))
    run_until_idle()
    return deployed


def run(client: Client, action: str, strategy: Strategy, reason: str = "") -> str:
    chosen: dict[str, Any] = {"action": action, "_selected_action": [strategy.pk], "reason": reason}
    page = client.post(LIST, chosen, follow=True)
    assert page.status_code in (200, 403)
    run_until_idle()
    strategy.refresh_from_db()
    return page.content.decode()


def test_paused_and_resumed_in_the_name_of_who_did_it(boss: Client, strategy: Strategy) -> None:
    assert "1 paused." in run(boss, "pause", strategy, "odd fills")
    assert (strategy.status, strategy.status_reason) == ("PAUSED", "odd fills")
    assert strategy.stages.latest("at").metadata == {"by": "boss"}
    again = run(boss, "pause", strategy)
    assert "strategy is PAUSED: it cannot pause" in again
    assert "0 paused." in again
    assert "1 resumed." in run(boss, "resume", strategy)
    assert strategy.status == "ACTIVE"
    assert_sound()


@pytest.mark.parametrize(("action", "left"), [("stop_and_close", 0), ("stop_and_keep", 1)])
def test_stopped_with_or_without_its_positions(boss: Client, strategy: Strategy, action: str, left: int) -> None:
    run(boss, action, strategy)
    assert strategy.status == "STOPPED"
    assert Position.objects.filter(status="OPEN").count() == left
    assert_sound()


def test_its_page_shows_its_life(boss: Client, strategy: Strategy) -> None:
    run(boss, "pause", strategy, "looks odd")
    page = boss.get(f"{LIST}{quote(strategy.pk)}/change/").content.decode()
    for word in ("CREATED", "DEPLOYED", "PAUSED", "looks odd"):
        assert word in page


def test_who_may_only_look_commands_nothing(client: Client, strategy: Strategy) -> None:
    viewer = user_named("viewer")
    viewer.is_staff = True
    viewer.save()
    viewer.user_permissions.add(Permission.objects.get(codename="view_strategy"))
    client.force_login(viewer)
    assert "stop_and_close" not in client.get(LIST).content.decode()
    run(client, "stop_and_close", strategy)
    assert strategy.status == "ACTIVE"
