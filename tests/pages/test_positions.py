"""The Positions page: what it shows, grouped or not, and what can be done on it and by whom."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.test import Client

from engine.domain.enums import Side, SignalType
from engine.models import Order, Position
from engine.processing import run_until_idle
from engine.services.orders import OrderInput, order_place
from tests.support import factories

JSON = {"Accept": "application/json"}


@pytest.fixture
def held(visitors, signal) -> Position:
    signal()
    return Position.objects.get()


def act(client: Client, path: str, **fields: str) -> tuple[int, str]:
    response = client.post(path, fields, headers=JSON)
    return response.status_code, response.json()["message"]


def test_without_a_position_it_says_what_to_do(visitors):
    page = visitors["owner"].get("/positions/").content.decode()
    assert "No open position" in page
    assert 'href="/strategies/?account=asha"' in page


def test_a_position_leads_to_its_chart_and_can_be_closed_and_stopped(visitors, held):
    page = visitors["owner"].get("/positions/").content.decode()
    for address in ("/symbols/RELIANCE/?account=asha", f"/positions/{held.id}/close/", f"/positions/{held.id}/exits/"):
        assert f'="{address}"' in page


@pytest.mark.parametrize(("by", "names"), [("sector", ["Energy"]), ("strategy", ["By hand"]), ("nonsense", [])])
def test_positions_are_grouped_by_the_address_with_subtotals(visitors, held, by, names):
    rows = visitors["owner"].get(f"/positions/?by={by}").context["state"]["positions"].values()
    groups = [row for row in rows if row["kind"] == "group"]
    assert [row["group"] for row in groups] == names
    for group in groups:
        assert (group["count"], group["market_value"]) == (1, float(held.quantity * 100))


def test_a_short_position_takes_from_a_groups_value_and_adds_to_its_exposure(visitors, signal):
    signal()
    factories.account("second", members=[])
    signal("second", SignalType.SELL)
    [group] = [
        row
        for row in visitors["staff"].get("/positions/?account=*&by=sector").context["state"]["positions"].values()
        if row["kind"] == "group"
    ]
    assert group["count"] == 2
    assert group["market_value"] == 0.0
    assert group["exposure"] > 0


def test_closing_asks_first_and_then_sends_an_order(visitors, held):
    path = f"/positions/{held.id}/close/"
    asked = visitors["owner"].get(path).content.decode()
    assert f"Close {held.quantity} RELIANCE?" in asked
    assert Position.objects.get().quantity == held.quantity
    assert act(visitors["owner"], path) == (200, "RELIANCE is being closed: the order is on its way.")
    run_until_idle()
    assert Position.objects.get().status == "CLOSED"
    assert act(visitors["owner"], path)[0] == 409
    assert visitors["owner"].get(path).status_code == 409


def test_the_question_comes_alone_for_the_script_and_in_a_page_for_others(visitors, held):
    path = f"/positions/{held.id}/close/"
    alone, whole = visitors["owner"].get(path, headers={"X-Fragment": "form"}), visitors["owner"].get(path)
    assert "<html" not in alone.content.decode()
    assert "<html" in whole.content.decode()
    assert "X-Fragment" in alone["Vary"]


def test_a_plain_form_leads_back_with_a_message(visitors, held):
    response = visitors["owner"].post(f"/positions/{held.id}/close/", {"back": "/positions/?account=asha"}, follow=True)
    assert response.redirect_chain == [("/positions/?account=asha", 302)]
    assert "RELIANCE is being closed" in response.content.decode()


def test_stop_and_target_are_set_in_place(visitors, held):
    path = f"/positions/{held.id}/exits/"
    status, text = act(visitors["owner"], path, stop_loss="95.50", take_profit="1,200")
    assert (status, text) == (200, "RELIANCE: stop 95.50, target 1,200.00.")
    run_until_idle()
    held.refresh_from_db()
    assert (held.stop_loss, held.take_profit) == (Decimal("95.5"), Decimal(1200))
    assert act(visitors["owner"], path, stop_loss="", take_profit="1200")[0] == 200
    run_until_idle()
    held.refresh_from_db()
    assert (held.stop_loss, held.take_profit) == (None, Decimal(1200))


@pytest.mark.parametrize(
    ("stop", "said"),
    [("x", "above 0, or empty"), ("-5", "above 0, or empty"), ("NaN", "above 0"),
     ("1e300", "above 0"), ("101", "is reached"), ("", "so already")],
)  # fmt: skip
def test_a_stop_that_makes_no_sense_changes_nothing_and_says_why(visitors, held, stop, said):
    status, text = act(visitors["owner"], f"/positions/{held.id}/exits/", stop_loss=stop)
    assert status == 400
    assert said in text


@pytest.mark.parametrize(("who", "status"), [("owner", 200), ("teammate", 200), ("outsider", 404), ("staff", 200)])
def test_a_position_is_handled_by_who_may_trade_in_its_account(visitors, held, who, status):
    close, exits = f"/positions/{held.id}/close/", f"/positions/{held.id}/exits/"
    assert visitors[who].get(close).status_code == status
    assert act(visitors[who], exits, stop_loss="90")[0] == status
    assert act(visitors[who], close)[0] == status
    run_until_idle()
    assert (Position.objects.get().status == "CLOSED") is (status == 200)


def test_closing_all_wants_its_word_and_closes_the_shown_account_only(visitors, signal):
    for user_id in ("asha", "other"):
        signal(user_id)
    asked = visitors["owner"].get("/positions/close-all/").content.decode()
    assert "Close the position of asha?" in asked
    status, text = act(visitors["owner"], "/positions/close-all/", account="asha")
    assert (status, text) == (400, "No position was closed: type the word CLOSE to confirm.")
    assert act(visitors["owner"], "/positions/close-all/", account="asha", word="close")[0] == 200
    run_until_idle()
    assert set(Position.objects.values_list("account_id", "status")) == {("asha", "CLOSED"), ("other", "OPEN")}
    assert act(visitors["owner"], "/positions/close-all/", account="asha", word="CLOSE")[0] == 409


@pytest.mark.parametrize(("scope", "closes"), [("account", False), ("symbol", False), ("other symbol", True)])
def test_what_is_halted_is_not_closed_and_it_says_why(visitors, held, scope, closes):
    factories.instrument("TCS")
    name = "TCS" if scope == "other symbol" else "RELIANCE"
    fields = {"reason": "a look", "word": "HALT", "scope": scope.split()[-1], "name": "" if scope == "account" else name}
    assert act(visitors["owner"], "/risk/halt/", **fields)[0] == 200
    run_until_idle()
    status, text = act(visitors["owner"], f"/positions/{held.id}/close/")
    assert (status == 200) is closes
    assert ("only cancels pass" in text) is not closes
    all_of_them = act(visitors["owner"], "/positions/close-all/", word="CLOSE")
    assert (all_of_them[0] == 200) is closes


def test_closing_all_says_of_each_what_became_of_it(visitors, held):
    factories.instrument("TCS")
    order_place(user_id="asha", order=OrderInput("TCS", Side.BUY, 3), now=datetime.now(UTC), by="owner")
    run_until_idle()
    act(visitors["owner"], "/risk/halt/", scope="symbol", name="TCS", reason="a rumour", word="HALT")
    run_until_idle()
    answer = visitors["owner"].post("/positions/close-all/", {"word": "CLOSE"}, headers=JSON).json()
    assert answer["message"] == "1 position is being closed, 1 not."
    assert f"{held.quantity} RELIANCE in asha: being closed" in answer["each"]
    assert any(line.startswith("3 TCS in asha: trading of symbol TCS is HALTED") for line in answer["each"])
    run_until_idle()
    assert set(Position.objects.values_list("symbol", "status")) == {("RELIANCE", "CLOSED"), ("TCS", "OPEN")}


def test_nobody_closes_without_a_sign_in(held):
    for path in (f"/positions/{held.id}/close/", "/positions/close-all/"):
        response = Client().post(path, {"word": "CLOSE"})
        assert response["Location"].startswith("/sign-in/")
    assert Order.objects.count() == 1


def test_an_id_that_is_none_is_answered(visitors):
    unknown = "00000000-0000-0000-0000-000000000000"
    assert visitors["owner"].get(f"/positions/{unknown}/close/").status_code == 404
    assert act(visitors["owner"], f"/positions/{unknown}/exits/", stop_loss="1")[0] == 404
