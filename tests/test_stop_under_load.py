"""The emergency stop while signals pour in, in a real server: from its answer on nothing new reaches the market."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import httpx

from tests.support.server import Server, wait_for

SYMBOLS = {"RELIANCE": "Energy", "INFY": "IT"}
SENT = "select max(id) from engine_event where type in ('order_submitted', 'order_executed')"
WORKING = "select count(*) from engine_order where status in ('PENDING', 'SUBMITTED', 'PARTIALLY_FILLED')"
REFUSED = "select count(*) from engine_signal where reason like '%HALTED%'"


def pour(client: httpx.Client, enough: Event) -> int:
    """Signals, and orders that rest, until it is enough."""
    sent = 0
    signal = {"symbol": "INFY", "signal_type": "BUY", "confidence_score": 0.9, "position_size": 1}
    order = {"symbol": "RELIANCE", "side": "BUY", "order_type": "LIMIT", "quantity": 1, "price": 50}
    while not enough.is_set():
        client.post("/api/trading-engine/signals/batch?user_id=desk", json={"signals": [signal] * 50}).raise_for_status()
        client.post("/api/trading-engine/orders?user_id=desk", json=order).raise_for_status()
        sent += 51
    return sent


def count(server: Server, query: str) -> int:
    return int(server.rows(query)[0][0] or 0)


def test_from_the_stop_on_no_order_reaches_the_market_also_after_a_restart(serve_process: Callable[..., Server]) -> None:
    server = serve_process(PRICE_MAX_AGE_SECONDS="86400")
    server.set_prices(SYMBOLS)
    token = server.add_user("chief", staff=True, accounts="desk")
    server.shell("from engine.models import Account; Account.objects.update(max_concurrent_orders=1000)")
    enough = Event()
    with ThreadPoolExecutor(2) as threads:
        pouring = [threads.submit(pour, server.client(token), enough) for _ in range(2)]
        try:
            wait_for(lambda: count(server, SENT) > 0 and count(server, WORKING) > 3, "trading is under way")
            server.client(token).post("/api/trading-engine/emergency-stop?user_id=desk").raise_for_status()
            last_sent = count(server, SENT)
            wait_for(lambda: count(server, REFUSED) > 200, "signals are refused")
        finally:
            enough.set()
        assert all(sender.result() for sender in pouring)
    waiting = "select count(*) from engine_pendingevent"
    wait_for(lambda: count(server, waiting) == 0, "all handled", 60)
    assert (count(server, SENT), count(server, WORKING)) == (last_sent, 0)

    server.kill()
    server.start()
    refused = count(server, REFUSED)
    signal = {"symbol": "INFY", "signal_type": "BUY", "confidence_score": 0.9}
    server.client(token).post("/api/trading-engine/signals/process?user_id=desk", json=signal).raise_for_status()
    wait_for(lambda: count(server, REFUSED) == refused + 1, "it is halted still")
    assert (count(server, SENT), count(server, WORKING)) == (last_sent, 0)
    server.manage("verify")
