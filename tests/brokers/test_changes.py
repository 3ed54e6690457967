"""Orders at the broker are modified and cancelled there; a halt holds back what has not gone out."""

from decimal import Decimal

import pytest
from django.utils import timezone

from engine.domain.enums import OrderType
from engine.models import BrokerCall, Event, Order
from engine.processing import run_until_idle
from engine.services.order_changes import OrderTerms, order_modify, orders_cancel_all
from engine.services.orders import order_cancel
from engine.services.trading import emergency_stop
from tests.brokers.conftest import Street, again
from tests.engine.flow import assert_sound, logged, place
from tests.support.broker import REJECT, RESET_UNSEEN, STALL, STALL_UNSEEN, StandIn

pytestmark = pytest.mark.django_db


@pytest.fixture
def resting(street: Street) -> Order:
    order = place(order_type=OrderType.LIMIT, price=Decimal(90))
    street.settle()
    return again(order)


def cancel(order: Order) -> bool:
    return order_cancel(order_id=order.id, now=timezone.now(), by="asha")


def modify(order: Order, **terms: object) -> None:
    order_modify(order_id=order.id, terms=OrderTerms(**terms), now=timezone.now(), by="asha")  # type: ignore[arg-type]


def test_cancelled_is_what_the_broker_cancelled(street: Street, broker: StandIn, resting: Order) -> None:
    cancel(resting)
    run_until_idle(now=street.clock)
    assert again(resting).status == "SUBMITTED"
    street.settle()
    street.poll()
    assert (again(resting).status, broker.only()["status"]) == ("CANCELLED", "CANCELLED")
    assert_sound()


def test_a_fill_beats_a_cancel(street: Street, broker: StandIn, resting: Order) -> None:
    broker.fill(10, 90)
    cancel(resting)
    street.settle()
    street.poll()
    assert again(resting).status == "FILLED"
    assert_sound()


@pytest.mark.parametrize("how", [STALL_UNSEEN, RESET_UNSEEN, 500, 503])
@pytest.mark.slow
def test_a_cancel_is_tried_until_it_is_through(street: Street, broker: StandIn, resting: Order, how: str | int) -> None:
    failures = 2 if how == 503 else 5  # three would open the breaker
    broker.next_up += [how] * failures
    cancel(resting)
    street.settle()
    street.poll()
    assert again(resting).status == "CANCELLED"
    assert broker.calls["DELETE"] == failures + 1


def test_what_was_not_sent_is_cancelled_here(street: Street, broker: StandIn) -> None:
    order = place()
    run_until_idle(now=street.clock)
    orders_cancel_all(user_id="asha", now=timezone.now(), by="asha")
    street.settle()
    assert again(order).status == "CANCELLED"
    assert not broker.sent
    assert_sound()


def test_an_unknown_order_is_cancelled_once_it_is_found(street: Street, broker: StandIn) -> None:
    broker.next_up.append(STALL)
    order = place(order_type=OrderType.LIMIT, price=Decimal(90))
    street.step()
    emergency_stop(user_ids=["asha"], reason="a drill", by="asha", now=street.clock())
    street.settle()
    street.poll()
    assert (again(order).status, broker.only()["status"]) == ("CANCELLED", "CANCELLED")
    assert_sound()


def test_from_a_halt_on_nothing_goes_out(street: Street, broker: StandIn) -> None:
    order = place()
    run_until_idle(now=street.clock)
    emergency_stop(user_ids=["asha"], reason="a drill", by="asha", now=street.clock())
    from engine.brokers.calls import calls_take

    assert calls_take(street.live, now=street.clock(), limit=8) == []
    street.settle()
    assert again(order).status in ("REJECTED", "CANCELLED")
    assert not broker.sent
    assert not BrokerCall.objects.filter(done_at=None).exists()
    assert_sound()


def test_new_terms_hold_when_the_broker_has_them(street: Street, broker: StandIn, resting: Order) -> None:
    modify(resting, price=Decimal("91.5"), quantity=12)
    run_until_idle(now=street.clock)
    assert again(resting).price == 90
    street.settle()
    assert (again(resting).price, resting.quantity) == (Decimal("91.5"), 12)
    assert (broker.only()["price"], broker.only()["quantity"]) == (91.5, 12)
    assert_sound()


def test_terms_that_the_broker_refuses_change_nothing(street: Street, broker: StandIn, resting: Order) -> None:
    broker.next_up.append(REJECT)
    modify(resting, price=Decimal(91))
    street.settle()
    assert (again(resting).price, resting.status) == (90, "SUBMITTED")
    refusal = Event.objects.get(type="order_modify_refused")
    assert refusal.data["rejected_by"] == "BROKER"
    assert_sound()


@pytest.mark.parametrize(("how", "price"), [(STALL, 91), (STALL_UNSEEN, 90)])
@pytest.mark.slow
def test_terms_without_an_answer_are_asked_for(street: Street, broker: StandIn, resting: Order, how: str, price: int) -> None:
    broker.next_up.append(how)
    modify(resting, price=Decimal(91))
    street.settle()
    assert (again(resting).price, resting.status) == (price, "SUBMITTED")
    assert broker.calls["PUT"] == 1
    assert_sound()


def test_terms_that_could_not_be_sent_are_refused(street: Street, broker: StandIn, resting: Order) -> None:
    broker.next_up += [503] * 3
    modify(resting, price=Decimal(91))
    street.settle()
    assert again(resting).price == 90
    assert Event.objects.get(type="order_modify_refused").data["rule"] == "broker_reachable"


def test_prices_and_the_end_of_the_day_leave_the_brokers_orders_alone(street: Street, resting: Order) -> None:
    from engine.market.desk import Desk

    assert Desk().orders == {}
    assert logged(stream="asha").count("order_updated") == 0
