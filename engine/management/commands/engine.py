"""The engine alone: any number of these processes, on any number of machines, share the work by stream."""

import argparse
import asyncio
import signal
from typing import Any

from channels.layers import get_channel_layer
from channels.routing import get_default_application
from django.core.management.base import BaseCommand, CommandParser

from engine import collector
from engine.domain.enums import Lane
from engine.exits import FAILED
from engine.worker import SupervisedWorker


class Command(BaseCommand):
    help = "Handle events until told to stop: SIGTERM finishes the batch in hand. A lane that dies ends the process with 70."
    # the checks load every address and page, half a second in which a restarted engine stands still; `migrate` and CI run them
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        names = ",".join(Lane)
        parser.add_argument("--lanes", type=lanes_named, default=list(Lane), help=f"which lanes, with commas between ({names})")

    def handle(self, *args: Any, **options: Any) -> None:
        collector.settle()
        if failed := asyncio.run(run(options["lanes"])):
            self.stderr.write(f"the engine ended: {failed}")
            raise SystemExit(FAILED)


def lanes_named(text: str) -> list[Lane]:
    try:
        return [Lane(name.strip()) for name in text.split(",")]
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}; there are {', '.join(Lane)}") from None


async def run(lanes: list[Lane]) -> BaseException | None:
    """Run the lanes until SIGTERM or SIGINT; what ended them, when it was neither."""
    worker = SupervisedWorker(get_default_application(), lanes, get_channel_layer())
    loop = asyncio.get_running_loop()
    work = asyncio.create_task(worker.arun())
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.stopping.set)
    print(f"Engine at work in {', '.join(lanes)}", flush=True)
    stopped = asyncio.create_task(worker.stopping.wait())
    await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if not worker.stopping.is_set():
        stopped.cancel()
        return work.exception() or RuntimeError("its worker returned")
    await worker.stop()
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    return None
