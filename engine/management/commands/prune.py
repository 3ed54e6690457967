"""Move old events out of the log, into archive files."""

import argparse
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from engine.archives import ArchiveBusyError, ArchiveDamagedError
from engine.retention import PruneConflictError, Pruned, prune


class Command(BaseCommand):
    help = (
        "Move the events that are older than so many days out of the log, into compressed archive files. Nothing that waits, "
        "was given up, or belongs to a working order or an open alert. May be killed at any time and started again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=days, required=True, help="keep the events of the last so many days in the log")
        parser.add_argument("--archive", type=Path, default=settings.ARCHIVE_DIR, help=f"the folder ({settings.ARCHIVE_DIR})")

    def handle(self, *args: Any, days: int, archive: Path, **options: Any) -> None:
        now = timezone.now()
        try:
            pruned = prune(before=now - timedelta(days=days), folder=archive, now=now, tell=self._tell)
        except (ArchiveBusyError, ArchiveDamagedError, PruneConflictError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"Moved {pruned.events} events into {len(pruned.files)} files ({pruned.size / 1e6:.1f} MB) in {archive}; "
            f"{pruned.kept} older ones stay, for something still refers to them."
        )
        for reason in pruned.unfoldable.values():
            self.stderr.write(f"left alone: {reason}")
        if pruned.unfoldable:
            raise CommandError(f"{len(pruned.unfoldable)} streams cannot be folded: see what manage.py verify says of them")

    def _tell(self, pruned: Pruned) -> None:
        if self.stdout.isatty():
            self.stdout.write(f"{pruned.events} events so far")


def days(text: str) -> int:
    number = int(text) if text.isdigit() else 0
    if not 1 <= number <= 36_500:
        raise argparse.ArgumentTypeError(f"{text}: 1 to 36500 days")
    return number
