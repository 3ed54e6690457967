"""The supervised worker, on a layer that fails when it is told to."""

import asyncio
import threading
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.routing import ChannelNameRouter
from django.db import OperationalError, connection
from redis.exceptions import ConnectionError as RedisAway

from engine import bus, processing, worker
from engine.consumers import engine_thread, lane_consumers, rounds
from engine.domain.enums import Lane
from engine.models import Worker
from engine.topics import lane_channel
from engine.worker import LaneEnded, SupervisedWorker
from tests.engine.flow import held, send

pytestmark = pytest.mark.usefixtures("transactional_db", "desk")

ORDERS = lane_channel(Lane.ORDER_PROCESSING)
WAKE = {"type": "wake"}


class ScriptedLayer:
    """Gives each channel what the test put there; an exception is raised."""

    def __init__(self) -> None:
        self.scripts: dict[str, asyncio.Queue[Any]] = defaultdict(asyncio.Queue)

    def will_give(self, channel: str, *messages: Any) -> None:
        for message in messages:
            self.scripts[channel].put_nowait(message)

    async def receive(self, channel: str) -> Any:
        message = await self.scripts[channel].get()
        if isinstance(message, Exception):
            raise message
        return message

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        self.will_give(channel, message)


@pytest.fixture(autouse=True)
def _calm(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Only what a test sends wakes a lane: no polls, no checks of the rest of the system."""

    async def nothing(self: SupervisedWorker) -> None:
        pass

    monkeypatch.setattr(worker, "POLL_SECONDS", 600)
    monkeypatch.setattr(SupervisedWorker, "_wake_all", nothing)
    monkeypatch.setattr(SupervisedWorker, "_watch", nothing)
    monkeypatch.setattr(SupervisedWorker, "_prune", nothing)
    rounds.clear()
    yield
    engine_thread.submit(close_connection).result()
    bus.bus.loop = None


def close_connection() -> None:
    connection.close()  # each thread has its own


@asynccontextmanager
async def working(
    layer: ScriptedLayer, application: Any = None
) -> AsyncIterator[tuple[SupervisedWorker, "asyncio.Task[None]"]]:
    made = SupervisedWorker(application or ChannelNameRouter(lane_consumers()), list(Lane), layer)
    task = asyncio.create_task(made.arun())
    try:
        yield made, task
    finally:
        await made.stop()
        task.cancel()
        with suppress(asyncio.CancelledError, LaneEnded):
            await task


async def until(true: Callable[[], Awaitable[bool]], seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while not await true():
            await asyncio.sleep(0.01)


@sync_to_async
def has_position() -> bool:
    return held() == {"RELIANCE": 10}


submit = sync_to_async(send)


async def test_a_ring_wakes_the_lane() -> None:
    layer = ScriptedLayer()
    async with working(layer):
        await submit()
        layer.will_give(ORDERS, WAKE)
        await until(has_position)
        await until(sync_to_async(lambda: Lane.ORDER_PROCESSING in rounds))


@pytest.mark.slow
async def test_a_ring_waits_for_nobody_elses_database() -> None:
    layer = ScriptedLayer()
    async with working(layer):
        busy = asyncio.create_task(sync_to_async(time.sleep)(1.0))  # on the one thread that all sockets share
        await asyncio.sleep(0.05)
        layer.will_give(ORDERS, WAKE)
        async with asyncio.timeout(5):
            while Lane.ORDER_PROCESSING not in rounds:
                await asyncio.sleep(0.01)
        assert not busy.done()
        await busy


async def test_malformed_messages_are_dropped_and_the_lane_goes_on() -> None:
    layer = ScriptedLayer()
    async with working(layer) as (_, task):
        layer.will_give(ORDERS, {}, None, "wake", {"type": "http.request"}, {"type": None}, ["wake"], b"\x00")
        await submit()
        layer.will_give(ORDERS, WAKE)
        await until(has_position)
        assert not task.done()


async def test_a_layer_that_is_away_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "LONGEST_WAIT", 0.1)
    layer = ScriptedLayer()
    async with working(layer) as (_, task):
        layer.will_give(ORDERS, RedisAway("Connection refused"), OSError("broken pipe"), RedisAway("loading"))
        await submit()
        layer.will_give(ORDERS, WAKE)
        await until(has_position)
        assert not task.done()


async def test_without_a_layer_the_poll_finds_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(ScriptedLayer):
        async def receive(self, channel: str) -> Any:
            raise RedisAway("Connection refused")

    async def wake_all(self: SupervisedWorker) -> None:
        for channel in self.channels:
            self._offer(channel)

    monkeypatch.setattr(worker, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(SupervisedWorker, "_wake_all", wake_all)
    async with working(Gone()):
        await submit()
        await until(has_position)


async def test_a_database_that_is_away_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    real, failures = processing.run_lane, [OperationalError("gone"), OperationalError("still gone")]

    def run_lane(lane: Lane) -> int:
        if failures:
            raise failures.pop()
        return real(lane)

    monkeypatch.setattr(processing, "run_lane", run_lane)
    layer = ScriptedLayer()
    async with working(layer) as (_, task):
        await submit()
        for left in (1, 0):
            layer.will_give(ORDERS, WAKE)
            async with asyncio.timeout(5):
                while len(failures) > left:  # two rings during one round are one
                    await asyncio.sleep(0.01)
        layer.will_give(ORDERS, WAKE)
        await until(has_position)
        assert not task.done()


async def test_a_lane_that_dies_ends_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    def run_lane(lane: Lane) -> int:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(processing, "run_lane", run_lane)
    layer = ScriptedLayer()
    before = asyncio.all_tasks()
    async with working(layer) as (_, task):
        layer.will_give(ORDERS, WAKE)
        with pytest.raises(LaneEnded, match=r"engine.order_processing: RuntimeError\('out of memory'\)"):
            await asyncio.wait_for(asyncio.shield(task), 5)
    await asyncio.sleep(0)
    assert not [left for left in asyncio.all_tasks() - before if "listener" in repr(left.get_coro())]


async def test_rings_while_a_round_runs_are_one_more_round(monkeypatch: pytest.MonkeyPatch) -> None:
    started, go_on, runs = threading.Event(), threading.Event(), []

    def run_lane(lane: Lane) -> int:
        runs.append(lane)
        started.set()
        go_on.wait(5)
        return 0

    monkeypatch.setattr(processing, "run_lane", run_lane)
    layer = ScriptedLayer()
    async with working(layer):
        layer.will_give(ORDERS, WAKE)
        await asyncio.to_thread(started.wait, 5)
        layer.will_give(ORDERS, *[WAKE] * 50)
        await until(sync_to_async(layer.scripts[ORDERS].empty))
        go_on.set()
        await asyncio.sleep(0.3)
    assert runs == [Lane.ORDER_PROCESSING] * 2


async def test_stop_finishes_the_batch_in_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    inside, go_on = threading.Event(), threading.Event()
    save = processing.store.save

    def slow_save(books: Any, **options: Any) -> None:
        inside.set()
        go_on.wait(10)
        save(books, **options)

    monkeypatch.setattr(processing.store, "save", slow_save)
    layer = ScriptedLayer()
    async with working(layer) as (made, _):
        await submit()
        layer.will_give(ORDERS, WAKE)
        await asyncio.to_thread(inside.wait, 5)
        stopping = asyncio.create_task(made.stop())
        await asyncio.sleep(0.1)
        assert not stopping.done()
        go_on.set()
        await asyncio.wait_for(stopping, 5)
        assert await has_position()
        await submit()
        layer.will_give(ORDERS, WAKE)
        await asyncio.sleep(0.2)
    assert await has_position()  # nothing is begun any more
    assert not await sync_to_async(Worker.objects.exists)()


async def test_a_worker_shows_that_it_lives() -> None:
    layer = ScriptedLayer()
    async with working(layer) as (made, _):
        await until(sync_to_async(Worker.objects.exists))
        layer.will_give(ORDERS, WAKE)
        await until(sync_to_async(lambda: Lane.ORDER_PROCESSING in rounds))
        await made._beat()
        row = await sync_to_async(Worker.objects.get)()
        assert (row.id, row.pid, list(row.lanes)) == (made.row.id, made.row.pid, ["order_processing"])
