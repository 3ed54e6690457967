"""The emergency stop at every scope, and the two steps back, over HTTP."""

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from dashboard.api import responses
from engine.models import Account, DeskState, Event, Position, Strategy
from engine.processing import run_until_idle
from engine.services import resuming

pytestmark = pytest.mark.usefixtures("busy")


def stop(api, *, status=200, **fields):
    answer = api.post("/emergency-stop", fields, status=status)
    run_until_idle()
    return responses.Stopped.model_validate(answer) if status == 200 else answer


def resume(api, **fields):
    asked = responses.Resumed.model_validate(api.post("/trading/resume", fields | {"reason": "all is well"}))
    assert (asked.status, asked.expires_in_seconds) == ("confirmation_required", 60), asked.reason
    done = responses.Resumed.model_validate(api.post("/trading/resume", {"confirmation": asked.confirmation}))
    run_until_idle()
    return done


@pytest.fixture
def breakout():
    now = timezone.now()
    Strategy.objects.create(id="breakout", account_id="asha", name="breakout", deployed_at=now, updated_at=now)


@pytest.mark.parametrize(
    "about",
    [
        {"scope": "symbol", "name": "infy", "user_id": "asha"},
        {"scope": "strategy", "name": "breakout"},
        {"scope": "GLOBAL"},
        {"user_id": "asha"},
    ],
)
def test_stopping_and_resuming_at_each_scope(chief, breakout, about):
    drill = stop(chief, **about, drill=True, flatten=True)
    assert drill.drill
    assert not Event.objects.filter(type="emergency_stop").exists()
    stopped = stop(chief, **about, reason="enough")
    assert (stopped.halted_now, stopped.orders_cancelled) == (drill.halted_now, drill.orders_cancelled)
    assert stopped.scope == about.get("scope", "account").lower()
    assert stop(chief, **about).halted_now == []
    assert resume(chief, **about).user_ids == stopped.halted_now
    assert DeskState.objects.get().state == Account.objects.get(user_id="asha").trading_state == "ACTIVE"


def test_flattening_closes_the_positions(chief):
    assert stop(chief, user_id="asha", flatten=True).positions_closing == 1
    assert not Position.objects.filter(status="OPEN").exists()


def test_the_query_wins_over_the_body(chief):
    answer = chief.post("/emergency-stop", {"flatten": True, "reason": "body"}, user_id="asha", flatten="false", reason="query")
    assert (answer["reason"], answer["positions_closing"]) == ("query", 0)


@pytest.mark.parametrize(
    ("who", "about", "status"),
    [
        ("asha", {"scope": "global"}, 403),
        ("bala", {"user_id": "asha"}, 403),
        ("bala", {"scope": "strategy", "name": "breakout"}, 403),
        ("bala", {"scope": "strategy", "name": "breakout", "user_id": "bala"}, 404),
        ("asha", {"user_id": "nobody"}, 404),
        ("", {"scope": "global"}, 401),
        ("", {"user_id": "asha"}, 401),
        ("asha", {"scope": "symbol"}, 422),
        ("asha", {"scope": "galaxy"}, 422),
        ("asha", {"scope": "symbol", "name": "\0"}, 422),
        ("asha", {"scope": "symbol", "name": "x" * 65}, 422),
        ("asha", {"reason": "\ud800"}, 422),
        ("asha", {"flatten": "perhaps"}, 422),
    ],
)
@pytest.mark.parametrize("path", ["/emergency-stop", "/trading/resume"])
@pytest.mark.slow
def test_who_may_not(caller, breakout, path, who, about, status):
    if path == "/trading/resume":
        about = {"reason": "well"} | about
        if "flatten" in about:
            return
    caller(who).post(path, about, status=status)
    assert not Event.objects.filter(type__in=("emergency_stop", "trading_resumed")).exists()


def test_resuming_needs_a_reason_and_a_confirmation(chief, caller, monkeypatch):
    stop(chief, user_id="asha")
    chief.post("/trading/resume", {"user_id": "asha", "reason": " "}, status=422)
    token = chief.post("/trading/resume", {"user_id": "asha", "reason": "well"})["confirmation"]
    assert Account.objects.get(user_id="asha").trading_state == "HALTED"
    caller("asha").post("/trading/resume", {"confirmation": token}, status=422)  # it was given to another
    chief.post("/trading/resume", {"confirmation": token + "x"}, status=422)
    stop(chief, user_id="bala")
    chief.post("/trading/resume", {"confirmation": token}, status=422)  # there was a stop since
    monkeypatch.setattr(resuming, "CONFIRM_SECONDS", -1)
    token = chief.post("/trading/resume", {"user_id": "asha", "reason": "well"})["confirmation"]
    chief.post("/trading/resume", {"confirmation": token}, status=422)  # too late
    run_until_idle()
    assert Account.objects.get(user_id="asha").trading_state == "HALTED"


def test_what_is_not_well_is_put_right_first(chief):
    stop(chief, user_id="asha")
    Position.objects.filter(symbol="RELIANCE").update(quantity=11)
    answer = responses.Resumed.model_validate(chief.post("/trading/resume", {"user_id": "asha", "reason": "well"}))
    assert (answer.status, answer.error_code, answer.confirmation) == ("failed", "NOT_READY", None)
    assert "RELIANCE" in (answer.reason or "")
    Position.objects.filter(symbol="RELIANCE").update(quantity=10)
    token = chief.post("/trading/resume", {"user_id": "asha", "reason": "well"})["confirmation"]
    Position.objects.filter(symbol="RELIANCE").update(quantity=9)
    assert chief.post("/trading/resume", {"confirmation": token})["status"] == "failed"
    assert Account.objects.get(user_id="asha").trading_state == "HALTED"


def test_the_commands(capsys, breakout):
    call_command("halt", "--all", "--drill")
    assert "Would halt global: 2 accounts" in capsys.readouterr().out
    for about in (["--all"], ["--account", "asha"], ["--strategy", "breakout"], ["--symbol", "infy"]):
        call_command("halt", *about)
        run_until_idle()
        call_command("resume", *about, "--reason", "well")
        token = capsys.readouterr().out.split()[-1]
        call_command("resume", "--confirm", token)
        assert "Resumed: " in capsys.readouterr().out
        run_until_idle()
    assert Event.objects.filter(type="emergency_stop").count() == Event.objects.filter(type="trading_resumed").count() == 6
    for wrong in (["--all", "--symbol", "INFY"], [], ["--strategy", "none"], ["--account", "nobody"]):
        with pytest.raises(CommandError):
            call_command("halt", *wrong)
    with pytest.raises(CommandError, match="reason"):
        call_command("resume", "--all")


# --- as later clients say it: without a query, without a body --------------------------------------------------------------
def test_stop_and_start_without_anything(caller, breakout):
    asha = caller("asha")
    on = responses.Resumed.model_validate(asha.post("/start"))
    assert (on.status, on.message) == ("success", "Trading is on already")
    stopped = responses.Stopped.model_validate(asha.post("/stop"))
    assert (stopped.halted_now, stopped.reason, stopped.strategies_paused) == (["asha"], "Stopped over the API", 1)
    run_until_idle()
    assert Account.objects.get(user_id="bala").trading_state == "ACTIVE"
    assert Strategy.objects.get().status == "PAUSED"
    asked = responses.Resumed.model_validate(asha.post("/start"))
    assert (asked.status, asked.user_ids) == ("confirmation_required", ["asha"])
    assert Account.objects.get(user_id="asha").trading_state == "HALTED"
    assert asha.post("/start", {"confirmation": asked.confirmation})["user_ids"] == ["asha"]
    run_until_idle()
    assert Account.objects.get(user_id="asha").trading_state == Strategy.objects.get().status == "ACTIVE"
    assert Event.objects.get(type="trading_resumed").data["reason"] == "Started over the API"


def test_start_does_not_lift_what_staff_halted_for_everybody(caller, chief):
    stop(chief, scope="global")
    caller("asha").post("/start", {"scope": "global"}, status=403)
    assert caller("asha").post("/start")["message"] == "Trading is on already"  # in the account itself, that is
    assert DeskState.objects.get().state == "HALTED"


@pytest.mark.parametrize("path", ["/start", "/stop"])
def test_start_and_stop_need_somebody(caller, path):
    caller("").post(path, status=401)
    caller("bala").post(path, user_id="asha", status=403)
    caller("asha").post(path, user_id="nobody", status=404)
