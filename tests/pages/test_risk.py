"""The Risk page: limits beside their use, tail risk, states, halts at every scope with a drill, and the what-if."""

from decimal import Decimal

import pytest
from django.test import Client

from engine.models import Account, Order
from engine.processing import run_until_idle
from tests.pages.test_resuming import resume
from tests.support import factories

JSON = {"Accept": "application/json"}


def halt(client: Client, **fields: str) -> tuple[int, str]:
    response = client.post("/risk/halt/", {"reason": "a look", "word": "HALT"} | fields, headers=JSON)
    run_until_idle()
    return response.status_code, response.json()["message"]


def test_an_empty_account_has_its_limits_and_no_guess_at_a_tail(visitors):
    state = visitors["owner"].get("/risk/").context["state"]
    assert {"portfolio_exposure", "sector_exposure", "position_size", "concurrent_orders"} == set(state["limits"])
    assert all(row["used"] == 0 for row in state["limits"].values())
    assert state["risk"]["all"]["var_95"] is None
    assert "needs 30 past bars" in state["risk"]["all"]["tail_basis"]


def test_each_limit_shows_its_use_as_the_rules_measure_it(visitors, signal):
    signal()
    Account.objects.filter(user_id="asha").update(
        max_position_size_percent=Decimal("2.5"), daily_loss_limit_percent=5, minimum_balance=900_000, max_orders_per_day=4
    )
    state = visitors["owner"].get("/risk/").context["state"]
    limits = state["limits"]
    shares = state["risk"]["all"]["exposure_percentage"]
    assert limits["position_size"]["label"] == "Largest position · RELIANCE"
    assert limits["position_size"]["used"] == pytest.approx(shares / 2.5 * 100, abs=0.01)
    assert limits["orders_per_day"]["value"] == "1"
    assert limits["minimum_balance"]["limit"] == "at least ₹9,00,000.00"
    assert limits["daily_loss"]["level"] == "calm"
    assert list(state["sectors"]) == ["Energy"]
    assert list(state["symbols"]) == ["RELIANCE"]


def test_a_limit_near_or_over_is_marked(visitors, signal):
    signal()
    share = Decimal(str(visitors["owner"].get("/risk/").context["state"]["risk"]["all"]["exposure_percentage"]))
    for limit, level in ((share * 2, "calm"), (share / Decimal("0.9"), "near"), (share / 2, "over")):
        Account.objects.filter(user_id="asha").update(max_position_size_percent=limit)
        assert visitors["owner"].get("/risk/").context["state"]["limits"]["position_size"]["level"] == level


def test_staff_see_all_accounts_and_choose_one(visitors, signal):
    signal()
    response = visitors["staff"].get("/risk/")
    assert set(response.context["state"]["accounts"]) == {"asha", "other"}
    assert 'href="/risk/?account=asha"' in response.content.decode()
    assert visitors["staff"].get("/risk/what-if/?symbol=RELIANCE&quantity=1&side=BUY").context["problem"]


def test_the_drawdown_curve_falls_below_the_highest_so_far(visitors):
    from datetime import UTC, datetime, timedelta

    from engine.models import EquityPoint

    now = datetime.now(UTC)
    for place, equity in enumerate((100, 120, 90, 130)):
        EquityPoint.objects.create(
            account_id="asha", at=now + timedelta(seconds=place), equity=equity, cash=0, exposure=0, day_pnl=0
        )
    points = visitors["owner"].get("/charts/drawdown/").json()
    assert points["drawdown"] == [0.0, 0.0, -25.0, 0.0]
    assert visitors["outsider"].get("/charts/drawdown/?account=asha").status_code == 404


# --- halts -----------------------------------------------------------------------------------------------------------------
def test_a_drill_says_what_a_halt_would_end_and_changes_nothing(visitors, signal):
    signal()
    query = "scope=symbol&symbol=reliance&flatten=yes&drill=yes"
    page = visitors["owner"].get(f"/risk/halt/?{query}").content.decode()
    assert "Drill: halt the symbol RELIANCE in asha" in page
    assert "1, to be closed" in page
    assert "Nothing was changed" in page
    assert Account.objects.get(user_id="asha").trading_blocks == {}


def test_a_symbol_is_halted_refuses_its_orders_and_is_resumed(visitors, signal):
    factories.instrument()
    status, text = halt(visitors["owner"], scope="symbol", name="RELIANCE")
    assert (status, "Halted: the symbol RELIANCE in asha" in text) == (200, True)
    signal()
    assert Order.objects.get().status == "REJECTED"
    rows = visitors["owner"].get("/risk/").context["state"]["halts"]
    assert rows["symbol:asha:RELIANCE"]["state"] == "HALTED"
    asked = visitors["owner"].get(rows["symbol:asha:RELIANCE"]["resume_url"]).content.decode()
    assert "Resume the symbol RELIANCE in asha?" in asked
    assert resume(visitors["owner"], scope="symbol", name="RELIANCE") == (200, "Trading is resumed in asha.")
    assert Account.objects.get(user_id="asha").trading_blocks == {}


def test_closing_the_positions_too_leaves_the_scope_reducing(visitors, signal):
    signal()
    assert halt(visitors["owner"], scope="account", flatten="yes")[0] == 200
    row = Account.objects.get(user_id="asha")
    assert row.trading_state == "REDUCING"
    assert not row.positions.open().exists()


@pytest.mark.parametrize(("who", "fields", "status"), [
    ("owner", {"scope": "global"}, 403), ("staff", {"scope": "global"}, 200),
    ("outsider", {"scope": "account", "account": "asha"}, 404), ("owner", {"scope": "strategy", "name": "nobody"}, 404),
    ("owner", {"scope": "symbol", "name": "NOBODY"}, 404), ("owner", {"scope": "nonsense"}, 400),
    ("owner", {"scope": "account", "word": "no"}, 400), ("owner", {"scope": "account", "reason": " "}, 400),
    ("teammate", {"scope": "account"}, 200),
])  # fmt: skip
def test_who_may_halt_what(visitors, who, fields, status):
    response = visitors[who].post("/risk/halt/", {"reason": "a look", "word": "HALT"} | fields, headers=JSON)
    assert response.status_code == status
    assert (Account.objects.exclude(trading_state="ACTIVE").exists() or _desk_halted()) is (status == 200)


def _desk_halted() -> bool:
    from engine.models import DeskState

    return DeskState.objects.get().state != "ACTIVE"


# --- what if ---------------------------------------------------------------------------------------------------------------
def test_what_if_says_what_each_rule_would_answer(visitors):
    factories.instrument()
    query = {"symbol": "reliance", "side": "BUY", "quantity": "5,000"}
    for headers in ({}, {"X-Fragment": "form"}):
        response = visitors["owner"].get("/risk/what-if/", query, headers=headers)
        assert "It would be denied by" in response.content.decode()
    assert visitors["owner"].get("/risk/what-if/", query | {"quantity": "10"}).context["found"]["passes"]
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    "odd", [{"symbol": "NOBODY"}, {"quantity": "x"}, {"quantity": "-1"}, {"side": "UP"}, {"order_type": "LIMIT"}]
)
def test_a_question_that_makes_no_sense_is_answered_in_words(visitors, odd):
    factories.instrument()
    response = visitors["owner"].get("/risk/what-if/", {"symbol": "RELIANCE", "side": "BUY", "quantity": "1"} | odd)
    assert (response.status_code, "It cannot be asked" in response.content.decode()) == (200, True)
