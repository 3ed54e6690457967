"""Fault 1: kill -9 or a stop lost positions, orders, alerts, history, settings, and queued signals answered "success"."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.support.server import Server, wait_for

ROUTES = ("/positions", "/orders", "/alerts", "/events/history?limit=1000", "/config")
API = "/api/trading-engine"


def answers(client: httpx.Client) -> list[Any]:
    """What the routes answer, without the time of asking."""
    bodies = [client.get(API + route).raise_for_status().json() for route in ROUTES]
    return [{key: value for key, value in body.items() if key not in {"last_updated", "timestamp"}} for body in bodies]


def busy_desk(server: Server) -> httpx.Client:
    """A desk with a position, a refusal and its alert, and a changed setting."""
    server.set_prices({"RELIANCE": "Energy", "INFY": "IT"})
    client = server.client(server.add_user("chief", staff=True, accounts="asha"))
    for body in (
        {"symbol": "RELIANCE", "signal_type": "BUY", "confidence_score": 0.9, "position_size": 10},
        {"symbol": "INFY", "signal_type": "BUY", "confidence_score": 0.9, "position_size": 1_000_000},
    ):
        client.post(f"{API}/signals/process", params={"user_id": "asha"}, json=body).raise_for_status()
    client.post(f"{API}/config", json={"max_concurrent_orders": 7}).raise_for_status()
    wait_for(
        lambda: {row["status"] for row in client.get(f"{API}/orders").json()["orders"]} == {"FILLED", "REJECTED"}, "orders"
    )
    wait_for(lambda: not any(client.get(f"{API}/coordination/status").json()["coordination"]["queue_sizes"].values()), "idle")
    return client


@pytest.mark.parametrize("end", [Server.stop, Server.kill], ids=["stop", "kill -9"])
def test_all_is_there_after_a_restart(serve_process: Callable[..., Server], end: Callable[[Server], int]) -> None:
    server = serve_process(PRICE_MAX_AGE_SECONDS="86400")
    client = busy_desk(server)
    before = answers(client)
    end(server)
    server.start()
    assert answers(client) == before


def test_a_signal_that_waited_at_the_kill_is_decided_after_it(serve_process: Callable[..., Server]) -> None:
    server = serve_process("--no-engine", PRICE_MAX_AGE_SECONDS="86400")
    server.set_prices({"RELIANCE": "Energy"})
    client = server.client(server.add_user("chief", staff=True, accounts="asha"))
    body = {"symbol": "RELIANCE", "signal_type": "BUY", "confidence_score": 0.9, "position_size": 10}
    sent = client.post(f"{API}/signals/process", params={"user_id": "asha"}, json=body).raise_for_status().json()
    server.kill()
    server.arguments = ()
    server.start()
    wait_for(lambda: bool(client.get(f"{API}/positions").json()["positions"]), "position", 5)
    (order,) = client.get(f"{API}/orders").json()["orders"]
    assert (order["signal_id"], order["status"]) == (sent["signal_id"], "FILLED")
