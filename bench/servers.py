"""Server processes to put load on: ours, and the bare ones that are their limits. Loopback only; ended with the measurement."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import httpx

from bench.places import ChildFailed, environment, folder
from tests.support.reach import BASE_DIR
from tests.support.server import Server
from tests.support.services import free_port, private_redis

START_SECONDS = 30


@contextmanager
def served(database_url: str, *arguments: str, **more: str) -> Iterator[Server]:
    """Our own `manage.py serve` on that database."""
    with folder() as path:
        server = Server(path, environment(database_url, **more), arguments)
        with closing(server.start()):
            yield server


@contextmanager
def process(*command: str, database_url: str, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """A Python process of ours, ended by SIGTERM."""
    with subprocess.Popen(
        [sys.executable, *command],
        cwd=BASE_DIR,
        env=environment(database_url, **more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    ) as running:
        try:
            yield running
        finally:
            running.terminate()


@contextmanager
def daphne(application: str, **more: str) -> Iterator[str]:
    """A bare ASGI application on Daphne; its address."""
    port = free_port()
    with folder() as path, (path / "output.log").open("wb") as log:
        command = [sys.executable, "-m", "daphne", "-b", "127.0.0.1", "-p", str(port), "-v", "0", application]
        running = subprocess.Popen(
            command, cwd=BASE_DIR, env=os.environ | more, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(url, running, path / "output.log")
            yield url
        finally:
            running.kill()  # it has nothing to lose, and Django's own handler may wait for its loop for ever
            running.wait()


def _wait(url: str, running: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and running.poll() is None:
        try:
            httpx.get(url, timeout=2)
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise ChildFailed(f"no answer from {url}:\n{log.read_text()[-2000:]}")


@contextmanager
def scaled(database_url: str) -> Iterator[Server]:
    """The scaled way to run: a web process, an engine process and a Redis of their own."""
    with ExitStack() as stack:
        redis_url = stack.enter_context(private_redis())
        if redis_url is None:
            raise ChildFailed("no Redis could be started")
        stack.enter_context(process("manage.py", "engine", database_url=database_url, REDIS_URL=redis_url))
        yield stack.enter_context(served(database_url, "--no-engine", REDIS_URL=redis_url))
