"""What raises costs its own event an attempt and nothing else; what dies in the middle leaves nothing half done."""

from datetime import timedelta

import pytest
from django.db import OperationalError

from engine import log, processing, store
from engine.domain.enums import Lane
from engine.domain.events import EventType
from engine.handlers import HANDLERS, Handling
from engine.models import Alert, Event, Execution, MetricBucket, Order, PendingEvent, Position, Signal
from engine.processing import run_lane, run_until_idle
from engine.services.dead_letters import requeue
from engine.services.errors import EventNotDead
from engine.services.orders import order_cancel
from engine.services.trading import emergency_stop
from tests.engine.conftest import roomy
from tests.engine.flow import a_signal, assert_sound, held, place, poison, send, waiting

pytestmark = pytest.mark.usefixtures("desk")


def fail_once(clock, seconds=8):
    run_until_idle(now=clock)
    clock.pass_seconds(seconds)


@pytest.mark.usefixtures("poisoned")
def test_neighbours_of_a_poison_event_are_handled_in_the_same_round(clock):
    roomy("ravi")
    _, bad = send(a_signal(size=1), a_signal("BAD"))
    send(a_signal(size=2), a_signal("INFY", size=3), user_id="ravi")
    assert run_lane(Lane.ORDER_PROCESSING, now=clock) == 4
    assert (held("asha"), held("ravi")) == ({"RELIANCE": 1}, {"RELIANCE": 2, "INFY": 3})
    (left,) = PendingEvent.objects.all()
    assert (left.event.uid, left.attempts, left.last_error) == (bad.uid, 1, "ZeroDivisionError: a bug in the handler")
    assert Event.objects.get(uid=bad.uid).error == left.last_error
    assert (left.dead_at, Signal.objects.filter(id=bad.uid).exists()) == (None, False)
    assert_sound()


@pytest.mark.usefixtures("poisoned")
def test_three_attempts_with_growing_pauses_then_a_dead_letter(clock):
    (bad,) = send(a_signal("BAD"))
    pauses = []
    for attempt in (1, 2):
        run_until_idle(now=clock)
        left = PendingEvent.objects.get()
        assert (left.attempts, left.dead_at) == (attempt, None)
        pauses.append((left.due_at - clock.at).total_seconds())
        clock.at = left.due_at - timedelta(milliseconds=1)
        run_until_idle(now=clock)
        assert PendingEvent.objects.get().attempts == attempt
        clock.at = left.due_at
    assert 1 <= pauses[0] <= 1.5
    assert 4 <= pauses[1] <= 6
    assert not Alert.objects.exists()

    run_until_idle(now=clock)
    dead = PendingEvent.objects.get()
    assert (dead.attempts, dead.dead_at) == (3, clock.at)
    alert = Alert.objects.get()
    assert (alert.level, alert.title, alert.status) == ("CRITICAL", "Dead letter: signal_received", "ACTIVE")
    assert "ZeroDivisionError: a bug in the handler" in alert.message
    assert (alert.data["event_id"], alert.correlation_id) == (dead.event_id, bad.correlation_id)
    clock.pass_seconds(3600)
    assert run_until_idle(now=clock) == 0
    assert_sound()


@pytest.mark.usefixtures("poisoned")
def test_nothing_of_its_stream_overtakes_it_until_it_is_dead(clock):
    roomy("ravi")
    send(a_signal("BAD"))
    run_until_idle(now=clock)
    send(a_signal(size=1))
    send(a_signal(size=2), user_id="ravi")
    run_until_idle(now=clock)
    assert (held("asha"), held("ravi")) == ({}, {"RELIANCE": 2})
    clock.pass_seconds(2)
    run_until_idle(now=clock)
    assert held("asha") == {}
    clock.pass_seconds(8)
    run_until_idle(now=clock)
    assert held("asha") == {"RELIANCE": 1}
    assert waiting() == 0
    assert_sound()


@pytest.mark.usefixtures("poisoned")
def test_an_emergency_stop_does_not_wait_behind_it(clock):
    send(a_signal("BAD"))
    run_until_idle(now=clock)
    emergency_stop(user_ids=["asha"], by="chief", reason="too hot", now=clock.at)
    run_until_idle(now=clock)
    assert Event.objects.get(type="emergency_stop").seq is not None


@pytest.mark.usefixtures("poisoned")
def test_many_streams_that_wait_for_a_retry_do_not_take_the_turns_of_others(clock):
    for number in range(log.STREAMS_A_BATCH + 4):
        roomy(f"a{number:02d}")
        send(a_signal("BAD"), user_id=f"a{number:02d}")
    roomy("zara")
    run_until_idle(now=clock)
    send(a_signal(size=7), user_id="zara")
    assert run_lane(Lane.ORDER_PROCESSING, now=clock) == 1
    assert held("zara") == {"RELIANCE": 7}


def test_a_dead_letter_goes_back_to_work(clock, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setitem(HANDLERS, EventType.SIGNAL_RECEIVED, poison())
        send(a_signal("BAD", size=4))
        for _ in range(3):
            fail_once(clock)
    dead = PendingEvent.objects.get(dead_at__isnull=False)
    requeue(event_id=dead.event_id, by="chief", now=clock.at)
    assert Alert.objects.get().status == "RESOLVED"
    run_until_idle(now=clock)
    assert held() == {"BAD": 4}
    assert not PendingEvent.objects.exists()
    audit = Event.objects.get(type="user_action")
    assert audit.data == {"action": "requeue", "event_id": dead.event_id, "by": "chief"}
    with pytest.raises(EventNotDead, match="is not among the dead letters"):
        requeue(event_id=dead.event_id, by="chief", now=clock.at)
    assert_sound()


def test_a_requeued_event_that_fails_again_dies_again(clock, monkeypatch):
    monkeypatch.setitem(HANDLERS, EventType.SIGNAL_RECEIVED, poison())
    send(a_signal("BAD"))
    for _ in range(3):
        fail_once(clock)
    requeue(event_id=PendingEvent.objects.get().event_id, by="chief", now=clock.at)
    for _ in range(3):
        fail_once(clock)
    assert PendingEvent.objects.get(dead_at__isnull=False).attempts == 3
    assert [alert.status for alert in Alert.objects.order_by("first_seen", "id")] == ["RESOLVED", "ACTIVE"]


def test_a_cancelled_order_stays_cancelled_when_its_creation_is_requeued(clock, monkeypatch):
    order = place()
    with monkeypatch.context() as broken:
        broken.setitem(HANDLERS, EventType.ORDER_CREATED, poison_everything())
        for _ in range(3):
            fail_once(clock)
    dead = PendingEvent.objects.get(dead_at__isnull=False)
    order_cancel(order_id=order.id, now=clock.at, by="asha")
    run_until_idle(now=clock)
    requeue(event_id=dead.event_id, by="chief", now=clock.at)
    run_until_idle(now=clock)
    order.refresh_from_db()
    assert (order.status, held()) == ("CANCELLED", {})
    assert_sound()


def poison_everything():
    def raise_always(book, event, context):
        raise RuntimeError("broken")

    return Handling(HANDLERS[EventType.ORDER_CREATED].apply, then=(raise_always,))


def test_a_second_attempt_that_works_has_one_effect(clock, monkeypatch):
    monkeypatch.setitem(HANDLERS, EventType.SIGNAL_RECEIVED, poison(times=2))  # the batch, and the event alone
    send(a_signal("BAD", size=4))
    run_until_idle(now=clock)
    assert held() == {}
    clock.pass_seconds(2)
    run_until_idle(now=clock)
    assert (held(), Execution.objects.count()) == ({"BAD": 4}, 1)
    assert Event.objects.get(type="signal_received").attempts == 1
    assert_sound()


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.usefixtures("transactional_db")
@pytest.mark.parametrize("where", ["a handler", "the saving", "the log", "the metrics"])
@pytest.mark.slow
def test_a_crash_in_the_middle_leaves_nothing(where, clock, monkeypatch):
    def die(*args, **options):
        raise Killed

    sent = send(a_signal(size=1), a_signal("BAD", size=2), a_signal(size=20_000))
    with monkeypatch.context() as dying:
        if where == "a handler":
            dying.setitem(HANDLERS, EventType.SIGNAL_RECEIVED, poison(error=Killed()))
        elif where == "the saving":
            dying.setattr(store, "_save_accounts", die)
        elif where == "the log":
            dying.setattr(log, "finish", die)
        else:
            dying.setattr(processing.metrics, "record", die)
        with pytest.raises(Killed):
            run_until_idle(now=clock)
    assert not any(model.objects.exists() for model in (Signal, Order, Execution, Position, Alert, MetricBucket))
    assert Event.objects.filter(seq__isnull=False).count() == 1  # the account's opening
    assert [left.attempts for left in PendingEvent.objects.all()] == [0, 0, 0]

    run_until_idle(now=clock)
    assert Signal.objects.count() == len(sent)
    assert (held(), Execution.objects.count()) == ({"RELIANCE": 1, "BAD": 2}, 2)
    assert not PendingEvent.objects.exists()
    assert_sound()


def test_a_database_that_is_away_costs_no_attempt(clock, monkeypatch):
    def away(*args, **options):
        raise OperationalError("server closed the connection unexpectedly")

    send()
    with monkeypatch.context() as broken:
        broken.setattr(store, "load", away)
        with pytest.raises(OperationalError):
            run_until_idle(now=clock)
    assert PendingEvent.objects.get().attempts == 0
    run_until_idle(now=clock)
    assert held() == {"RELIANCE": 10}


def test_a_failure_that_somebody_else_has_made_good_is_not_counted(clock):
    (sent,) = send()
    claim = log.claim(Lane.ORDER_PROCESSING, now=clock.at, limit=10)
    run_until_idle(now=clock)  # another process, between our rollback and our note
    assert log.fail(claim.items[0], "a bug", now=clock.at) is False
    assert Event.objects.get(uid=sent.uid).error is None
