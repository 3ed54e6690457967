"""Keep what folding the log gives now, so that the next folding begins here."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from engine.folding import UnfoldableError, snapshot_take
from engine.models import Account


class Command(BaseCommand):
    help = "Take a snapshot of every account's book (or of those named): folding the log begins at the latest one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("accounts", nargs="*", help="user ids; all accounts when none is named")

    def handle(self, *args: Any, accounts: list[str], **options: Any) -> None:
        known = list(Account.objects.order_by("user_id").values_list("user_id", flat=True))
        if unknown := set(accounts) - set(known):
            raise CommandError(f"there are no accounts {', '.join(sorted(unknown))}: no snapshot was taken")
        failed = 0
        for user_id in accounts or known:
            try:
                snapshot = snapshot_take(stream=user_id, now=timezone.now())
            except UnfoldableError as error:
                failed += 1
                self.stderr.write(str(error))
            else:
                self.stdout.write(f"{user_id}: {snapshot.seq} events")
        if failed:
            raise CommandError(f"{failed} accounts cannot be folded: see what manage.py verify says of them")
