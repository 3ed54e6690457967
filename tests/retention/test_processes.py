"""The real command beside an engine at work, killed with SIGKILL while it writes and right after."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.reach import BASE_DIR
from tests.support.server import Server, wait_for

SYMBOLS = {"RELIANCE": "Energy", "INFY": "IT"}
ACCOUNTS = [f"desk-{number}" for number in range(6)]
AGE = """
from datetime import timedelta
from django.db.models import F
from django.utils import timezone
from engine.models import Account, Event
past = timedelta(days=30)
Event.objects.update(created_at=F("created_at") - past, processed_at=F("processed_at") - past)
# written anew, so that the engine's books of before are not used again
for account in Account.objects.all():
    sent = [[second - int(past.total_seconds()), count] for second, count in account.orders_by_second]
    Account.objects.filter(pk=account.pk).update(orders_by_second=sent, updated_at=timezone.now())
"""
COUNT = """
from django.db.models import Sum
from engine.models import Event, EventArchive, Stream
archived = [item for archive in EventArchive.objects.all() for item in archive.streams.items()]
print("COUNTS", Event.objects.filter(seq__isnull=False).exclude(stream__startswith="$").count(),
      sum(where["events"] for stream, where in archived if stream[0] != "$"),
      Stream.objects.exclude(name__startswith="$").aggregate(all=Sum("seq"))["all"])
"""


def send(server: Server, token: str, count: int = 100) -> None:
    signals = [
        {
            "symbol": list(SYMBOLS)[place % 2],
            "signal_type": ("BUY", "SELL")[place // 2 % 2],
            "confidence_score": 0.9,
            "position_size": 1 + place % 3,
        }
        for place in range(count)
    ]
    client = server.client(token)
    for user_id in ACCOUNTS:
        answer = client.post("/api/trading-engine/signals/batch", params={"user_id": user_id}, json={"signals": signals})
        answer.raise_for_status()


def prune_killed_at(server: Server, folder: Path, sight: str) -> None:
    """Start it, and kill it at the first sight of such a file."""
    command = [sys.executable, "manage.py", "prune", "--days", "7", "--archive", str(folder)]
    known = set(folder.rglob(sight))
    process = subprocess.Popen(command, cwd=BASE_DIR, env=os.environ | server.environment, stdout=subprocess.DEVNULL)
    try:
        while process.poll() is None and not set(folder.rglob(sight)) - known:
            pass  # each moment counts
        assert process.poll() is None, f"it ended before there was a {sight}"
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def counts(server: Server) -> tuple[int, int, int]:
    """Accounts' events in the log, in the archives, and handled at all."""
    in_log, archived, handled = server.shell(COUNT).rsplit("COUNTS ", 1)[1].split()[:3]
    return int(in_log), int(archived), int(handled)


def is_idle(server: Server) -> bool:
    return bool(server.client().get("/api/trading-engine/health").json()["event_bus"]["total_queue_size"] == 0)


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_killed_twice_beside_an_engine_at_work(
    database: str, serve_process: Callable[..., Server], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    environment = {"PRICE_MAX_AGE_SECONDS": "86400"}
    if database == "postgresql":
        environment["DATABASE_URL"] = request.getfixturevalue("postgres_database")
    server = serve_process(migrate=database == "postgresql", **environment)
    server.set_prices(SYMBOLS)
    token = server.add_user("asha", accounts=" ".join(ACCOUNTS))
    for _ in range(4):
        send(server, token)
    wait_for(lambda: is_idle(server), "all is handled")
    server.shell(AGE)
    folder = tmp_path / "archive"
    folder.mkdir()
    for sight in ("*.part", "*.gz"):
        send(server, token)
        prune_killed_at(server, folder, sight)
        in_log, archived, handled = counts(server)
        assert in_log + archived <= handled, "some are there twice"
    send(server, token)
    server.manage("prune", "--days", "7", "--archive", str(folder))
    wait_for(lambda: is_idle(server), "all is handled")
    in_log, archived, handled = counts(server)
    assert (in_log + archived, archived > 10_000) == (handled, True)
    server.manage("verify")
    server.manage("verify", "--full", "--archive", str(folder))
