"""What the pages do: through the services, for who may, and said plainly when not."""

from datetime import UTC, datetime

import pytest
from django.test import Client

from engine import alerts
from engine.domain.alerts import AlertRaised
from engine.domain.enums import AlertLevel
from engine.models import Account, Alert
from engine.processing import run_until_idle

JSON = {"Accept": "application/json"}


@pytest.fixture
def raised(visitors) -> dict[str, str]:
    """An alert of asha's account, and one of the system."""
    alerts.alerts_raise(
        [
            AlertRaised(AlertLevel.WARNING, "Refused", "too large", "risk_engine", "a", user_id="asha"),
            AlertRaised(AlertLevel.ERROR, "Away", "no layer", "event_bus", "b"),
        ],
        now=datetime.now(UTC),
    )
    return {alert.component: alert.id for alert in Alert.objects.all()}


HANDLED = {
    ("owner", "risk_engine"): 200,
    ("teammate", "risk_engine"): 200,
    ("staff", "risk_engine"): 200,
    ("outsider", "risk_engine"): 404,
    ("owner", "event_bus"): 404,
    ("staff", "event_bus"): 200,
}


@pytest.mark.parametrize(("who", "component"), HANDLED)
@pytest.mark.parametrize(("action", "status"), [("acknowledge", "ACKNOWLEDGED"), ("resolve", "RESOLVED")])
def test_an_alert_is_handled_by_who_may(visitors, raised, who, component, action, status):
    response = visitors[who].post(f"/alerts/{raised[component]}/{action}/", {"note": "seen to"}, headers=JSON)
    may = HANDLED[who, component] == 200
    assert (response.status_code, response.json()["done"]) == (HANDLED[who, component], may)
    assert Alert.objects.get(id=raised[component]).status == (status if may else "ACTIVE")


def test_a_resolved_alert_is_in_the_history_with_its_note(visitors, raised):
    visitors["owner"].post(f"/alerts/{raised['risk_engine']}/resolve/", {"note": "limit raised"})
    page = visitors["owner"].get("/alerts/?show=history").content.decode()
    assert "limit raised" in page
    assert "owner" in page
    again = visitors["owner"].post(f"/alerts/{raised['risk_engine']}/resolve/", headers=JSON)
    assert (again.status_code, "nothing was changed" in again.json()["message"]) == (409, True)


def test_a_plain_form_is_led_back_with_a_message(visitors, raised):
    client = visitors["owner"]
    response = client.post(f"/alerts/{raised['risk_engine']}/acknowledge/", {"back": "/alerts/?account=asha"})
    assert response["Location"] == "/alerts/?account=asha"
    assert "is acknowledged" in client.get("/alerts/").content.decode()


def test_nobody_is_led_to_another_host(visitors, raised):
    response = visitors["owner"].post(f"/alerts/{raised['risk_engine']}/acknowledge/", {"back": "https://example.org/"})
    assert response["Location"] == "/"


def test_the_outsider_does_not_see_the_alert(visitors, raised):
    assert raised["risk_engine"] not in visitors["outsider"].get("/alerts/").content.decode()
    assert raised["event_bus"] in visitors["outsider"].get("/alerts/").content.decode()


def test_the_emergency_stop_needs_its_word(visitors):
    response = visitors["owner"].post("/emergency-stop/", {"account": "asha", "word": "yes"}, headers=JSON)
    assert response.status_code == 400
    assert response.json()["message"] == "Trading was not stopped: type the word STOP to confirm."
    assert Account.objects.get(user_id="asha").trading_state == "ACTIVE"


@pytest.mark.parametrize(("who", "account", "status", "halted"), [
    ("owner", "asha", 200, {"asha"}), ("teammate", "asha", 200, {"asha"}), ("outsider", "asha", 404, set()),
    ("staff", "asha", 200, {"asha"}), ("staff", "*", 200, {"asha", "other"}), ("owner", "*", 404, set()),
])  # fmt: skip
def test_the_emergency_stop_halts_what_the_visitor_may_trade_in(visitors, who, account, status, halted):
    response = visitors[who].post("/emergency-stop/", {"account": account, "word": "stop"}, headers=JSON)
    assert response.status_code == status
    if len(halted) > 1:
        assert response.json()["each"] == [f"{user_id}: halted" for user_id in sorted(halted)]
    assert set(Account.objects.filter(trading_state="HALTED").values_list("user_id", flat=True)) == halted


@pytest.mark.parametrize("path", ["/emergency-stop/", "/trading-resume/", "/sign-out/", "/alerts/x/resolve/"])
def test_no_action_without_the_forms_own_secret(visitors, path):
    guarded = Client(enforce_csrf_checks=True)
    guarded.cookies = visitors["owner"].cookies
    assert guarded.post(path, {"word": "STOP"}).status_code == 403


@pytest.mark.parametrize("path", ["/alerts/x/resolve/", "/alerts/x/acknowledge/", "/sign-out/"])
def test_nothing_is_done_by_looking(visitors, path):
    assert visitors["owner"].get(path).status_code == 405


@pytest.mark.parametrize("path", ["/emergency-stop/", "/trading-resume/"])
def test_an_action_that_names_two_accounts_does_nothing(visitors, path):
    form = {"account": "other", "word": "STOP" if "stop" in path else "RESUME", "reason": "checked"}
    for address in (f"{path}?account=asha", f"{path}?account=other&account=asha", f"{path}?account=*"):
        response = visitors["staff"].post(address, form, headers=JSON)
        assert (response.status_code, response.json()["done"]) == (400, False)
        assert "more than one account" in response.json()["message"]
    run_until_idle()
    assert set(Account.objects.values_list("trading_state", flat=True)) == {"ACTIVE"}
    assert visitors["staff"].post(f"{path}?account=other", form, headers=JSON).status_code == 200
