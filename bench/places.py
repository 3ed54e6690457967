"""Where a measurement takes place: databases of its own, made for it and dropped after it, and child processes on them."""

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

from tests.support.reach import BASE_DIR, find_postgres, find_redis

IN_MEMORY = "sqlite://:memory:"  # for what needs settings and no database
ACCOUNTS = SYMBOLS = 50
_numbers = count(1)


class NotHere(Exception):
    """What a measurement needs cannot be reached on this machine."""


class ChildFailed(Exception):
    """A child process ended with an error."""


@cache
def postgres_server() -> str:
    """The address of a PostgreSQL that lets us make databases. Its durability is never turned down."""
    url = find_postgres()
    if url is None:
        raise NotHere("no PostgreSQL answers")
    with psycopg.connect(url) as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            row = connection.execute(f"show {name}".encode()).fetchone()
            if row != ("on",):
                raise NotHere(f"PostgreSQL has {name} off: what it would show is no durable figure")
    return url


@cache
def redis_server() -> str:
    url = find_redis()
    if url is None:
        raise NotHere("no Redis answers")
    return url


def environment(database_url: str, **more: str) -> dict[str, str]:
    """What a child is started with: this database, no Redis unless named, fresh prices, no throttle, and little to say."""
    own = {
        "DATABASE_URL": database_url,
        "REDIS_URL": "",
        "SECRET_KEY": "only-for-benchmarks",
        "PRICE_MAX_AGE_SECONDS": "86400",
        "API_REQUESTS_PER_MINUTE": "0",
        "LOG_LEVEL": "WARNING",
    }
    return os.environ | own | more


def child(module: str, *arguments: object, database_url: str = IN_MEMORY, **more: str) -> dict[str, Any]:
    """Run `python -m module arguments` to its end; the last line that it prints is its answer, in JSON."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    result = subprocess.run(
        command, cwd=BASE_DIR, env=environment(database_url, **more), stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if result.returncode:
        raise ChildFailed(f"{module} ended with {result.returncode}:\n{result.stdout[-2000:]}{result.stderr[-4000:]}")
    answer: dict[str, Any] = json.loads(result.stdout.strip().rsplit("\n", 1)[-1])
    return answer


@contextmanager
def folder() -> Iterator[Path]:
    """On a real disk where the temporary folder is one; removed in the end."""
    with tempfile.TemporaryDirectory(prefix=f"quantumleap-bench-{os.getpid()}-") as path:
        yield Path(path)


@contextmanager
def postgres_database(template: str = "") -> Iterator[str]:
    """The address of a database of our own, empty or a copy of `template` (an address)."""
    server = postgres_server()
    name = f"bench_{os.getpid()}_{next(_numbers)}"
    copied = f' template "{template.rsplit("/", 1)[1]}"' if template else ""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'create database "{name}"{copied}'.encode())
    try:
        yield f"{server.rsplit('/', 1)[0]}/{name}"
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'drop database "{name}" with (force)'.encode())


@contextmanager
def sqlite_database(template: str = "") -> Iterator[str]:
    with folder() as path:
        file = path / "bench.sqlite3"
        if template:
            shutil.copy(template.removeprefix("sqlite:///"), file)
        yield f"sqlite:///{file}"


DATABASES: dict[str, Callable[..., AbstractContextManager[str]]] = {"postgres": postgres_database, "sqlite": sqlite_database}


@dataclass(frozen=True, slots=True)
class Desk:
    """A database with a trading desk in it, and what lets a client in: a staff user's API token and session."""

    url: str
    token: str
    session: str


_kept = ExitStack()  # one empty desk of each kind, copied for each measurement, until the process ends
atexit.register(_kept.close)


@cache
def _empty_desk(kind: str) -> Desk:
    url = _kept.enter_context(DATABASES[kind]())
    opened = child("bench.inside.open_desk", "--accounts", ACCOUNTS, "--symbols", SYMBOLS, database_url=url)
    return Desk(url, opened["token"], opened["session"])


@contextmanager
def desk_database(kind: str) -> Iterator[Desk]:
    """A database of that kind with all tables, and a desk of 50 accounts and 50 shares."""
    with copy_of(_empty_desk(kind), kind) as desk:
        yield desk


@contextmanager
def copy_of(desk: Desk, kind: str) -> Iterator[Desk]:
    with DATABASES[kind](desk.url) as url:
        yield replace(desk, url=url)
