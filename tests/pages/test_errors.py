"""Errors as pages: each says what happened, what was not done, and leads on; in the frame for who is signed in."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path

from tests.support import factories

JSON = {"Accept": "application/json"}


def forbidden(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


def broken(request: HttpRequest) -> HttpResponse:
    raise ValueError("on purpose")


def cut_off(request: HttpRequest) -> HttpResponse:
    raise OperationalError("the database went away")


urlpatterns = [
    *(path(f"orders/{view.__name__}/", view) for view in (forbidden, broken, cut_off)),
    path("", include("quantumleap.urls")),
]
handler400 = "dashboard.pages.errors.bad_request"
handler403 = "dashboard.pages.errors.not_allowed"
handler404 = "dashboard.pages.errors.not_found"
handler500 = "dashboard.pages.errors.server_error"


@pytest.fixture
def owner(visitors, settings) -> Client:
    settings.ROOT_URLCONF = __name__
    client: Client = visitors["owner"]
    client.raise_request_exception = False
    return client


@pytest.mark.parametrize(("address", "status", "said", "way"), [
    ("/nothing/here/", 404, "There is nothing here", 'href="/?account=asha"'),
    ("/orders/00000000-0000-0000-0000-000000000000/", 404, "not yours to see", 'href="/orders/?account=asha">To Orders'),
    ("/symbols/NOBODY/", 404, "There is nothing here", 'href="/positions/?account=asha">To Positions'),
    ("/strategies/?account=other", 404, "of another account", 'href="/?account=asha">To the Overview'),
    ("/orders/forbidden/", 403, "Nothing was changed", 'href="/orders/?account=asha">To Orders'),
])  # fmt: skip
def test_what_cannot_be_shown_is_said_in_the_frame_with_ways_on(owner, address, status, said, way):
    response = owner.get(address)
    page = response.content.decode()
    assert response.status_code == status
    assert said in page
    assert way in page
    assert 'aria-label="Trading status"' in page  # and one can still stop everything


def test_who_is_not_signed_in_sees_no_frame(owner):
    page = Client().get("/nothing/here/").content.decode()
    assert "There is nothing here" in page
    assert 'aria-label="Main"' not in page


def test_who_has_no_account_yet_is_told_too(owner):
    newcomer = Client()
    newcomer.force_login(factories.user_named("newcomer"))
    response = newcomer.get("/nothing/here/")
    assert (response.status_code, "There is nothing here" in response.content.decode()) == (404, True)


@pytest.mark.parametrize(("address", "status", "said"), [
    ("/orders/broken/", 500, "An error of ours"), ("/orders/cut_off/", 503, "The database does not answer"),
])  # fmt: skip
def test_our_own_faults_say_whether_something_may_have_been_done(owner, address, status, said):
    for send, certain in ((owner.get, "Nothing was changed"), (owner.post, "is not certain")):
        response = send(address)
        page = response.content.decode()
        assert response.status_code == status
        assert said in page
        assert certain in page


def test_an_error_of_ours_names_what_it_is_logged_as(owner):
    response = owner.get("/orders/broken/", headers={"X-Request-ID": "seen-by-asha"})
    assert "logged as seen-by-asha" in response.content.decode()


def test_a_script_is_told_in_words_that_it_can_show(owner):
    for address, status in (
        ("/nothing/", 404),
        ("/orders/broken/", 500),
        ("/orders/cut_off/", 503),
        ("/orders/forbidden/", 403),
    ):
        response = owner.get(address, headers=JSON)
        assert (response.status_code, response.json()["done"]) == (status, False)
        assert "." in response.json()["message"]


@pytest.mark.parametrize(("referer", "opened_anew"), [
    ("http://testserver/positions/?by=sector", True), ("https://elsewhere.example/positions/", False), ("", False),
])  # fmt: skip
def test_a_form_that_is_out_of_date_leads_back_to_its_own_page(visitors, referer, opened_anew):
    guarded = Client(enforce_csrf_checks=True)
    guarded.cookies = visitors["owner"].cookies
    response = guarded.post("/emergency-stop/", {"word": "STOP"}, headers={"Referer": referer} if referer else {})
    page = response.content.decode()
    assert response.status_code == 403
    assert "It was not carried out, and nothing was changed" in page
    assert ('href="/positions/?by=sector">Open the page anew' in page) is opened_anew
    assert "elsewhere" not in page


def test_a_request_that_nobody_understands_is_answered_without_the_database(owner, settings):
    settings.ALLOWED_HOSTS = ["desk.example"]
    response = owner.get("/", headers={"Host": "elsewhere.example"})
    assert (response.status_code, "The request was not understood" in response.content.decode()) == (400, True)
    program = owner.get("/api/trading-engine/status", headers={"Host": "elsewhere.example"})
    assert (program.status_code, program["Content-Type"]) == (400, "application/json")
