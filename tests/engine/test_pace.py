"""What the rules of pace count outlasts the process, and agrees with the log."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

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
    assert (account.orders_today, sum(count for _, count in account.orders_by_second)) == (3, 3)
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


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_an_upgrade_counts_the_orders_of_the_last_minute():
    for _ in range(3):
        place(quantity=1)
        run_until_idle()
    counted = Account.objects.get().orders_by_second
    executor = MigrationExecutor(connection)
    newest = executor.loader.graph.leaf_nodes("engine")
    executor.migrate([("engine", "0017_landmarks")])
    MigrationExecutor(connection).migrate(newest)
    assert Account.objects.get().orders_by_second == counted != []
    assert_sound()
