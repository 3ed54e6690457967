"""One process: Daphne with pages, API and sockets, and the engine's lanes, on one event loop."""

from daphne.server import Server, twisted_loop  # isort: skip - first: it installs Twisted's asyncio reactor

import argparse
import asyncio
import ipaddress
import time
from collections.abc import Coroutine
from typing import Any

import structlog
from channels.layers import get_channel_layer
from channels.routing import get_default_application
from daphne import http_protocol, ws_protocol
from daphne import server as daphne_server
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from twisted.internet import defer, reactor

from engine import bus, collector, demo, metrics
from engine.consumers import on_engine_thread
from engine.domain.enums import Lane
from engine.exits import FAILED
from engine.market.demo import run_demo_feed
from engine.processing import DATABASE_AWAY
from engine.selectors.brokers import live_broker
from engine.worker import SupervisedWorker

logger = structlog.get_logger(__name__)

LONGEST_DRAIN = 10.0  # seconds to finish what is in hand, beside a call to the broker
FLUSH_SECONDS = 1.0
SOCKET_FRAME_LIMIT = 64 * 1024  # bytes that one frame from a page may have; pages send acknowledgements, nothing long
SOCKET_MESSAGE_LIMIT = 4 * 1024 * 1024  # bytes; it binds what we send as well, and a snapshot of a large account is long


class Monotonic:
    """The clock by which Daphne and Twisted measure how long something has been going on.

    They take the machine's: set on by an hour, that cuts off every request in hand and every connection that is kept, and by a
    day every socket; set back by an hour, Twisted's timers stand still for as long.
    """

    time = staticmethod(time.monotonic)


for part in (http_protocol, ws_protocol, daphne_server):
    part.time = Monotonic
reactor.seconds = Monotonic.time


class Command(BaseCommand):
    help = "Serve pages, API and sockets, and run the engine, in one process."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
        parser.add_argument("--port", type=port_number, default=8000, help="port to listen on (8000)")
        parser.add_argument("--no-engine", action="store_true", help="only pages, API and sockets; engines run elsewhere")
        parser.add_argument("--demo", action="store_true", help="simulated market, paper account, demo sign-in; loopback only")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["demo"]:
            if not is_loopback(options["host"]):
                raise CommandError(
                    f"--demo lets anybody in: it serves loopback only, not {options['host']}. Nothing was started."
                )
            try:
                demo.prepare(now=timezone.now())
            except demo.DemoRefused as error:
                raise CommandError(f"{str(error).rstrip('.')}. Nothing was started.") from error
        else:
            demo.close()
        process = ServeProcess(options["host"], options["port"], engine=not options["no_engine"], with_demo=options["demo"])
        process.run()
        if process.exit_code:
            raise SystemExit(process.exit_code)


def port_number(text: str) -> int:
    port = int(text) if text.isdigit() else -1
    if not 0 < port < 65536:
        raise argparse.ArgumentTypeError(f"{text} is no port: 1 to 65535")
    return port


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class ServeProcess:
    """The server and what runs beside it. A part that dies takes the process with it, and its exit code says so."""

    def __init__(self, host: str, port: int, *, engine: bool, with_demo: bool) -> None:
        self.host, self.port, self.with_demo = host, port, with_demo
        self.exit_code = 0
        self.stopping = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []
        application = get_default_application()
        self.worker = SupervisedWorker(application, list(Lane), get_channel_layer()) if engine else None
        self.server = HonestServer(
            application=application,
            endpoints=[f"tcp:port={port}:interface={host.replace(':', chr(92) + ':')}"],
            http_timeout=30,
            websocket_max_message_size=SOCKET_MESSAGE_LIMIT,
            websocket_max_frame_size=SOCKET_FRAME_LIMIT,
            server_name="quantumleap",
        )

    def run(self) -> None:
        twisted_loop.call_soon(self._start)
        reactor.addSystemEventTrigger("before", "shutdown", self._drain_deferred)
        self.server.run()
        if self.server.failure:
            raise CommandError(f"cannot listen on {self.host}:{self.port}: {self.server.failure}. Nothing was started.")

    def _start(self) -> None:
        bus.bind(twisted_loop)  # also without an engine: a request's thread then never waits for the loop to ring
        self._keep(self._flush_metrics())
        if self.worker:
            self._keep(self.worker.arun())
        if self.with_demo:
            self._keep(run_demo_feed(stopping=self.stopping, execute=on_engine_thread))
        collector.keep()
        self._say_where()

    def _say_where(self) -> None:
        host = f"[{self.host}]" if ":" in self.host else self.host
        print(f"QuantumLeap is at http://{host}:{self.port}", flush=True)
        if sign_in := settings.DEMO_SIGN_IN:
            print(f"Sign in as {sign_in['username']} with {sign_in['password']} (simulated prices, paper money)", flush=True)

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = twisted_loop.create_task(work)
        self.tasks.append(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if self.stopping.is_set():
            return
        error = None if task.cancelled() else task.exception()
        logger.critical("part_ended", part=task.get_coro().__qualname__, error=repr(error), exc_info=error)  # type: ignore[union-attr]
        self.exit_code = FAILED
        reactor.stop()

    async def _flush_metrics(self) -> None:
        """What this process's web side counted goes to the database once a second."""
        while not self.stopping.is_set():
            await asyncio.sleep(FLUSH_SECONDS)
            try:
                await on_engine_thread(metrics.flush, now=timezone.now())
            except DATABASE_AWAY as error:
                logger.warning("database_away", error=str(error).strip())

    def _drain_deferred(self) -> defer.Deferred[None]:
        return defer.Deferred.fromFuture(asyncio.ensure_future(self._drain(), loop=twisted_loop))

    async def _drain(self) -> None:
        self.stopping.set()
        if self.worker:
            broker = live_broker()
            seconds = LONGEST_DRAIN + (broker.timeout_seconds if broker else 0)
            try:
                async with asyncio.timeout(seconds):
                    await self.worker.stop()
            except TimeoutError:
                logger.error("drain_timed_out", seconds=seconds)
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


class HonestServer(Server):
    """Daphne, remembering why it could not listen: by itself it would end as if all were well."""

    failure = ""

    def listen_error(self, failure: Any) -> None:
        self.failure = failure.getErrorMessage().rstrip(".")
        self.stop()
