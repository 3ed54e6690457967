"""What the bar at the top of every page says: it must not be wrong about whether we trade, and with what money."""

import pytest
from django.utils import timezone

from dashboard.live import status
from dashboard.pages.order_forms import Ticket
from dashboard.pages.ticket import second_look
from engine.domain.brokers import LiveBroker
from engine.domain.enums import HaltScope, Side, TradingState
from engine.models import Account
from engine.processing import run_until_idle
from engine.services.orders import OrderInput
from engine.services.trading import Target, emergency_stop, trading_resume
from engine.whatif import what_if
from tests.support import factories

pytestmark = pytest.mark.django_db
EVERYBODY = Target(HaltScope.GLOBAL)


def shown(*user_ids: str) -> dict[str, object]:
    return status.row(list(user_ids) or None, timezone.now())


def stop(state: TradingState = TradingState.HALTED) -> None:
    now, reason = timezone.now(), "the feed is wrong"
    emergency_stop(user_ids=[], by="chief", reason=reason, now=now, target=EVERYBODY, state=state)
    run_until_idle()


def test_a_halt_of_everybody_stands_at_the_top_of_each_accounts_page(visitors):
    stop()
    for row in (shown("asha"), shown("other"), shown()):
        assert (row["trading_state"], row["trading_state_of"]) == ("HALTED", "everybody")
        assert row["trading_state_reason"] == "the feed is wrong"
        assert row["all_halted"] is True
        assert row["halted_for"] == "everybody"


def test_it_is_gone_once_everybody_may_trade_again(visitors):
    stop()
    trading_resume(user_ids=[], by="chief", reason="mended", now=timezone.now(), target=EVERYBODY)
    run_until_idle()
    assert (shown("asha")["trading_state"], shown("asha")["halted_for"]) == ("ACTIVE", "")


def test_the_more_severe_of_both_is_shown(visitors):
    stop(state=TradingState.REDUCING)
    assert shown("asha")["trading_state"] == "REDUCING"
    Account.objects.filter(user_id="asha").update(trading_state="HALTED", trading_state_reason="own")
    row = shown("asha")
    assert (row["trading_state"], row["trading_state_of"], row["halted_for"]) == ("HALTED", "asha", "accounts")
    assert row["trading_state_reason"] == "own"


@pytest.mark.parametrize(("who", "offered"), [("staff", True), ("owner", False)])
def test_only_staff_are_offered_to_resume_everybody(visitors, who, offered):
    stop()
    assert ("scope=global" in visitors[who].get("/").content.decode()) is offered


def test_the_account_whose_orders_are_real_says_live(visitors, settings):
    assert shown()["money"] == "PAPER"
    settings.BROKER = LiveBroker("asha", "https://broker.invalid", "key", "token")
    assert (shown("asha")["money"], shown("other")["money"], shown()["money"]) == ("LIVE MONEY", "PAPER", "LIVE MONEY")


def test_a_real_order_is_looked_at_twice(visitors, settings):
    factories.instrument()
    order = OrderInput(symbol="RELIANCE", side=Side.BUY, quantity=1)
    look = what_if(user_id="asha", order=order, now=timezone.now())
    assert "This is real money." not in second_look("asha", Ticket({}), look).reasons
    settings.BROKER = LiveBroker("asha", "https://broker.invalid", "key", "token")
    assert "This is real money." in second_look("asha", Ticket({}), look).reasons
