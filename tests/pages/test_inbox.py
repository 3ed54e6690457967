"""The inbox: filtered by its address, many handled at once or none, silenced, undone; and who did what."""

from datetime import UTC, datetime, timedelta

import pytest

from dashboard.live import status
from engine.alerts import alert_resolve, alerts_raise
from engine.domain.alerts import AlertRaised
from engine.domain.enums import AlertLevel
from engine.models import Alert, AlertSilence, Event

JSON = {"Accept": "application/json"}


@pytest.fixture
def ids(visitors) -> dict[str, str]:
    """Two alerts of asha's account and one of the system's, by fingerprint."""
    raised = [
        AlertRaised(AlertLevel.WARNING, "Too large", "12 %", "risk_engine", "large", user_id="asha"),
        AlertRaised(AlertLevel.CRITICAL, "Halted", "", "risk_engine", "halt", user_id="asha"),
        AlertRaised(AlertLevel.ERROR, "Away", "no layer", "event_bus", "layer"),
    ]
    alerts_raise(raised, now=datetime.now(UTC))
    return dict(Alert.objects.values_list("fingerprint", "id"))


def act(client, what, *alerts, **more):
    return client.post(f"/alerts/selected/{what}/", {"alert": alerts, **more}, headers=JSON)


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {"large", "halt", "layer"}), ("level=CRITICAL", {"halt"}), ("component=event_bus", {"layer"}),
        ("status=SILENCED", {"large"}), ("status=ACKNOWLEDGED", {"halt"}), ("status=nonsense", {"large", "halt", "layer"}),
    ],
)  # fmt: skip
def test_the_address_filters_the_inbox(visitors, ids, query, shown):
    act(visitors["owner"], "silence", ids["large"], minutes="60")
    act(visitors["owner"], "acknowledge", ids["halt"])
    rows = visitors["owner"].get(f"/alerts/?{query}").context["state"]["alerts"]
    assert set(rows) == {ids[name] for name in shown}


def test_many_are_handled_at_once_and_the_acknowledgement_is_undone(visitors, ids):
    answer = act(visitors["owner"], "acknowledge", ids["large"], ids["halt"]).json()
    assert (answer["done"], answer["message"]) == (True, "2 alerts acknowledged.")
    assert set(answer["each"]) == {"Too large: acknowledged", "Halted: acknowledged"}
    assert set(Alert.objects.filter(account="asha").values_list("acknowledged_by", flat=True)) == {"owner"}
    undo = answer["undo"]
    assert visitors["owner"].post(undo["url"], {"alert": undo["alert"]}, headers=JSON).status_code == 200
    assert set(Alert.objects.values_list("status", flat=True)) == {"ACTIVE"}


def test_one_acknowledgement_is_undone_too_but_not_somebody_elses(visitors, ids):
    path = f"/alerts/{ids['large']}/acknowledge/"
    undo = visitors["owner"].post(path, headers=JSON).json()["undo"]
    assert "undo" not in visitors["teammate"].post(path, headers=JSON).json()
    visitors["owner"].post(undo["url"], {"alert": undo["alert"]}, headers=JSON)
    assert Alert.objects.get(id=ids["large"]).status == "ACTIVE"


def test_a_silence_in_the_place_of_another_offers_no_undo(visitors, ids):
    assert "undo" in act(visitors["owner"], "silence", ids["large"], minutes="15").json()
    assert "undo" not in act(visitors["owner"], "silence", ids["large"], ids["halt"], minutes="60").json()


@pytest.mark.parametrize(("who", "alerts", "status"), [
    ("owner", ["large", "layer"], 404), ("outsider", ["large"], 404), ("staff", ["large", "layer"], 200),
    ("teammate", ["large", "halt"], 200), ("owner", [], 400),
])  # fmt: skip
def test_all_that_was_selected_is_ones_own_or_nothing_is_done(visitors, ids, who, alerts, status):
    response = act(visitors[who], "resolve", *[ids[name] for name in alerts], note="seen to")
    assert response.status_code == status
    assert Alert.objects.filter(status="RESOLVED").count() == (len(alerts) if status == 200 else 0)


def test_what_was_resolved_meanwhile_is_told_apart(visitors, ids):
    alert_resolve(alert_id=ids["halt"], by="ravi", note="", now=datetime.now(UTC))
    answer = act(visitors["owner"], "acknowledge", ids["large"], ids["halt"])
    assert answer.json()["message"].startswith("1 alert acknowledged. 1 alert left as before")
    assert act(visitors["owner"], "acknowledge", ids["halt"]).status_code == 409


def test_a_silence_leaves_the_bell_and_is_named_in_the_inbox(visitors, ids):
    now = datetime.now(UTC)
    assert status.row(["asha"], now)["open_alerts"] == 3
    act(visitors["owner"], "silence", ids["halt"], minutes="60")
    row = status.row(["asha"], now)
    assert (row["open_alerts"], row["worst_level"]) == (2, "ERROR")
    page = visitors["owner"].get("/alerts/")
    assert page.context["state"]["alert_counts"]["open"]["silenced"] == 1
    assert page.content.decode().count('data-is-silenced="true"') == 1
    assert AlertSilence.objects.get().until > now + timedelta(minutes=59)
    act(visitors["owner"], "unsilence", ids["halt"])
    assert status.row(["asha"], now)["open_alerts"] == 3


@pytest.mark.parametrize(("minutes", "said"), [("240", "at most 1 hour"), ("", "say for how long"), ("7", "say for how long")])
def test_a_silence_that_may_not_be_silences_nothing(visitors, ids, minutes, said):
    response = act(visitors["owner"], "silence", ids["large"], ids["halt"], minutes=minutes)
    assert (response.status_code, said in response.json()["message"]) == (400, True)
    assert not AlertSilence.objects.exists()


def test_the_history_says_who_did_what(visitors, ids):
    act(visitors["owner"], "acknowledge", ids["large"])
    act(visitors["teammate"], "resolve", ids["large"], note="limit raised")
    page = visitors["owner"].get("/alerts/?show=history")
    (row,) = page.context["history"].values()
    assert [(line["by"], line["did"]) for line in row["track"]] == [
        ("engine", "raised it"), ("owner", "acknowledged it"), ("teammate", "resolved it"),
    ]  # fmt: skip
    assert "limit raised" in page.content.decode()
    audit = Event.objects.filter(type="user_action").order_by("id")
    assert [event.data["action"] for event in audit] == ["alert_acknowledged", "alert_resolved"]
    assert visitors["owner"].get("/alerts/?show=history&before=alert_0000000000000_000000").context["history"] == {}


def test_an_unknown_action_and_a_look_do_nothing(visitors, ids):
    assert act(visitors["owner"], "explode", ids["large"]).status_code == 404
    assert visitors["owner"].get("/alerts/selected/resolve/").status_code == 405
    assert set(Alert.objects.values_list("status", flat=True)) == {"ACTIVE"}


def test_an_inbox_that_is_empty_and_a_search_that_finds_nothing_say_so(visitors):
    assert "Nothing needs you" in visitors["owner"].get("/alerts/").content.decode()
    assert "No open alert matches the filters" in visitors["owner"].get("/alerts/?level=INFO").content.decode()
    assert "No alert was resolved yet" in visitors["owner"].get("/alerts/?show=history").content.decode()
