"""The broker's list is of one day: what was sent before it and is not in it is for a person to find out, and to enter."""

from decimal import Decimal
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from engine.domain.brokers import LiveBroker
from engine.domain.enums import OrderType
from engine.models import Alert, BrokerCall, Event, Order, Position
from engine.processing import run_until_idle
from engine.services.order_changes import orders_cancel_all
from tests.brokers.conftest import Street, again, money
from tests.engine.flow import assert_sound, place
from tests.support.broker import STALL_UNSEEN, StandIn

pytestmark = pytest.mark.django_db

A_DAY = 24 * 3600


@pytest.fixture(autouse=True)
def _prices_last(live: LiveBroker, settings: Any) -> None:
    settings.PRICE_MAX_AGE_SECONDS = 7 * A_DAY


@pytest.fixture
def resting(street: Street, broker: StandIn) -> Order:
    """It rests at the broker, with four of ten shares filled, and then the engine is away until the next day."""
    order = place(order_type=OrderType.LIMIT, price=Decimal(90))
    street.settle()
    broker.fill(4, 90)
    street.poll()
    broker.orders.clear()
    street.clock.pass_seconds(A_DAY)
    return again(order)


@pytest.fixture
def unknown(street: Street, broker: StandIn) -> Order:
    """The broker did not answer, and then the engine is away until the next day."""
    broker.next_up.append(STALL_UNSEEN)
    order = place(order_type=OrderType.LIMIT, price=Decimal(90))
    street.step()
    street.clock.pass_seconds(A_DAY)
    return again(order)


def lost(order: Order) -> Alert | None:
    return Alert.objects.open().filter(fingerprint=f"lost:{order.id}").first()


def settle(order: Order | None, *words: str) -> str:
    out = StringIO()
    call_command("settle_order", str(order.id if order else uuid4()), *words, "--by", "priya", stdout=out)
    return out.getvalue()


def test_absence_proves_nothing_of_an_order_of_yesterday(street: Street, broker: StandIn, unknown: Order) -> None:
    street.settle()
    assert (again(unknown).status, BrokerCall.objects.get().outcome) == ("UNKNOWN", "ABSENT")
    alert = lost(unknown)
    assert alert
    assert (alert.level, alert.account_id) == ("CRITICAL", "asha")
    assert f"manage.py settle_order {unknown.id}" in alert.message
    blocked = place()
    street.settle()
    assert again(blocked).status == "REJECTED"
    assert [check["rule"] for check in blocked.risk_checks if not check["passed"]] == ["outcome_known"]
    assert_sound()


def test_a_working_order_of_yesterday_that_is_not_listed_is_told_of_once_a_day(street: Street, resting: Order) -> None:
    for _ in range(3):
        street.poll()
    alert = lost(resting)
    assert alert
    assert (alert.level, alert.count, again(resting).status) == ("CRITICAL", 1, "PARTIALLY_FILLED")
    street.clock.pass_seconds(A_DAY)
    street.poll()
    assert Alert.objects.get(id=alert.id).count == 2


def test_todays_orders_and_those_that_are_listed_are_told_of_by_nobody(street: Street, broker: StandIn) -> None:
    order = place(order_type=OrderType.LIMIT, price=Decimal(90))
    street.settle()
    listed = dict(broker.orders)
    broker.orders.clear()
    street.poll()
    assert lost(order) is None
    broker.orders |= listed
    street.clock.pass_seconds(A_DAY)
    street.poll()
    assert lost(order) is None


def test_what_never_went_out_is_told_of_by_nobody(street: Street) -> None:
    order = place(order_type=OrderType.LIMIT, price=Decimal(90))
    run_until_idle(now=street.clock)
    street.clock.pass_seconds(A_DAY)
    street.poll()
    assert lost(order) is None


def test_what_a_person_found_is_booked_like_any_report(street: Street, resting: Order) -> None:
    street.poll()
    assert lost(resting)
    said = settle(resting, "--status", "COMPLETE", "--filled", "10", "--average", "89.4")
    assert "BUY 10 RELIANCE of asha is COMPLETE, 10 filled at an average of 89.4 rupees, as priya found" in said
    run_until_idle(now=street.clock)
    assert (again(resting).status, resting.filled_notional) == ("FILLED", money("894"))
    assert Position.objects.get().quantity == 10
    assert Event.objects.filter(type="order_reported").latest("id").data["by"] == "priya"
    assert lost(resting) is None
    assert_sound()


def test_the_rest_was_cancelled(street: Street, resting: Order) -> None:
    settle(resting, "--status", "CANCELLED", "--filled", "4")
    run_until_idle(now=street.clock)
    assert (again(resting).status, resting.filled_quantity) == ("CANCELLED", 4)
    assert resting.reason == "priya found it in the broker's own record"
    assert_sound()


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["--status", "COMPLETE", "--filled", "10", "--average", "90"], "FILLED"),
        (["--status", "CANCELLED", "--filled", "3", "--average", "90"], "CANCELLED"),
        (["--status", "CANCELLED", "--filled", "0"], "CANCELLED"),
        (["--status", "REJECTED", "--filled", "0"], "REJECTED"),
        (["--status", "ABSENT", "--filled", "0"], "REJECTED"),
    ],
)
def test_an_unknown_order_ends_as_it_was_found_and_frees_its_symbol(
    street: Street, unknown: Order, words: list[str], status: str
) -> None:
    street.settle()
    settle(unknown, *words)
    run_until_idle(now=street.clock)
    assert again(unknown).status == status
    assert not Alert.objects.open().filter(fingerprint__endswith=str(unknown.id)).exists()
    free = place(order_type=OrderType.LIMIT, price=Decimal(90))
    street.settle()
    assert again(free).status == "SUBMITTED"
    assert_sound()


def test_two_orders_without_an_id_of_the_brokers_are_booked_apart(street: Street, broker: StandIn) -> None:
    broker.next_up += [STALL_UNSEEN] * 2
    orders = [place(), place(symbol="INFY")]
    street.step()
    street.clock.pass_seconds(A_DAY)
    street.settle()
    for order in orders:
        settle(order, "--status", "COMPLETE", "--filled", "10", "--average", "100")
    run_until_idle(now=street.clock)
    assert [again(order).status for order in orders] == ["FILLED", "FILLED"]
    assert_sound()


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (["COMPLETE", "--filled", "11", "--average", "90"], "11 cannot be filled"),
        (["CANCELLED", "--filled", "3", "--average", "90"], "4 shares are booked already"),
        (["CANCELLED", "--filled", "7"], "the price is missing"),
        (["CANCELLED", "--filled", "7", "--average", "-1"], "the price is missing"),
        (["CANCELLED", "--filled", "7", "--average", "NaN"], "the price is missing"),
        (["CANCELLED", "--filled", "7", "--average", "9"], "would have been free"),
        (["COMPLETE", "--filled", "7", "--average", "90"], "COMPLETE is an order with all its 10 shares filled"),
        (["CANCELLED", "--filled", "10", "--average", "90"], "that is COMPLETE"),
        (["REJECTED", "--filled", "4"], "nothing is filled"),
        (["ABSENT", "--filled", "4"], "nothing is filled"),
        (["WORKING", "--filled", "4"], "invalid choice"),
    ],
)
def test_what_cannot_be_is_refused(street: Street, resting: Order, words: list[str], refusal: str) -> None:
    before = Event.objects.count()
    with pytest.raises(CommandError, match=refusal):
        settle(resting, "--status", *words)
    assert Event.objects.count() == before


COMPLETE = ("--status", "COMPLETE", "--filled", "10", "--average", "90")


def test_orders_that_are_not_to_be_settled_are_refused(street: Street, broker: StandIn, settings: Any) -> None:
    with pytest.raises(CommandError, match="there is no order"):
        settle(None, *COMPLETE)
    going_out = place(order_type=OrderType.LIMIT, price=Decimal(90))
    run_until_idle(now=street.clock)
    with pytest.raises(CommandError, match="is being sent just now"):
        settle(going_out, *COMPLETE)
    street.settle()
    with pytest.raises(CommandError, match="it cannot be ABSENT"):
        settle(going_out, "--status", "ABSENT", "--filled", "0")
    broker.fill(10, 90)
    street.poll()
    with pytest.raises(CommandError, match="the order is FILLED"):
        settle(going_out, *COMPLETE)
    settings.BROKER = None
    on_paper = place(order_type=OrderType.LIMIT, price=Decimal(90))
    run_until_idle(now=street.clock)
    with pytest.raises(CommandError, match="not at a real broker"):
        settle(on_paper, *COMPLETE)


def test_a_cancel_of_what_was_settled_is_withdrawn(street: Street, broker: StandIn, resting: Order) -> None:
    broker.next_up += [404] * 3
    orders_cancel_all(user_id="asha", now=street.clock(), by="asha")
    street.settle(until=5)
    settle(resting, "--status", "CANCELLED", "--filled", "4")
    street.settle()
    assert BrokerCall.objects.get(action="CANCEL").outcome == "WITHDRAWN"
    assert not Alert.objects.open().filter(fingerprint=f"cancel:{resting.id}").exists()
    assert_sound()
