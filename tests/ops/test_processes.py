"""Several real processes on one database: every alert and every count of each is there."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.reach import BASE_DIR

PROCESSES, ROUNDS = 3, 60
QUESTION = """
import django; django.setup()
import json
from datetime import UTC, datetime
from django.db.models import Sum
from engine import metrics
from engine.models import Alert, MetricBucket
shared = Alert.objects.get(fingerprint="shared")
timing = metrics.timings(now=datetime.now(UTC), window_minutes=10)["signal_processing"]
print(json.dumps({
    "alerts": Alert.objects.count(),
    "shared": shared.count,
    "raised": shared.actions.count(),
    "counted": metrics.total_counters()["signals_processed"],
    "timed": timing.count,
    "p99": timing.p99,
    "writers": MetricBucket.objects.values("process").distinct().count(),
}))
"""


def run_all(database_url: str) -> dict[str, float]:
    """Let them run at once, and ask a fourth what is there."""
    environment = os.environ | {
        "DATABASE_URL": database_url,
        "DJANGO_SETTINGS_MODULE": "quantumleap.settings",
        "SECRET_KEY": "x",
    }
    python = [sys.executable, "-W", "ignore"]
    subprocess.run([*python, "manage.py", "migrate", "-v0"], cwd=BASE_DIR, env=environment, check=True)
    commands = [[*python, "-m", "tests.ops.counting_process", str(number), str(ROUNDS)] for number in range(PROCESSES)]
    processes = [subprocess.Popen(command, cwd=BASE_DIR, env=environment) for command in commands]
    assert [process.wait(60) for process in processes] == [0] * PROCESSES
    answer = subprocess.run([*python, "-c", QUESTION], cwd=BASE_DIR, env=environment, check=True, capture_output=True)
    return dict(json.loads(answer.stdout))


EVERYTHING = {
    "alerts": PROCESSES * ROUNDS + 1,
    "shared": PROCESSES * ROUNDS,
    "raised": 1,
    "counted": PROCESSES * ROUNDS,
    "timed": PROCESSES * ROUNDS,
    "p99": 1.0,
    "writers": PROCESSES,
}


@pytest.mark.slow
def test_nothing_is_lost_on_sqlite(tmp_path: Path) -> None:
    assert run_all(f"sqlite:///{tmp_path / 'shared.sqlite3'}") == EVERYTHING


@pytest.mark.slow
def test_nothing_is_lost_on_postgresql(postgres_database: str) -> None:
    assert run_all(postgres_database) == EVERYTHING
