"""What a batch adds to the counters and timings."""

from datetime import UTC, datetime

import pytest

from engine import metrics
from engine.domain.events import EventType
from engine.handlers import HANDLERS
from engine.processing import run_until_idle
from tests.engine.flow import a_signal, poison, rest, send

pytestmark = pytest.mark.usefixtures("desk")


def counted(now=None):
    return metrics.counters(now=now or datetime.now(UTC), window_minutes=5)


def test_each_outcome_has_its_counter():
    send(
        a_signal(size=10), a_signal(kind="SELL", size=10), a_signal(kind="HOLD"), a_signal(confidence=0), a_signal(size=50_000)
    )
    run_until_idle()
    rest()
    counters = counted()
    expected = {
        "signals_processed": 5,
        "signals_buy": 3,
        "signals_sell": 1,
        "signals_hold": 1,
        "signals_held": 1,
        "signals_refused": 2,
        "signals_low_confidence": 1,
        "orders_created": 4,
        "orders_executed": 2,
        "orders_rejected": 1,
        "positions_opened": 1,
        "positions_closed": 1,
        "losing_positions": 1,  # the slippage
        "risk_alerts": 1,
    }
    assert {name: counters.get(name) for name in expected} == expected
    timings = metrics.timings(now=datetime.now(UTC), window_minutes=5)
    assert (timings["signal_processing"].count, timings["signal_to_position"].count) == (5, 2)
    assert 0 < timings["signal_to_position"].p50 < 60_000
    assert timings["batch"].count == 2


def test_a_failed_attempt_counts_as_an_error_and_nothing_twice(monkeypatch, clock):
    monkeypatch.setitem(HANDLERS, EventType.SIGNAL_RECEIVED, poison(times=2))
    send(a_signal("BAD"))
    run_until_idle(now=clock)
    clock.pass_seconds(2)
    run_until_idle(now=clock)
    counters = counted(clock())
    assert (counters["errors_count"], counters["signals_processed"], counters.get("events_failed", 0)) == (1, 1, 0)
