"""Which of PostgreSQL, Redis, Chromium and the real prices can be reached from here, and what to do when one cannot."""

import getpass
import os
import shutil
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest
import redis

BASE_DIR = Path(__file__).resolve().parent.parent.parent
SOCKET_DIRECTORY = "%2Fvar%2Frun%2Fpostgresql"
NOT_TESTED = "NOT TESTED"


def in_ci() -> bool:
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def unavailable(what: str, why: str) -> NoReturn:
    """Skip, loudly; where nobody reads along (CI), fail."""
    if in_ci():
        pytest.fail(f"{what}: {why}", pytrace=False)
    pytest.skip(f"{NOT_TESTED}: {what}: {why}")


def postgres_candidates() -> list[str]:
    """Where a PostgreSQL may be, the likeliest first: what the environment says, then this machine's own."""
    named = [os.environ.get("TEST_POSTGRES_URL", ""), os.environ.get("DATABASE_URL", "")]
    users = dict.fromkeys([getpass.getuser(), "root", "postgres"])
    hosts = ["127.0.0.1:5432", SOCKET_DIRECTORY]
    local = [f"postgres://{user}@{host}/postgres" for host in hosts for user in users]
    return [url for url in named if url.startswith("postgres")] + local


def postgres_answers(url: str) -> bool:
    """Whether it lets us in, and lets us make databases."""
    try:
        with psycopg.connect(url, connect_timeout=3) as connection:
            row = connection.execute("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    except psycopg.Error:
        return False
    return bool(row and row[0])


def find_postgres() -> str | None:
    return next((url for url in postgres_candidates() if postgres_answers(url)), None)


def redis_answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url, socket_timeout=3, socket_connect_timeout=3) as client:
            return bool(client.ping())
    except (redis.RedisError, OSError, ValueError):
        return False


def find_redis() -> str | None:
    named = [os.environ.get("TEST_REDIS_URL", ""), os.environ.get("REDIS_URL", ""), "redis://127.0.0.1:6379/0"]
    return next((url for url in named if url and redis_answers(url)), None)


def find_chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def find_nginx() -> str | None:
    return shutil.which("nginx", path=f"/usr/sbin:/usr/local/sbin:{os.defpath}")


def find_real_data() -> Path | None:
    """The folder of real prices. It lies beside the repository, never in it."""
    folder = Path(os.environ.get("REAL_DATA_DIR", BASE_DIR.parent / "shared" / "data"))
    return folder if folder.is_dir() else None
