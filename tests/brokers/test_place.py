"""An order that the broker takes, and one that it rejects."""

import pytest

from engine.domain.enums import OrderType, Side
from engine.models import Alert, Order, Position
from engine.selectors.brokers import broker_attempts
from tests.brokers.conftest import Street, again, money
from tests.engine.flow import assert_sound, logged, place
from tests.support.broker import ACCESS_TOKEN, API_KEY, REJECT, StandIn

pytestmark = pytest.mark.django_db


def test_what_the_broker_takes_is_with_the_broker(street: Street, broker: StandIn) -> None:
    order = place(order_type=OrderType.LIMIT, price=money("99.5"))
    street.settle()
    theirs = broker.only()
    assert (theirs["tradingsymbol"], theirs["quantity"], theirs["price"], theirs["order_type"]) == (
        "RELIANCE",
        10,
        99.5,
        "LIMIT",
    )
    assert (again(order).status, order.broker, order.broker_order_id) == ("SUBMITTED", "KITE", theirs["order_id"])
    assert logged(stream="asha")[-3:] == ["order_created", "order_submitted", "order_acknowledged"]
    (attempt,) = broker_attempts(order.id)
    assert (attempt["action"], attempt["outcome"], attempt["http_status"]) == ("PLACE", "ACCEPTED", 200)
    assert_sound()


def test_the_order_is_committed_before_the_call_is_made(street: Street, broker: StandIn) -> None:
    from engine.processing import run_until_idle

    order = place()
    run_until_idle(now=street.clock)
    assert (again(order).status, order.broker_order_id) == ("SUBMITTED", "")
    assert not broker.orders
    street.settle()
    assert len(broker.orders) == 1


def test_what_the_broker_rejects_is_rejected_by_the_broker(street: Street, broker: StandIn) -> None:
    broker.next_up.append(REJECT)
    order = place()
    street.settle()
    assert (again(order).status, order.rejected_by) == ("REJECTED", "BROKER")
    assert order.reason.startswith("Insufficient funds")
    assert Alert.objects.get().data["alert_type"] == "ORDER_BROKER_REJECTION"
    assert_sound()


def test_no_secret_is_kept(street: Street, broker: StandIn) -> None:
    broker.next_up.append(REJECT)
    order = place()
    street.settle()
    (attempt,) = broker_attempts(order.id)
    kept = str(attempt) + again(order).reason + repr(street.live)
    assert "Insufficient funds" in attempt["message"]
    assert API_KEY not in kept
    assert ACCESS_TOKEN not in kept


def test_what_we_deny_never_leaves_the_house(street: Street, broker: StandIn) -> None:
    order = place(quantity=10**6)
    street.settle()
    assert (again(order).status, order.rejected_by) == ("REJECTED", "RISK")
    assert not broker.sent
    assert not broker_attempts(order.id)


def test_fills_come_from_the_broker(street: Street, broker: StandIn) -> None:
    order = place()
    street.settle()
    broker.fill(4, 100.5)
    assert street.poll() == 1
    assert (again(order).status, order.filled_quantity) == ("PARTIALLY_FILLED", 4)
    assert street.poll() == 0
    broker.fill(10, 101.1)
    street.poll()
    assert (again(order).status, order.filled_notional) == ("FILLED", money("1011"))
    assert list(order.executions.order_by("executed_at").values_list("quantity", "price")) == [
        (4, money("100.5")),
        (6, money("101.5")),
    ]
    assert Position.objects.get().quantity == 10
    assert_sound()


def test_other_accounts_stay_on_paper(street: Street, broker: StandIn) -> None:
    from tests.engine.conftest import roomy

    roomy("ravi")
    order = place(user_id="ravi")
    street.settle()
    assert (again(order).status, order.broker) == ("FILLED", "PAPER")
    assert not broker.sent


def test_what_the_broker_ends_is_ended(street: Street, broker: StandIn) -> None:
    order = place(Side.SELL)
    street.settle()
    broker.only().update(status="CANCELLED", status_message="cancelled at the end of the day")
    street.poll()
    assert (again(order).status, order.reason) == ("CANCELLED", "cancelled at the end of the day")
    assert Order.objects.working().count() == 0
    assert_sound()
