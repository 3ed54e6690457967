"""A desk of real processes: web, engine, PostgreSQL, Redis; each can be killed, and started again with faults."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.crash.machines import Postgres, Redis
from tests.support.reach import BASE_DIR
from tests.support.server import Server, ServerError, wait_for

ACCOUNTS = [f"desk-{number}" for number in range(10)]
SYMBOLS = {"RELIANCE": "Energy", "INFY": "IT", "HDFCBANK": "Financial Services", "ITC": "FMCG"}
API = "/api/trading-engine"
LONGEST_LIFE = 90  # seconds


@dataclass
class Engine:
    """A `manage.py engine`, with faults or without."""

    folder: Path
    environment: dict[str, str]
    faults: str = ""
    process: subprocess.Popen[bytes] | None = None

    @property
    def output(self) -> str:
        return (self.folder / "engine.log").read_text(errors="replace")

    def start(self, *, wait: bool = True) -> "Engine":
        command = [sys.executable, "-m", "tests.crash.launch", self.faults, "engine"]
        with (self.folder / "engine.log").open("ab") as log:
            said = log.tell()
            self.process = subprocess.Popen(
                command, cwd=BASE_DIR, env=os.environ | self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        if wait:
            wait_for(lambda: "Engine at work" in self.output[said:] or self.ended, "the engine is at work")
        return self

    @property
    def ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def wait(self, seconds: float = 60) -> int:
        assert self.process is not None
        return self.process.wait(seconds)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Raises ServerError when it does not end cleanly."""
        if self.ended:
            return
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        if code := self.wait(20):
            raise ServerError(f"the engine ended with {code}:\n{self.output[-4000:]}")


@dataclass
class Nursery:
    """Forks one engine after the other from a process that has imported everything: each works within a tenth of a second."""

    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[str] = field(init=False)
    end: threading.Timer = field(init=False)

    def __enter__(self) -> "Nursery":
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.crash.launch", "", "nursery"],
                cwd=BASE_DIR,
                env=os.environ | self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()

    def bear(self, faults: str) -> int:
        """Begin a life; its pid. One that outlives LONGEST_LIFE is told to end, and does so with 0."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{faults}\n")
        self.process.stdin.flush()
        pid = int(self._said("born"))
        self.end = threading.Timer(LONGEST_LIFE, os.kill, (pid, signal.SIGTERM))
        self.end.start()
        return pid

    def death(self) -> int:
        """Wait for the end of the life; the signal that ended it, negative, or its exit code."""
        try:
            return int(self._said("died"))
        finally:
            self.end.cancel()

    def _said(self, word: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(word):
                return line.split()[1]
        raise ServerError(f"the nursery ended:\n{self.log.read_text()[-4000:]}")


@dataclass
class Desk:
    """All of it. `token` and `session` are those of a member of staff."""

    folder: Path
    database: str
    postgres: Postgres
    redis: Redis
    token: str
    session: str
    processes: list[Any] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.postgres.url(self.database),
            "REDIS_URL": self.redis.url,
            "SECRET_KEY": "only-for-tests",
            "PYTHONUNBUFFERED": "1",
            "PRICE_MAX_AGE_SECONDS": str(10**7),
        }

    def web(self, *arguments: str, faults: str = "", start: bool = True, **environment: str) -> Server:
        folder = self.folder / f"web-{len(self.processes)}"
        folder.mkdir()
        program = ("-m", "tests.crash.launch", faults)
        server = Server(folder, self.environment | environment, ("--no-engine", *arguments), program=program)
        self.processes.append(server)
        return server.start() if start else server

    def engine(self, faults: str = "", **environment: str) -> Engine:
        folder = self.folder / f"engine-{len(self.processes)}"
        folder.mkdir()
        engine = Engine(folder, self.environment | environment, faults)
        self.processes.append(engine)
        return engine.start()

    def nursery(self) -> Nursery:
        return Nursery(self.environment, self.folder / "nursery.log")

    def close(self) -> None:
        """End what still runs. Raises ServerError for what does not end cleanly."""
        for process in self.processes:
            process.stop() if isinstance(process, Engine) else process.close()

    def abandon(self) -> None:
        """End what still runs, however."""
        for process in self.processes:
            if process.process and process.process.poll() is None:
                process.kill()

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        return self.postgres.rows(self.database, query, *values)

    def number(self, query: str, *values: Any) -> int:
        return int(self.rows(query, *values)[0][0])

    @property
    def waiting(self) -> int:
        """Events still to be handled; dead letters are not among them."""
        return self.number("select count(*) from engine_pendingevent where dead_at is null")

    def verify(self) -> str:
        """What `manage.py verify` says against the tables; nothing where it agrees."""
        done = self.run("verify")
        if done.returncode == 0:
            assert "the tables agree with the log" in done.stdout
            return ""
        return done.stderr

    def manage(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=BASE_DIR,
            env=os.environ | self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )


def bare_start(desk: Desk) -> float:
    """Seconds that an interpreter takes to import what an engine imports, under the load that is just now."""
    started = time.monotonic()
    code = "import django; django.setup(); import engine.management.commands.engine, quantumleap.asgi"
    environment = os.environ | desk.environment | {"DJANGO_SETTINGS_MODULE": "quantumleap.settings"}
    subprocess.run([sys.executable, "-c", code], cwd=BASE_DIR, env=environment, check=True)
    return time.monotonic() - started


def post(client: httpx.Client, path: str, body: object, *, user_id: str = ACCOUNTS[0], key: str = "") -> httpx.Response:
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(API + path, params={"user_id": user_id}, json=body, headers=headers)


def until_answered(send: Callable[[], httpx.Response], seconds: float = 60) -> httpx.Response:
    """Send it again and again until it is answered with 200, as a careful client does."""
    until = time.monotonic() + seconds
    while True:
        try:
            response = send()
            if response.status_code == 200:
                return response
            problem: object = f"{response.status_code} {response.text[:300]}"
        except httpx.TransportError as error:
            problem = error
        if time.monotonic() > until:
            raise ServerError(f"not answered within {seconds:g} s: {problem}")
        time.sleep(0.05)
