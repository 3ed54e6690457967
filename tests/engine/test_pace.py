"""What the rules of pace count outlasts the process, and agrees with the log."""

from datetime import UTC, datetime

import pytest

from engine.folding import snapshot_take
from engine.models import Account, Order, Signal
from engine.processing import run_until_idle
from engine.shelf import shelf
from tests.engine.flow import a_signal, assert_sound, place, rest, send

pytestmark = pytest.mark.usefixtures("desk")


def test_the_count_outlasts_a_restart():
    Account.objects.update(max_orders_per_day=3)
    for step in range(5):
        place(quantity=1)
        run_until_idle()
        shelf.clear()  # as in a new process
        if step == 1:
            snapshot_take(stream="asha", now=datetime.now(UTC))
    assert list(Order.objects.order_by("created_at").values_list("status", flat=True)) == ["FILLED"] * 3 + ["REJECTED"] * 2
    account = Account.objects.get()
    assert (account.orders_today, account.orders_in_minute) == (3, 3)
    assert_sound()


def test_a_resting_order_is_counted_too():
    rest()
    assert Account.objects.get().orders_today == 1
    assert_sound()


def test_a_repeated_signal_is_known_after_a_restart():
    Account.objects.update(duplicate_signal_seconds=3600)
    for _ in range(2):
        send(a_signal(size=5))
        run_until_idle()
        shelf.clear()
    decisions = Signal.objects.order_by("received_at").values_list("decision", "reason")
    assert [decision for decision, _ in decisions] == ["ORDERED", "REFUSED"]
    assert "the same signal was acted upon" in decisions[1][1]
    assert_sound()
