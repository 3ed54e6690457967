"""PostgreSQL and Redis of the tests' own, to be killed with -9 and started again: on free ports, in temporary folders."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import psycopg
import redis

from tests.support.reach import unavailable
from tests.support.server import wait_for
from tests.support.services import free_port, postgres_binaries


@dataclass
class Machine:
    """A service in a folder of its own."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @classmethod
    def made(cls) -> Self:
        return cls(Path(tempfile.mkdtemp(prefix=f"quantumleap-{cls.__name__.lower()}-")))

    def command(self) -> list[str]:
        raise NotImplementedError

    def answers(self) -> bool:
        raise NotImplementedError

    def start(self, *, wait: bool = True) -> Self:
        with (self.folder / "output.log").open("ab") as output:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        if wait:
            wait_for(self.answers, f"{type(self).__name__} answers")
        return self

    def kill(self) -> None:
        """End the process and all that it started, in the middle of whatever they do."""
        assert self.process is not None
        family = [self.process.pid, *children(self.process.pid)]
        for pid in family:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        wait_for(lambda: not any(is_running(pid) for pid in family), "all of it is gone")

    def remove(self) -> None:
        if self.process and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_running(pid: int) -> bool:
    """Whether it is there, and not only waiting to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def as_server_user() -> list[str]:
    """PostgreSQL refuses to run as root."""
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []


class Postgres(Machine):
    """A cluster with fsync and synchronous_commit on, as in production."""

    @classmethod
    def made(cls) -> Self:
        binaries = postgres_binaries()
        if binaries is None:
            unavailable("PostgreSQL", "initdb is not installed")
        self = super().made()
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
        initdb = [str(binaries / "initdb"), "-D", str(self.folder / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        subprocess.run([*as_server_user(), *initdb, "--no-sync"], stdout=subprocess.DEVNULL, check=True)
        return self

    def command(self) -> list[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self.folder,
            # these two matter only to the control whose commits do not wait for the disk: nobody else takes them there
            "wal_writer_delay": "10s",
            "wal_writer_flush_after": "1GB",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [*as_server_user(), str(postgres_binaries() / "postgres"), "-D", str(self.folder / "data"), *options]  # type: ignore[operator]

    def url(self, database: str = "postgres") -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/{database}"

    def answers(self) -> bool:
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.Error:
            return False
        return True

    def execute(self, statement: str, database: str = "postgres") -> None:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement.encode())

    def rows(self, database: str, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            return connection.execute(query.encode(), values or None).fetchall()


class Redis(Machine):
    """Keeps nothing: what it loses when it is killed, nobody may miss."""

    @classmethod
    def made(cls) -> Self:
        if shutil.which("redis-server") is None:
            unavailable("Redis", "redis-server is not installed")
        return super().made()

    def command(self) -> list[str]:
        return ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder)]

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=2, socket_connect_timeout=2) as client:
                return bool(client.ping())
        except (redis.RedisError, OSError):
            return False


def seconds_until(condition: Callable[[], bool], what: str, limit: float = 30) -> float:
    """How long it took to become so."""
    started = time.monotonic()
    wait_for(condition, what, limit)
    return time.monotonic() - started
