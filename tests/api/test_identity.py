"""Who may do what: owner, teammate, outsider, staff, and a caller without credentials."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from knox.models import AuthToken
from pytest_django import Settings

from engine.models import Account, Event
from engine.processing import run_until_idle
from engine.selectors.brokers import is_live
from tests.support.api import PREFIX, Api
from tests.support.factories import PASSWORD

As = Callable[[str], Api]
SIGNAL = {"symbol": "RELIANCE", "signal_type": "BUY", "confidence_score": 0.9}
ORDER = {"symbol": "RELIANCE", "side": "BUY", "quantity": 1}
STATUSES = {"asha": 200, "ashas-teammate": 200, "chief": 200, "bala": 403, "": 401}
FOR_ASHA = {
    "signal": ("post", "/signals/process", SIGNAL),
    "batch": ("post", "/signals/batch", {"signals": [SIGNAL]}),
    "order": ("post", "/orders", ORDER),
    "stop": ("post", "/emergency-stop", None),
    "orders": ("get", "/orders", None),
    "positions": ("get", "/positions", None),
    "history": ("get", "/events/history", None),
    "old history": ("get", "/event-history", None),
}


def ask(api: Api, method: str, path: str, body: Any, *, status: int, **query: Any) -> dict[str, Any]:
    return api.get(path, status=status, **query) if method == "get" else api.post(path, body, status=status, **query)


@pytest.mark.parametrize("who", STATUSES)
@pytest.mark.parametrize("what", FOR_ASHA)
def test_an_accounts_own_routes(caller: As, who: str, what: str) -> None:
    before = Event.objects.count()
    ask(caller(who), *FOR_ASHA[what], status=STATUSES[who], user_id="asha")
    if STATUSES[who] != 200:
        assert Event.objects.count() == before
        assert Account.objects.get(user_id="asha").trading_state == "ACTIVE"


@pytest.mark.parametrize("what", FOR_ASHA)
def test_an_unknown_account_is_404_and_opens_none(caller: As, what: str) -> None:
    for who in ("chief", "asha"):
        ask(caller(who), *FOR_ASHA[what], status=404, user_id="nobody")
    assert not Account.objects.filter(user_id="nobody").exists()


@pytest.mark.parametrize("what", FOR_ASHA)
def test_a_session_is_as_good_as_a_token(desk: None, what: str) -> None:
    client = Client()
    client.force_login(User.objects.get(username="asha"))
    ask(Api(client=client), *FOR_ASHA[what], status=200, user_id="asha")


def test_a_session_writes_only_with_its_csrf_twin(desk: None) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.get(username="asha"))
    assert Api(client=client).post("/orders", ORDER, user_id="asha", status=403)["code"] == "PERMISSION_DENIED"
    Api(client=client).get("/orders", user_id="asha")


SEEN = {"asha": {"asha"}, "ashas-teammate": {"asha"}, "bala": {"bala"}, "chief": {"asha", "bala"}}


@pytest.mark.parametrize("who", SEEN)
def test_without_a_name_one_sees_ones_own(caller: As, who: str) -> None:
    for user_id in ("asha", "bala"):
        caller("chief").signal(user_id=user_id, position_size=1)
    run_until_idle()
    api = caller(who)
    assert {row["user_id"] for row in api.get("/orders")["orders"]} == SEEN[who]
    assert {row["user_id"] for row in api.get("/positions")["positions"]} == SEEN[who]
    assert {row["user_id"] for row in api.get("/events/history", limit=1000)["events"]} - {None} == SEEN[who]


ALERTS_SEEN: dict[str, set[str | None]] = {
    "asha": {None, "asha"},
    "ashas-teammate": {None, "asha"},
    "bala": {None, "bala"},
    "chief": {None, "asha", "bala"},
    "": {None},
}


@pytest.mark.parametrize("who", ALERTS_SEEN)
def test_alerts_of_an_account_are_its_members_alone(busy: Api, caller: As, who: str) -> None:
    answer = caller(who).get("/alerts")
    assert {alert["user_id"] for alert in answer["alerts"]} == ALERTS_SEEN[who]
    status = caller(who).get("/status")["alerts"]
    assert {alert["user_id"] for alert in status["active"]} <= ALERTS_SEEN[who]
    assert status["count"] == answer["alert_count"]


RESOLVING = {
    "asha": {"asha": 200, "bala": 404, None: 403},
    "bala": {"asha": 404, "bala": 200, None: 403},
    "chief": {"asha": 200, "bala": 200, None: 200},
    "": {"asha": 401, "bala": 401, None: 401},
}


@pytest.mark.parametrize("who", RESOLVING)
def test_who_resolves_which_alert(busy: Api, caller: As, who: str) -> None:
    found = {alert["user_id"]: alert["id"] for alert in busy.get("/alerts")["alerts"] if alert["title"].startswith("About")}
    for whose, status in RESOLVING[who].items():
        caller(who).post(f"/alerts/{found[whose]}/resolve", {"note": "seen to"}, status=status)


CONFIGURING = {"asha": (200, 403), "chief": (200, 200), "": (401, 401)}


@pytest.mark.parametrize("who", CONFIGURING)
def test_who_sees_and_who_changes_the_configuration(caller: As, who: str) -> None:
    reads, writes = CONFIGURING[who]
    caller(who).get("/config", status=reads)
    caller(who).post("/config", {"max_concurrent_orders": 5}, status=writes)


PUBLIC = ["/health", "/metrics", "/alerts", "/status", "/system/status", "/coordination/status"]


@pytest.mark.parametrize("path", PUBLIC)
def test_public_reads_can_be_closed(caller: As, settings: Settings, path: str) -> None:
    caller("").get(path)
    settings.TRADING_ENGINE_PUBLIC_READS = False
    caller("").get(path, status=401)
    caller("bala").get(path)


def test_the_account_may_be_named_in_query_body_or_header(caller: As) -> None:
    api = caller("asha")
    api.post("/signals/process", SIGNAL, user_id="asha")
    api.post("/signals/process", SIGNAL | {"user_id": "asha"})
    api.post("/signals/batch", {"signals": [SIGNAL], "user_id": "asha"})
    api.post("/signals/batch", {"signals": [SIGNAL | {"user_id": "asha"}, SIGNAL]})
    Api(api.headers | {"X-User-ID": "asha"}).post("/signals/process", SIGNAL | {"user_id": "asha"}, user_id="asha")
    Api(api.headers | {"X-User-ID": "asha"}).post("/orders", ORDER)


def test_two_names_are_a_conflict(caller: As) -> None:
    api = caller("chief")
    assert api.post("/signals/process", SIGNAL | {"user_id": "bala"}, user_id="asha", status=400)["code"] == "USER_ID_CONFLICT"
    Api(api.headers | {"X-User-ID": "bala"}).post("/orders", ORDER, user_id="asha", status=400)
    mixed = {"signals": [SIGNAL | {"user_id": "asha"}, SIGNAL | {"user_id": "bala"}]}
    assert api.post("/signals/batch", mixed, status=422)["detail"][0]["loc"] == ["body", "signals", 1, "user_id"]


@pytest.mark.parametrize("name", ["", "null", "undefined", "unknown"])
def test_names_that_old_frontends_send_for_nobody_are_none(caller: As, name: str) -> None:
    api = caller("asha")
    fault = api.post("/signals/process", SIGNAL | {"user_id": name}, user_id=name, status=422)["detail"][0]
    assert (fault["type"], fault["loc"]) == ("missing", ["query", "user_id"])
    Api(api.headers | {"X-User-ID": name}).post("/signals/process", SIGNAL, user_id="asha")


@pytest.mark.parametrize("name", ["$market", "a/b", "-a", "a" * 65, "asha\n"])
def test_what_can_be_no_name_is_422(caller: As, name: str) -> None:
    caller("chief").post("/signals/process", SIGNAL, user_id=name, status=422)


def test_x_user_id_alone_proves_nothing(caller: As) -> None:
    Api({"X-User-ID": "asha"}).post("/emergency-stop", status=401)
    Api({"X-User-ID": "asha"}).post("/orders", ORDER, status=401)


def test_an_emergency_stop_without_a_name_is_for_all_that_are_ones_own(caller: As) -> None:
    assert caller("asha").post("/emergency-stop")["user_ids"] == ["asha"]
    assert caller("chief").post("/emergency-stop")["user_ids"] == ["asha", "bala"]
    caller("").post("/emergency-stop", status=401)


# --- the old open mode -----------------------------------------------------------------------------------------------------
@pytest.mark.usefixtures("open_doors")
class TestOpenDoors:
    @pytest.mark.parametrize("what", FOR_ASHA)
    def test_nobody_acts_as_whom_it_names(self, caller: As, what: str) -> None:
        ask(caller(""), *FOR_ASHA[what], status=200, user_id="asha")

    def test_an_unknown_name_opens_a_paper_account(self, caller: As) -> None:
        caller("").post("/signals/process", SIGNAL, user_id="newcomer")
        assert not is_live(Account.objects.get(user_id="newcomer").user_id)
        run_until_idle()
        assert caller("").get("/positions", user_id="newcomer")["count"] == 1

    def test_a_read_opens_none(self, caller: As) -> None:
        assert caller("").get("/positions", user_id="newcomer")["positions"] == []
        assert not Account.objects.filter(user_id="newcomer").exists()

    def test_nobody_may_configure_resolve_and_read(self, busy: Api, caller: As) -> None:
        api = caller("")
        api.post("/config", {"max_concurrent_orders": 5})
        assert {alert["user_id"] for alert in api.get("/alerts")["alerts"]} == {None, "asha", "bala"}
        for alert in api.get("/alerts")["alerts"]:
            api.post(f"/alerts/{alert['id']}/resolve")

    def test_a_credential_still_binds(self, caller: As) -> None:
        caller("bala").post("/orders", ORDER, user_id="asha", status=403)

    def test_a_foreign_site_cannot_make_a_browser_trade(self, desk: None) -> None:
        Api({"Origin": "https://evil.example"}).post("/orders", ORDER, user_id="asha", status=403)
        Api({"Origin": "https://evil.example"}).post("/emergency-stop", user_id="asha", status=403)
        Api({"Origin": "http://localhost:5173"}).post("/orders", ORDER, user_id="asha")
        Api({"Origin": "http://testserver"}).post("/orders", ORDER, user_id="asha")


# --- tokens ----------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("method", ["delete", "post"])
def test_a_token_is_made_used_and_revoked(desk: None, method: str) -> None:
    client = Client()
    made = client.post("/api/auth/token", {"username": "asha", "password": PASSWORD}, content_type="application/json").json()
    assert made["status"] == "success"
    stored = AuthToken.objects.get()
    assert made["token"] not in (stored.digest, stored.token_key)
    api = Api({"Authorization": f"Token {made['token']}"})
    api.get("/orders", user_id="asha")
    assert getattr(client, method)("/api/auth/token/revoke/", headers=api.headers).json()["status"] == "success"
    api.get("/orders", user_id="asha", status=401)


def test_one_who_left_gets_in_no_more(caller: As) -> None:
    api = caller("asha")
    User.objects.filter(username="asha").update(is_active=False)
    api.get("/orders", status=401)


@pytest.mark.parametrize(("method", "path"), [("get", "/orders"), ("get", "/events/history"), ("post", "/emergency-stop")])
def test_two_accounts_in_one_query_are_refused(chief: Api, method: str, path: str) -> None:
    send = getattr(chief.client, method)
    answer = send(f"{PREFIX}{path}?user_id=asha&user_id=bala", headers=chief.headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "USER_ID_CONFLICT")
    assert not Account.objects.exclude(trading_state="ACTIVE").exists()
    again = chief.client.get(f"{PREFIX}/orders?user_id=asha&user_id=asha&user_id=", headers=chief.headers)
    assert again.status_code == 200
