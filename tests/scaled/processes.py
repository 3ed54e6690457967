"""Real `manage.py engine` processes, and what a test asks the database beside them."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.support.reach import BASE_DIR
from tests.support.server import ServerError

READY_SECONDS = 40
STOP_SECONDS = 20


@dataclass
class Engine:
    """One engine process. `command` is what runs it, after the interpreter's name."""

    folder: Path
    environment: dict[str, str]
    command: tuple[str, ...]
    process: subprocess.Popen[bytes] = field(init=False)

    @property
    def output(self) -> str:
        return (self.folder / "engine.log").read_text(errors="replace")

    def start(self) -> "Engine":
        """Start it and wait until it says that it is at work."""
        with (self.folder / "engine.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *self.command],
                cwd=BASE_DIR,
                env=os.environ | self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + READY_SECONDS
        while "Engine at work" not in self.output:
            if self.process.poll() is not None or time.monotonic() > until:
                self.close()
                raise ServerError(f"the engine did not start:\n{self.output[-4000:]}")
            time.sleep(0.02)
        return self

    def stop(self) -> int:
        """Ask it to end (SIGTERM), and answer its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.ended()

    def ended(self) -> int:
        """Its exit code, once it has ended by itself. Raises ServerError when it does not."""
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            raise ServerError(f"still there after {STOP_SECONDS} s:\n{self.output[-4000:]}") from None

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@dataclass(frozen=True)
class Database:
    """The database that all processes share, looked at from beside them."""

    url: str

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(query.encode()).fetchall()

    def one(self, query: str) -> Any:
        return self.rows(query)[0][0]
