"""`make test`: the suite in four passes, each on what it needs. The closing line is pytest's own.

The last one, the crash proofs, is also `make proofs`: alone, for it measures time, and with its figures at the end.
"""

import os
import subprocess
import sys
from dataclasses import dataclass, field

from tests.support.reach import in_ci
from tests.support.services import Services, say, services

NO_TESTS_COLLECTED = 5


@dataclass(frozen=True)
class Pass:
    title: str
    arguments: list[str]
    environment: dict[str, str] = field(default_factory=dict)


def passes(found: Services) -> list[Pass]:
    together = ["-n", "2", "--dist", "worksteal"]
    planned = [Pass("SQLite and the in-memory layer", [*together, "-m", "not process and not browser and not crash"])]
    if found.postgres and found.redis:
        scaled = {"DATABASE_URL": found.postgres, "REDIS_URL": found.redis}
        what = "database and not process and not browser and not crash and not real_data"
        planned.append(Pass("what touches SQL again, on PostgreSQL and Redis", [*together, "-m", what], scaled))
    planned.append(Pass("real server processes and Chromium, one at a time", ["-m", "(process or browser) and not crash"]))
    planned.append(Pass("proofs: kill -9 and other accidents, on databases of their own", ["-m", "crash"]))
    return planned


def environment(found: Services) -> dict[str, str]:
    """The suite's own settings. What the shell says about databases only tells where the services are."""
    kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    where = {"TEST_POSTGRES_URL": found.postgres, "TEST_REDIS_URL": found.redis}
    return kept | {name: url for name, url in where.items() if url}


def run(step: Pass, found: Services, extra: list[str]) -> bool:
    say(f"--- {step.title}")
    command = [sys.executable, "-m", "pytest", *step.arguments, *extra]
    result = subprocess.run(command, env=environment(found) | step.environment, stdin=subprocess.DEVNULL)
    return result.returncode in {0, NO_TESTS_COLLECTED}


def main(extra: list[str]) -> int:
    with services() as found:
        missing = found.missing()
        if missing:
            say(f"NOT TESTED, for want of it: {', '.join(missing)}")
        failed = [step.title for step in passes(found) if not run(step, found, extra)]
    for title in failed:
        say(f"FAILED: {title}")
    return 1 if failed or (missing and in_ci()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
