"""Fold the log and compare with the tables."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from engine.verification import verify

SHOWN = 50


class Command(BaseCommand):
    help = "Fold the log of every account (or of those named) and say where the tables differ from it. Exits 1 when they do."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("accounts", nargs="*", help="user ids; all accounts when none is named")
        parser.add_argument("--full", action="store_true", help="from the beginning, with the archives, not from a snapshot")
        parser.add_argument("--archive", type=Path, default=settings.ARCHIVE_DIR, help=f"the folder ({settings.ARCHIVE_DIR})")

    def handle(self, *args: Any, **options: Any) -> None:
        result = verify(options["accounts"] or None, archive=options["archive"] if options["full"] else None)
        for note in result.notes:
            self.stderr.write(note)
        for difference in result.differences[:SHOWN]:
            self.stderr.write(str(difference))
        if len(result.differences) > SHOWN:
            self.stderr.write(f"... and {len(result.differences) - SHOWN} more")
        if result.differences:
            raise CommandError(f"{len(result.differences)} differences between the log and the tables")
        if result.notes:
            raise CommandError(f"{len(result.notes)} accounts could not be looked at; the others agree with the log")
        self.stdout.write(f"Folded {result.events} events of {result.accounts} accounts: the tables agree with the log.")
