"""Just before a call goes out every stop is looked at once more: everybody's, the account's, the symbol's, the strategy's."""

from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from engine.brokers.calls import calls_take
from engine.domain.enums import HaltScope, OrderType, Side, TradingState
from engine.models import Account, BrokerCall, DeskState, Event, Order
from engine.processing import run_until_idle
from engine.services.order_changes import OrderTerms, order_modify
from engine.services.trading import Target, emergency_stop
from tests.brokers.conftest import Street, again
from tests.engine.flow import assert_sound, count_statements, place
from tests.support.broker import StandIn

pytestmark = pytest.mark.django_db

INFY = Target(HaltScope.SYMBOL, "INFY")
EVERYBODY = Target(HaltScope.GLOBAL)


def queued(street: Street, side: Side = Side.BUY, quantity: int = 10, **fields: Any) -> Order:
    """An order that is committed with its call, and has not gone out."""
    order = place(side, quantity, **fields)
    run_until_idle(now=street.clock)
    return again(order)


def bought(street: Street, broker: StandIn, quantity: int = 10) -> None:
    order = place(quantity=quantity)
    street.settle()
    broker.fill(quantity, 100)
    street.poll()
    assert again(order).status == "FILLED"


def stop(street: Street, target: Target, state: TradingState = TradingState.HALTED) -> None:
    """Recorded, and not handled by the engine yet."""
    emergency_stop(user_ids=["asha"], reason="a drill", by="asha", now=street.clock(), target=target, state=state)


def reduce_only(scope: str) -> None:
    """As the account's row stands once the engine has handled such a stop: until then it says HALTED."""
    if scope == "account":
        Account.objects.update(trading_state="REDUCING")
    elif scope == "everybody":
        DeskState.objects.update(state="REDUCING")
    else:
        Account.objects.update(trading_blocks={scope: "REDUCING"})


def goes_out(street: Street) -> list[str]:
    street.clock.pass_seconds(1)
    return [errand.action.value for errand in calls_take(street.live, now=street.clock(), limit=8)]


@pytest.mark.parametrize("target", [INFY, EVERYBODY, Target()], ids=str)
def test_a_stop_at_any_scope_holds_the_order_back(street: Street, target: Target) -> None:
    order = queued(street, symbol="INFY")
    stop(street, target)
    assert goes_out(street) == []
    run_until_idle(now=street.clock)
    assert (again(order).status, order.rejected_by) == ("REJECTED", "RISK")
    assert "was halted before it was sent to the broker" in order.reason
    assert_sound()


def test_the_stop_of_a_strategy_holds_its_order_back(street: Street) -> None:
    order = queued(street)
    Order.objects.update(strategy_id="trend")
    Account.objects.update(trading_blocks={"strategy:trend": "HALTED"})
    assert goes_out(street) == []
    run_until_idle(now=street.clock)
    assert again(order).reason == "the strategy trend was halted before it was sent to the broker"


def test_the_stop_of_another_symbol_holds_nothing_back(street: Street) -> None:
    queued(street)
    stop(street, INFY)
    assert goes_out(street) == ["PLACE"]


@pytest.mark.parametrize("scope", ["account", "everybody", "symbol:INFY"])
def test_reducing_holds_back_what_adds(street: Street, scope: str) -> None:
    order = queued(street, symbol="INFY")
    reduce_only(scope)
    assert goes_out(street) == []
    run_until_idle(now=street.clock)
    assert again(order).status == "REJECTED"
    assert "does not merely make the position smaller" in order.reason


@pytest.mark.parametrize(
    ("side", "quantity", "sent"), [(Side.SELL, 10, ["PLACE"]), (Side.SELL, 11, []), (Side.BUY, 5, [])], ids=str
)
def test_reducing_lets_out_what_merely_reduces(
    street: Street, broker: StandIn, side: Side, quantity: int, sent: list[str]
) -> None:
    bought(street, broker)
    queued(street, side, quantity)
    reduce_only("account")
    assert goes_out(street) == sent


def test_the_most_severe_stop_counts(street: Street, broker: StandIn) -> None:
    bought(street, broker)
    order = queued(street, Side.SELL)
    stop(street, EVERYBODY, TradingState.REDUCING)
    stop(street, Target(HaltScope.SYMBOL, "RELIANCE"))
    assert goes_out(street) == []
    run_until_idle(now=street.clock)
    assert again(order).reason == "the symbol RELIANCE was halted before it was sent to the broker"


def modified(street: Street, order: Order, **terms: Any) -> None:
    order_modify(order_id=order.id, terms=OrderTerms(**terms), now=timezone.now(), by="asha")
    run_until_idle(now=street.clock)


@pytest.mark.parametrize("state", [TradingState.HALTED, TradingState.REDUCING])
def test_new_terms_are_held_back_and_the_order_goes_on_as_it_was(street: Street, broker: StandIn, state: TradingState) -> None:
    order = place(order_type=OrderType.LIMIT, price=Decimal(90))
    street.settle()
    modified(street, order, price=Decimal(105), quantity=500)
    stop(street, Target(), state)
    assert goes_out(street) == []
    assert BrokerCall.objects.get(action="MODIFY").outcome == "WITHDRAWN"
    refusal = Event.objects.get(type="order_modify_refused").data
    assert (refusal["rejected_by"], refusal["rule"]) == ("RISK", "trading_state")
    assert "before its new terms were sent to the broker" in refusal["reason"]
    street.settle()
    street.poll()
    assert (again(order).status, order.quantity, order.price) == ("CANCELLED", 10, 90)  # the stop's own cancel is next
    assert broker.calls["PUT"] == 0
    assert_sound()


def test_an_exit_may_still_be_modified_while_reducing(street: Street, broker: StandIn) -> None:
    bought(street, broker)
    order = place(Side.SELL, order_type=OrderType.LIMIT, price=Decimal(110))
    street.settle()
    modified(street, order, price=Decimal(105))
    reduce_only("symbol:RELIANCE")
    assert goes_out(street) == ["MODIFY"]


def test_it_is_one_statement_and_another_for_the_position(street: Street) -> None:
    from engine.brokers.stops import stopped_by

    queued(street)
    call = BrokerCall.objects.select_related("order").get()
    assert count_statements(lambda: stopped_by(call)) == 1
    reduce_only("account")
    assert count_statements(lambda: stopped_by(call)) == 2
