"""What people do about alerts over HTTP: one and many, whose they are, and requests that are sent again."""

import pytest
from django.utils import timezone

from dashboard.api import responses
from engine.models import Alert, AlertAction, AlertSilence
from tests.api.test_identity import RESOLVING
from tests.api.test_repeats import keyed

ACTS = ("acknowledge", "silence", "unacknowledge", "unsilence")


@pytest.fixture
def raised(busy):
    """The alerts of `busy` by whose they are: asha's, bala's and the system's."""
    return {row.account_id: row for row in Alert.objects.filter(title__startswith="About")}


def handled(answer):
    return responses.AlertsHandled.model_validate(answer)


def test_one_is_taken_in_hand_silenced_and_given_back(busy, raised):
    own = raised["asha"].id
    assert handled(busy.post(f"/alerts/{own}/acknowledge")).done == [own]
    assert handled(busy.post(f"/alerts/{own}/acknowledge")).left == [own]
    assert (raised["asha"].status, Alert.objects.get(id=own).acknowledged_by) == ("ACTIVE", "chief")
    assert handled(busy.post(f"/alerts/{own}/silence", {"minutes": 15})).done == [own]
    assert 14 < (AlertSilence.objects.get().until - timezone.now()).total_seconds() / 60 <= 15
    assert handled(busy.post(f"/alerts/{own}/unsilence")).done == [own]
    assert handled(busy.post(f"/alerts/{own}/unacknowledge")).done == [own]
    told = AlertAction.objects.filter(alert=own).order_by("id").values_list("action", "by")
    assert list(told)[1:] == [(act, "chief") for act in ("acknowledged", "silenced", "unsilenced", "unacknowledged")]


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("who", RESOLVING)
def test_they_are_handled_by_whose_they_are(raised, caller, who, act):
    for whose, status in RESOLVING[who].items():
        caller(who).post(f"/alerts/{raised[whose].id}/{act}", status=status)
        caller(who).post(f"/alerts/{act}", {"alert_ids": [raised[whose].id]}, status=status)


@pytest.mark.parametrize("act", [*ACTS, "resolve"])
def test_the_beginning_of_an_id_is_nobodys_unless_it_is_an_old_one(busy, raised, act):
    own = raised["asha"].id
    for beginning in ("alert", own[:7], own[:12], own[:-1], f"{own}_"):
        busy.post(f"/alerts/{beginning}/{act}", status=404)
    busy.post(f"/alerts/{own.rpartition('_')[0]}/{act}")


def test_many_are_resolved_with_one_note(busy, raised):
    ids = sorted(row.id for row in raised.values())
    busy.post(f"/alerts/{ids[0]}/resolve")
    found = handled(busy.post("/alerts/resolve", {"alert_ids": ids, "note": "feed mended"}))
    assert (found.done, found.left, found.message) == (ids[1:], ids[:1], "2 changed, 1 left as before")
    assert set(Alert.objects.filter(id__in=ids[1:]).values_list("resolution_note", "resolved_by")) == {("feed mended", "chief")}


@pytest.mark.parametrize("act", ["acknowledge", "silence", "resolve"])
def test_where_one_is_not_ones_own_none_is_changed(raised, caller, act):
    ids = [raised["asha"].id, raised["bala"].id]
    caller("asha").post(f"/alerts/{act}", {"alert_ids": ids}, status=404)
    caller("asha").post(f"/alerts/{act}", {"alert_ids": [ids[0], "alert_1_none"]}, status=404)
    assert not Alert.objects.filter(id__in=ids).exclude(status="ACTIVE").exists()
    assert not AlertSilence.objects.exists()


def test_what_is_sent_again_is_done_once(busy, raised):
    ids = {"alert_ids": [raised["asha"].id]}
    first = keyed(busy, "k").post("/alerts/acknowledge", ids)
    busy.post("/alerts/unacknowledge", ids)
    assert keyed(busy, "k").post("/alerts/acknowledge", ids) == first
    assert Alert.objects.get(id=raised["asha"].id).status == "ACTIVE"
    keyed(busy, "k").post("/alerts/acknowledge", {"alert_ids": [raised["bala"].id]}, status=422)


@pytest.mark.parametrize(("path", "body"), [
    ("acknowledge", {}), ("acknowledge", {"alert_ids": []}), ("acknowledge", {"alert_ids": ["x"] * 501}),
    ("resolve", {"alert_ids": ["x"], "note": "n" * 1001}), ("silence", {"alert_ids": ["x"], "minutes": 0}),
])  # fmt: skip
def test_what_makes_no_sense_is_refused(busy, path, body):
    busy.post(f"/alerts/{path}", body, status=422)


def test_a_bad_alert_is_not_silenced_for_long(busy, raised):
    Alert.objects.filter(id=raised["asha"].id).update(level="CRITICAL")
    answer = busy.post(f"/alerts/{raised['asha'].id}/silence", {"minutes": 10_080}, status=422)
    assert "a CRITICAL alert can be silenced for at most" in str(answer)
    assert not AlertSilence.objects.exists()
