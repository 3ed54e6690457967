"""Alerts: none lost, none listed twice, none that comes of handling another."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from engine import bus
from engine.alerts import AlertNotFound, alert_acknowledge, alert_resolve, alerts_clear, alerts_raise
from engine.domain.alerts import (
    AlertRaised,
    alert_id,
    alerts_merged,
    fingerprint_stored,
    health_score,
    monitoring_status,
    storable,
)
from engine.domain.enums import AlertLevel, AlertStatus
from engine.domain.events import SYSTEM_STREAM, EventType
from engine.models import Alert, AlertAction, Event
from tests.support.factories import account

NOW = datetime(2026, 3, 2, 6, 30, tzinfo=UTC)
LATER = NOW + timedelta(seconds=5)
INFO, WARNING, ERROR, CRITICAL = AlertLevel


def alert(fingerprint: str = "limit", level: AlertLevel = WARNING, **fields: Any) -> AlertRaised:
    return AlertRaised(
        level, fields.pop("title", "A title"), fields.pop("message", "A message"), "risk_engine", fingerprint, **fields
    )


def raised(*alerts: AlertRaised, now: datetime = NOW) -> Alert:
    alerts_raise(alerts or [alert()], now=now)
    return Alert.objects.latest("last_seen")


def actions(row: Alert) -> list[tuple[str, str, str]]:
    return list(row.actions.values_list("action", "by", "note"))


# --- the pure part --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("levels", "score", "status"),
    [
        ([], 100, "HEALTHY"),
        ([INFO] * 9, 100, "HEALTHY"),
        ([WARNING, WARNING], 90, "HEALTHY"),
        ([WARNING] * 3, 85, "WARNING"),
        ([CRITICAL], 70, "WARNING"),
        ([CRITICAL, ERROR], 60, "DEGRADED"),
        ([CRITICAL, CRITICAL], 40, "CRITICAL"),
        ([CRITICAL] * 4, 0, "CRITICAL"),
    ],
)
def test_open_alerts_make_a_score_and_a_word(levels: list[AlertLevel], score: int, status: str) -> None:
    counts = {level: levels.count(level) for level in AlertLevel}
    assert (health_score(counts), monitoring_status(counts)) == (score, status)


def test_merging_counts_repeats_and_keeps_the_worst_level() -> None:
    merged = alerts_merged([alert("b"), alert("a", CRITICAL), alert("a", INFO, message="newest")])
    assert [(one.fingerprint, one.level, one.count, one.message) for one in merged] == [
        ("a", CRITICAL, 2, "newest"),
        ("b", WARNING, 1, "A message"),
    ]


def test_ids_have_thirteen_digits_and_six_of_base_36() -> None:
    assert alert_id(NOW, 35) == "alert_1772433000000_00000z"


@pytest.mark.parametrize(("text", "stored"), [("a\0b", "a\ufffdb"), ("\ud800!", "?!"), ("0123456789", "0123…"), ("₹", "₹")])
def test_text_that_no_database_takes_is_made_storable(text: str, stored: str) -> None:
    assert storable(text, 5) == stored


def test_long_fingerprints_that_differ_at_the_end_stay_different() -> None:
    first, second = fingerprint_stored("x" * 5000 + "1"), fingerprint_stored("x" * 5000 + "2")
    assert first != second
    assert len(first) <= 200


# --- raising --------------------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_fault_3_a_thousand_alerts_in_a_row_all_survive() -> None:
    for number in range(1000):
        alerts_raise([alert(f"limit:{number}")], now=NOW)
    ids = set(Alert.objects.values_list("id", flat=True))
    assert len(ids) == 1000
    assert all(re.fullmatch(r"alert_\d{13}_[0-9a-z]{6}", one) for one in ids)


@pytest.mark.django_db
def test_any_number_takes_two_statements() -> None:
    with CaptureQueriesContext(connection) as statements:
        alerts_raise([alert(f"limit:{number}") for number in range(300)], now=NOW)
    writing = [one for one in statements if "engine_alert" in one["sql"].lower()]
    assert Alert.objects.count() == AlertAction.objects.count() == 300
    assert sum("insert into engine_alert " in one["sql"].lower().replace("\n", " ") for one in writing) == 1


@pytest.mark.django_db
def test_a_repeat_counts_and_brings_the_text_up_to_date() -> None:
    first = raised(alert(message="12 %", data={"value": 12}))
    again = raised(alert(message="13 %", data={"value": 13}), alert(message="14 %", data={"value": 14}), now=LATER)
    assert (again.id, again.count, again.message, again.data) == (first.id, 3, "14 %", {"value": 14})
    assert (again.first_seen, again.last_seen) == (NOW, LATER)
    assert actions(again) == [("raised", "engine", "")]


@pytest.mark.django_db
@pytest.mark.parametrize(("before", "after", "level"), [(WARNING, CRITICAL, CRITICAL), (CRITICAL, INFO, CRITICAL)])
def test_the_higher_level_stays(before: AlertLevel, after: AlertLevel, level: AlertLevel) -> None:
    raised(alert(level=before))
    assert raised(alert(level=after)).level == level


@pytest.mark.django_db
def test_a_repeat_stays_acknowledged_unless_it_grew_worse() -> None:
    row = raised()
    alert_acknowledge(alert_id=row.id, by="asha", now=NOW)
    assert raised().status == AlertStatus.ACKNOWLEDGED
    worse = raised(alert(level=CRITICAL))
    assert (worse.status, worse.acknowledged_at, worse.acknowledged_by) == (AlertStatus.ACTIVE, None, "")


@pytest.mark.django_db
def test_a_resolved_one_that_returns_is_a_new_alert() -> None:
    first = raised()
    alert_resolve(alert_id=first.id, by="asha", note="", now=NOW)
    second = raised(now=LATER)
    assert second.id != first.id
    assert Alert.objects.count() == 2


@pytest.mark.django_db
def test_everything_that_was_given_is_stored() -> None:
    correlation_id = uuid4()
    row = raised(
        alert(user_id=account("asha").user_id, correlation_id=correlation_id, data={"symbol": "TCS", "bad": "a\0\ud800"})
    )
    assert (row.account_id, row.correlation_id, row.component) == ("asha", correlation_id, "risk_engine")
    assert row.data == {"symbol": "TCS", "bad": "a\ufffd?"}


@pytest.mark.django_db
def test_oversized_text_is_cut_not_refused() -> None:
    row = raised(alert("f" * 10_000, title="t" * 10_000, message="m" * 10_000))
    assert (len(row.title), len(row.message)) == (200, 1000)


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_batch_leaves_no_alert() -> None:
    with transaction.atomic():
        alerts_raise([alert()], now=NOW)
        transaction.set_rollback(True)
    assert not Alert.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_threads_that_raise_the_same_alerts_count_every_one() -> None:
    def work(_: int) -> None:
        for number in range(20):
            with transaction.atomic():
                alerts_raise([alert("shared"), alert("also shared"), alert(f"own:{uuid4()}:{number}")], now=NOW)
        connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert list(Alert.objects.filter(fingerprint__endswith="shared").values_list("count", flat=True)) == [80, 80]
    assert Alert.objects.filter(fingerprint__startswith="own").count() == 80


# --- clearing -------------------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_clearing_resolves_what_is_open_and_says_why() -> None:
    alerts_raise([alert("a"), alert("b"), alert("f" * 300)], now=NOW)
    assert alerts_clear(["a", "f" * 300, "unknown"], now=LATER, note="Prices are back.") == 2
    assert alerts_clear(["a"], now=LATER, note="") == 0
    row = Alert.objects.get(fingerprint="a")
    assert (row.status, row.resolved_at, row.resolved_by) == (AlertStatus.RESOLVED, LATER, "engine")
    assert actions(row) == [("raised", "engine", ""), ("resolved", "engine", "Prices are back.")]
    assert not Event.objects.exists()


# --- what people do -------------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_acknowledging_is_tracked_and_audited_once() -> None:
    row = raised()
    for by in ("asha", "ravi"):
        alert_acknowledge(alert_id=row.id, by=by, now=LATER)
    row.refresh_from_db()
    assert (row.status, row.acknowledged_by, row.acknowledged_at) == (AlertStatus.ACKNOWLEDGED, "asha", LATER)
    assert actions(row) == [("raised", "engine", ""), ("acknowledged", "asha", "")]
    assert Event.objects.get().data["action"] == "alert_acknowledged"


@pytest.mark.django_db
def test_resolving_keeps_who_when_and_why() -> None:
    row = raised()
    alert_resolve(alert_id=row.id, by="asha", note="Feed restarted.", now=LATER)
    row.refresh_from_db()
    assert (row.status, row.resolved_by, row.resolved_at, row.resolution_note) == ("RESOLVED", "asha", LATER, "Feed restarted.")
    event = Event.objects.get()
    assert (event.type, event.stream) == (EventType.USER_ACTION, SYSTEM_STREAM)
    assert event.data | {"alert_id": row.id, "by": "asha", "note": "Feed restarted."} == event.data


@pytest.mark.django_db
def test_fault_8_resolving_leaves_one_alert_less() -> None:
    alerts_raise([alert("a"), alert("b")], now=NOW)
    for row in Alert.objects.all():
        alert_resolve(alert_id=row.id, by="asha", note="", now=LATER)
    assert not Alert.objects.exclude(status=AlertStatus.RESOLVED).exists()
    assert Alert.objects.count() == 2


@pytest.mark.django_db
def test_an_id_of_the_old_kind_is_understood() -> None:
    row = raised()
    assert alert_resolve(alert_id=row.id.rpartition("_")[0], by="asha", note="", now=LATER).id == row.id


@pytest.mark.django_db
@pytest.mark.parametrize(
    "unknown", ["alert_1_zzzzzz", "", "alert_", "alert_1772433000000", "a\0b", "%", "x" * 5000, "alert_१२३४५६७८९०१२३"]
)
def test_what_is_not_open_is_not_found(unknown: str) -> None:
    with pytest.raises(AlertNotFound):
        alert_resolve(alert_id=unknown, by="asha", note="", now=NOW)


@pytest.mark.django_db
def test_a_resolved_alert_is_handled_no_more() -> None:
    row = raised()
    alert_resolve(alert_id=row.id, by="asha", note="", now=NOW)
    with pytest.raises(AlertNotFound, match=f"Alert {row.id} not found or already resolved"):
        alert_resolve(alert_id=row.id, by="ravi", note="", now=LATER)
    with pytest.raises(AlertNotFound):
        alert_acknowledge(alert_id=row.id, by="ravi", now=LATER)


@pytest.mark.django_db(transaction=True)
def test_pages_hear_of_it_after_the_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[set[str]] = []
    monkeypatch.setattr(bus.bus, "announce", lambda topics: heard.append(set(topics)))
    with transaction.atomic():
        alerts_raise([alert()], now=NOW)
        assert heard == []
    assert heard == [{"alerts"}]
    alert_resolve(alert_id=Alert.objects.get().id, by="asha", note="", now=NOW)
    assert heard[1:] == [{"alerts"}]
