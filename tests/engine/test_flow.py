"""From a signal to a position, in a real database."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from engine.domain.enums import OrderType, Side, Validity
from engine.domain.events import EventType, new_event
from engine.log import append
from engine.models import Account, Alert, Event, Execution, Instrument, Order, PendingEvent, Position, Signal
from engine.processing import run_until_idle
from engine.services.errors import InvalidOrder, UnknownAccount, UnknownInstrument, UnknownOrder
from engine.services.orders import order_cancel
from tests.engine.conftest import roomy
from tests.engine.flow import a_signal, assert_sound, held, logged, place, rest, send, set_price

pytestmark = pytest.mark.usefixtures("desk")
BUY, SELL = Side.BUY, Side.SELL


def test_a_signal_becomes_a_position_in_one_run():
    (sent,) = send(a_signal(size=10, stop_loss=Decimal(95), target_price=Decimal(110), strategy_id="trend"))
    assert run_until_idle() == 1
    signal, order, fill, position = Signal.objects.get(), Order.objects.get(), Execution.objects.get(), Position.objects.get()
    assert (signal.id, signal.decision, signal.order_id) == (sent.uid, "ORDERED", order.id)
    assert (order.status, order.filled_quantity, order.sizing) == ("FILLED", 10, "10 shares as the signal asks")
    assert (order.signal_id, order.strategy_id, order.broker_order_id[:6]) == (sent.uid, "trend", "PAPER-")
    assert {check["rule"] for check in order.risk_checks if check["passed"]} >= {"price_fresh", "position_size"}
    # 5 basis points of 100 are one tick; intraday charges of Rs 1,000.50, each to the paisa
    assert (fill.price, fill.charges) == (Decimal("100.05"), Decimal("0.42"))
    assert (position.quantity, position.cost, position.stop_loss, position.take_profit) == (10, Decimal("1000.5"), 95, 110)
    assert Account.objects.get().cash == Decimal("998999.08")
    assert not PendingEvent.objects.exists()
    assert_sound()


def test_the_chain_is_complete():
    (sent,) = send()
    run_until_idle()
    chain = list(Event.objects.filter(correlation_id=sent.uid).order_by("seq"))
    expected = ["signal_received", "order_created", "order_submitted", "order_executed", "position_opened"]
    assert [event.type for event in chain] == expected
    assert [event.causation_id for event in chain] == [None, *(event.uid for event in chain[:-1])]
    assert [event.seq for event in chain] == [2, 3, 4, 5, 6]
    assert all(event.processed_at and event.duration_us is not None and event.error is None for event in chain)
    assert Order.objects.get().correlation_id == sent.uid


def test_a_hold_is_recorded_without_an_order():
    send(a_signal(kind="HOLD", confidence=0))
    run_until_idle()
    assert (Signal.objects.get().decision, Order.objects.count()) == ("HELD", 0)
    assert_sound()


def test_too_little_confidence_is_refused_with_both_numbers():
    send(a_signal(confidence="0.59"))
    run_until_idle()
    signal = Signal.objects.get()
    reason = "confidence 0.59 is below the account's threshold of 0.6"
    assert (signal.decision, signal.reason, Order.objects.count()) == ("REFUSED", reason, 0)
    assert_sound()


@pytest.mark.parametrize("kind", ["SELL", "STRONG_SELL"])
def test_a_sell_from_flat_is_short_and_never_long(kind):
    send(a_signal(kind=kind, size=10))
    run_until_idle()
    assert held() == {"RELIANCE": -10}
    assert Position.objects.get().cost < 0
    assert Event.objects.get(type="position_opened").data["position_type"] == "SHORT"
    assert_sound()


def test_a_sell_that_may_not_be_short_is_refused_everywhere():
    Account.objects.update(allow_short=False)
    send(a_signal(kind="SELL", size=10))
    run_until_idle()
    order, signal, alert = Order.objects.get(), Signal.objects.get(), Alert.objects.get()
    assert (order.status, order.rejected_by, order.reason) == ("REJECTED", "RISK", "the account may not sell short")
    assert [check["rule"] for check in order.risk_checks if not check["passed"]] == ["short_allowed"]
    assert (signal.decision, signal.reason, signal.order_id) == ("REFUSED", order.reason, order.id)
    assert (alert.status, alert.message, alert.account_id) == ("ACTIVE", order.reason, "asha")
    assert (alert.data["order_id"], alert.correlation_id) == (str(order.id), order.correlation_id)
    assert held() == {}
    assert_sound()


def test_a_position_is_closed_and_flipped():
    send(a_signal(size=10), a_signal(kind="SELL", size=None), a_signal(size=5), a_signal(kind="SELL", size=12))
    run_until_idle()
    assert held() == {"RELIANCE": -7}
    assert sorted(Position.objects.values_list("status", "quantity")) == [("CLOSED", 0), ("CLOSED", 0), ("OPEN", -7)]
    assert logged(type__startswith="position") == [
        "position_opened", "position_closed", "position_opened", "position_closed", "position_opened",
    ]  # fmt: skip
    assert_sound()


def test_an_alert_clears_itself_when_its_cause_is_gone():
    send(a_signal(size=20_000))
    run_until_idle()
    assert Alert.objects.open().count() > 0
    send(a_signal(size=1))
    run_until_idle()
    alerts = Alert.objects.all()
    assert {(alert.status, alert.resolved_by, alert.resolution_note) for alert in alerts} == {
        ("RESOLVED", "engine", "the cause is gone")
    }


def test_an_alert_whose_cause_is_back_stays_open():
    send(a_signal(size=20_000))
    run_until_idle()
    send(a_signal(size=1), a_signal(size=20_000))
    run_until_idle()
    assert [(alert.status, alert.count) for alert in Alert.objects.all()] == [("ACTIVE", 2)]


def test_a_stale_price_refuses_until_a_new_one_comes():
    send()
    at = datetime.now(UTC)
    Instrument.objects.filter(symbol="RELIANCE").update(received_at=at - timedelta(minutes=5))
    run_until_idle(now=lambda: at)
    assert Order.objects.get().reason == "the price is 300 s old, 60 s are allowed"
    assert Alert.objects.get().level == "WARNING"
    set_price("RELIANCE", 101)
    send()
    run_until_idle()
    assert held() == {"RELIANCE": 10}
    assert Alert.objects.get().status == "RESOLVED"


def test_unknown_names_are_refused_before_anything_is_stored():
    with pytest.raises(UnknownAccount, match="there is no account nobody"):
        send(user_id="nobody")
    with pytest.raises(UnknownInstrument, match="unknown symbols: GOLD, ZINC"):
        send(a_signal(), a_signal("ZINC"), a_signal("GOLD"))
    with pytest.raises(UnknownInstrument):
        place(symbol="GOLD")
    assert not PendingEvent.objects.exists()


# --- orders placed by hand -------------------------------------------------------------------------------------------------
def test_a_limit_order_rests_and_fills_when_its_price_comes():
    order = rest(BUY, price=90, quantity=10)
    assert (order.status, held()) == ("SUBMITTED", {})
    set_price("RELIANCE", 89)
    reached = {"order_id": order.id, "trigger": "price", "last_price": 89}
    now = datetime.now(UTC)
    append([new_event(EventType.ORDER_UPDATED, "asha", now, reached)], now=now)
    run_until_idle()
    order.refresh_from_db()
    assert (order.status, order.filled_notional) == ("FILLED", Decimal("890.5"))
    assert held() == {"RELIANCE": 10}
    assert_sound()


def test_immediate_or_cancel_ends_at_once():
    order = rest(BUY, price=90, validity=Validity.IOC)
    assert (order.status, order.reason) == ("CANCELLED", "immediate or cancel: nothing to match at the last price")
    assert rest(BUY, price=101, validity=Validity.IOC).status == "FILLED"
    assert_sound()


def test_a_stop_order_waits_for_its_price():
    send(a_signal(size=10))
    order = place(SELL, 10, order_type=OrderType.STOP_LOSS, stop_price=Decimal(95))
    run_until_idle()
    order.refresh_from_db()
    assert (order.status, held()) == ("SUBMITTED", {"RELIANCE": 10})
    set_price("RELIANCE", 94)
    now = datetime.now(UTC)
    append([new_event(EventType.ORDER_UPDATED, "asha", now, {"order_id": order.id})], now=now)
    run_until_idle()
    order.refresh_from_db()
    assert (order.status, held()) == ("FILLED", {})
    assert_sound()


def test_a_cancel_ends_what_rests_and_nothing_else():
    order = rest()
    now = datetime.now(UTC)
    assert order_cancel(order_id=order.id, now=now, by="asha", reason="changed my mind")
    run_until_idle()
    order.refresh_from_db()
    assert (order.status, order.reason) == ("CANCELLED", "changed my mind")
    assert not order_cancel(order_id=order.id, now=now, by="asha")
    with pytest.raises(UnknownOrder):
        order_cancel(order_id=uuid4(), now=now, by="asha")
    assert_sound()


def test_a_cancel_that_comes_too_late_changes_nothing():
    order = place()
    order_cancel(order_id=order.id, now=datetime.now(UTC), by="asha", reason="x" * 1000)
    run_until_idle()
    order.refresh_from_db()
    assert (order.status, held()) == ("FILLED", {"RELIANCE": 10})
    assert_sound()


def test_a_long_reason_fits():
    order = rest()
    order_cancel(order_id=order.id, now=datetime.now(UTC), by="asha", reason="₹" * 1000)
    run_until_idle()
    order.refresh_from_db()
    assert (order.status, order.reason) == ("CANCELLED", "₹" * 300)
    assert_sound()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"quantity": 0}, "quantity"),
        ({"quantity": -5}, "quantity"),
        ({"quantity": 10**9 + 1}, "quantity"),
        ({"order_type": OrderType.LIMIT}, "price"),
        ({"order_type": OrderType.LIMIT, "price": Decimal("100.01")}, "price"),
        ({"order_type": OrderType.LIMIT, "price": Decimal(-1)}, "price"),
        ({"order_type": OrderType.STOP_LOSS}, "stop_price"),
        ({"order_type": OrderType.STOP_LIMIT, "price": Decimal(100)}, "stop_price"),
        ({"price": Decimal(100)}, "price"),
        ({"stop_price": Decimal(100)}, "stop_price"),
    ],
)
def test_an_order_that_contradicts_itself_is_refused(fields, field):
    with pytest.raises(InvalidOrder) as refused:
        place(**fields)
    assert refused.value.field == field
    assert not Order.objects.exists()


def test_lots_are_whole():
    Instrument.objects.update(lot_size=75)
    with pytest.raises(InvalidOrder, match="multiple of the lot of 75"):
        place(quantity=100)
    place(quantity=150)
    run_until_idle()
    assert held() == {"RELIANCE": 150}


def test_an_account_without_equity_is_refused_not_broken():
    """Its own default size would be a negative number of shares."""
    broke = roomy("broke")
    send(a_signal(kind="SELL", size=1000), user_id="broke")
    run_until_idle()
    set_price("RELIANCE", 5000)
    send(a_signal("INFY", size=None), user_id="broke")
    run_until_idle()
    broke.refresh_from_db()
    assert Signal.objects.get(symbol="INFY").reason.endswith("is below one lot")
    assert not PendingEvent.objects.exists()
    assert_sound()
