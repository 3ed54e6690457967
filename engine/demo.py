"""`serve --demo`: a paper account, strategies that trade in it, and a sign-in that exists in the demo only."""

from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import User

from engine.market.demo import demo_strategies_deploy
from engine.market.instruments import load_nifty_50
from engine.services.accounts import account_open

USERNAME = PASSWORD = "demo"  # noqa: S105 - printed for everybody to see, on loopback only
ACCOUNT = "demo"


def prepare(*, now: datetime) -> None:
    """Open the demo account and its sign-in, load the instruments, and let the old frontend in without one."""
    settings.TRADING_ENGINE_LEGACY_ANONYMOUS = True
    settings.DEMO_SIGN_IN = {"username": USERNAME, "password": PASSWORD}
    load_nifty_50()
    user, _ = User.objects.get_or_create(username=USERNAME)
    user.is_active = user.is_staff = user.is_superuser = True
    if not user.check_password(PASSWORD):  # setting it anew would end the sessions of who is signed in
        user.set_password(PASSWORD)
    user.save()
    account_open(user_id=ACCOUNT, now=now, members=[user])
    demo_strategies_deploy(ACCOUNT, now=now, own_symbols=True)


def close() -> None:
    """Without --demo nobody gets in by the demo's sign-in, even where a demo ran on this database before."""
    User.objects.filter(username=USERNAME, is_active=True).update(is_active=False, password="!")  # noqa: S106 - unusable
