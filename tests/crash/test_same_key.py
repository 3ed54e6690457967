"""Proof 4: the same Idempotency-Key, fifty times at once, over two web processes."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import psycopg
import pytest

from tests.crash.figures import Figures
from tests.crash.ledger import settled
from tests.crash.processes import API, Desk, post
from tests.support.server import Server, wait_for

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


def until_held_up(desk: Desk, count: int = 1) -> None:
    """Wait until so many requests stand before their effect."""
    waiting = "select count(*) from pg_locks where not granted and relation = 'engine_pendingevent'::regclass"
    wait_for(lambda: desk.number(waiting) >= count, "the request is in flight")


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
    figures.say(outcome)
    assert outcome.is_sound, outcome


def test_still_in_flight_is_409_on_either_process(desk: Desk, figures: Figures) -> None:
    webs = [desk.web(), desk.web()]
    first: list[httpx.Response] = []
    with writes_held_up(desk):
        sending = threading.Thread(target=lambda: first.append(post(webs[0].client(desk.token), "/orders", ORDER, key="slow")))
        sending.start()
        until_held_up(desk)
        waited = []
        for web in webs:
            started = time.monotonic()
            refused = post(web.client(desk.token), "/orders", ORDER, key="slow")
            waited.append(time.monotonic() - started)
            assert (refused.status_code, refused.headers["Retry-After"]) == (409, "1"), refused.text
    sending.join()
    figures.seconds("until 409", waited)
    assert {post(web.client(desk.token), "/orders", ORDER, key="slow").content for web in webs} == {first[0].content}
    desk.engine()
    outcome = settled(desk, [])
    figures.say(outcome)
    assert outcome.is_sound, outcome
    assert desk.number("select count(*) from engine_order") == 1


# --- in the transaction of its effect --------------------------------------------------------------------------------------
LOT = [SIGNAL] * 20  # without ids of their own: nothing but the key knows them again
KEYS = "select count(*) from engine_idempotencykey"


def killed_in_flight(desk: Desk, faults: str = "") -> tuple[int, int]:
    """What a request leaves whose process is killed right before its effect: (effects, keys)."""
    web = desk.web(faults=faults)
    with writes_held_up(desk):
        sending = threading.Thread(target=send_in_vain, args=(web, desk))
        sending.start()
        until_held_up(desk)
        web.kill()
        sending.join()
    return effects(desk), desk.number(KEYS)


def test_a_process_killed_in_flight_leaves_neither_effect_nor_key(desk: Desk, figures: Figures) -> None:
    left = killed_in_flight(desk)
    send(desk.web(), desk).raise_for_status()
    done = effects(desk)
    desk.engine()
    outcome = settled(desk, [])
    figures.say(f"killed in flight: {left[0]} effects, {left[1]} keys; sent again: {done} of {len(LOT)} effects; {outcome}")
    assert left == (0, 0)
    assert done == len(LOT)
    assert outcome.is_sound, outcome


def test_control_with_keys_apart_what_is_sent_again_is_lost(desk: Desk, figures: Figures) -> None:
    left = killed_in_flight(desk, "keys_apart")
    send(desk.web(), desk)
    done = effects(desk)
    figures.say(f"killed in flight: {left[0]} effects, {left[1]} keys; sent again: {done} of {len(LOT)} effects")
    assert left == (0, 1)
    assert done < len(LOT)


def send_in_vain(web: Server, desk: Desk) -> None:
    with pytest.raises(httpx.TransportError):
        send(web, desk)


def send(web: Server, desk: Desk) -> httpx.Response:
    return post(web.client(desk.token), "/signals/batch", {"signals": LOT}, key="killed")


# --- for a day -------------------------------------------------------------------------------------------------------------
def test_a_key_is_kept_for_a_day_and_no_longer(desk: Desk, figures: Figures) -> None:
    client = desk.web().client(desk.token)
    ages = {"young": "23 hours 59 minutes", "old": "24 hours 1 minute"}
    first = {key: post(client, "/orders", ORDER, key=key).raise_for_status().content for key in ages}
    for key, age in ages.items():
        desk.postgres.execute(
            f"update engine_idempotencykey set created_at = now() - interval '{age}' where key = '{key}'", desk.database
        )
    desk.engine()  # it forgets what is too old when it starts, and then once an hour
    wait_for(lambda: desk.number(KEYS) == 1, "the old key is forgotten")
    again = {key: post(client, "/orders", ORDER, key=key).raise_for_status().content for key in ages}
    outcome = settled(desk, [])
    orders = desk.number("select count(*) from engine_order")
    figures.say(f"sent again after 23:59 the old answer, after 24:01 another: {orders} orders of {len(ages)} keys; {outcome}")
    assert (again["young"] == first["young"], again["old"] == first["old"]) == (True, False)
    assert orders == 3
    assert outcome.is_sound, outcome


# --- the control -----------------------------------------------------------------------------------------------------------


async def test_control_without_the_constraint_there_are_two_effects(desk: Desk, figures: Figures) -> None:
    desk.postgres.execute("alter table engine_idempotencykey drop constraint idempotency_key_once", desk.database)
    webs = [desk.web(), desk.web()]
    with writes_held_up(desk):
        sending = asyncio.create_task(at_once(webs, desk.token, "/orders", ORDER, "k"))
        await asyncio.to_thread(until_held_up, desk, len(webs))
    bodies, _ = await sending
    figures.say(f"{TIMES} answers, {len(set(bodies))} bodies, {effects(desk)} effects")
    assert effects(desk) > 1
