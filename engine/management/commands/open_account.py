"""`manage.py open_account USER_ID`: a paper account, and who may trade in it."""

from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from engine.models import Account
from engine.services.accounts import account_open
from engine.services.errors import ServiceError


class Command(BaseCommand):
    help = "Open a paper account, or add members to one that is open. Its limits are set in the admin."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user_id", help="the account's id: the API's user_id")
        parser.add_argument("--cash", type=Decimal, help="opening cash in rupees; PAPER_OPENING_CASH where left out")
        parser.add_argument(
            "--member", action="append", default=[], help="a username who may see it and trade in it (repeatable)"
        )

    def handle(self, *args: Any, user_id: str, cash: Decimal | None, member: list[str], **options: Any) -> None:
        users = get_user_model().objects.filter(username__in=member)
        if missing := set(member) - {user.get_username() for user in users}:
            raise CommandError(f"there are no users {', '.join(sorted(missing))}: nothing was opened")
        if cash is not None and Account.objects.filter(user_id=user_id).exists():
            raise CommandError(f"{user_id} is open already: --cash is for a new account. Nothing was changed.")
        try:
            account = account_open(user_id=user_id, now=timezone.now(), cash=cash, members=users)
        except ServiceError as error:
            raise CommandError(str(error)) from error
        members = ", ".join(account.members.values_list("username", flat=True)) or "nobody yet"
        self.stdout.write(f"{account.user_id}: {account.cash:,.2f} rupees in cash; members: {members}")
