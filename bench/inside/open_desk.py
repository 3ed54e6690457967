"""Make all tables, and a desk in them; print what lets a client in."""

from bench.inside import desk

from django.contrib.auth.models import User  # isort: skip
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken


def staff() -> dict[str, str]:
    """A user who may see and do everything, by token and by session."""
    user = User.objects.create_superuser("bench")
    _, token = AuthToken.objects.create(user)
    client = Client()
    client.force_login(user)
    return {"token": token, "session": client.cookies["sessionid"].value}


if __name__ == "__main__":
    given = desk.options(accounts=50, symbols=50)
    call_command("migrate", verbosity=0)
    desk.open_desk(accounts=given.accounts, symbols=given.symbols, now=timezone.now())
    desk.answer(**staff())
