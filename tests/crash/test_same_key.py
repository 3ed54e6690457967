"""Proof 4: the same Idempotency-Key, fifty times at once, over two web processes."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import httpx
import psycopg
import pytest

from tests.crash.conftest import Figures
from tests.crash.ledger import settled, signals
from tests.crash.processes import API, Desk, post
from tests.support.server import Server

pytestmark = pytest.mark.crash

TIMES = 50
SIGNAL = {"symbol": "RELIANCE", "signal_type": "BUY", "confidence_score": 0.9, "position_size": 1}
ORDER = {"symbol": "RELIANCE", "side": "BUY", "quantity": 1}
ROUTES: dict[str, tuple[dict[str, Any], dict[str, Any], int]] = {  # body, another body, effects
    "/signals/process": (SIGNAL, SIGNAL | {"position_size": 2}, 1),
    "/signals/batch": ({"signals": [SIGNAL] * 3}, {"signals": [SIGNAL]}, 3),
    "/orders": (ORDER, ORDER | {"quantity": 2}, 1),
}
EFFECTS = """
    select count(*) from engine_event where (type = 'signal_received' or type = 'order_created') and causation_id is null
"""


async def at_once(webs: list[Server], token: str, path: str, body: object, key: str) -> tuple[list[bytes], Counter[int]]:
    """The bodies that all of them got in the end, and every status on the way. Who is told 409 asks again."""
    statuses: Counter[int] = Counter()
    headers = {"Authorization": f"Token {token}", "Idempotency-Key": key}

    async def one(client: httpx.AsyncClient, web: Server) -> bytes:
        while True:
            response = await client.post(f"{web.url}{API}{path}", params={"user_id": "desk-0"}, json=body, headers=headers)
            statuses[response.status_code] += 1
            if response.status_code == 200:
                return response.content
            assert response.status_code == 409, response.text
            await asyncio.sleep(float(response.headers["Retry-After"]))

    limits = httpx.Limits(max_connections=TIMES)
    async with httpx.AsyncClient(timeout=30, limits=limits) as client:
        bodies = await asyncio.gather(*(one(client, webs[place % len(webs)]) for place in range(TIMES)))
    return bodies, statuses


def effects(desk: Desk) -> int:
    return desk.number(EFFECTS)


@contextmanager
def writes_held_up(desk: Desk) -> Iterator[None]:
    """Whoever appends to the log waits meanwhile."""
    with psycopg.connect(desk.postgres.url(desk.database)) as connection:
        connection.execute("lock table engine_pendingevent in access exclusive mode")
        yield


async def test_the_same_key_fifty_times_at_once(desk: Desk, figures: Figures) -> None:
    webs = [desk.web(), desk.web()]
    for path, (body, other, expected) in ROUTES.items():
        before = effects(desk)
        bodies, statuses = await at_once(webs, desk.token, path, body, f"the key of {path}")
        assert len(set(bodies)) == 1
        assert effects(desk) - before == expected
        for web in webs:
            refused = post(web.client(desk.token), path, other, key=f"the key of {path}")
            assert refused.status_code == 422
        figures.say(f"{path}: {TIMES} answers, 1 body, {expected} of {expected} effects, statuses {dict(statuses)}")
    desk.engine()
    outcome = settled(desk, [])
    figures.say(str(outcome))
    assert outcome.is_sound, outcome
    [(age,)] = desk.rows("select max(now() - created_at) from engine_idempotencykey")
    assert age.total_seconds() < 120, "kept until a day after"


def test_still_in_flight_is_409_on_either_process(desk: Desk, figures: Figures) -> None:
    webs = [desk.web(), desk.web()]
    first: list[httpx.Response] = []
    with writes_held_up(desk):
        sending = threading.Thread(target=lambda: first.append(post(webs[0].client(desk.token), "/orders", ORDER, key="slow")))
        sending.start()
        time.sleep(0.5)
        waited = []
        for web in webs:
            started = time.monotonic()
            refused = post(web.client(desk.token), "/orders", ORDER, key="slow")
            waited.append(time.monotonic() - started)
            assert (refused.status_code, refused.headers["Retry-After"]) == (409, "1"), refused.text
    sending.join()
    figures.seconds("until 409", waited)
    assert {post(web.client(desk.token), "/orders", ORDER, key="slow").content for web in webs} == {first[0].content}
    assert desk.number("select count(*) from engine_order") == 1


def test_a_process_killed_in_flight_leaves_neither_effect_nor_key(desk: Desk) -> None:
    webs = [desk.web(), desk.web()]
    body = {"signals": list(islice(signals(1), 20))}
    with writes_held_up(desk):
        sending = threading.Thread(target=send_in_vain, args=(webs[0], desk, body))
        sending.start()
        time.sleep(0.5)
        webs[0].kill()
        sending.join()
    assert (effects(desk), desk.number("select count(*) from engine_idempotencykey")) == (0, 0)
    send(webs[1], desk, body).raise_for_status()
    assert effects(desk) == 20


def send_in_vain(web: Server, desk: Desk, body: object) -> None:
    with pytest.raises(httpx.TransportError):
        send(web, desk, body)


def send(web: Server, desk: Desk, body: object) -> httpx.Response:
    return post(web.client(desk.token), "/signals/batch", body, key="killed")


async def test_control_without_the_constraint_there_are_two_effects(desk: Desk, figures: Figures) -> None:
    with psycopg.connect(desk.postgres.url(desk.database), autocommit=True) as connection:
        connection.execute("alter table engine_idempotencykey drop constraint idempotency_key_once")
    webs = [desk.web(), desk.web()]
    with writes_held_up(desk):
        sending = asyncio.create_task(at_once(webs, desk.token, "/orders", ORDER, "k"))
        await asyncio.sleep(1)
    bodies, _ = await sending
    figures.say(f"{TIMES} answers, {len(set(bodies))} bodies, {effects(desk)} effects")
    assert effects(desk) > 1
