"""Strategies: the list, a page each, the steps that can be taken, and the forms that deploy and change."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.test import Client

from engine.domain.deployment import StrategyInput
from engine.domain.enums import StrategyType
from engine.models import Strategy, StrategyStage
from engine.processing import run_until_idle
from engine.services.strategies import strategy_deploy
from tests.support import factories

JSON = {"Accept": "application/json"}
FORM = {
    "user_id": "asha", "name": "Range breaker", "strategy_type": "MOMENTUM", "rule": "breakout", "symbols": "reliance",
    "breakout.length": "40", "act": "deploy",
}  # fmt: skip


@pytest.fixture
def strategy(visitors) -> Strategy:
    factories.instrument()
    wanted = StrategyInput("Range breaker", strategy_type=StrategyType.MOMENTUM, symbols=["RELIANCE"], rule="breakout")
    row = strategy_deploy(user_id="asha", strategy=wanted, by="owner", now=datetime.now(UTC))
    run_until_idle()
    return row


def take(client: Client, strategy: Strategy, step: str, **fields: str) -> tuple[int, str]:
    response = client.post(f"/strategies/{strategy.id}/{step}/", fields, headers=JSON)
    return response.status_code, response.json()["message"]


def status_of(strategy: Strategy) -> str:
    run_until_idle()
    strategy.refresh_from_db()
    return strategy.status


def test_without_a_strategy_the_list_says_what_to_do(visitors):
    page = visitors["owner"].get("/strategies/").content.decode()
    assert "No strategy is at work here" in page
    assert 'href="/strategies/deploy/?account=asha"' in page


def test_the_list_shows_state_and_only_the_steps_that_make_sense(visitors, strategy):
    [row] = visitors["owner"].get("/strategies/").context["state"]["strategies"].values()
    assert (row["status"], row["can"], row["kind"]) == ("ACTIVE", "pause stop retire", "Momentum · Breakout")
    take(visitors["owner"], strategy, "pause")
    [row] = visitors["owner"].get("/strategies/").context["state"]["strategies"].values()
    assert (row["status"], row["can"]) == ("PAUSED", "resume stop retire")


def test_a_strategys_page_tells_its_life(visitors, strategy):
    take(visitors["owner"], strategy, "pause", reason="lunch")
    run_until_idle()
    page = visitors["owner"].get(f"/strategies/{strategy.id}/")
    text = page.content.decode()
    for said in ("lunch", "The curve begins with", "No suggestion", "It holds nothing", "Change limits"):
        assert said in text
    stages = [row["stage"] for row in page.context["state"]["stages"].values()]
    assert stages == ["PAUSED", "ACTIVE", "DEPLOYED", "VALIDATED", "CREATED"]
    assert page.context["state"]["performance"]["all"]["win_rate_percent"] is None  # of no trades, and not 0


def test_a_strategys_signals_are_shown_with_why_they_were_refused(visitors, strategy):
    from engine.domain.enums import SignalType
    from engine.services.signals import SignalInput, signals_submit

    wanted = SignalInput("RELIANCE", SignalType.BUY, Decimal("0.2"), strategy_id=strategy.id)
    signals_submit(user_id="asha", signals=[wanted], now=datetime.now(UTC))
    run_until_idle()
    [row] = visitors["owner"].get(f"/strategies/{strategy.id}/").context["state"]["signals"].values()
    assert row["decision"] == "REFUSED"
    assert "threshold" in row["outcome"]


@pytest.mark.parametrize(
    ("steps", "ends"),
    [
        ([("pause", {})], "PAUSED"),
        ([("pause", {}), ("resume", {})], "ACTIVE"),
        ([("stop", {"reason": "enough", "positions": "keep"})], "STOPPED"),
        ([("stop", {})], "ACTIVE"),  # without a reason
        ([("retire", {"reason": "done", "word": "retire"})], "RETIRED"),
        ([("retire", {"reason": "done"})], "ACTIVE"),  # without the word
        ([("resume", {})], "ACTIVE"),  # it is already
    ],
)
def test_the_steps_lead_where_they_say(visitors, strategy, steps, ends):
    for step, fields in steps:
        take(visitors["owner"], strategy, step, **fields)
    assert status_of(strategy) == ends


def test_stopping_says_whether_positions_are_closed(visitors, strategy):
    assert "Close what it holds" in visitors["owner"].get(f"/strategies/{strategy.id}/stop/").content.decode()
    take(visitors["owner"], strategy, "stop", reason="enough", positions="keep")
    run_until_idle()
    stage = StrategyStage.objects.get(strategy=strategy, stage="STOPPED")
    assert stage.metadata["close_positions"] is False
    assert stage.reason == "enough"


@pytest.mark.parametrize(("who", "status"), [("owner", 200), ("teammate", 200), ("outsider", 404), ("staff", 200)])
def test_a_strategy_is_shown_to_and_commanded_by_its_accounts_people(visitors, strategy, who, status):
    for path in ("", "curve/", "modify/", "pause/"):
        assert visitors[who].get(f"/strategies/{strategy.id}/{path}").status_code == status, path
    assert take(visitors[who], strategy, "pause")[0] == status
    assert (status_of(strategy) == "PAUSED") is (status == 200)


@pytest.mark.parametrize("strategy_id", ["nobody", "x" * 90, "a%00b"])
def test_a_strategy_that_is_not_there_is_not_found(visitors, strategy_id):
    assert visitors["owner"].get(f"/strategies/{strategy_id}/").status_code == 404
    assert visitors["owner"].get(f"/strategies/{strategy_id}/pause/").status_code == 404


# --- deploy and change -----------------------------------------------------------------------------------------------------
def test_a_strategy_is_deployed_by_the_form(visitors):
    factories.instrument()
    response = visitors["owner"].post("/strategies/deploy/", FORM, follow=True)
    row = Strategy.objects.get()
    assert response.redirect_chain[0][0] == f"/strategies/{row.id}/?account=asha"
    assert (row.name, row.symbols, row.parameters["length"]) == ("Range breaker", ["RELIANCE"], 40)


def test_checking_only_deploys_nothing_and_says_that_nothing_is_wrong(visitors):
    factories.instrument()
    page = visitors["owner"].post("/strategies/deploy/", FORM | {"act": "check", "max_positions": "60"}).content.decode()
    assert "Nothing is wrong with it" in page
    assert "60 positions at once are many" in page
    assert not Strategy.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": " "}, "a strategy needs a name"),
        ({"symbols": "nobody"}, "NOBODY is not listed here"),
        ({"symbols": ""}, "name at least one symbol"),
        ({"max_positions": "many"}, "valid integer"),
        ({"max_drawdown_percent": "90"}, "at most 30"),
        ({"breakout.length": "1"}, "length must be a whole number"),
        ({"breakout.length": "x"}, "length must be a number"),
        ({"rule": "nonsense"}, "there is no rule"),
        ({"user_id": "other"}, "choose an account that is yours"),
        ({"strategy_type": "NONSENSE"}, "strategy_type"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_what_was_written_stays(visitors, wrong, said):
    factories.instrument()
    response = visitors["owner"].post("/strategies/deploy/", FORM | {"description": "kept"} | wrong)
    page = response.content.decode()
    assert response.status_code == 422
    assert said in page
    assert "kept" in page
    assert not Strategy.objects.exists()


def test_limits_and_parameters_are_changed_by_the_form(visitors, strategy):
    path = f"/strategies/{strategy.id}/modify/"
    page = visitors["owner"].get(path).content.decode()
    assert 'name="breakout.length" value="20"' in page
    form = {"name": "Renamed", "symbols": "RELIANCE", "max_positions": "7", "breakout.length": "33", "reason": "wider"}
    response = visitors["owner"].post(path, form, follow=True)
    assert [str(message) for message in response.context["messages"]] == [
        "Renamed is changed: name, parameters, max positions. New trades follow it."
    ]
    strategy.refresh_from_db()
    assert (strategy.name, strategy.max_positions, strategy.parameters["length"]) == ("Renamed", 7, 33)


@pytest.mark.parametrize(("wrong", "said"), [
    ({"max_positions": "0"}, "max_positions is 1 to"), ({"breakout.length": "1"}, "length must be a whole number"),
    ({"symbols": ""}, "name at least one symbol"), ({}, "nothing would change"),
])  # fmt: skip
def test_a_change_that_cannot_be_is_refused_beside_its_field(visitors, strategy, wrong, said):
    form = {"name": strategy.name, "symbols": "RELIANCE"} | wrong
    response = visitors["owner"].post(f"/strategies/{strategy.id}/modify/", form)
    assert (response.status_code, said in response.content.decode()) == (422, True)
