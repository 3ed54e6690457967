"""Signals by the ten thousand into a real server: each decided exactly once, also when it is killed in the middle."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from uuid import UUID, uuid4

import httpx
import pytest

from tests.support.server import Server, wait_for

ACCOUNTS = [f"desk-{number}" for number in range(10)]
SYMBOLS = {"RELIANCE": "Energy", "INFY": "IT", "HDFCBANK": "Financial Services", "ITC": "FMCG"}
BATCH = 500
TOTAL = 10_000


def batches() -> Iterator[tuple[str, list[dict[str, object]]]]:
    """TOTAL signals in batches, over all accounts and symbols, to and fro; among them some that are held or refused."""
    symbols = list(SYMBOLS)
    for number in range(TOTAL // BATCH):
        signals: list[dict[str, object]] = [
            {
                "symbol": symbols[place % len(symbols)],
                "signal_type": ("HOLD", "BUY", "SELL", "BUY", "SELL")[place % 5],
                "confidence_score": 0.3 if place % 7 == 0 else 0.9,
                "position_size": 1 + place % 3,
                "signal_id": str(uuid4()),
            }
            for place in range(BATCH)
        ]
        yield ACCOUNTS[number % len(ACCOUNTS)], signals


def send_all(client: httpx.Client, accepted: list[UUID]) -> None:
    """Send them; note those whose acceptance was answered."""
    for user_id, signals in batches():
        answer = client.post("/api/trading-engine/signals/batch", params={"user_id": user_id}, json={"signals": signals})
        answer.raise_for_status()
        accepted += [UUID(signal_id) for signal_id in answer.json()["signal_ids"]]


def decided(server: Server) -> list[UUID]:
    return [UUID(row[0]) for row in server.rows("select id from engine_signal")]


def waiting(server: Server) -> int:
    return int(server.rows("select count(*) from engine_pendingevent")[0][0])


def check_once(server: Server, accepted: list[UUID], unanswered: int = 0) -> None:
    """All that was accepted is decided, nothing twice; up to `unanswered` more may have been committed before the answer."""
    wait_for(lambda: waiting(server) == 0, "all handled", 120)
    done = decided(server)
    assert set(accepted) <= set(done)
    assert len(accepted) <= len(done) <= len(accepted) + unanswered
    assert len(set(done)) == len(done)
    assert server.rows("select count(*) from engine_event where type = 'signal_received'") == [(len(done),)]
    twice = "select signal_id from engine_order where signal_id is not null group by signal_id having count(*) > 1"
    assert server.rows(twice) == []
    assert server.rows("select count(*) from engine_pendingevent where dead_at is not null") == [(0,)]
    server.manage("verify")


@pytest.mark.slow
def test_ten_thousand_signals_are_decided_once_each_and_kill_9_changes_nothing(serve_process: Callable[..., Server]) -> None:
    server = serve_process(PRICE_MAX_AGE_SECONDS="86400")
    server.set_prices(SYMBOLS)
    client = server.client(server.add_user("chief", staff=True, accounts=" ".join(ACCOUNTS)))

    accepted: list[UUID] = []
    send_all(client, accepted)
    assert len(accepted) == TOTAL
    check_once(server, accepted)
    kinds = dict(server.rows("select decision, count(*) from engine_signal group by decision"))
    assert kinds["HELD"] == TOTAL // 5
    assert kinds["ORDERED"] > TOTAL // 3
    assert kinds["REFUSED"] > TOTAL // 10

    with ThreadPoolExecutor(1) as threads:
        sending = threads.submit(send_all, client, accepted)
        wait_for(lambda: len(decided(server)) > TOTAL * 1.2, "a part of the second lot is decided", 60)
        server.kill()
        with suppress(httpx.TransportError):
            sending.result()
    assert TOTAL < len(accepted) < 2 * TOTAL, "the kill came too late to be in the middle"
    server.start()
    check_once(server, accepted, unanswered=BATCH)
