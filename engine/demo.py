"""`serve --demo`: a paper account, strategies that trade in it, and a sign-in that exists in the demo only."""

from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import User

from engine.market.demo import demo_strategies_deploy
from engine.market.instruments import load_nifty_50
from engine.services.accounts import account_open

USERNAME = PASSWORD = "demo"  # noqa: S105 - printed for everybody to see, on loopback only
ACCOUNT = "demo"


class DemoRefused(Exception):
    """The demo would take over something that is not its own."""


def prepare(*, now: datetime) -> None:
    """Open the demo account and its sign-in, load the instruments, and let the old frontend in without one.

    Raises DemoRefused where a real user has the demo's name, and where real orders would be sent on simulated prices.
    """
    if settings.BROKER:
        raise DemoRefused("BROKER_LIVE is on: simulated prices must send no real orders")
    user = User.objects.filter(username=USERNAME).first() or User.objects.create_user(USERNAME, password=PASSWORD)
    if user.has_usable_password() and not user.check_password(PASSWORD):
        raise DemoRefused(f"a user named {USERNAME} has a password of their own here: run the demo on another database")
    settings.TRADING_ENGINE_LEGACY_ANONYMOUS = True
    settings.DEMO_SIGN_IN = {"username": USERNAME, "password": PASSWORD}
    load_nifty_50()
    user.is_active = user.is_staff = user.is_superuser = True
    if not user.has_usable_password():  # setting it anew would end the sessions of who is signed in
        user.set_password(PASSWORD)
    user.save()
    account_open(user_id=ACCOUNT, now=now, members=[user])
    demo_strategies_deploy(ACCOUNT, now=now, own_symbols=True)


def close() -> None:
    """Without --demo nobody gets in by the demo's sign-in, even where a demo ran on this database before."""
    user = User.objects.filter(username=USERNAME, is_active=True).first()
    if user and user.check_password(PASSWORD):
        user.is_active = False
        user.set_unusable_password()
        user.save()
