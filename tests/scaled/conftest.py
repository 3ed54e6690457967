from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.scaled.processes import Database, Engine
from tests.support.server import Server

SYMBOLS = {"RELIANCE": "Energy", "INFY": "IT", "HDFCBANK": "Financial Services", "ITC": "FMCG"}


@pytest.fixture
def shared(postgres_database: str, redis_url: str) -> dict[str, str]:
    """The environment that all processes of a test have in common."""
    return {"DATABASE_URL": postgres_database, "REDIS_URL": redis_url, "PRICE_MAX_AGE_SECONDS": "86400"}


@pytest.fixture
def database(postgres_database: str) -> Database:
    return Database(postgres_database)


@pytest.fixture
def web(serve_process: Callable[..., Server], shared: dict[str, str]) -> Callable[[], Server]:
    """Start web processes without an engine. The first one makes the tables."""
    started: list[Server] = []

    def start() -> Server:
        started.append(serve_process("--no-engine", migrate=not started, **shared))
        return started[-1]

    return start


@pytest.fixture
def engine_process(tmp_path: Path, shared: dict[str, str]) -> Iterator[Callable[..., Engine]]:
    """Start engines: `engine_process("order_processing")` for some lanes only; `command` for a changed one."""
    engines: list[Engine] = []

    def start(*lanes: str, command: tuple[str, ...] = ("manage.py", "engine")) -> Engine:
        folder = tmp_path / f"engine-{len(engines)}"
        folder.mkdir()
        chosen = ("--lanes", ",".join(lanes)) if lanes else ()
        defaults = {"SECRET_KEY": "only-for-tests", "PYTHONUNBUFFERED": "1"}
        engines.append(Engine(folder, defaults | shared, (*command, *chosen)))
        return engines[-1].start()

    yield start
    for engine in engines:
        engine.close()
