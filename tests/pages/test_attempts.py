"""Guessing passwords is slowed, at all three doors together, and never for longer than the window."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client, RequestFactory
from django.test.client import MULTIPART_CONTENT

from dashboard import attempts
from dashboard.models import SignInAttempt
from tests.support.factories import user_named

pytestmark = pytest.mark.django_db
PASSWORD = "a long enough password"
NOW = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)
DOORS = ["/sign-in/", "/admin/login/", "/api/auth/token"]
IN = {"/sign-in/": 302, "/admin/login/": 302, "/api/auth/token": 200}
OUT = {"/sign-in/": 200, "/admin/login/": 200, "/api/auth/token": 401}


@pytest.fixture(autouse=True)
def asha():
    user = user_named("asha", is_staff=True)
    user.set_password(PASSWORD)
    user.save()


def knock(door, name="asha", password="wrong", address="10.0.0.1"):
    given = {"username": name, "password": password}
    kind = "application/json" if "api" in door else MULTIPART_CONTENT
    return Client().post(door, given, content_type=kind, REMOTE_ADDR=address)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.slow
def test_a_right_password_comes_in_within_the_limit_and_waits_beyond_it(door):
    for _ in range(attempts.PER_NAME - 1):
        assert knock(door).status_code == OUT[door]
    assert knock(door, password=PASSWORD).status_code == IN[door]
    assert knock(door).status_code == OUT[door]
    for password in ("wrong", PASSWORD):
        refused = knock(door, password=password)
        assert refused.status_code == 429
        assert 0 < int(refused["Retry-After"]) <= 300
        assert "5 minutes" in refused.content.decode()
    assert SignInAttempt.objects.count() == attempts.PER_NAME  # what was refused is not counted


@pytest.mark.slow
def test_the_doors_count_together_and_other_names_come_in():
    for number in range(attempts.PER_NAME):
        knock(DOORS[number % 3], address=f"10.0.0.{number}")
    assert [knock(door, address="10.9.9.9").status_code for door in DOORS] == [429] * 3
    user_named("ravi")
    assert knock("/sign-in/", "ravi").status_code == 200


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.slow
def test_a_name_that_is_not_there_is_answered_alike(door):
    answers = {name: [knock(door, name) for _ in range(11)] for name in ("asha", "nobody")}
    assert [[answer.status_code for answer in answers[name]] for name in answers] == [[OUT[door]] * 10 + [429]] * 2
    assert "asha" not in answers["asha"][-1].content.decode()


def test_many_names_from_one_address_are_refused_there_only():
    for number in range(attempts.PER_ADDRESS):
        assert knock("/sign-in/", f"guess-{number}").status_code == 200
    assert knock("/sign-in/", password=PASSWORD).status_code == 429
    assert knock("/sign-in/", password=PASSWORD, address="10.0.0.2").status_code == 302


def test_the_wait_ends_with_the_window_however_often_one_tries():
    for second in range(attempts.PER_NAME):
        attempts.begin("asha", "", now=NOW + timedelta(seconds=second))
    for second, wait in ((10, 290), (200, 100), (299, 1)):
        with pytest.raises(attempts.TooManyAttempts) as refused:
            attempts.begin("asha", "", now=NOW + timedelta(seconds=second))
        assert refused.value.wait == wait
    attempts.begin("asha", "", now=NOW + attempts.WINDOW)
    attempts.begin("asha", "", now=NOW + 3 * attempts.WINDOW)
    assert SignInAttempt.objects.count() == 1  # what is old is gone


@pytest.mark.parametrize(("proxies", "forwarded", "address"), [
    (0, "1.1.1.1", "10.0.0.1"), (1, "1.1.1.1", "1.1.1.1"), (1, "6.6.6.6, 1.1.1.1", "1.1.1.1"),
    (2, "6.6.6.6, 1.1.1.1, 2.2.2.2", "1.1.1.1"), (2, "1.1.1.1", "10.0.0.1"), (1, "", "10.0.0.1"),
])  # fmt: skip
def test_only_our_own_proxies_are_believed(settings, proxies, forwarded, address):
    settings.TRUSTED_PROXY_COUNT = proxies
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", headers={"X-Forwarded-For": forwarded})
    assert attempts.address_of(request) == address


@pytest.mark.parametrize(("seconds", "words"), [(1, "1 second"), (59, "59 seconds"), (60, "1 minute"), (61, "2 minutes")])
def test_a_wait_in_words(seconds, words):
    assert attempts.in_words(seconds) == words
