"""Halting and resuming in the admin: shown first, confirmed with a reason and a word, and on record in who did it."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from engine.models import Account, DeskState, Event, Order, Position
from engine.processing import run_until_idle
from tests.engine.flow import assert_sound, rest
from tests.ops.test_admin_strategies import boss, strategy
from tests.support.factories import user_named

__all__ = ["boss", "strategy"]

pytestmark = pytest.mark.django_db
LISTS = {"account": "asha", "strategy": None, "instrument": "RELIANCE", "deskstate": 1}


def send(client: Client, model: str, action: str, key: Any, **fields: Any) -> str:
    chosen = {"action": action, "_selected_action": [key], **fields}
    page = client.post(f"/admin/engine/{model}/", chosen, follow=True)
    run_until_idle()
    assert page.status_code == 200
    return page.content.decode()


def halted() -> bool:
    account = Account.objects.get(user_id="asha")
    return "ACTIVE" not in {account.trading_state} or bool(account.trading_blocks) or DeskState.objects.get().state != "ACTIVE"


@pytest.mark.parametrize("model", LISTS)
@pytest.mark.slow
def test_halted_and_resumed_from_each_list(boss: Client, strategy: Any, model: str) -> None:
    key = LISTS[model] or strategy.pk
    asks = send(boss, model, "halt", key)
    assert "1 accounts to halt" in asks
    assert not halted()
    assert "Type the word STOP" in send(boss, model, "halt", key, asked="1", reason="odd prices", word="yes")
    assert "This field is required" in send(boss, model, "halt", key, asked="1", word="STOP")
    assert not halted()
    assert "Trading is halted." in send(boss, model, "halt", key, asked="1", reason="odd prices", word="stop")
    assert halted()
    stop = Event.objects.get(type="emergency_stop").data
    assert (stop["by"], stop["reason"]) == ("boss", "odd prices")

    assert "Look and go on" in send(boss, model, "resume_trading", key)
    found = send(boss, model, "resume_trading", key, asked="1", reason="prices are back")
    assert "The stop has done its work" in found
    tokens = re.findall(r'name="confirmation" value="([^"]+)"', found)
    assert halted()
    assert "Type the word RESUME" in send(boss, model, "resume_trading", key, asked="1", confirmation=tokens, word="no")
    assert halted()
    done = send(boss, model, "resume_trading", key, asked="1", confirmation=tokens, word="RESUME")
    assert "Trading is resumed: asha." in done
    assert not halted()
    resumed = Event.objects.get(type="trading_resumed").data
    assert (resumed["by"], resumed["reason"]) == ("boss", "prices are back")
    assert_sound()


def test_closing_the_positions_too(boss: Client, strategy: Any) -> None:
    assert "1 positions to close" in send(boss, "account", "halt_and_close", "asha")
    send(boss, "account", "halt_and_close", "asha", asked="1", reason="odd", word="STOP")
    assert not Position.objects.open().exists()
    assert Account.objects.get().trading_state == "REDUCING"


def test_what_is_not_well_is_said_and_nothing_can_be_confirmed(boss: Client, strategy: Any) -> None:
    send(boss, "account", "halt", "asha", asked="1", reason="odd", word="STOP")
    Position.objects.update(quantity=7)
    found = send(boss, "account", "resume_trading", "asha", asked="1", reason="well")
    assert "NOT WELL" in found
    assert "confirmation" not in found
    assert halted()


def test_a_confirmation_from_before_a_later_stop_is_void(boss: Client, strategy: Any) -> None:
    send(boss, "account", "halt", "asha", asked="1", reason="odd", word="STOP")
    found = send(boss, "account", "resume_trading", "asha", asked="1", reason="well")
    tokens = re.findall(r'name="confirmation" value="([^"]+)"', found)
    send(boss, "instrument", "halt", "RELIANCE", asked="1", reason="odd", word="STOP")
    assert "Not resumed" in send(boss, "account", "resume_trading", "asha", asked="1", confirmation=tokens, word="RESUME")
    assert halted()


def test_who_may_only_look_halts_nothing(client: Client, strategy: Any) -> None:
    viewer = user_named("viewer")
    viewer.is_staff = True
    viewer.save()
    viewer.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(viewer)
    for model, key in LISTS.items():
        send(client, model, "halt", key or strategy.pk, asked="1", reason="odd", word="STOP")
    assert not halted()
    assert not Event.objects.filter(type="emergency_stop").exists()


def test_working_orders_end(boss: Client, strategy: Any) -> None:
    rest()
    assert "1 orders to cancel" in send(boss, "account", "halt", "asha")
    send(boss, "account", "halt", "asha", asked="1", reason="odd", word="STOP")
    assert set(Order.objects.values_list("status", flat=True)) == {"FILLED", "CANCELLED"}
