"""Replay price files through the whole engine."""

import argparse
import time
from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Max
from django.utils import timezone

from engine.bus import bus
from engine.market.demo import demo_strategies_deploy
from engine.market.instruments import instruments_add_unknown
from engine.market.readers import Survey, survey
from engine.market.replay import Progress, Replay, equity_by_day
from engine.market.sources import FeedError
from engine.models import Execution, Instrument, Order, PendingEvent, PendingPrices, Signal, Worker
from engine.processing import run_until_idle
from engine.services.accounts import account_open
from engine.services.errors import ServiceError

ALIVE = timedelta(seconds=5)  # the age of a worker's last sign of life
TELL_SECONDS = {True: 0.2, False: 5.0}  # between two lines of progress, on a terminal and elsewhere


class Command(BaseCommand):
    help = (
        "Replay price files (plain OHLCV CSV, NSE bhavcopy, Kite historical JSON; gzip or not) through feed, strategies, risk, "
        "orders and positions. All files are read once before anything is replayed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--speed", type=pace, default=0.0, metavar="N", help="times the real pace; 0 (default): full speed")
        engine = parser.add_mutually_exclusive_group()
        engine.add_argument(
            "--run-engine",
            action="store_const",
            const=True,
            help="run the engine in this process; by default when no worker runs, or at full speed none that hears us (Redis)",
        )
        engine.add_argument(
            "--no-engine", dest="run_engine", action="store_const", const=False, help="only publish the prices, wait for nobody"
        )
        parser.add_argument("--account", metavar="ID", help="open this paper account first, where there is none")
        parser.add_argument("--strategies", action="store_true", help="deploy the three demo strategies to --account")
        parser.add_argument("--equity-by-day", action="store_true", help="print the equity of --account, a line for each day")

    def handle(self, *args: Any, **options: Any) -> None:
        account = options["account"]
        if not account and (options["strategies"] or options["equity_by_day"]):
            raise CommandError("--strategies and --equity-by-day need --account. Nothing was replayed.")
        if settings.BROKER:
            raise CommandError("BROKER_LIVE is on: replayed prices must send no real orders. Nothing was replayed.")
        try:
            found = survey(options["files"])
            refuse_the_past(found)
            if account:
                account_open(user_id=account, now=timezone.now())
        except (FeedError, ServiceError) as error:
            raise CommandError(f"{str(error).rstrip('.')}. Nothing was replayed.") from None
        if options["strategies"]:
            demo_strategies_deploy(account, now=timezone.now())
        self._say_what(found, instruments_add_unknown(symbols=found.symbols))
        self._replay(found, options)
        if options["equity_by_day"]:
            first, last = min(file.first for file in found.files), max(file.last for file in found.files)
            for day, equity in equity_by_day(account, first, last + timedelta(days=1)).items():
                self.stdout.write(f"{day} {equity:.2f}")

    def _say_what(self, found: Survey, new: int) -> None:
        unknown = f"; {new} of them are new here, in sector Unknown" if new else ""
        self.stdout.write(f"{found.bars} bars of {len(found.symbols)} symbols at {found.times} times{unknown}.")

    def _replay(self, found: Survey, options: dict[str, Any]) -> None:
        wanted = options["run_engine"]
        drives = engine_has_to_run_here(at_full_speed=not options["speed"]) if wanted is None else wanted
        replay = Replay(
            found,
            speed=options["speed"],
            drive=run_until_idle if drives else None,
            wait_for_engine=wanted is not False,
            tell=teller(self.stdout),
        )
        before = counts()
        is_alone = drives and not settings.REDIS_URL
        try:
            with bus.muted() if is_alone else nullcontext():
                replay.run()
        except FeedError as error:
            raise CommandError(f"{error}. {replay.progress.slices} of {replay.progress.total} slices were replayed.") from None
        except KeyboardInterrupt:
            done = f"{replay.progress.slices} of {replay.progress.total} slices"
            self.stderr.write(f"\nInterrupted: {done} were replayed, up to {replay.progress.at}.")
            raise SystemExit(130) from None
        self._sum_up(replay.progress, {name: count - before[name] for name, count in counts().items()})

    def _sum_up(self, progress: Progress, new: dict[str, int]) -> None:
        pace = progress.slices / max(progress.seconds, 1e-9)
        self.stdout.write(f"{progress.slices} slices in {progress.seconds:.1f} s ({pace:.0f} a second), up to {progress.at}.")
        self.stdout.write(", ".join(f"{count} {name}" for name, count in new.items()) + ".")
        if new["dead letters"]:
            raise CommandError(f"{new['dead letters']} events were given up: see the dead letters.")


def pace(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError("0 or more")
    return value


def refuse_the_past(found: Survey) -> None:
    """Prices never go back: days would begin again, each at another equity. Raises CommandError where newer ones are known."""
    first = min(file.first for file in found.files)
    newest = Instrument.objects.aggregate(at=Max("priced_at"))["at"]
    if newest is not None and newest > first:
        raise CommandError(
            f"the files begin at {first:%Y-%m-%d %H:%M}, and prices up to {newest:%Y-%m-%d %H:%M} are known here already: "
            "replay them into a database of their own (DATABASE_URL). Nothing was replayed."
        )


def engine_has_to_run_here(*, at_full_speed: bool) -> bool:
    """Whether no worker would do the work, or only a second after each slice: without Redis it hears no doorbell of ours."""
    return not worker_is_alive() or (at_full_speed and not settings.REDIS_URL)


def worker_is_alive() -> bool:
    return Worker.objects.filter(beat_at__gt=timezone.now() - ALIVE).exists()


def counts() -> dict[str, int]:
    return {
        "signals": Signal.objects.count(),
        "orders": Order.objects.count(),
        "fills": Execution.objects.count(),
        "slices waiting": PendingPrices.objects.count(),
        "dead letters": PendingEvent.objects.filter(dead_at__isnull=False).count(),
    }


def teller(out: Any) -> Callable[[Progress], None]:
    """Writes how far it is: one line that is rewritten on a terminal, else a line every few seconds."""
    on_terminal = out.isatty()
    told = time.monotonic()

    def tell(progress: Progress) -> None:
        nonlocal told
        is_done = progress.slices == progress.total
        if time.monotonic() - told < TELL_SECONDS[on_terminal] and not (is_done and on_terminal):
            return
        told = time.monotonic()
        start, end = ("\r", "\n" if is_done else "") if on_terminal else ("", "\n")
        percent = 100 * progress.slices / progress.total
        out.write(
            f"{start}{progress.slices} of {progress.total} slices ({percent:.0f} %), {progress.at:%Y-%m-%d %H:%M}", ending=end
        )
        out.flush()

    return tell
