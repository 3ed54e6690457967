"""A cancel that the broker refuses is tried until the order is at its end: what is to be stopped is not let go."""

from decimal import Decimal

import pytest
from django.utils import timezone

from engine.brokers import calls
from engine.domain.enums import OrderType
from engine.models import Alert, BrokerCall, Order
from engine.selectors.brokers import broker_attempts
from engine.services.order_changes import OrderTerms, order_modify
from engine.services.orders import order_cancel
from engine.services.trading import emergency_stop
from tests.brokers.conftest import Street, again
from tests.engine.flow import assert_sound, place
from tests.support.broker import REJECT, StandIn

pytestmark = pytest.mark.django_db


@pytest.fixture
def resting(street: Street) -> Order:
    order = place(order_type=OrderType.LIMIT, price=Decimal(90))
    street.settle()
    return again(order)


def cancel(order: Order) -> None:
    order_cancel(order_id=order.id, now=timezone.now(), by="asha")


def outcomes(order: Order) -> list[str]:
    return [attempt["outcome"] for attempt in broker_attempts(order.id) if attempt["action"] == "CANCEL"]


def alert_about(order: Order) -> Alert | None:
    return Alert.objects.open().filter(fingerprint=f"cancel:{order.id}").first()


def test_an_emergency_stop_outlasts_the_brokers_refusal(street: Street, broker: StandIn, resting: Order) -> None:
    broker.next_up += [REJECT, REJECT]
    emergency_stop(user_ids=["asha"], reason="a drill", by="asha", now=street.clock())
    street.settle()
    street.poll()
    assert (again(resting).status, broker.only()["status"]) == ("CANCELLED", "CANCELLED")
    assert outcomes(resting) == ["REJECTED", "REJECTED", "ACCEPTED"]
    assert alert_about(resting) is None
    assert_sound()


def test_from_the_third_refusal_on_somebody_is_told_in_the_brokers_words(
    street: Street, broker: StandIn, resting: Order
) -> None:
    broker.next_up += [REJECT] * 4
    cancel(resting)
    street.settle(until=2)
    assert outcomes(resting) == ["REJECTED", "REJECTED"]
    assert alert_about(resting) is None
    street.settle(until=2)
    alert = alert_about(resting)
    assert alert
    assert (alert.level, alert.account_id) == ("CRITICAL", "asha")
    assert "Refused 3 times, with the words: Insufficient funds" in alert.message
    street.settle()
    assert outcomes(resting)[-1] == "ACCEPTED"
    assert alert_about(resting) is None


def test_a_refused_cancel_is_withdrawn_when_the_order_has_ended(street: Street, broker: StandIn, resting: Order) -> None:
    broker.next_up += [REJECT] * 4
    cancel(resting)
    street.settle(until=8)
    assert alert_about(resting)
    broker.fill(10, 90)
    street.poll()
    street.settle()
    assert again(resting).status == "FILLED"
    assert BrokerCall.objects.get(order=resting, action="CANCEL").outcome == "WITHDRAWN"
    assert alert_about(resting) is None
    assert_sound()


def test_new_terms_of_an_order_that_has_ended_are_not_sent(street: Street, broker: StandIn, resting: Order) -> None:
    order_modify(order_id=resting.id, terms=OrderTerms(price=Decimal(91)), now=timezone.now(), by="asha")
    from engine.processing import run_until_idle

    run_until_idle(now=street.clock)
    broker.fill(10, 90)
    street.poll()
    street.settle()
    assert (again(resting).status, broker.calls["PUT"]) == ("FILLED", 0)
    assert BrokerCall.objects.get(action="MODIFY").outcome == "WITHDRAWN"
    assert_sound()


def test_who_is_refused_for_days_counts_no_further(
    street: Street, broker: StandIn, resting: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "COUNTED_UP_TO", 3)
    broker.next_up += [REJECT] * 5
    cancel(resting)
    street.settle()
    assert (BrokerCall.objects.get(action="CANCEL").sends, len(outcomes(resting))) == (3, 6)
