"""The threads of one process take turns at SQLite's single place to write, instead of sleeping and looking again."""

import threading
import time
from contextlib import closing

import pytest
from django.db import DatabaseError, connection, transaction

from engine.models import Stream

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def on_a_sqlite_file() -> None:
    if connection.vendor != "sqlite" or connection.is_in_memory_db():  # type: ignore[attr-defined]
        pytest.skip("about SQLite files only")


def in_a_thread(work: object) -> threading.Thread:
    def run() -> None:
        with closing(connection):
            work()  # type: ignore[operator]

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_a_writer_is_woken_as_soon_as_the_other_is_done() -> None:
    """SQLite's own next look would be 0.09 s later. The machine may stand still in one of them, not in all."""
    assert min(seconds_after_the_other(number) for number in range(3)) < 0.05


def seconds_after_the_other(number: int) -> float:
    inside, waited = threading.Event(), []

    def hold() -> None:
        with transaction.atomic():
            Stream.objects.create(name=f"held {number}")
            inside.set()
            time.sleep(0.24)  # it looks after 0.228 s and after 0.328 s

    def wait() -> None:
        inside.wait()
        with transaction.atomic():
            Stream.objects.create(name=f"waited {number}")
        waited.append(time.perf_counter())

    threads = [in_a_thread(hold), in_a_thread(wait)]
    threads[0].join()
    done = time.perf_counter()
    threads[1].join()
    assert Stream.objects.filter(name__in=(f"held {number}", f"waited {number}")).count() == 2
    return waited[0] - done


def write_and_raise(error: type[BaseException]) -> None:
    Stream.objects.create(name="never")
    raise error


@pytest.mark.parametrize("error", [DatabaseError, KeyboardInterrupt])
def test_a_writer_that_fails_leaves_the_place_free(error: type[BaseException]) -> None:
    def fail() -> None:
        with pytest.raises(error), transaction.atomic():
            write_and_raise(error)

    in_a_thread(fail).join()
    in_a_thread(lambda: Stream.objects.create(name="after")).join()
    assert list(Stream.objects.filter(name__in=("never", "after")).values_list("name", flat=True)) == ["after"]


def test_a_connection_closed_in_a_transaction_leaves_the_place_free() -> None:
    def vanish() -> None:
        with transaction.atomic():
            Stream.objects.create(name="never")
            connection.close()

    in_a_thread(vanish).join()
    in_a_thread(lambda: Stream.objects.create(name="after")).join()
    assert not Stream.objects.filter(name="never").exists()
