"""Each way to fail: what is known not to have reached the broker is sent again; what may have is asked for, and never is."""

import pytest

from engine.brokers.polls import poll_begin
from engine.models import Alert, BrokerCall, Order
from engine.selectors.brokers import broker_attempts, retry_statistics
from tests.brokers.conftest import Street, again
from tests.engine.flow import assert_sound, logged, place
from tests.support.broker import RESET, RESET_UNSEEN, STALL, STALL_UNSEEN, StandIn

pytestmark = pytest.mark.django_db

SEEN = [STALL, RESET]  # the broker took the order, and its answer was lost
UNSEEN = [STALL_UNSEEN, RESET_UNSEEN, 500, 502, 504]


def outcomes(order: Order) -> list[tuple[str, str]]:
    return [(attempt["action"], attempt["outcome"]) for attempt in broker_attempts(order.id)]


def open_alerts() -> list[str]:
    return sorted(Alert.objects.open().values_list("fingerprint", flat=True))


@pytest.mark.parametrize("status", [429, 503])
def test_told_to_come_again_it_is_sent_again(street: Street, broker: StandIn, status: int) -> None:
    broker.next_up += [status, status]
    order, began = place(), street.clock()
    street.settle()
    assert outcomes(order) == [("PLACE", "NOT_REACHED")] * 2 + [("PLACE", "ACCEPTED")]
    assert 3 <= (street.clock() - began).total_seconds() < 3.5
    assert (again(order).status, broker.sent.total(), len(broker.orders)) == ("SUBMITTED", 3, 1)
    assert_sound()


def test_refused_connections_are_tried_three_times(street: Street, broker: StandIn) -> None:
    broker.refuse()
    order = place()
    street.settle()
    assert outcomes(order) == [("PLACE", "NOT_REACHED")] * 3
    assert (again(order).status, order.rejected_by) == ("REJECTED", "RISK")
    assert order.reason.startswith("the broker could not be reached in 3 attempts: ConnectError")
    assert_sound()


def test_a_name_that_nobody_knows_is_not_reached(street: Street, broker: StandIn, settings: object) -> None:
    from dataclasses import replace

    street.live = replace(street.live, url="http://no-such-name.invalid", timeout_seconds=5)
    order = place()
    street.settle()
    assert outcomes(order) == [("PLACE", "NOT_REACHED")] * 3
    assert again(order).rejected_by == "RISK"


@pytest.mark.parametrize("how", SEEN)
def test_an_answer_that_was_lost_is_asked_for_and_found(street: Street, broker: StandIn, how: str) -> None:
    broker.next_up.append(how)
    order = place()
    street.step()
    assert again(order).status == "UNKNOWN"
    assert open_alerts() == [f"unknown:{order.id}"]
    broker.fill(10, 100.2)
    street.settle()
    assert (again(order).status, order.broker_order_id) == ("FILLED", broker.only()["order_id"])
    assert outcomes(order) == [("PLACE", "UNKNOWN"), ("ASK", "FOUND")]
    assert broker.sent.total() == 1
    assert open_alerts() == []
    assert_sound()


@pytest.mark.parametrize("how", UNSEEN)
@pytest.mark.slow
def test_an_order_that_never_came_is_known_absent_after_three_asks(street: Street, broker: StandIn, how: str | int) -> None:
    broker.next_up.append(how)
    order = place()
    street.step()
    assert again(order).status == "UNKNOWN"
    street.settle()
    assert (again(order).status, order.rejected_by) == ("REJECTED", "RISK")
    assert order.reason == "the broker does not have it: it was asked for our tag"
    assert outcomes(order) == [("PLACE", "UNKNOWN"), *[("ASK", "ABSENT")] * 3]
    assert broker.sent.total() == 1
    assert [name for name in open_alerts() if name.startswith("unknown")] == []
    assert_sound()


def test_an_answer_that_nobody_understands_is_no_answer(street: Street, broker: StandIn) -> None:
    broker.next_up.append(204)
    order = place()
    street.step()
    assert again(order).status == "UNKNOWN"


def test_while_it_is_unknown_nothing_is_added_in_the_symbol(street: Street, broker: StandIn) -> None:
    broker.next_up.append(STALL_UNSEEN)
    place()
    street.step()
    blocked, other = place(), place(symbol="INFY")
    street.step()
    assert (again(blocked).status, blocked.rejected_by) == ("REJECTED", "RISK")
    assert [check["rule"] for check in blocked.risk_checks if not check["passed"]] == ["outcome_known"]
    assert again(other).status == "SUBMITTED"
    street.settle()
    free = place()
    street.settle()
    assert again(free).status == "SUBMITTED"
    assert_sound()


@pytest.mark.slow
def test_a_broker_that_does_not_answer_is_asked_until_it_does(street: Street, broker: StandIn) -> None:
    broker.next_up.append(STALL)
    broker.next_asks += [500, STALL, RESET, 503, 500]
    order = place()
    street.settle()
    assert again(order).status == "SUBMITTED"
    assert broker.sent.total() == 1
    assert outcomes(order)[-1] == ("ASK", "FOUND")
    assert_sound()


def test_an_order_that_turns_up_late_is_told_of(street: Street, broker: StandIn) -> None:
    broker.next_up.append(STALL_UNSEEN)
    order = place()
    street.settle()
    assert again(order).status == "REJECTED"
    broker.take(
        {
            "tag": BrokerCall.objects.get().tag, "tradingsymbol": "RELIANCE", "exchange": "NSE", "transaction_type": "BUY",
            "order_type": "MARKET", "product": "MIS", "validity": "DAY", "quantity": "10",
        }
    )  # fmt: skip
    street.poll()
    assert f"stray:{order.id}" in open_alerts()


def test_three_failures_in_a_row_open_the_breaker_and_an_answer_closes_it(street: Street, broker: StandIn) -> None:
    broker.refuse()
    order = place()
    street.settle()
    assert "broker:breaker" in open_alerts()
    denied = place()
    street.settle()
    assert again(denied).rejected_by == "RISK"
    assert [check["rule"] for check in denied.risk_checks if not check["passed"]] == ["broker_reachable"]
    assert not broker_attempts(denied.id)

    assert not poll_begin(street.live, now=street.clock())  # open: nobody asks
    street.clock.pass_seconds(30)
    street.poll()  # half open, and still away: it opens anew
    assert "broker:breaker" in open_alerts()
    broker.listen()
    assert not poll_begin(street.live, now=street.clock())
    street.clock.pass_seconds(30)
    street.poll()
    assert "broker:breaker" not in open_alerts()
    through = place()
    street.settle()
    assert again(through).status == "SUBMITTED"
    assert again(order).status == "REJECTED"
    assert_sound()


def test_time_outs_do_not_open_the_breaker(street: Street, broker: StandIn) -> None:
    for symbol in ("RELIANCE", "INFY"):
        broker.next_up += [STALL_UNSEEN]
        broker.next_asks += [500, 500]
        place(symbol=symbol)
    street.settle()
    assert "broker:breaker" not in open_alerts()


def test_what_was_under_way_when_the_breaker_opened_fails_without_being_sent(street: Street, broker: StandIn) -> None:
    broker.refuse()
    orders = [place(), place(symbol="INFY")]
    street.settle()
    kept_back = [attempt for order in orders for attempt in broker_attempts(order.id) if "breaker" in attempt["message"]]
    assert kept_back
    assert [again(order).status for order in orders] == ["REJECTED", "REJECTED"]


def test_retries_are_counted(street: Street, broker: StandIn) -> None:
    since = street.clock()
    broker.next_up += [503, 503]
    place()
    street.step()
    nothing = {"active_retries": 0, "total_retry_attempts": 0, "orders_in_retry": 0}
    assert retry_statistics("asha", since=since) == nothing | {"active_retries": 1, "orders_in_retry": 1}
    street.settle()
    assert retry_statistics("asha", since=since) == nothing | {"total_retry_attempts": 2}
    assert retry_statistics("ravi", since=since) == nothing


def test_each_step_is_in_the_log(street: Street, broker: StandIn) -> None:
    broker.next_up.append(STALL_UNSEEN)
    place()
    street.settle()
    steps = ["order_created", "order_submitted", "order_unconfirmed", "risk_alert", "order_reported", "order_rejected"]
    assert [kind for kind in logged(stream="asha") if kind != "account_opened"][: len(steps)] == steps
