"""Load the NIFTY 50, or the instruments of a file."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from engine.market.instruments import NIFTY_50_INSTRUMENTS, instruments_load, instruments_read
from engine.market.sources import FeedError


class Command(BaseCommand):
    help = (
        "Add instruments, or bring their names and sectors up to date: the NIFTY 50, or those of a CSV file. Keeps all prices."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file",
            nargs="?",
            type=Path,
            help="CSV with a header: symbol, and any of exchange, name, sector, tick_size, lot_size",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            instruments = instruments_read(options["file"]) if options["file"] else NIFTY_50_INSTRUMENTS
        except FeedError as error:
            raise CommandError(f"{str(error).rstrip('.')}. Nothing was loaded.") from None
        new = instruments_load(instruments=instruments)
        self.stdout.write(f"{len(instruments)} instruments: {new} new, {len(instruments) - new} brought up to date.")
