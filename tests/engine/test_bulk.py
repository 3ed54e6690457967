"""Bulk statements, on whichever database the suite runs on."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from engine import bulk
from engine.domain.enums import Lane, Priority, RejectedBy
from engine.domain.events import EventType
from engine.models import ConfigEntry, Event, PendingEvent, Signal, Stream
from tests.domain.desk import NOW
from tests.support.factories import account

pytestmark = pytest.mark.django_db

COLUMNS = (
    "id",
    "uid",
    "type",
    "stream",
    "data",
    "priority",
    "correlation_id",
    "causation_id",
    "created_at",
    "error",
    "attempts",
)
ODD = "₹ 'quoted' \"twice\" {braces} [brackets], \\ % %s \t\n हिन्दी 🚀"


def rows(count, **fields):
    ids = bulk.reserve_ids(Event, count)
    defaults = {
        "type": EventType.USER_ACTION,
        "stream": "asha",
        "data": {},
        "priority": Priority.NORMAL,
        "causation_id": None,
        "created_at": NOW,
        "error": None,
        "attempts": 0,
    } | fields
    return [tuple({"id": id, "uid": uuid4(), "correlation_id": uuid4(), **defaults}[name] for name in COLUMNS) for id in ids]


def test_what_is_inserted_is_what_is_read():
    india = timezone(timedelta(hours=5, minutes=30))
    data = {"text": ODD, "none": None, "big": 10**18, "deep": [[{"a": [1, 2.5, True]}]], "price": Decimal("0.0001")}
    plain, second = rows(2, priority=7)
    odd = {"data": data, "error": ODD, "causation_id": uuid4(), "created_at": datetime(2026, 1, 5, 9, 15, 0, 1, india)}
    first = tuple(odd.get(name, value) for name, value in zip(COLUMNS, plain, strict=True))
    bulk.insert(Event, COLUMNS, [first, second])
    one, two = Event.objects.order_by("id").values_list(*COLUMNS)
    assert one == (*first[:4], {**data, "price": 0.0001}, *first[5:])
    assert two == second
    assert one[8] == datetime(2026, 1, 5, 3, 45, 0, 1, UTC)


def test_columns_may_mix_what_is_equal_in_the_table():
    """1 and 0.9 are both confidences, an enum and a text are both reasons."""
    account("asha")
    names = (
        "id", "account", "symbol", "signal_type", "confidence_score", "position_size", "decision", "reason", "received_at",
        "decided_at", "strategy_id",
    )  # fmt: skip
    values = [
        (uuid4(), "asha", "INFY", "BUY", 1, Decimal("0.5"), "ORDERED", RejectedBy.RISK, NOW, NOW, ""),
        (uuid4(), "asha", "INFY", "BUY", Decimal("0.9"), 10, "ORDERED", "", NOW, NOW, ""),
        (uuid4(), "asha", "INFY", "BUY", 0, None, "HELD", "x", NOW, NOW, ""),
    ]
    bulk.insert(Signal, names, values)
    stored = {row[0]: row for row in Signal.objects.values_list(*names)}
    assert [stored[row[0]] for row in values] == values


@pytest.mark.parametrize("amount", ["99999999999.9999", "-0.0001", "0.0001", "12345678901.2345", "0"])
def test_money_is_kept_to_the_hundredth_of_a_paisa(amount):
    opened = account("asha")
    bulk.update(type(opened), ("user_id", "cash"), [("asha", Decimal(amount))])
    opened.refresh_from_db()
    assert opened.cash == Decimal(amount)


def test_a_conflict_does_what_the_statement_says():
    names = ("key", "value", "updated_at", "updated_by")
    overwrite = "on conflict (key) do update set value = excluded.value"
    bulk.insert(ConfigEntry, names, [("a", {"n": 1}, NOW, "asha"), ("b", [1], NOW, "asha")], on_conflict=overwrite)
    bulk.insert(ConfigEntry, names, [("b", ODD, NOW, "ravi"), ("c", False, NOW, "ravi")], on_conflict=overwrite)
    stored = {entry.key: (entry.value, entry.updated_by) for entry in ConfigEntry.objects.all()}
    assert stored == {"a": ({"n": 1}, "asha"), "b": (ODD, "asha"), "c": (False, "ravi")}


@pytest.mark.parametrize("count", [1, bulk.FEW, bulk.FEW + 1])
def test_few_and_many_rows_are_stored_alike(count):
    names = ("key", "value", "updated_at", "updated_by")
    values = [(f"key {n}", {"text": ODD, "n": [n, None, 1.5]}, NOW, ODD) for n in range(count)]
    bulk.insert(ConfigEntry, names, values)
    stored = {row[0]: row for row in ConfigEntry.objects.values_list(*names)}
    assert [stored[row[0]] for row in values] == values


def test_update_changes_only_the_rows_and_columns_given():
    bulk.insert(Stream, ("name", "seq"), [(name, 1) for name in ("a", "b", ODD[:20])])
    bulk.update(Stream, ("name", "seq"), [("a", 2**62), (ODD[:20], 5), ("nobody", 9)])
    assert dict(Stream.objects.values_list("name", "seq")) == {"a": 2**62, "b": 1, ODD[:20]: 5}


def test_delete_removes_the_keys_given():
    made = rows(3)
    bulk.insert(Event, COLUMNS, made)
    pending = [(row[0], Lane.SYSTEM_EVENTS, "asha", 2, NOW, 0, "") for row in made]
    bulk.insert(PendingEvent, ("event", "lane", "stream", "priority", "due_at", "attempts", "last_error"), pending)
    bulk.delete(PendingEvent, "event", [made[0][0], made[2][0], 10**9])
    assert list(PendingEvent.objects.values_list("event_id", flat=True)) == [made[1][0]]


def test_nothing_is_done_for_no_rows(django_assert_num_queries):
    with django_assert_num_queries(0):
        bulk.insert(Stream, ("name", "seq"), [])
        bulk.update(Stream, ("name", "seq"), [])
        bulk.delete(Stream, "name", [])


def test_rows_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="zip"):
        bulk.insert(Stream, ("name", "seq"), [("a", 1), ("b",)])


def test_reserved_ids_rise_and_are_never_given_twice():
    first = bulk.reserve_ids(Event, 3)
    made = rows(2)
    bulk.insert(Event, COLUMNS, made)
    second = bulk.reserve_ids(Event, 2)
    assert first == sorted(set(first))
    assert second == sorted(set(second))
    assert min(second) > max(row[0] for row in made)
    # the ORM goes on behind them
    row = Event.objects.create(
        uid=uuid4(), type="user_action", stream="asha", data={}, priority=2, correlation_id=uuid4(), created_at=NOW
    )
    assert row.id > max(made[-1][0], 0)


def test_one_bad_row_and_none_is_stored():
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.insert(Stream, ("name", "seq"), [("a", 1), ("b", 1), ("a", 2)])
    assert not Stream.objects.exists()


def test_json_keeps_decimals_exact():
    assert bulk.loads(bulk.dumps({"a": Decimal("0.1"), "b": Decimal("100.00"), "c": 3})) == {
        "a": Decimal("0.1"),
        "b": 100,
        "c": 3,
    }
