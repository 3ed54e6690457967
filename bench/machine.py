"""What was measured on: the machine, the versions, the date, and how busy it was. No names, no paths."""

import os
import platform
import re
import shutil
import sqlite3
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psycopg
import redis

from bench.places import NotHere, postgres_server, redis_server
from quantumleap.sqlite import prefer_sound_sqlite

PACKAGES = ("django", "channels", "daphne", "psycopg", "channels-redis", "websockets")


def description() -> dict[str, str]:
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": f"{os.cpu_count()} × {_processor()}, {_memory()} of memory, {platform.system()} {platform.release()}",
        "load before the run": f"{os.getloadavg()[0]:.1f} (1 minute)",
        "Python": platform.python_version(),
        "PostgreSQL": _postgres(),
        "Redis": _redis(),
        "SQLite": _sqlite(),
        "packages": ", ".join(f"{name} {version(name)}" for name in PACKAGES),
        "load generator": _wrk(),
        "commit": _commit(),
    }


def _processor() -> str:
    found = re.search(r"model name\s*:\s*(.+)", _read("/proc/cpuinfo"))
    return found[1].strip() if found else platform.machine()


def _memory() -> str:
    found = re.search(r"MemTotal:\s*(\d+) kB", _read("/proc/meminfo"))
    return f"{int(found[1]) / 2**20:.0f} GiB" if found else "an unknown amount"


def _read(path: str) -> str:
    return Path(path).read_text() if Path(path).exists() else ""


def _postgres() -> str:
    try:
        with psycopg.connect(postgres_server()) as connection:
            names = ("server_version", "fsync", "synchronous_commit", "shared_buffers")
            found = [(connection.execute(f"show {name}".encode()).fetchone() or ("?",))[0] for name in names]
    except NotHere:
        return "none"
    return f"{found[0].split()[0]}, fsync {found[1]}, synchronous_commit {found[2]}, shared_buffers {found[3]}"


def _redis() -> str:
    try:
        with redis.Redis.from_url(redis_server()) as client:
            return str(client.info("server")["redis_version"])
    except NotHere:
        return "none"


def _sqlite() -> str:
    prefer_sound_sqlite()
    import sqlite3 as engines_own

    return f"{engines_own.sqlite_version} (system {sqlite3.sqlite_version}), WAL, synchronous=FULL"


def _wrk() -> str:
    path = shutil.which("wrk")
    if path is None:
        return "none"
    said = subprocess.run([path, "-v"], capture_output=True, text=True)
    return " ".join((said.stdout + said.stderr).split()[:2])


def _commit() -> str:
    git = shutil.which("git")
    said = subprocess.run([git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True) if git else None
    return said.stdout.strip() if said and said.returncode == 0 else "unknown"
