"""Counters and timings: exact across transactions, threads and processes, and gone with a rollback."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from engine import measures, metrics
from engine.domain.metrics import GROWTH, Delta, Histogram, bucket_of
from engine.metrics import recording
from engine.models import MetricBucket

NOW = datetime(2026, 3, 2, 6, 30, 20, tzinfo=UTC)  # a Monday noon in India


def counted(**counters: int) -> Delta:
    delta = Delta()
    for name, n in counters.items():
        delta.count(name, n)
    return delta


def timed(operation: str, *microseconds: int) -> Delta:
    delta = Delta()
    for duration in microseconds:
        delta.time(operation, duration)
    return delta


def record(delta: Delta, now: datetime = NOW) -> None:
    with transaction.atomic():
        metrics.record(delta, now=now)


def signals(now: datetime = NOW, window_minutes: int = 60) -> int:
    return metrics.counters(now=now, window_minutes=window_minutes)["signals_processed"]


# --- histograms -----------------------------------------------------------------------------------------------------------
@given(st.lists(st.integers(1, 10**10), min_size=1, max_size=200), st.sampled_from([1, 25, 50, 95, 99, 100]))
def test_a_percentile_is_known_to_one_bucket(durations: list[int], percent: int) -> None:
    histogram = Histogram()
    for duration in durations:
        histogram.time([duration])
    rank = max(0, -(-len(durations) * percent // 100) - 1)
    exact = sorted(durations)[rank]
    assert exact / GROWTH - 1 <= histogram.percentile(percent) <= exact * GROWTH + 1


@given(st.lists(st.integers(0, 10**9), max_size=50), st.lists(st.integers(0, 10**9), max_size=50))
def test_histograms_add_up(first: list[int], second: list[int]) -> None:
    whole, left, right = Histogram(), Histogram(), Histogram()
    for target, durations in ((left, first), (right, second), (whole, first + second)):
        for duration in durations:
            target.time([duration])
    left.add(right)
    assert (left.count, left.total_us, left.max_us, left.buckets) == (whole.count, whole.total_us, whole.max_us, whole.buckets)
    assert left.min_us == whole.min_us


@given(st.integers(2, 10**12))
@pytest.mark.slow
def test_a_bucket_is_five_percent_wide(duration: int) -> None:
    bucket = bucket_of(duration)
    assert GROWTH ** (bucket - 1e-6) <= duration <= GROWTH ** (bucket + 1 + 1e-6)


def test_a_clock_that_was_set_back_counts_as_no_time() -> None:
    assert timed("batch", -5).timings["batch"].max_us == 0


def test_json_keeps_a_histogram() -> None:
    histogram = timed("batch", 10, 2000, 3_000_000).timings["batch"]
    assert Histogram.from_json(histogram.to_json()) == histogram


# --- writing --------------------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_one_statement_writes_minute_and_day() -> None:
    with CaptureQueriesContext(connection) as statements:
        metrics.record(counted(signals_processed=3), now=NOW)
    assert len(statements) == 1
    assert sorted(MetricBucket.objects.values_list("resolution", flat=True)) == ["day", "minute"]


@pytest.mark.django_db
def test_an_empty_delta_writes_nothing() -> None:
    metrics.record(Delta(), now=NOW)
    assert not MetricBucket.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_counts_add_up_over_transactions() -> None:
    for _ in range(5):
        record(counted(signals_processed=2))
    assert signals() == 10
    assert MetricBucket.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_rollback_forgets_what_it_counted() -> None:
    record(counted(signals_processed=1))
    with transaction.atomic():
        metrics.record(counted(signals_processed=100), now=NOW)
        transaction.set_rollback(True)
    record(counted(signals_processed=1))
    assert signals() == 2


@pytest.mark.django_db(transaction=True)
def test_one_transaction_may_record_twice_and_roll_one_back() -> None:
    with transaction.atomic():
        metrics.record(counted(signals_processed=1), now=NOW)
        with transaction.atomic():
            metrics.record(counted(signals_processed=100), now=NOW)
            transaction.set_rollback(True)
        metrics.record(counted(signals_processed=1), now=NOW)
    record(counted(signals_processed=1))
    assert signals() == 3


@pytest.mark.django_db(transaction=True)
def test_a_new_minute_and_a_new_day_begin_at_zero() -> None:
    midnight_in_india = datetime(2026, 3, 2, 18, 30, tzinfo=UTC)
    record(counted(signals_processed=1), midnight_in_india - timedelta(minutes=2))
    record(counted(signals_processed=2), midnight_in_india - timedelta(seconds=1))
    record(counted(signals_processed=4), midnight_in_india)
    per_minute = [minute["signals"] for minute in metrics.throughput(now=midnight_in_india, minutes=4)]
    assert per_minute == [0, 1, 2, 4]
    assert metrics.day_counters(now=midnight_in_india)["signals_processed"] == 4
    assert metrics.day_counters(now=midnight_in_india - timedelta(seconds=1))["signals_processed"] == 3
    assert metrics.total_counters()["signals_processed"] == 7


@pytest.mark.django_db(transaction=True)
def test_a_clock_that_is_set_back_overwrites_nothing() -> None:
    for minutes in (0, 5, 0):
        record(counted(signals_processed=1), NOW + timedelta(minutes=minutes))
    assert metrics.total_counters()["signals_processed"] == 3


@pytest.mark.django_db(transaction=True)
def test_a_restarted_process_adds_to_what_the_first_one_counted() -> None:
    record(counted(signals_processed=1))
    metrics.forget()
    record(counted(signals_processed=1))
    assert signals() == 2


def in_threads(work: Callable[[], None], threads: int) -> None:
    def run() -> None:
        work()
        connection.close()

    with ThreadPoolExecutor(threads) as pool:
        for future in [pool.submit(run) for _ in range(threads)]:
            future.result()


@pytest.mark.django_db(transaction=True)
def test_threads_lose_no_count_of_each_other() -> None:
    def work() -> None:
        for _ in range(25):
            record(counted(signals_processed=1))

    in_threads(work, 4)
    assert signals() == 100


@pytest.mark.django_db(transaction=True)
def test_threads_that_end_leave_their_rows_to_the_next() -> None:
    for _ in range(5):
        in_threads(lambda: record(counted(signals_processed=1)), 1)
    assert (signals(), len(recording._writers)) == (5, 1)


# --- what web processes count ---------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_flush_writes_what_was_pending_once() -> None:
    metrics.pending.count("api_calls_count", 3)
    assert metrics.flush(now=NOW)
    assert not metrics.flush(now=NOW)
    assert metrics.day_counters(now=NOW)["api_calls_count"] == 3


@pytest.mark.django_db(transaction=True)
def test_what_cannot_be_flushed_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise DatabaseError

    metrics.pending.count("api_calls_count", 3)
    with monkeypatch.context() as patched:
        patched.setattr(recording, "record", away)
        with pytest.raises(DatabaseError):
            metrics.flush(now=NOW)
    metrics.flush(now=NOW)
    assert metrics.day_counters(now=NOW)["api_calls_count"] == 3


# --- reading --------------------------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("window_minutes", "expected"), [(1, 1), (59, 1), (60, 3), (24 * 60, 7), (3 * 24 * 60, 15), (10_080, 31)]
)
def test_a_window_counts_what_lies_in_it(window_minutes: int, expected: int) -> None:
    ages = [timedelta(minutes=60), timedelta(hours=20), timedelta(days=2), timedelta(days=5)]
    for power, age in reversed(list(enumerate([timedelta(0), *ages]))):
        record(counted(signals_processed=2**power), NOW - age)
    assert signals(window_minutes=window_minutes) == expected


@pytest.mark.django_db(transaction=True)
def test_timings_give_exact_extremes_and_near_percentiles() -> None:
    record(timed("signal_processing", *range(1000, 101_000, 1000)))
    timing = metrics.timings(now=NOW, window_minutes=5)["signal_processing"]
    assert (timing.count, timing.avg_ms, timing.min_ms, timing.max_ms, timing.last) == (100, 50.5, 1.0, 100.0, 100.0)
    assert (timing.p50, timing.p95, timing.p99) == pytest.approx((50, 95, 99), rel=0.05)
    assert timing.last_at == NOW


@pytest.mark.django_db
def test_an_operation_that_did_not_run_has_no_timing() -> None:
    assert metrics.timings(now=NOW, window_minutes=60) == {}
    assert metrics.day_timings(now=NOW) == {}


@pytest.mark.django_db
def test_known_counters_start_at_zero() -> None:
    assert set(metrics.counters(now=NOW, window_minutes=60).values()) == {0}


@pytest.mark.parametrize("names", measures.COUNTED.values())
def test_all_that_is_counted_is_a_known_counter(names: tuple[str, ...]) -> None:
    assert set(names) <= set(metrics.COUNTERS)


@pytest.mark.django_db(transaction=True)
def test_throughput_has_every_minute_in_order() -> None:
    record(timed("signal_processing", 5000), NOW - timedelta(minutes=3))
    minutes = metrics.throughput(now=NOW, minutes=10)
    assert len(minutes) == 10
    assert {later["at"] - earlier["at"] for earlier, later in pairwise(minutes)} == {timedelta(minutes=1)}
    assert [minute["p50_ms"] for minute in minutes] == [None] * 6 + [5.0] + [None] * 3


@pytest.mark.django_db(transaction=True)
def test_pruning_keeps_the_days_and_every_minute_in_reach() -> None:
    record(counted(signals_processed=1), NOW - timedelta(days=9))
    record(counted(signals_processed=1), NOW - timedelta(days=7))
    assert metrics.prune(now=NOW) == 1
    assert metrics.total_counters()["signals_processed"] == 2
