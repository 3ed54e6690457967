"""PostgreSQL, Redis and Chromium for the suite: what is reachable, else what is installed, else Debian's packages.

What is started here is private to the run (a free port, a temporary folder) and ends with it.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support import reach

START_SECONDS = 30


@dataclass(frozen=True)
class Services:
    """Where they are; None for what is not to be had here."""

    postgres: str | None
    redis: str | None
    chromium: str | None

    def missing(self) -> list[str]:
        found = {"PostgreSQL": self.postgres, "Redis": self.redis, "Chromium": self.chromium}
        return [name for name, where in found.items() if where is None]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def say(text: str) -> None:
    sys.stderr.write(f"services: {text}\n")


def is_debian_root() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(packages: list[str]) -> None:
    say(f"installing {' '.join(packages)}")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    apt = ["apt-get", "-q", "-y", "-o", "Dpkg::Use-Pty=0"]
    for arguments in (["update"], ["install", "--no-install-recommends", *packages]):
        result = subprocess.run([*apt, *arguments], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        if result.returncode:
            say(f"apt-get {arguments[0]} ended with {result.returncode}")


def postgres_binaries() -> Path | None:
    """The newest installed server's folder."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if versions:
        return versions[-1].parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def wait_for(answers: Callable[[], bool], process: subprocess.Popen[bytes], name: str) -> bool:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        if answers():
            return True
        time.sleep(0.1)
    say(f"{name} did not start")
    return False


@contextmanager
def running(command: list[str], folder: str) -> Iterator[subprocess.Popen[bytes]]:
    with open(Path(folder) / "output.log", "wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(timeout=20)


@contextmanager
def private_postgres() -> Iterator[str | None]:
    """A cluster of the run's own. Nothing in it has to survive a power cut, so it does not wait for the disk."""
    binaries = postgres_binaries()
    if binaries is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="quantumleap-postgres-") as folder:
        as_user = []
        if os.geteuid() == 0:  # the server refuses to run as root
            shutil.chown(folder, "postgres")
            as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        data, port = f"{folder}/data", free_port()
        initdb = [*as_user, str(binaries / "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
        if subprocess.run(initdb, stdout=subprocess.DEVNULL).returncode:
            say("initdb failed")
            yield None
            return
        settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": folder, "fsync": "off"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        url = f"postgres://postgres@127.0.0.1:{port}/postgres"
        with running([*as_user, str(binaries / "postgres"), "-D", data, *options], folder) as process:
            started = wait_for(lambda: reach.postgres_answers(url), process, "PostgreSQL")
            yield url if started else None


@contextmanager
def private_redis() -> Iterator[str | None]:
    binary = shutil.which("redis-server")
    if binary is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="quantumleap-redis-") as folder:
        port = free_port()
        url = f"redis://127.0.0.1:{port}/0"
        with running([binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder], folder) as process:
            started = wait_for(lambda: reach.redis_answers(url), process, "Redis")
            yield url if started else None


@contextmanager
def services() -> Iterator[Services]:
    """All three, started where needed and ended again."""
    postgres, redis = reach.find_postgres(), reach.find_redis()
    wanted = {  # also where one answers: the crash tests kill machines of their own
        "postgresql": postgres_binaries() is None,
        "redis-server": shutil.which("redis-server") is None,
        "chromium": reach.find_chromium() is None,
        "nginx-light": reach.find_nginx() is None,
    }
    packages = [name for name, is_wanted in wanted.items() if is_wanted]
    if wanted["chromium"]:
        packages.append("fonts-liberation")  # without any font its pages have no text
    if packages and is_debian_root():
        install(packages)
    with ExitStack() as stack:
        postgres = postgres or stack.enter_context(private_postgres())
        redis = redis or stack.enter_context(private_redis())
        yield Services(postgres, redis, reach.find_chromium())
