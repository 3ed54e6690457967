"""Fault 2: two workers shared nothing: reads alternated between two states, and a setting changed in one of them."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.support.server import Server, wait_for

API = "/api/trading-engine"


@pytest.fixture
def pair(
    serve_process: Callable[..., Server], postgres_database: str, redis_url: str
) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """Two server processes on one PostgreSQL and one Redis, and a client of each."""
    shared = {"DATABASE_URL": postgres_database, "REDIS_URL": redis_url, "PRICE_MAX_AGE_SECONDS": "86400"}
    first = serve_process(migrate=True, **shared)
    first.set_prices({"RELIANCE": "Energy", "INFY": "IT"})
    token = first.add_user("chief", staff=True, accounts="asha")
    second = serve_process(**shared)
    yield first.client(token), second.client(token)
    for server in (first, second):  # before their database goes
        server.close()


def send(client: httpx.Client, symbol: str, size: int) -> None:
    body = {"symbol": symbol, "signal_type": "BUY", "confidence_score": 0.9, "position_size": size}
    client.post(f"{API}/signals/process", params={"user_id": "asha"}, json=body).raise_for_status()


def test_two_processes_are_of_one_mind(pair: tuple[httpx.Client, httpx.Client]) -> None:
    one, other = pair
    send(one, "RELIANCE", 10)
    send(other, "INFY", 1_000_000)
    for client in pair:
        wait_for(lambda: len(client.get(f"{API}/orders").json()["orders"]) == 2, "orders")  # noqa: B023
    for route in ("/orders", "/positions", "/events/history"):
        bodies = [client.get(API + route).json() for client in pair for _ in range(3)]
        assert all(body == bodies[0] for body in bodies)

    (alert, *_) = one.get(f"{API}/alerts").json()["alerts"]
    assert other.post(f"{API}/alerts/{alert['id']}/resolve").status_code == 200
    assert alert["id"] not in {row["id"] for client in pair for row in client.get(f"{API}/alerts").json()["alerts"]}

    one.post(f"{API}/config", json={"max_concurrent_orders": 4}).raise_for_status()
    assert {client.get(f"{API}/config").json()["config"]["max_concurrent_orders"] for client in pair} == {4}
