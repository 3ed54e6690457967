"""A real `manage.py serve` process on a free port with a database of its own: started, killed, restarted, questioned."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.support.reach import BASE_DIR
from tests.support.services import free_port

READY_SECONDS = 40
STOP_SECONDS = 20
PASSWORD = "correct-horse-9"  # of everybody whom a test adds


class ServerError(Exception):
    """The server process did not do what it was asked to."""


@dataclass
class Server:
    """A server and its folder. `environment` is what it is started with, on top of the tests' own."""

    folder: Path
    environment: dict[str, str]
    arguments: tuple[str, ...] = ()
    program: tuple[str, ...] = ("manage.py",)  # what runs the command
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    clients: list[httpx.Client] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log_path(self) -> Path:
        return self.folder / "server.log"

    @property
    def output(self) -> str:
        """Everything it wrote so far, over all its starts."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def start(self) -> "Server":
        """Start it and wait until it says that it is ready."""
        command = [sys.executable, *self.program, "serve", "--port", str(self.port), *self.arguments]
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=BASE_DIR, env=os.environ | self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise ServerError(f"ended with {self.process.returncode} at its start:\n{self.output[-4000:]}")
            if self.is_ready():
                return self
            time.sleep(0.05)
        self.kill()
        raise ServerError(f"not ready after {READY_SECONDS} s:\n{self.output[-4000:]}")

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    def stop(self) -> int:
        """Ask it to end (SIGTERM), and answer its exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> int:
        """End it in the middle of whatever it does (SIGKILL)."""
        return self._end(signal.SIGKILL)

    def close(self) -> None:
        """End it for good. Raises ServerError when it does not end cleanly."""
        for client in self.clients:
            client.close()
        if self.process and self.process.poll() is None and self.stop() != 0:
            raise ServerError(f"did not end cleanly:\n{self.output[-4000:]}")

    def _end(self, how: signal.Signals) -> int:
        assert self.process is not None, "it was never started"
        self.process.send_signal(how)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise ServerError(f"still there {STOP_SECONDS} s after {how.name}:\n{self.output[-4000:]}") from None

    def manage(self, *arguments: str, check: bool = True) -> str:
        """Run a management command on the same database, and answer what it printed."""
        result = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=BASE_DIR,
            env=os.environ | self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
        )
        if check and result.returncode:
            raise ServerError(
                f"manage.py {' '.join(arguments)} ended with {result.returncode}:\n{result.stdout}{result.stderr}"
            )
        return result.stdout + result.stderr

    def client(self, token: str = "") -> httpx.Client:
        """An HTTP client of this server, with a token's identity or with none. It is closed with the server."""
        headers = {"Authorization": f"Token {token}"} if token else {}
        self.clients.append(httpx.Client(base_url=self.url, headers=headers, timeout=30))
        return self.clients[-1]

    def shell(self, code: str) -> str:
        """Run Python code beside the server, on its database, and answer what it printed."""
        return self.manage("shell", "-v0", "-c", code)

    def add_user(self, username: str, *, password: str = PASSWORD, staff: bool = False, accounts: str = "") -> str:
        """Add a user who is a member of the named accounts (user ids, with spaces between), and answer a token of theirs."""
        kind = "superuser" if staff else "user"
        code = f"""
from django.contrib.auth import get_user_model
from django.utils import timezone
from knox.models import AuthToken
from engine.services.accounts import account_open
user = get_user_model().objects.create_{kind}({username!r}, password={password!r})
for user_id in {accounts!r}.split():
    account_open(user_id=user_id, now=timezone.now(), members=[user])
print("TOKEN", AuthToken.objects.create(user)[1])
"""
        return self.shell(code).rsplit("TOKEN ", 1)[1].split()[0]

    def set_prices(self, sectors: dict[str, str], price: int = 100) -> None:
        """Give the shares a price that came in just now. `sectors` is {symbol: sector}."""
        self.shell(f"""
from decimal import Decimal
from tests.support.factories import instrument
for symbol, sector in {sectors!r}.items():
    instrument(symbol, price=Decimal({price}), sector=sector)
""")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a query answers on the server's own SQLite file, read beside it."""
        path = self.environment["DATABASE_URL"].removeprefix("sqlite:///")
        with closing(sqlite3.connect(path, timeout=20)) as connection:
            return connection.execute(query).fetchall()


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
    """Wait until it is so. Raises ServerError when it is not in time."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise ServerError(f"not within {seconds:g} s: {what}")
        time.sleep(0.02)
