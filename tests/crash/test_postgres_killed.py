"""Proof 2: kill -9 of PostgreSQL, three times, while four writers write."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest

from tests.crash.figures import Figures
from tests.crash.ledger import account_of, settled, signals
from tests.crash.machines import seconds_until
from tests.crash.processes import Desk, post, until_answered
from tests.support.server import Server

pytestmark = pytest.mark.crash

OUTAGES = (0.5, 4, 9)  # seconds between a death and the start after it
SECONDS_TO_SERVE = 5  # after the database is back
WORK = 2  # seconds of work before each death


class Writers:
    """Three that hand in signals and one that places orders. Each sends the same again until it is answered with 200."""

    def __init__(self, web: Server, token: str) -> None:
        self.signals: list[str] = []
        self.orders: list[str] = []
        self.answered_at: list[float] = []
        self.statuses: set[int] = set()
        self.failures: list[Exception] = []
        self.stopping = threading.Event()
        jobs = [*(self._signals(seed) for seed in range(3)), self._orders()]
        self.threads = [threading.Thread(target=self._run, args=(job, web.client(token)), daemon=True) for job in jobs]
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join(60)
        assert self.failures == []

    def _run(self, job: Callable[[httpx.Client], None], client: httpx.Client) -> None:
        try:
            job(client)
        except Exception as error:  # noqa: BLE001 - for the test to look at
            self.failures.append(error)

    def _signals(self, seed: int) -> Callable[[httpx.Client], None]:
        def job(client: httpx.Client) -> None:
            for signal in signals(seed):
                if self.stopping.is_set():
                    return
                self._send(client, "/signals/process", signal, account_of(signal))
                self.signals.append(signal["signal_id"])

        return job

    def _orders(self) -> Callable[[httpx.Client], None]:
        def job(client: httpx.Client) -> None:
            while not self.stopping.is_set():
                order = {"symbol": "RELIANCE", "side": "BUY", "quantity": 1}
                response = self._send(client, "/orders", order, "desk-0", key=str(uuid4()))
                self.orders.append(response.json()["order_id"])

        return job

    def _send(self, client: httpx.Client, path: str, body: object, user_id: str, key: str = "") -> httpx.Response:
        def send() -> httpx.Response:
            response = post(client, path, body, user_id=user_id, key=key)
            self.statuses.add(response.status_code)
            return response

        response = until_answered(send)
        self.answered_at.append(time.time())
        return response


def kill_and_start(desk: Desk, outage: float) -> float:
    """When it answered again."""
    time.sleep(WORK)
    desk.postgres.kill()
    time.sleep(outage)
    desk.postgres.start()
    return time.time()


def missing_orders(desk: Desk, placed: list[str]) -> tuple[int, int]:
    """How many of them are not there; and how many are there that nobody was told of."""
    there = {str(row[0]) for row in desk.rows("select id from engine_order where signal_id is null")}
    return len(set(placed) - there), len(there - set(placed))


def handled_after(desk: Desk, at: float) -> bool:
    query = "select count(*) from engine_event where processed_at > %s"
    return desk.number(query, datetime.fromtimestamp(at, UTC)) > 0


def test_postgres_killed_under_load(desk: Desk, figures: Figures) -> None:
    web = desk.web()
    desk.engine()
    writers = Writers(web, desk.token)
    answered, handled = [], []
    for outage in OUTAGES:
        back_at = kill_and_start(desk, outage)
        answered.append(seconds_until(lambda: writers.answered_at[-1] > back_at, "a writer is answered"))  # noqa: B023
        handled.append(max(answered[-1], seconds_until(lambda: handled_after(desk, back_at), "an event is handled")))  # noqa: B023
    time.sleep(WORK)
    writers.stop()
    outcome = settled(desk, writers.signals)
    lost, untold = missing_orders(desk, writers.orders)
    figures.say(f"{len(OUTAGES)} kills: {outcome}; {len(writers.orders)} orders placed, {lost} lost, {untold} twice")
    figures.seconds("from PostgreSQL's return to the first answer with 200", answered, asked=SECONDS_TO_SERVE)
    figures.seconds("and to the first event handled", handled, asked=SECONDS_TO_SERVE)
    figures.say(f"statuses answered: {', '.join(map(str, sorted(writers.statuses)))}")
    assert outcome.is_sound, outcome
    assert outcome.handled == len(writers.signals)
    assert (lost, untold) == (0, 0)
    assert writers.statuses <= {200, 503}
    assert max(answered + handled) <= SECONDS_TO_SERVE


def test_control_when_commits_do_not_wait_for_the_disk(desk: Desk, figures: Figures) -> None:
    desk.postgres.execute(f"alter database {desk.database} set synchronous_commit = off")
    web = desk.web()
    desk.engine()
    writers = Writers(web, desk.token)
    kill_and_start(desk, 0)
    writers.stop()
    outcome = settled(desk, writers.signals, all_handled=False)
    lost, _ = missing_orders(desk, writers.orders)
    figures.say(f"1 kill: {outcome}; {lost} orders lost")
    assert outcome.lost + lost > 0
