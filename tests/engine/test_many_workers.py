"""Two workers at the same time on one PostgreSQL: each with connections of its own, as two processes have."""

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier, Event

import pytest
from django.db import connection, transaction

from engine import log, processing
from engine.domain.enums import Lane
from engine.models import Event as EventRow
from engine.models import Execution, Order, PendingEvent, Signal, Stream
from engine.processing import run_lane
from engine.services.trading import emergency_stop
from tests.engine.conftest import roomy
from tests.engine.flow import a_signal, assert_sound, held, send

pytestmark = [
    pytest.mark.usefixtures("transactional_db", "desk"),
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time"),
]


def in_thread(work):
    def run():
        try:
            return work()
        finally:
            connection.close()

    return run


def test_two_workers_share_the_streams_and_do_nothing_twice(monkeypatch):
    names = [f"c{number:02d}" for number in range(24)]
    for name in names:
        roomy(name)
        send(*(a_signal(size=1 + place % 4, kind=("BUY", "SELL", "HOLD")[place % 3]) for place in range(25)), user_id=name)
    start, worked = Barrier(3), defaultdict(int)

    def work(worker):
        connection.ensure_connection()  # before they begin: it takes one longer than another
        start.wait()
        idle = 0
        while idle < 20:
            done = run_lane(Lane.ORDER_PROCESSING)
            worked[worker] += done
            idle = 0 if done else idle + 1

    with ThreadPoolExecutor(3) as threads:
        running = [threads.submit(in_thread(lambda worker=worker: work(worker))) for worker in range(3)]
        for each in running:
            each.result(60)
    assert sum(worked.values()) == 24 * 25
    assert sum(1 for count in worked.values() if count) >= 2, "one did it all"
    assert not PendingEvent.objects.exists()
    assert Signal.objects.count() == 24 * 25
    assert Execution.objects.count() == Order.objects.filter(status="FILLED").count()
    for name in names:
        received = EventRow.objects.filter(stream=name, type="signal_received")
        assert list(received.order_by("seq").values_list("id")) == list(received.order_by("id").values_list("id"))
        assert Stream.objects.get(name=name).seq == EventRow.objects.filter(stream=name).count()
    assert_sound()


def test_what_one_worker_holds_the_other_passes_by():
    roomy("ravi")
    send(a_signal(size=1))
    send(a_signal(size=2), user_id="ravi")
    holding, done = Event(), Event()

    def hold():
        with transaction.atomic():
            claim = log.claim(Lane.ORDER_PROCESSING, now=datetime.now(UTC), limit=100)
            assert set(claim.seqs) == {"asha", "ravi"}
            send(a_signal(size=3), user_id="asha")
            holding.set()
            done.wait(20)
            raise ZeroDivisionError  # and so it does nothing

    with ThreadPoolExecutor(1) as threads:
        held_up = threads.submit(in_thread(hold))
        holding.wait(20)
        assert run_lane(Lane.ORDER_PROCESSING) == 0
        roomy("zara")
        send(a_signal(size=4), user_id="zara")
        assert run_lane(Lane.ORDER_PROCESSING) == 1
        done.set()
        with pytest.raises(ZeroDivisionError):
            held_up.result(20)
    assert held("zara") == {"RELIANCE": 4}
    assert run_lane(Lane.ORDER_PROCESSING) == 2
    assert (held("asha"), held("ravi")) == ({"RELIANCE": 1}, {"RELIANCE": 2})


def test_a_stop_waits_for_the_batch_in_hand_and_no_order_comes_after_it(monkeypatch):
    send(a_signal(size=1))
    inside, go_on = Event(), Event()
    save = processing.store.save

    def slow_save(books, **options):
        inside.set()
        go_on.wait(20)
        save(books, **options)

    monkeypatch.setattr(processing.store, "save", slow_save)
    with ThreadPoolExecutor(2) as threads:
        batch = threads.submit(in_thread(lambda: run_lane(Lane.ORDER_PROCESSING)))
        inside.wait(20)
        stop = threads.submit(
            in_thread(lambda: emergency_stop(user_ids=["asha"], by="chief", reason="too hot", now=datetime.now(UTC)))
        )
        with pytest.raises(TimeoutError):
            stop.result(0.3)
        go_on.set()
        assert (batch.result(20), stop.result(20).user_ids) == (1, ["asha"])
    send(a_signal(size=2))
    processing.run_until_idle()
    assert held() == {"RELIANCE": 1}
    assert Signal.objects.get(decision="REFUSED").reason == "trading is HALTED"
    assert_sound()
