"""Taking back what was just done: by the action that puts it back, with its own checks, and no later change with it."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from engine.domain.deployment import StrategyInput
from engine.domain.enums import OrderType, Side
from engine.models import Order, Position, Strategy
from engine.processing import run_until_idle
from engine.services.orders import OrderInput, order_place
from engine.services.strategies import strategy_deploy
from tests.support import factories

JSON = {"Accept": "application/json"}
Send = Callable[..., dict[str, Any]]


@pytest.fixture
def send(visitors) -> Send:
    """Post as the owner's script does, and let the engine finish."""

    def post(path: str, **fields: Any) -> dict[str, Any]:
        answer: dict[str, Any] = visitors["owner"].post(path, fields, headers=JSON).json()
        run_until_idle()
        return answer

    return post


def take_back(send: Send, undo: dict[str, Any]) -> dict[str, Any]:
    return send(undo["url"], **{name: value for name, value in undo.items() if name != "url"})


# --- strategies ------------------------------------------------------------------------------------------------------------
@pytest.fixture
def strategy(visitors) -> Strategy:
    factories.instrument()
    wanted = StrategyInput("Range breaker", symbols=["RELIANCE"], rule="breakout")
    row = strategy_deploy(user_id="asha", strategy=wanted, by="owner", now=datetime.now(UTC))
    run_until_idle()
    return row


def test_a_pause_is_taken_back_and_a_resume_too_with_its_reason(send, strategy):
    paused = send(f"/strategies/{strategy.id}/pause/", reason="a rumour")
    assert take_back(send, paused["undo"])["done"]
    strategy.refresh_from_db()
    assert strategy.status == "ACTIVE"
    send(f"/strategies/{strategy.id}/pause/", reason="a rumour")
    resumed = send(f"/strategies/{strategy.id}/resume/")
    assert take_back(send, resumed["undo"])["done"]
    strategy.refresh_from_db()
    assert (strategy.status, strategy.status_reason) == ("PAUSED", "a rumour")


def test_what_its_limits_measure_is_as_before_an_undone_pause_and_begins_anew_with_a_resume(send, strategy):
    measured = {"errors": 3, "peak_pnl": Decimal(500), "trades": 7, "trades_before": 2}
    Strategy.objects.update(**measured)
    take_back(send, send(f"/strategies/{strategy.id}/pause/")["undo"])
    strategy.refresh_from_db()
    assert {name: getattr(strategy, name) for name in measured} == measured
    send(f"/strategies/{strategy.id}/pause/")
    send(f"/strategies/{strategy.id}/resume/")
    strategy.refresh_from_db()
    assert (strategy.status, strategy.errors, strategy.trades_before) == ("ACTIVE", 0, 7)


def test_what_was_stopped_meanwhile_is_not_resumed_by_an_undo(send, strategy):
    undo = send(f"/strategies/{strategy.id}/pause/")["undo"]
    send(f"/strategies/{strategy.id}/stop/", reason="somebody else saw more")
    answer = take_back(send, undo)
    strategy.refresh_from_db()
    assert (answer["done"], strategy.status) == (False, "STOPPED")
    assert answer["message"].startswith("Not undone")


def test_stopping_and_resuming_a_stopped_one_offer_no_undo(send, strategy):
    assert "undo" not in send(f"/strategies/{strategy.id}/stop/", reason="enough")
    assert "undo" not in send(f"/strategies/{strategy.id}/resume/")


# --- positions -------------------------------------------------------------------------------------------------------------
@pytest.fixture
def held(visitors, signal) -> Position:
    signal()
    return Position.objects.get()


def levels(held: Position) -> tuple[Decimal | None, Decimal | None]:
    held.refresh_from_db()
    return held.stop_loss, held.take_profit


def test_stop_and_target_go_back_to_what_they_were(send, held):
    path = f"/positions/{held.id}/exits/"
    send(path, stop_loss="90", take_profit="")
    undo = send(path, stop_loss="95.50", take_profit="120")["undo"]
    assert levels(held) == (Decimal("95.5"), Decimal(120))
    assert take_back(send, undo)["done"]
    assert levels(held) == (Decimal(90), None)
    assert not take_back(send, undo)["done"]  # it is taken back already


def test_a_later_stop_is_not_taken_back_with_an_earlier_one(send, held):
    path = f"/positions/{held.id}/exits/"
    undo = send(path, stop_loss="95", take_profit="")["undo"]
    send(path, stop_loss="96", take_profit="")
    answer = take_back(send, undo)
    assert answer["message"].startswith("Not undone")
    assert levels(held) == (Decimal(96), None)


def test_a_stop_that_the_price_has_reached_meanwhile_is_not_put_back(send, held):
    path = f"/positions/{held.id}/exits/"
    send(path, stop_loss="90", take_profit="")
    undo = send(path, stop_loss="80", take_profit="")["undo"]
    factories.instrument(price=Decimal(85))
    answer = take_back(send, undo)
    assert (answer["done"], "is reached" in answer["message"]) == (False, True)
    assert levels(held) == (Decimal(80), None)


# --- orders ----------------------------------------------------------------------------------------------------------------
@pytest.fixture
def order(visitors) -> Order:
    factories.instrument()
    terms = OrderInput("RELIANCE", Side.BUY, 10, order_type=OrderType.LIMIT, price=Decimal(90))
    row = order_place(user_id="asha", order=terms, now=datetime.now(UTC), by="owner")
    run_until_idle()
    return row


def test_new_terms_go_back_through_the_risk_check(send, order):
    undo = send(f"/orders/{order.id}/modify/", price="91.5", quantity="12")["undo"]
    order.refresh_from_db()
    assert (order.price, order.quantity) == (Decimal("91.5"), 12)
    assert take_back(send, undo)["message"].endswith("are with the risk check.")
    order.refresh_from_db()
    assert (order.price, order.quantity) == (Decimal(90), 10)


def test_terms_that_were_none_before_cannot_be_taken_away_again(send, order):
    assert "undo" not in send(f"/orders/{order.id}/modify/", stop_loss="80")


def test_an_order_that_was_changed_again_keeps_its_terms(send, order):
    undo = send(f"/orders/{order.id}/modify/", price="91.5")["undo"]
    send(f"/orders/{order.id}/modify/", price="92.5")
    assert take_back(send, undo)["message"].startswith("Not undone")
    order.refresh_from_db()
    assert order.price == Decimal("92.5")


def test_an_undo_is_as_private_as_what_it_takes_back(send, order, visitors):
    undo = send(f"/orders/{order.id}/modify/", price="91.5")["undo"]
    outsider: Client = visitors["outsider"]
    assert outsider.post(undo["url"], undo, headers=JSON).status_code == 404
    order.refresh_from_db()
    assert order.price == Decimal("91.5")
