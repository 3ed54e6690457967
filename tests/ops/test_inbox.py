"""What people do about alerts, many at once: tracked, audited; and silences that hide nothing that grew worse."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from engine.alerts import alert_acknowledge, alert_resolve, alerts_raise
from engine.domain.alerts import AlertRaised
from engine.domain.enums import AlertLevel, AlertStatus
from engine.models import Alert, AlertAction, Event
from engine.selectors.alerts import alert_actions, alert_counts, alert_counts_unsilenced, alerts_list
from engine.services import inbox
from engine.services.errors import SilenceTooLong

NOW = datetime(2026, 3, 2, 6, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
INFO, WARNING, ERROR, CRITICAL = AlertLevel

pytestmark = pytest.mark.django_db


def raise_all(**levels: AlertLevel) -> dict[str, str]:
    """An alert a fingerprint; {fingerprint: id} of those that are open."""
    alerts_raise([AlertRaised(level, name, "", "risk_engine", name) for name, level in levels.items()], now=NOW)
    return dict(Alert.objects.open().values_list("fingerprint", "id"))


def silence(*ids: str, length: timedelta = HOUR, now: datetime = NOW) -> inbox.Handled:
    return inbox.alerts_silence(alert_ids=ids, length=length, by="asha", now=now)


def calling(now: datetime = NOW) -> int:
    return alert_counts_unsilenced(now=now)["total"]


def audited() -> list[tuple[str, str]]:
    return [(event.data["action"], event.data["title"]) for event in Event.objects.order_by("id")]


def test_many_are_acknowledged_at_once_and_each_is_audited():
    ids = raise_all(a=WARNING, b=WARNING, c=ERROR)
    alert_resolve(alert_id=ids["c"], by="ravi", note="", now=NOW)
    handled = inbox.alerts_acknowledge(alert_ids=list(ids.values()), by="asha", now=NOW)
    assert (handled.done, handled.left) == (sorted([ids["a"], ids["b"]]), [ids["c"]])
    assert set(Alert.objects.open().values_list("status", "acknowledged_by")) == {("ACKNOWLEDGED", "asha")}
    assert audited()[1:] == [("alert_acknowledged", "a"), ("alert_acknowledged", "b")]


def test_many_are_resolved_at_once_with_the_note():
    ids = raise_all(a=WARNING, b=CRITICAL)
    inbox.alerts_resolve(alert_ids=list(ids.values()), by="asha", note="feed is back", now=NOW)
    assert set(Alert.objects.values_list("status", "resolved_by", "resolution_note")) == {("RESOLVED", "asha", "feed is back")}
    assert [line["action"] for line in alert_actions([ids["b"]])[ids["b"]]] == ["raised", "resolved"]


@pytest.mark.parametrize("act", [inbox.alerts_acknowledge, inbox.alerts_unsilence])
def test_the_statements_do_not_grow_with_the_number(act: Any):
    counts = []
    for batch in range(2):
        ids = raise_all(**{f"{batch}-{number}": WARNING for number in range(2 if batch == 0 else 40)})
        mine = [alert_id for name, alert_id in ids.items() if name.startswith(f"{batch}-")]
        silence(*mine)
        with CaptureQueriesContext(connection) as statements:
            act(alert_ids=mine, by="asha", now=NOW)
        counts.append(len(statements))
    assert counts[1] <= counts[0]


def test_an_acknowledgement_is_taken_back():
    ids = raise_all(a=WARNING)
    assert inbox.alerts_unacknowledge(alert_ids=[ids["a"]], by="asha", now=NOW).done == []
    alert_acknowledge(alert_id=ids["a"], by="asha", now=NOW)
    assert inbox.alerts_unacknowledge(alert_ids=[ids["a"]], by="asha", now=NOW).done == [ids["a"]]
    alert = Alert.objects.get()
    assert (alert.status, alert.acknowledged_by, alert.acknowledged_at) == (AlertStatus.ACTIVE, "", None)
    assert [row.action for row in AlertAction.objects.all()] == ["raised", "acknowledged", "unacknowledged"]


def test_a_silenced_alert_is_counted_and_listed_but_does_not_call():
    ids = raise_all(a=WARNING, b=WARNING)
    silence(ids["a"])
    assert (calling(), alert_counts()["total"]) == (1, 2)
    raise_all(a=WARNING)
    listed = {alert["title"]: alert for alert in alerts_list(now=NOW)}
    assert (listed["a"]["count"], listed["a"]["silenced_until"], listed["b"]["silenced_until"]) == (2, NOW + HOUR, None)
    assert [alert["title"] for alert in alerts_list(status="SILENCED", now=NOW)] == ["a"]
    assert audited() == [("alert_silenced", "a")]
    assert Event.objects.get().data["until"] == (NOW + HOUR).isoformat()


def test_a_silence_ends_by_itself_and_by_hand():
    ids = raise_all(a=WARNING, b=WARNING)
    silence(ids["a"], ids["b"])
    assert (calling(NOW + HOUR - timedelta(seconds=1)), calling(NOW + HOUR)) == (0, 2)
    assert inbox.alerts_unsilence(alert_ids=list(ids.values()), by="asha", now=NOW).left == []
    assert calling() == 2


def test_what_grows_worse_is_heard():
    silence(raise_all(a=WARNING)["a"], length=timedelta(days=1))
    raise_all(a=CRITICAL)
    assert calling() == 1


def test_what_is_resolved_and_comes_back_stays_silent():
    first = raise_all(a=WARNING)["a"]
    silence(first)
    alert_resolve(alert_id=first, by="asha", note="", now=NOW)
    assert raise_all(a=WARNING)["a"] != first
    assert calling() == 0


@pytest.mark.parametrize(
    ("level", "length", "may"),
    [
        (CRITICAL, HOUR, True),
        (CRITICAL, HOUR * 2, False),
        (ERROR, HOUR * 24, True),
        (WARNING, HOUR * 24 * 8, False),
        (INFO, HOUR * 0, False),
    ],
)
def test_how_long_a_level_may_be_silenced(level: AlertLevel, length: timedelta, may: bool):
    ids = raise_all(a=level, b=INFO)
    if may:
        silence(*ids.values(), length=length)
    else:
        with pytest.raises(SilenceTooLong):
            silence(*ids.values(), length=length)
    assert calling() == (0 if may else 2)
