"""Who sees which page, and what the pages refuse."""

import pytest
from django.test import Client

PAGES = [
    "/",
    "/orders/",
    "/positions/",
    "/alerts/",
    "/alerts/?show=history",
    "/events/",
    "/time/",
    "/reports/",
    "/system/",
    "/emergency-stop/",
    "/trading-resume/",
]


@pytest.mark.parametrize("path", [*PAGES, "/charts/equity/", "/trace/00000000-0000-0000-0000-000000000000/"])
def test_nobody_sees_a_page_without_a_sign_in(db, path):
    response = Client().get(path)
    assert (response.status_code, response["Location"].split("?")[0]) == (302, "/sign-in/")


@pytest.mark.parametrize("who", ["owner", "teammate", "outsider", "staff"])
@pytest.mark.parametrize("path", PAGES)
@pytest.mark.slow
def test_each_page_opens_empty_and_full(visitors, signal, who, path):
    assert visitors[who].get(path).status_code == 200
    signal()
    assert visitors[who].get(path).status_code == 200


@pytest.mark.parametrize(
    "path", ["/", "/orders/", "/positions/", "/alerts/", "/events/", "/system/", "/charts/equity/", "/emergency-stop/"]
)
@pytest.mark.parametrize(("who", "account", "status"), [
    ("owner", "asha", 200), ("teammate", "asha", 200), ("outsider", "asha", 404), ("staff", "asha", 200),
    ("owner", "*", 404), ("staff", "*", 200), ("owner", "nobody", 404), ("staff", "nobody", 404), ("staff", "a\0b", 404),
])  # fmt: skip
@pytest.mark.slow
def test_an_account_is_shown_to_its_members_and_staff(visitors, path, who, account, status):
    assert visitors[who].get(path, {"account": account}).status_code == status


@pytest.mark.parametrize(("who", "status"), [("owner", 200), ("teammate", 200), ("outsider", 404), ("staff", 200)])
def test_a_trace_is_shown_to_who_may_see_its_account(visitors, signal, who, status):
    assert visitors[who].get(f"/trace/{signal()}/").status_code == status


@pytest.mark.parametrize("path", ["/orders/", "/positions/", "/events/"])
def test_the_outsider_sees_nothing_of_others(visitors, signal, path):
    signal()
    assert b"RELIANCE" in visitors["owner"].get(path).content
    assert b"RELIANCE" not in visitors["outsider"].get(path).content


def test_who_has_no_account_is_told_what_to_do(visitors):
    from tests.support import factories

    client = Client()
    client.force_login(factories.user_named("newcomer"))
    for path in ("/", "/orders/", "/events/", "/alerts/", "/positions/"):
        assert b"no account lists you as a member" in client.get(path).content


@pytest.mark.parametrize("path", ["/", "/orders/", "/events/", "/alerts/", "/system/"])
def test_the_page_allows_no_foreign_or_inline_code(visitors, path):
    response = visitors["owner"].get(path)
    policy = response["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    page = response.content.decode()
    assert " style=" not in page
    assert "<style" not in page
    assert " onclick=" not in page
    assert "https://" not in page


def test_a_page_takes_few_statements(visitors, signal, django_assert_max_num_queries):
    for _ in range(5):
        signal()
    with django_assert_max_num_queries(48):
        visitors["owner"].get("/")


def test_the_demo_sign_in_stands_on_the_page_in_the_demo_only(client, db, settings):
    settings.TRADING_ENGINE_LEGACY_ANONYMOUS = False
    settings.DEMO_SIGN_IN = None
    assert b"This is the demo" not in client.get("/sign-in/").content
    settings.DEMO_SIGN_IN = {"username": "demo", "password": "demo"}
    assert b"This is the demo" in client.get("/sign-in/").content


def test_a_wrong_password_signs_nobody_in(client, db):
    response = client.post("/sign-in/", {"username": "asha", "password": "wrong"})
    assert b"You are not signed in" in response.content
    assert "sessionid" not in client.cookies


@pytest.mark.parametrize("path", ["/orders", "/positions", "/alerts", "/events", "/emergency-stop"])
def test_an_address_without_its_last_slash_is_served_too(visitors, path):
    assert visitors["owner"].get(path).status_code == 200


@pytest.mark.parametrize(("path", "said"), [
    ("/emergency-stop/", "Not done: you were signed out. Trading was not stopped."),
    ("/trading-resume/", "Not done: you were signed out. Trading was not resumed."),
    ("/alerts/x/resolve/", "Not done: you were signed out. Nothing was changed."),
])  # fmt: skip
def test_the_sign_in_says_that_a_form_was_not_carried_out(db, path, said):
    page = Client().post(path, {"word": "STOP"}, follow=True)
    assert page.redirect_chain[0][0].startswith("/sign-in/")
    assert said in page.content.decode()


def test_every_page_leads_to_the_api_and_staff_to_the_administration(visitors):
    owner, staff = (visitors[who].get("/orders/").content.decode() for who in ("owner", "staff"))
    assert 'href="/api/docs' in owner
    assert 'href="/admin/"' not in owner
    assert 'href="/admin/">Administration' in staff


def test_a_browser_finds_an_icon_everywhere(db):
    response = Client().get("/favicon.ico", follow=True)
    assert b"<svg" in response.getvalue()
    assert (response.status_code, response["Content-Type"]) == (200, "image/svg+xml")
    response.close()
