"""Who is served when: fairly by stream, by priority, in order within a stream; and with how many statements."""

from datetime import UTC, datetime

import pytest

from engine import log, processing
from engine.domain.enums import Lane
from engine.domain.events import SYSTEM_STREAM, EventType, new_event
from engine.models import Event, Stream
from engine.processing import run_lane, run_until_idle
from engine.services.trading import emergency_stop
from tests.engine.conftest import roomy
from tests.engine.flow import a_signal, assert_sound, count_statements, held, send, waiting

pytestmark = pytest.mark.usefixtures("desk")


def holds(count):
    return [a_signal(kind="HOLD")] * count


@pytest.mark.slow
def test_one_account_does_not_keep_another_waiting():
    roomy("ravi")
    send(*holds(5000))
    send(a_signal(size=7), user_id="ravi")
    run_lane(Lane.ORDER_PROCESSING)
    assert held("ravi") == {"RELIANCE": 7}


def test_a_full_lane_does_not_keep_an_emergency_stop_waiting():
    send(*holds(5000))
    emergency_stop(user_ids=["asha"], by="chief", reason="too hot", now=datetime.now(UTC))
    most_urgent = next(lane for lane in Lane if log.has_work(lane))
    run_lane(most_urgent)
    assert Event.objects.get(type="emergency_stop").seq == 2
    assert waiting() == 5000


def test_every_stream_gets_its_turn_however_busy_the_others_are():
    names = [f"a{number:02d}" for number in range(40)]
    for name in names:
        roomy(name)
    for name in reversed(names):  # the first streams hold the newest events
        send(*holds(40), user_id=name)
    served: set[str] = set()
    for _ in range(3):  # 40 streams, 16 a round
        run_lane(Lane.ORDER_PROCESSING)
        served |= set(Event.objects.filter(type="signal_held").values_list("stream", flat=True))
        send(*holds(20), user_id="a00")
        send(*holds(20), user_id="a05")
    assert served >= set(names)


def test_a_stream_is_handled_in_its_order_and_the_urgent_first():
    now = datetime.now(UTC)
    kinds = [EventType.USER_ACTION, EventType.SYSTEM_ERROR, EventType.HEALTH_CHECK, EventType.CONFIG_UPDATED]
    error = {"level": "ERROR", "title": "t", "message": "m", "component": "event_bus", "fingerprint": "f"}
    log.append([new_event(kind, SYSTEM_STREAM, now, error) for kind in kinds], now=now)
    run_until_idle()
    handled = Event.objects.filter(stream=SYSTEM_STREAM).order_by("seq").values_list("seq", "type")
    assert list(handled) == [(1, "system_error"), (2, "user_action"), (3, "health_check"), (4, "config_updated")]


def test_within_a_stream_signals_keep_their_order():
    sent = send(*(a_signal(size=1 + number % 3, kind=("BUY", "SELL")[number % 2]) for number in range(450)))
    run_until_idle()
    decided = Event.objects.filter(type="signal_received").order_by("seq").values_list("uid", flat=True)
    assert list(decided) == [event.uid for event in sent]
    assert Stream.objects.get(name="asha").seq == Event.objects.filter(stream="asha", seq__isnull=False).count()
    assert_sound()


def test_a_round_is_no_larger_than_a_batch():
    send(*holds(450))
    assert [run_lane(Lane.ORDER_PROCESSING) for _ in range(4)] == [processing.BATCH, processing.BATCH, 50, 0]


def statements_of_a_batch(signals, accounts):
    for number in range(accounts):
        name = f"b{number:02d}"
        roomy(name)
        mixed = [
            a_signal(size=1),
            a_signal("INFY", "SELL", 2),
            a_signal(kind="HOLD"),
            a_signal(size=50_000),
            a_signal(confidence=0),
        ]
        send(*(mixed[place % 5] for place in range(signals // accounts)), user_id=name)
    return count_statements(lambda: run_lane(Lane.ORDER_PROCESSING))


@pytest.mark.parametrize(("small", "large"), [((10, 1), (200, 1)), ((16, 1), (192, 16))])
def test_the_number_of_statements_does_not_grow_with_the_batch(small, large):
    few = statements_of_a_batch(*small)
    assert waiting() == 0
    many = statements_of_a_batch(*large)
    assert waiting() == 0
    assert many <= few + 2  # it begins behind the stream served last, and so looks twice
    assert few <= 45
    assert_sound()


def test_an_idle_lane_costs_one_statement(django_assert_num_queries):
    with django_assert_num_queries(1):
        assert run_lane(Lane.ORDER_PROCESSING) == 0
