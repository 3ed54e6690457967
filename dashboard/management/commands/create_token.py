"""`manage.py create_token USERNAME`: a token for the HTTP API."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser
from knox.models import AuthToken


class Command(BaseCommand):
    help = "Make an API token for a user. It is shown once; only its hash is stored. Revoke it in the admin."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        user = get_user_model().objects.filter(username=username, is_active=True).first()
        if user is None:
            raise CommandError(f"there is no active user {username}; manage.py createsuperuser makes one")
        self.stdout.write(AuthToken.objects.create(user)[1])
