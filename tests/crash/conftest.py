"""A desk on PostgreSQL and Redis of its own, and the figures that each proof measures, shown at the end."""

import logging
import secrets
import subprocess
import sys
from collections.abc import Iterator
from os import cpu_count, environ, getloadavg
from pathlib import Path

import pytest

from tests.crash.figures import LONGEST, Figures, summary
from tests.crash.machines import Postgres, Redis
from tests.crash.processes import ACCOUNTS, SYMBOLS, Desk
from tests.support.reach import BASE_DIR

logging.getLogger("httpx").setLevel(logging.WARNING)  # thousands of requests

SHARED = 2.0  # processes that want to run, for each processor, from which on the machine is not ours
PREPARE = f"""
from datetime import UTC, datetime
from decimal import Decimal
from django.test import Client
from knox.models import AuthToken
from engine.processing import run_until_idle
from engine.services.accounts import account_open, account_update_limits
from tests.support.factories import instrument, user_named
limits = dict.fromkeys(
    ["max_position_size_percent", "max_portfolio_exposure_percent", "max_sector_exposure_percent"], Decimal(100)
)
now = datetime.now(UTC)
chief = user_named("chief", is_staff=True)
for symbol, sector in {SYMBOLS!r}.items():
    instrument(symbol, price=Decimal(100), sector=sector)
for user_id in {ACCOUNTS!r}:
    account_open(user_id=user_id, now=now, cash=Decimal(10_000_000), members=[chief])
    account_update_limits(user_id=user_id, limits=limits, by="chief", now=now)
run_until_idle()
client = Client()
client.force_login(chief)
print("KEYS", AuthToken.objects.create(chief)[1], client.cookies["sessionid"].value)
"""


@pytest.fixture(autouse=True)
def figures(request: pytest.FixtureRequest) -> Iterator[Figures]:
    """What the test measured. A proof that takes longer than it may fails, however well it went; where others keep the
    machine busy, it may take three times as long."""
    heading = str(request.module.__doc__).splitlines()[0].removesuffix(".")
    figures = Figures(heading, request.node.name.removeprefix("test_").replace("_", " "))
    yield figures
    is_shared = getloadavg()[0] > SHARED * (cpu_count() or 1)
    assert figures.end() <= LONGEST * (3 if is_shared else 1)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if lines := list(summary()):
        terminalreporter.section("proofs: what was measured")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    machine = Postgres.made()
    try:
        yield machine.start()
    finally:
        machine.remove()


@pytest.fixture
def redis_machine() -> Iterator[Redis]:
    machine = Redis.made()
    try:
        yield machine.start()
    finally:
        machine.remove()


@pytest.fixture(scope="session")
def prepared(postgres: Postgres) -> tuple[str, str, str]:
    """A database with accounts, prices and a member of staff, to be copied; and that person's token and session."""
    postgres.execute("create database prepared")
    for arguments in (["migrate", "-v0"], ["shell", "-v0", "-c", PREPARE]):
        environment = environ | {"DATABASE_URL": postgres.url("prepared"), "REDIS_URL": "", "SECRET_KEY": "only-for-tests"}
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=BASE_DIR, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    token, session = done.stdout.rsplit("KEYS", 1)[1].split()
    return "prepared", token, session


@pytest.fixture
def desk(postgres: Postgres, redis_machine: Redis, prepared: tuple[str, str, str], tmp_path: Path) -> Iterator[Desk]:
    template, token, session = prepared
    name = f"desk_{secrets.token_hex(4)}"
    postgres.execute(f"create database {name} template {template}")
    desk = Desk(tmp_path, name, postgres, redis_machine, token, session)
    try:
        yield desk
        desk.close()
    finally:
        desk.abandon()
        if postgres.answers():
            postgres.execute(f"drop database {name} with (force)")
