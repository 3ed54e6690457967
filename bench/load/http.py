"""HTTP load by `wrk`, a C program that costs a fraction of what any server here does: it is never what is measured."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bench.places import NotHere
from tests.support.services import install, is_debian_root

SCRIPT = Path(__file__).with_name("report.lua")


class LoadFailed(Exception):
    """Answers were missing or no 2xx: the rate would mean nothing."""


@dataclass(frozen=True, slots=True)
class Load:
    """What a server managed. Times in milliseconds."""

    rate: float  # answers a second
    p50: float
    p99: float


@cache
def wrk() -> str:
    path = shutil.which("wrk")
    if path is None and is_debian_root():
        install(["wrk"])
        path = shutil.which("wrk")
    if path is None:
        raise NotHere("wrk, the load generator, is not installed")
    return path


def load(url: str, *, seconds: int, connections: int = 16, token: str = "", session: str = "", body: str = "") -> Load:
    """Ask for the url (POST the body where there is one) as fast as it answers."""
    more = {"WRK_BODY": body, "WRK_TOKEN": token, "WRK_SESSION": session}
    command = [wrk(), "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(SCRIPT), url]
    result = subprocess.run(command, env=os.environ | more, capture_output=True, text=True, check=True)
    found = json.loads(result.stdout.strip().rsplit("\n", 1)[-1])
    if found["errors"] or not found["answers"]:
        raise LoadFailed(f"{url}: {found}")
    return Load(found["answers"] / found["seconds"], found["p50_ms"], found["p99_ms"])
