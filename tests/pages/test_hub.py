"""The hub: computes what is watched, when it is dirty, and tells everybody the same."""

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from channels.layers import channel_layers, get_channel_layer

from dashboard import hub as hub_module
from dashboard.hub import Hub
from dashboard.live.topics import Topic
from engine import topics as layer_topics

DEMO = Topic("account", "demo")


class Tables:
    """What the view-models read, and how often."""

    def __init__(self) -> None:
        self.equity: Any = 1
        self.computed: Counter[str] = Counter()
        self.error: Exception | None = None
        self.cost = 0.0  # seconds of processor time

    def compute(self, topic: Topic) -> dict[str, Any]:
        self.computed[str(topic)] += 1
        until = time.thread_time() + self.cost
        while time.thread_time() < until:
            pass
        if self.error:
            raise self.error
        return {"summary": {"all": {"equity": self.equity}}}


class Socket:
    """A watcher that remembers what it was told."""

    def __init__(self, session_digest: str = "s", *, broken: bool = False) -> None:
        self.session_digest, self.broken, self.ended = session_digest, broken, False
        self.heard: list[dict[str, Any]] = []
        self.raw: list[str] = []

    async def push(self, frames: list[str], feed: Any) -> None:
        if self.broken:
            raise ConnectionError("gone")
        self.raw += frames
        self.heard += [json.loads(frame) for frame in frames]

    async def recheck(self) -> None: ...

    async def close_if_silent(self) -> None: ...

    async def end(self) -> None:
        self.ended = True

    def kinds(self) -> list[str]:
        return [message["t"] for message in self.heard if message["t"] != "beat"]

    async def until(self, count: int) -> None:
        await until(lambda: len(self.kinds()) >= count)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0.005)


@pytest.fixture
def tables() -> Tables:
    return Tables()


@pytest.fixture
async def hub(tables, settings):
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    channel_layers.backends.clear()
    hub = Hub(tables.compute)
    yield hub
    hub.stop()
    await asyncio.sleep(0)
    channel_layers.backends.clear()


async def test_a_watcher_gets_a_snapshot_and_then_what_changed(hub, tables):
    socket = Socket()
    await hub.watch(DEMO, socket)
    await socket.until(1)
    tables.equity = 2
    await hub.hint([layer_topics.account_topic("demo")])
    await socket.until(2)
    snapshot, delta = (message for message in socket.heard if message["t"] != "beat")
    assert snapshot["state"] == {"summary": {"all": {"equity": 1}}}
    assert delta["set"] == {"summary": {"all": {"equity": 2}}}
    assert (delta["epoch"], delta["seq"]) == (snapshot["epoch"], snapshot["seq"] + 1)


async def test_everybody_gets_the_same_string(hub, tables):
    first, second = Socket(), Socket()
    await hub.watch(DEMO, first)
    await hub.watch(DEMO, second)
    await first.until(1)
    tables.equity = 2
    await hub.hint([layer_topics.MARKET])
    await first.until(2)
    assert first.raw == second.raw


async def fifty_hints(hub, tables, socket: Socket) -> float:
    """Each of a change, until the last of them is heard: seconds."""
    begun = time.monotonic()
    for number in range(50):
        tables.equity = number + 10
        await hub.hint([layer_topics.MARKET])
        await asyncio.sleep(0.01)
    await until(lambda: socket.heard[-1].get("set") == {"summary": {"all": {"equity": 59}}})
    return time.monotonic() - begun


@pytest.mark.slow
async def test_a_dear_topic_is_computed_five_times_a_second_at_most(hub, tables):
    socket = Socket()
    tables.cost = 0.06
    await hub.watch(DEMO, socket)
    await socket.until(1)
    begun = tables.computed[str(DEMO)]
    took = await fifty_hints(hub, tables, socket)
    assert tables.computed[str(DEMO)] - begun <= 1 + 5 * took


async def test_a_cheap_topic_is_shown_nearly_at_once_however_often_it_changes(hub, tables, monkeypatch):
    monkeypatch.setattr(hub_module, "POLL", 60)
    socket = Socket()
    await hub.watch(DEMO, socket)
    await socket.until(1)
    begun = tables.computed[str(DEMO)]
    await fifty_hints(hub, tables, socket)
    assert 10 <= tables.computed[str(DEMO)] - begun <= 50


async def test_only_what_is_watched_is_computed(hub, tables):
    socket = Socket()
    await hub.watch(DEMO, socket)
    await socket.until(1)
    hub.leave(socket)
    computed = tables.computed.total()
    await hub.hint([layer_topics.MARKET])
    await asyncio.sleep(0.3)
    assert tables.computed.total() == computed


@pytest.mark.slow
async def test_a_lost_hint_costs_a_second_at_most(hub, tables):
    socket = Socket()
    await hub.watch(DEMO, socket)
    await socket.until(1)
    tables.equity = 2
    async with asyncio.timeout(1.5):
        await socket.until(2)


@pytest.mark.slow
async def test_a_hint_waits_for_one_polled_topic_and_not_for_all(hub, tables):
    topics = [Topic("orders", f"user-{number}") for number in range(40)]
    socket = Socket()
    for topic in topics:
        await hub.watch(topic, socket)
    await socket.until(len(topics))
    tables.cost = 0.05
    begun = tables.computed.total()
    while tables.computed.total() == begun:  # the poll is under way: two seconds of work
        await asyncio.sleep(0.01)
    tables.equity, asked_after = 2, tables.computed.total()
    await hub.hint([layer_topics.account_topic("user-39")])
    while not any(message.get("topic") == "orders/user-39" and message["t"] == "delta" for message in socket.heard):
        await asyncio.sleep(0.01)
    assert tables.computed.total() - asked_after <= 4  # what was in hand, and itself: not the forty


async def test_a_topic_that_is_never_clean_does_not_hold_up_the_others(tables: Tables, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(hub_module, "POLL", 0.1)
    loop, busy, quiet = asyncio.get_running_loop(), DEMO, Topic("orders", "user-1")

    def compute(topic: Topic) -> dict[str, Any]:
        if topic == busy and tables.equity == 2:  # a hint comes in during each computation
            asyncio.run_coroutine_threadsafe(own.hint([layer_topics.account_topic("demo")]), loop).result(1)
        return tables.compute(topic)

    own, socket = Hub(compute), Socket()
    await own.watch(busy, socket)
    await own.watch(quiet, socket)
    await socket.until(2)
    tables.equity = 2
    deltas = lambda: [message["topic"] for message in socket.heard if message["t"] == "delta"]  # noqa: E731
    await until(lambda: tables.computed[str(quiet)] >= 3 and str(quiet) in deltas())
    own.leave(socket)
    assert deltas().count(str(quiet)) == 1


async def test_nobody_vouches_for_what_was_not_looked_at_for_long(tables, monkeypatch):
    monkeypatch.setattr(hub_module, "BEAT", 0.02)
    monkeypatch.setattr(hub_module, "LATE", 0.2)
    monkeypatch.setattr(hub_module, "POLL", 0.05)
    goes_on = threading.Event()
    goes_on.set()

    def compute(topic: Topic) -> dict[str, Any]:
        goes_on.wait(5)
        return tables.compute(topic)

    hub, socket = Hub(compute), Socket()
    await hub.watch(DEMO, socket)
    await socket.until(1)
    goes_on.clear()
    await asyncio.sleep(0.4)
    beats, late = len(socket.heard), Socket()
    await hub.watch(DEMO, late)
    await asyncio.sleep(0.1)
    assert (len(socket.heard), late.heard) == (beats, [])
    goes_on.set()
    await late.until(1)
    await asyncio.sleep(0.1)
    hub.stop()
    assert socket.heard[-1]["t"] == late.heard[-1]["t"] == "beat"


@pytest.mark.slow
async def test_what_hints_are_about_is_not_polled_as_well(hub, tables):
    socket = Socket()
    await hub.watch(DEMO, socket)
    await socket.until(1)
    for number in range(1, 9):
        await asyncio.sleep(0.3)
        await hub.hint([layer_topics.MARKET])
        await until(lambda: tables.computed.total() > number)  # noqa: B023
    assert tables.computed.total() == 9


async def test_the_first_change_after_a_look_in_vain_goes_out_at_once(hub, tables, monkeypatch):
    monkeypatch.setattr(hub_module, "POLL", 60)
    socket = Socket()
    await hub.watch(DEMO, socket)
    await socket.until(1)
    await asyncio.sleep(hub_module.LONGEST * 2)
    monkeypatch.setattr(hub_module, "SHORTEST", 30)
    monkeypatch.setattr(hub_module, "LONGEST", 30)
    await hub.hint([layer_topics.MARKET])  # about nothing
    await until(lambda: tables.computed.total() == 2)
    await asyncio.sleep(0.1)
    tables.equity = 2
    await hub.hint([layer_topics.MARKET])
    await socket.until(2)


async def hint_on_the_layer(socket: Socket) -> None:
    """Again and again: the hub may not have subscribed yet."""
    async with asyncio.timeout(5):
        while len(socket.kinds()) < 2:
            await get_channel_layer().group_send(layer_topics.LIVE, {"type": "live.dirty", "topics": [layer_topics.MARKET]})
            await asyncio.sleep(0.1)


async def test_a_hint_on_the_layer_is_heard(hub, tables, monkeypatch):
    monkeypatch.setattr(hub_module, "POLL", 60)
    socket = Socket()
    await hub.watch(DEMO, socket)
    await socket.until(1)
    tables.equity = 2
    await hint_on_the_layer(socket)


@pytest.mark.slow
async def test_a_layer_that_fails_does_not_stop_the_poll(hub, tables, monkeypatch):
    def away():
        raise ConnectionError("no layer")

    monkeypatch.setattr(hub_module, "get_channel_layer", away)
    socket = Socket()
    await hub.watch(DEMO, socket)
    await socket.until(1)
    tables.equity = 2
    async with asyncio.timeout(2.5):
        await socket.until(2)


@pytest.mark.slow
async def test_what_cannot_be_computed_gets_no_heartbeat_and_recovers(hub, tables, monkeypatch):
    monkeypatch.setattr(hub_module, "BEAT", 0.05)
    socket = Socket()
    await hub.watch(DEMO, socket)
    await socket.until(1)
    tables.error = RuntimeError("no database")
    await hub.hint([layer_topics.MARKET])
    await asyncio.sleep(0.4)
    beats = len(socket.heard)
    await asyncio.sleep(0.3)
    assert len(socket.heard) == beats
    tables.error, tables.equity = None, 7
    await socket.until(2)
    await asyncio.sleep(0.2)
    assert socket.heard[-1]["t"] == "beat"


async def test_one_broken_socket_does_not_silence_the_others(hub, tables):
    broken, sound = Socket(broken=True), Socket()
    await hub.watch(DEMO, broken)
    await hub.watch(DEMO, sound)
    await sound.until(1)
    tables.equity = 2
    await hub.hint([layer_topics.MARKET])
    await sound.until(2)


async def test_a_session_that_ended_ends_its_sockets_only(hub):
    gone, here = Socket("gone"), Socket("here")
    await hub.watch(DEMO, gone)
    await hub.watch(DEMO, here)
    await hub.hint(["session.gone"])
    assert (gone.ended, here.ended) == (True, False)


async def test_a_resync_brings_a_fresh_snapshot(hub, tables):
    socket = Socket()
    await hub.watch(DEMO, socket)
    await socket.until(1)
    await hub.resync(str(DEMO), socket)
    assert socket.kinds() == ["snapshot", "snapshot"]


async def test_a_hint_crosses_redis(tables, settings, redis_url, monkeypatch):
    monkeypatch.setattr(hub_module, "POLL", 60)
    config = {"hosts": [{"address": redis_url, "socket_timeout": None}], "prefix": "test_hub"}
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": config}}
    channel_layers.backends.clear()
    hub, socket = Hub(tables.compute), Socket()
    await hub.watch(DEMO, socket)
    await socket.until(1)
    tables.equity = 2
    await hint_on_the_layer(socket)
    hub.stop()
    await asyncio.sleep(0.1)
    await get_channel_layer().flush()
    channel_layers.backends.clear()
