"""The pages of a fresh database: each says what to do first, and none leads into a void."""

import re
from html import unescape

import pytest
from django.test import Client

from dashboard.pages.navigation import NAVIGATION
from tests.support import factories

PAGES = [place.name for place in NAVIGATION if place.name != "overview"]
LINK = re.compile(r'href="(/[^"#]*)"')
MADE = ("/static/", "/admin/", "/api/")  # other faces, with tests of their own
HIDDEN = ("/positions/close-all/", "/trading-resume/")  # while there is nothing to close, or to resume; they say so, too


@pytest.fixture
def staff(db) -> Client:
    client = Client()
    client.force_login(factories.user_named("root", is_staff=True))
    return client


@pytest.fixture
def member(db) -> Client:
    """Somebody whose account has just been opened."""
    user = factories.user_named("asha")
    factories.account("asha", members=[user])
    client = Client()
    client.force_login(user)
    return client


def dead_links(client: Client, path: str) -> list[str]:
    page = client.get(path).content.decode()
    found = {unescape(link) for link in LINK.findall(page)}
    links = [link for link in found if not link.startswith((*MADE, *HIDDEN))]
    return sorted(link for link in links if client.get(link).status_code >= 400)


@pytest.mark.parametrize(
    "path", ["/", *(f"/{name}/" for name in PAGES), "/orders/new/", "/strategies/deploy/", "/alerts/?show=history"]
)
@pytest.mark.parametrize("who", ["staff", "member"])
def test_no_page_leads_into_a_void(request, who, path):
    client = request.getfixturevalue(who)
    assert client.get(path).status_code == 200
    assert dead_links(client, path) == []


@pytest.mark.parametrize(("path", "said"), [
    ("/", "manage.py open_account ACCOUNT --member NAME"), ("/orders/new/", "No share is listed yet"),
    ("/orders/new/", "No account is open yet"), ("/strategies/deploy/", "no account to deploy it for"),
    ("/time/", "there is nothing to go back to yet"), ("/risk/", "There is no account yet"),
    ("/orders/", "No order yet"), ("/positions/", "No open position"), ("/strategies/", "Deploy one"),
    ("/alerts/", "Nothing needs you"), ("/events/", "Nothing has happened yet"), ("/reports/", "Nothing was filled"),
])  # fmt: skip
def test_an_empty_page_says_what_to_do(staff, path, said):
    assert said in staff.get(path).content.decode()


def test_the_first_steps_are_gone_once_there_is_an_account(member):
    assert "Nothing trades here yet" not in member.get("/").content.decode()


def test_nobody_is_sent_to_before_the_log(member):
    suggested = member.get("/time/").context["suggestions"]
    assert suggested == []  # the account is younger than an hour
