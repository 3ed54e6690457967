"""The demo's sign-in exists in the demo only, and never takes over a real user's."""

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.utils import timezone

from engine import demo

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def settings_as_they_were(settings):
    settings.TRADING_ENGINE_LEGACY_ANONYMOUS = False
    settings.DEMO_SIGN_IN = None


def signed_in(password="demo"):
    return authenticate(username="demo", password=password)


def test_the_sign_in_ends_with_the_demo_and_comes_back_with_it():
    demo.prepare(now=timezone.now())
    assert signed_in()
    demo.close()
    assert not signed_in()
    demo.prepare(now=timezone.now())
    assert signed_in()


def test_a_second_start_leaves_the_password_as_it_is():
    demo.prepare(now=timezone.now())
    first = User.objects.get(username="demo").password
    demo.prepare(now=timezone.now())
    assert User.objects.get(username="demo").password == first


def test_a_real_user_of_that_name_keeps_it():
    User.objects.create_user("demo", password="my own, longer one")
    with pytest.raises(demo.DemoRefused):
        demo.prepare(now=timezone.now())
    demo.close()
    assert signed_in("my own, longer one")
    assert not signed_in()
