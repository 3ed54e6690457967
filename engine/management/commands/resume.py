"""`manage.py resume`: trading goes on, in two steps: asked for with a reason, and confirmed within a minute."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from engine.management.targets import add_target, target_of
from engine.services.errors import ServiceError
from engine.services.resuming import CONFIRM_SECONDS, resume_ask, resume_confirm


class Command(BaseCommand):
    help = "Resume what `halt` halted. Without --confirm it looks at positions, orders and strategies, and prints a token."

    def add_arguments(self, parser: CommandParser) -> None:
        add_target(parser)
        parser.add_argument("--reason", default="", help="what has been put right")
        parser.add_argument("--confirm", default="", metavar="TOKEN", help="what the first call printed; by the same --by")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["confirm"]:
                resumed = resume_confirm(token=options["confirm"], by=options["by"], now=timezone.now())
                self.stdout.write(f"Resumed: {', '.join(resumed) or 'nothing was halted'}.")
            else:
                self._ask(options)
        except ServiceError as error:
            raise CommandError(str(error)) from error

    def _ask(self, options: dict[str, Any]) -> None:
        user_ids, target = target_of(options)
        asked = resume_ask(user_ids=user_ids, target=target, by=options["by"], reason=options["reason"])
        for finding in asked.findings:
            self.stdout.write(f"{'well' if finding.passed else 'NOT WELL'}: {finding.check}: {finding.detail}")
        if asked.token is None:
            raise CommandError("not resumed: put right first what is not well")
        self.stdout.write(f"To resume {target}, within {CONFIRM_SECONDS} s: manage.py resume --confirm {asked.token}")
