"""Trading again, from the bar and from the Risk page by the same two steps: a reason, a look, and the word."""

import re

import pytest
from django.test import Client

from engine.models import Account, DeskState
from engine.processing import run_until_idle

JSON = {"Accept": "application/json"}


def token_in(page: str) -> str:
    found = re.search(r'name="confirmation" value="([^"]+)"', page)
    assert found, page
    return found[1]


def resume(client: Client, word: str = "RESUME", **fields: str) -> tuple[int, str]:
    """Both steps; the first alone where nothing can be confirmed."""
    step = client.post("/trading-resume/", {"reason": "looked"} | fields, headers=JSON)
    answer = step.json()
    if "confirmation" in answer.get("next", ""):
        step = client.post("/trading-resume/", {"confirmation": token_in(answer["next"]), "word": word} | fields, headers=JSON)
        run_until_idle()
    return step.status_code, step.json()["message"]


def halt(client: Client, **fields: str) -> None:
    client.post("/risk/halt/", {"reason": "a look", "word": "HALT"} | fields, headers=JSON)
    run_until_idle()


def test_a_halt_cannot_be_missed_and_is_taken_back_with_a_reason(visitors):
    client = visitors["owner"]
    client.post("/emergency-stop/", {"word": "STOP", "reason": "prices went mad"})
    run_until_idle()
    page = client.get("/").content.decode()
    assert 'data-trading-state="HALTED"' in page
    assert "prices went mad" in page
    assert client.post("/trading-resume/", {"word": "RESUME"}, headers=JSON).status_code == 400
    step = client.post("/trading-resume/", {"reason": "feed is back"}, headers=JSON).json()
    assert step["done"] is False
    assert "The stop has done its work" in step["next"]
    assert Account.objects.get(user_id="asha").trading_state == "HALTED"
    form = {"confirmation": token_in(step["next"])}
    assert client.post("/trading-resume/", form, headers=JSON).status_code == 400  # without the word
    assert client.post("/trading-resume/", form | {"word": "resume"}, headers=JSON).json()["done"]
    run_until_idle()
    assert Account.objects.get(user_id="asha").trading_state == "ACTIVE"


def test_the_two_steps_work_without_a_script(visitors):
    client = visitors["owner"]
    client.post("/emergency-stop/", {"word": "STOP"})
    run_until_idle()
    page = client.post("/trading-resume/", {"reason": "feed is <back>"}).content.decode()
    assert "feed is &lt;back&gt;" in page
    token = token_in(page)
    stolen = visitors["teammate"].post("/trading-resume/", {"confirmation": token, "word": "RESUME"}, headers=JSON)
    assert (stolen.status_code, "Look again" in stolen.json()["message"]) == (409, True)
    assert client.post("/trading-resume/", {"confirmation": token, "word": "RESUME"})["Location"] == "/"
    run_until_idle()
    assert Account.objects.get(user_id="asha").trading_state == "ACTIVE"


def test_what_is_not_well_is_shown_and_nothing_can_be_confirmed(visitors):
    client = visitors["owner"]
    client.post("/emergency-stop/", {"word": "STOP"})  # which the engine has not carried out yet
    page = client.post("/trading-resume/", {"reason": "feed is back"}).content.decode()
    assert "The stop has not done its work yet" in page
    assert "Halted still: all trading of asha" in page
    assert 'name="confirmation"' not in page


@pytest.mark.parametrize("fields", [
    {"scope": "account"}, {"scope": "symbol", "name": "RELIANCE"}, {},
])  # fmt: skip
def test_what_is_resumed_is_what_was_asked_about(visitors, signal, fields):
    signal()
    halt(visitors["owner"], **{"scope": "account"} | fields)
    status, text = resume(visitors["owner"], **fields)
    assert (status, text) == (200, "Trading is resumed in asha.")
    row = Account.objects.get(user_id="asha")
    assert (row.trading_state, row.trading_blocks) == ("ACTIVE", {})


def test_everybody_is_resumed_by_staff_alone(visitors):
    halt(visitors["staff"], scope="global")
    assert resume(visitors["owner"], scope="global")[0] == 403
    assert visitors["owner"].get("/trading-resume/?scope=global").status_code == 403
    assert DeskState.objects.get().state == "HALTED"
    assert resume(visitors["staff"], scope="global")[0] == 200
    assert DeskState.objects.get().state == "ACTIVE"


def test_what_the_fills_do_not_explain_keeps_it_halted(visitors, signal):
    signal()
    halt(visitors["owner"], scope="account")
    assert resume(visitors["owner"], word="x")[0] == 400
    assert resume(visitors["owner"], reason="")[0] == 400
    Account.objects.get(user_id="asha").positions.open().update(quantity=1)  # behind the log's back
    page = visitors["owner"].post("/trading-resume/", {"reason": "looked"}).content.decode()
    assert "Positions that their fills do not explain: RELIANCE" in page
    assert "Look again" in page
    assert Account.objects.get(user_id="asha").trading_state == "HALTED"
