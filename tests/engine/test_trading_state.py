"""The emergency stop, and the way back."""

from datetime import UTC, datetime

import pytest

from engine import store
from engine.domain.enums import Lane, TradingState
from engine.models import Account, Alert, Event, Order, Signal, Strategy, Stream
from engine.processing import run_lane, run_until_idle
from engine.services.errors import ServiceError, UnknownAccount
from engine.services.trading import emergency_stop, trading_resume
from tests.engine.conftest import roomy
from tests.engine.flow import a_signal, assert_sound, held, place, rest, send

pytestmark = pytest.mark.usefixtures("desk")


def stop(*user_ids):
    return emergency_stop(user_ids=user_ids or ["asha"], by="chief", reason="too hot", now=datetime.now(UTC))


def resume(*user_ids, reason="cooled down"):
    return trading_resume(user_ids=user_ids or ["asha"], by="chief", reason=reason, now=datetime.now(UTC))


def state(user_id="asha"):
    return Account.objects.get(user_id=user_id).trading_state


def strategy(id, status="ACTIVE", reason=""):
    now = datetime.now(UTC)
    return Strategy.objects.create(
        id=id, account_id="asha", name=id, status=status, status_reason=reason, deployed_at=now, updated_at=now
    )


def test_the_stop_stops():
    send(a_signal("INFY", size=5))
    orders = [rest(price=price) for price in (90, 91, 92)]
    strategy("on")
    strategy("off", "STOPPED", "asked to")
    stop()
    assert state() == "HALTED"  # at once, before the engine did anything
    send()
    run_until_idle()
    for order in orders:
        order.refresh_from_db()
        assert (order.status, order.reason) == ("CANCELLED", "emergency stop")
    assert Signal.objects.get(symbol="RELIANCE").reason == "trading is HALTED"
    assert list(Strategy.objects.values_list("id", "status", "status_reason")) == [
        ("off", "STOPPED", "asked to"),
        ("on", "PAUSED", "emergency stop"),
    ]
    assert held() == {"INFY": 5}
    halted = Alert.objects.get(fingerprint="halt:asha")
    assert (halted.level, halted.status, halted.message) == ("CRITICAL", "ACTIVE", "chief: too hot")
    assert_sound()


def test_it_stops_once():
    first, second = stop(), stop()
    run_until_idle()
    third = stop()
    assert (first.user_ids, second.user_ids, third.user_ids) == (["asha"], [], [])
    assert Event.objects.filter(type="emergency_stop").count() == 1
    assert Alert.objects.get(fingerprint="halt:asha").count == 1


def test_it_stands_in_the_database():
    stop()
    run_until_idle()
    book = store.load({"asha": 0})["asha"]
    assert (book.trading_state, book.trading_state_reason) == (TradingState.HALTED, "too hot")


def test_resuming_undoes_what_the_stop_did_and_no_more():
    strategy("on")
    strategy("paused", "PAUSED", "too many losses")
    stop()
    run_until_idle()
    assert resume() == ["asha"]
    run_until_idle()
    assert state() == "ACTIVE"
    assert list(Strategy.objects.values_list("id", "status")) == [("on", "ACTIVE"), ("paused", "PAUSED")]
    assert Alert.objects.get(fingerprint="halt:asha").status == "RESOLVED"
    send()
    run_until_idle()
    assert held() == {"RELIANCE": 10}
    assert resume() == []
    assert_sound()


def test_until_the_engine_has_resumed_trading_is_halted():
    stop()
    run_until_idle()
    resume()
    assert state() == "HALTED"


@pytest.mark.parametrize("worked", ["never", "after the stop", "after the resume"])
def test_a_stop_after_a_resume_wins(worked):
    stop()
    if worked == "after the stop":
        run_until_idle()
    resume()
    if worked == "after the resume":
        run_until_idle()
    assert stop().user_ids == ["asha"]
    run_until_idle()
    assert state() == "HALTED"
    assert Alert.objects.open().get(fingerprint="halt:asha").level == "CRITICAL"
    send()
    run_until_idle()
    assert held() == {}
    assert_sound()


def test_resuming_needs_a_reason():
    stop()
    with pytest.raises(ServiceError, match="resuming needs a reason"):
        resume(reason="  ")
    assert state() == "HALTED"


def test_an_unknown_account_stops_nobody():
    with pytest.raises(UnknownAccount, match="there is no account nobody: nothing was changed"):
        stop("asha", "nobody")
    with pytest.raises(UnknownAccount):
        stop("$system")
    assert state() == "ACTIVE"


def test_only_the_accounts_named_are_halted():
    roomy("ravi")
    stop("asha")
    send(user_id="ravi")
    run_until_idle()
    assert (state("asha"), state("ravi"), held("ravi")) == ("HALTED", "ACTIVE", {"RELIANCE": 10})


def test_an_order_that_was_still_waiting_is_cancelled_for_good():
    order = place()
    stop()
    assert run_lane(Lane.HIGH_PRIORITY) == 1  # the stop overtakes the order
    resume()
    run_until_idle()
    order.refresh_from_db()
    assert (order.status, order.reason, state(), held()) == ("CANCELLED", "emergency stop", "ACTIVE", {})
    assert_sound()


def test_a_thousand_orders_are_cancelled_in_one_batch(django_assert_max_num_queries):
    Account.objects.update(max_concurrent_orders=2000, max_position_size_percent=100)
    now = datetime.now(UTC)
    rows = [
        Order(
            id=f"00000000-0000-4000-8000-{number:012d}", account_id="asha", symbol="RELIANCE", side="BUY", order_type="LIMIT",
            quantity=1, price=90, status="SUBMITTED", correlation_id=f"00000000-0000-4000-9000-{number:012d}", created_at=now,
            updated_at=now,
        )
        for number in range(1000)
    ]  # fmt: skip
    Order.objects.bulk_create(rows)
    stop()
    with django_assert_max_num_queries(60):
        run_until_idle()
    assert set(Order.objects.values_list("status")) == {("CANCELLED",)}
    assert Stream.objects.get(name="asha").seq == 1 + 1 + 1000 + 1
