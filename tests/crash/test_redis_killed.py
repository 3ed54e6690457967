"""Proof 3: Redis is killed, and stays away for ten seconds."""

import threading
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

import httpx
import pytest

from engine.worker import POLL_SECONDS
from tests.crash.figures import Figures
from tests.crash.ledger import LAG, account_of, settled, signals
from tests.crash.processes import API, Desk, post
from tests.crash.sockets import Page, same_as_fresh
from tests.support.server import Server, wait_for

pytestmark = pytest.mark.crash

OUTAGE = 10  # seconds
AROUND = 2  # seconds of work before and after it
READS = ("/health", "/metrics", "/alerts", "/positions", "/orders")


class Callers:
    """One that hands in signals, ten a second, and one that reads. They note every status."""

    def __init__(self, web: Server, token: str, source: Iterator[dict[str, Any]]) -> None:
        self.accepted: list[str] = []
        self.statuses: list[int] = []
        self.stopping = threading.Event()
        self.threads = [
            threading.Thread(target=self._write, args=(web.client(token), source), daemon=True),
            threading.Thread(target=self._read, args=(web.client(token),), daemon=True),
        ]
        for thread in self.threads:
            thread.start()

    def _write(self, client: httpx.Client, source: Iterator[dict[str, Any]]) -> None:
        for signal in source:
            response = post(client, "/signals/process", signal, user_id=account_of(signal))
            self.statuses.append(response.status_code)
            if response.status_code == 200:
                self.accepted.append(signal["signal_id"])
            if self.stopping.wait(0.1):
                return

    def _read(self, client: httpx.Client) -> None:
        while not self.stopping.wait(0.1):
            self.statuses += [client.get(API + path).status_code for path in READS]

    def stop(self) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join(30)


def away_for(desk: Desk, seconds: float) -> None:
    time.sleep(AROUND)
    desk.redis.kill()
    time.sleep(seconds)
    desk.redis.start()
    time.sleep(AROUND)


def test_redis_killed_for_ten_seconds(desk: Desk, figures: Figures) -> None:
    web = desk.web()
    desk.engine()
    pages = [Page(web, desk.session, f"events/{scope}") for scope in ("*", "desk-0", "desk-1")]
    callers = Callers(web, desk.token, signals(1))
    away_for(desk, OUTAGE)
    callers.stop()
    outcome = settled(desk, callers.accepted)
    lags = [float(row[0]) for row in desk.rows(LAG)]
    pushed = back_to_speed(web.client(desk.token), pages[0])
    figures.say(f"{outcome}; {len(callers.statuses)} calls answered, statuses {sorted(set(callers.statuses))}")
    figures.seconds("from accepted to handled", lags, asked=POLL_SECONDS + 1)
    figures.seconds("longest time without a heartbeat on an open page", [page.longest_silence for page in pages], asked=12)
    figures.seconds("signal to open page, once Redis was back", pushed)
    assert outcome.is_sound, outcome
    assert outcome.handled >= len(callers.accepted)
    assert set(callers.statuses) == {200}
    assert max(lags) <= POLL_SECONDS + 1
    assert [page.closed_with for page in pages] == [None] * 3
    assert max(page.longest_silence for page in pages) < 12, "the page said STALE"
    assert sorted(pushed)[5] < 0.5, "what comes by the poll takes longer"
    assert all(same_as_fresh(web, desk.session, page) for page in pages)
    for page in pages:
        page.close()


def back_to_speed(client: httpx.Client, page: Page) -> list[float]:
    """Seconds from a signal's POST until the page hears of it, a few times."""
    taken = []
    for signal in islice(signals(2), 10):
        heard, started = len(page.heard_at), time.monotonic()
        post(client, "/signals/process", signal, user_id=account_of(signal)).raise_for_status()
        wait_for(lambda: len(page.heard_at) > heard, "the page hears of it")  # noqa: B023
        taken.append(page.heard_at[heard] - started)
        time.sleep(0.5)
    return taken


def test_control_without_poll_and_robust_hooks(desk: Desk, figures: Figures) -> None:
    web = desk.web(faults="layer_fails_writes")
    desk.engine("no_poll")
    callers = Callers(web, desk.token, signals(1))
    away_for(desk, 5)
    callers.stop()
    lags = [float(row[0]) for row in desk.rows(LAG)]
    figures.say(f"statuses {sorted(set(callers.statuses))}, worst lag {max(lags):.1f} s, {desk.waiting} still wait")
    assert 500 in callers.statuses
    assert max(lags) > POLL_SECONDS + 1 or desk.waiting
