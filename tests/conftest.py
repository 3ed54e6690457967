"""The suite's settings, its marks, and the fixtures that every part shares."""

import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from os import environ, getpid
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db.backends.postgresql.creation import DatabaseCreation
from django.db.backends.postgresql.operations import DatabaseOperations

from engine import metrics
from tests.support.browser import chromium, page, page_problems
from tests.support.reach import (
    BASE_DIR,
    NOT_TESTED,
    find_postgres,
    find_real_data,
    find_redis,
    unavailable,
)
from tests.support.server import Server

__all__ = ["chromium", "page", "page_problems"]

# a name of the run's own: two suites, or two workers of one, never meet in a database or on a Redis channel
RUN = f"{getpid()}_{secrets.token_hex(4)}"
DATABASE_FIXTURES = {"db", "transactional_db", "django_db_reset_sequences", "client", "admin_client", "live_server"}
MARKS = {
    "process": {"serve_process"},
    "browser": {"chromium"},
    "postgres": {"postgres_database"},
    "redis": {"redis_url"},
    "real_data": {"real_data"},
    "database": DATABASE_FIXTURES,
}


def pytest_configure(config: pytest.Config) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast; nothing here is worth guarding
    settings.SECRET_KEY = "only-for-tests"
    settings.WHITENOISE_AUTOREFRESH = True  # look for a file when it is asked for, not for all of them with each test's client
    layer: dict[str, Any] = settings.CHANNEL_LAYERS["default"]
    if "redis" in layer["BACKEND"]:
        layer["CONFIG"]["prefix"] = f"test_{RUN}"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A run without the slow ones need not draw up a test for each route of the description: that takes five seconds."""
    return True if collection_path.name == "test_schemathesis.py" and "not slow" in config.option.markexpr else None


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Mark each test by what it asks for, so that nobody has to remember to; then let them be chosen and shuffled."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        for mark, names in MARKS.items():
            if fixtures & names:
                item.add_marker(mark)
        if item.get_closest_marker("django_db"):
            item.add_marker("database")
    yield
    # once Playwright's loop runs in this thread, neither a coroutine nor the ORM can
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what could not be tested here."""
    reasons = {str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", []) if report.longrepr}
    untested = sorted(reason.removeprefix("Skipped: ") for reason in reasons if NOT_TESTED in reason)
    if untested:
        terminalreporter.section(NOT_TESTED, red=True, bold=True)
        for reason in untested:
            terminalreporter.write_line(reason, red=True)


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> Iterator[None]:
    """A real SQLite file (threads share it, as in production), or a PostgreSQL database of our own. Neither waits for the disk:
    no test pulls the plug on them."""
    database = settings.DATABASES["default"]
    if "sqlite" in database["ENGINE"]:
        with tempfile.TemporaryDirectory(prefix="quantumleap-test-") as folder:
            database["TEST"]["NAME"] = f"{folder}/test.sqlite3"
            fast = database["OPTIONS"]["init_command"].replace("synchronous=FULL", "synchronous=OFF")
            database["OPTIONS"]["init_command"] = fast
            yield
    else:
        database["TEST"]["NAME"] = f"test_quantumleap_{RUN}"
        database["OPTIONS"]["options"] += " -c synchronous_commit=off"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(DatabaseOperations, "sql_flush", deletions)
            patch.setattr(DatabaseCreation, "_destroy_test_db", drop)
            yield


def deletions(operations: DatabaseOperations, style: object, tables: Sequence[str], **options: object) -> list[str]:
    """How a PostgreSQL test database is emptied: TRUNCATE makes a hundred files anew, for the few rows that a test leaves."""
    return [f"DELETE FROM {operations.quote_name(table)}" for table in tables]


def drop(creation: DatabaseCreation, name: str, verbosity: int) -> None:
    """Also where a thread that ended with the tests still holds a session."""
    with creation._nodb_cursor() as cursor:  # type: ignore[attr-defined] # the stubs do not know it
        cursor.execute(f"DROP DATABASE {creation.connection.ops.quote_name(name)} WITH (FORCE)")


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    """Metrics are kept by the process as well as by the tables: no test counts on from another's."""
    metrics.forget()


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite database with all tables, to be copied: quicker than migrating for each server."""
    path = tmp_path_factory.mktemp("migrated") / "empty.sqlite3"
    command = [sys.executable, "manage.py", "migrate", "-v0"]
    subprocess.run(command, cwd=BASE_DIR, env=environ | {"DATABASE_URL": f"sqlite:///{path}"}, check=True)
    return path


@pytest.fixture
def serve_process(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., Server]]:
    """Start real servers: `serve_process("--demo", LOG_LEVEL="DEBUG")`. Each has a database of its own, unless one is named."""
    servers: list[Server] = []

    def start(*arguments: str, migrate: bool = False, **environment: str) -> Server:
        folder = tmp_path / f"server-{len(servers)}"
        folder.mkdir()
        if "DATABASE_URL" not in environment:
            shutil.copy(request.getfixturevalue("migrated_database"), folder / "server.sqlite3")
            environment["DATABASE_URL"] = f"sqlite:///{folder / 'server.sqlite3'}"
        defaults = {"SECRET_KEY": "only-for-tests", "REDIS_URL": "", "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "default"}
        servers.append(Server(folder, defaults | environment, arguments))
        if migrate:
            servers[-1].manage("migrate", "-v0")
        return servers[-1].start()

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def postgres_database() -> Iterator[str]:
    """The address of an empty PostgreSQL database that is this test's alone."""
    server = find_postgres()
    if server is None:
        unavailable("PostgreSQL", "none answers at DATABASE_URL or 127.0.0.1:5432")
    name = f"test_quantumleap_{RUN}_{secrets.token_hex(3)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
        yield f"{server.rsplit('/', 1)[0]}/{name}"
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@pytest.fixture
def redis_url() -> str:
    url = find_redis()
    if url is None:
        unavailable("Redis", "none answers at REDIS_URL or 127.0.0.1:6379")
    return url


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real prices, read where it lies."""
    folder = find_real_data()
    if folder is None:
        pytest.skip(f"{NOT_TESTED}: real prices: the folder ../shared/data is not there (REAL_DATA_DIR names another)")
    return folder
