"""PostgreSQL is gone: the reads that every screen polls answer their fallback soon."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.support.reach import postgres_answers, unavailable
from tests.support.server import Server, wait_for
from tests.support.services import private_postgres

READS = ("/api/trading-engine/health", "/api/trading-engine/metrics", "/api/trading-engine/alerts")
SOON = 3.5  # seconds: the pool's two, and what a busy machine needs
KEPT = 0.3  # seconds after which no answer of before is served any more (250 ms at most)


@pytest.fixture
def own_postgres() -> Iterator[str]:
    with private_postgres() as url:
        if url is None:
            unavailable("PostgreSQL", "its server program is not installed, and this test stops one")
        yield url
        with suppress(psycopg.OperationalError):
            end(url, signal.SIGINT)


@pytest.fixture
def server(own_postgres: str, serve_process: Callable[..., Server]) -> Server:
    started = serve_process("--no-engine", migrate=True, DATABASE_URL=own_postgres)
    assert is_well(started)
    return started


def end(url: str, how: signal.Signals) -> None:
    """SIGINT and SIGQUIT: without waiting for those who are connected."""
    with psycopg.connect(url) as connection:
        row = connection.execute("show data_directory").fetchone()
    assert row is not None
    os.kill(int((Path(row[0]) / "postmaster.pid").read_text().split()[0]), how)


def answers(server: Server) -> tuple[float, set[object]]:
    """How long the slowest of the reads took, in seconds; and what the health says of the service."""
    slowest, levels = 0.0, set()
    for path in READS:
        started = time.monotonic()
        answer = httpx.get(server.url + path, timeout=30)
        slowest = max(slowest, time.monotonic() - started)
        assert answer.status_code == 200
        levels.add(answer.json().get("service_level"))
    return slowest, levels - {None}


def is_well(server: Server) -> bool:
    return "minimal" not in answers(server)[1]


def test_while_the_database_is_gone_the_reads_answer_soon(own_postgres: str, server: Server) -> None:
    end(own_postgres, signal.SIGQUIT)
    wait_for(lambda: not postgres_answers(own_postgres), "PostgreSQL is gone")
    time.sleep(KEPT)
    took, levels = answers(server)
    assert (took < SOON, levels) == (True, {"minimal"}), took
