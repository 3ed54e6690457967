"""The only user of the channel layer: rings the lanes' doorbells and tells pages what changed.

Both are hints. What is true stands in the database, and everybody polls it once a second anyway: a lost message costs a second
at most, and a layer that is away never fails a write. Call these after commit.
"""

import asyncio
from collections.abc import Coroutine, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import structlog
from asgiref.sync import async_to_sync
from channels.exceptions import ChannelFull
from channels.layers import get_channel_layer
from django.db import transaction
from redis.exceptions import RedisError

from engine import topics
from engine.domain.enums import Lane

log = structlog.get_logger(__name__)

LAYER_AWAY = (OSError, TimeoutError, ChannelFull, RedisError)  # what a layer raises when it is full or away


class Bus:
    """Sends on the process's one event loop, from whatever thread; before `bind`, on a loop of the moment."""

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        self.is_muted = False
        self.broker_bell: asyncio.Event | None = None  # rung in this process only: others look for themselves

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Use this loop from now on: an in-memory layer is heard on the loop on which it was sent only."""
        self.loop = loop

    def ring(self, lanes: Iterable[Lane]) -> None:
        """Wake the lanes: there is work."""
        if not self.is_muted:
            self._send([self._wake(lane) for lane in set(lanes)])

    def announce(self, changed: Iterable[str]) -> None:
        """Tell every server process that these topics changed."""
        if not self.is_muted:
            self._send([self._tell(sorted(set(changed)))])

    @contextmanager
    def muted(self) -> Iterator[None]:
        """Send nothing meanwhile: for a command that runs the engine itself, on a layer that no other process shares."""
        self.is_muted = True
        try:
            yield
        finally:
            self.is_muted = False

    def ring_after_commit(self, lanes: Iterable[Lane]) -> None:
        """`robust`: a layer that is away must not turn a committed write into an error."""
        waiting = set(lanes)
        transaction.on_commit(lambda: self.ring(waiting), robust=True)

    def ring_broker_after_commit(self) -> None:
        """There are calls for the broker to be made."""
        transaction.on_commit(self._ring_broker, robust=True)

    def _ring_broker(self) -> None:
        if self.loop and self.broker_bell and self.loop.is_running():
            self.loop.call_soon_threadsafe(self.broker_bell.set)

    def announce_after_commit(self, changed: Iterable[str]) -> None:
        waiting = set(changed)
        transaction.on_commit(lambda: self.announce(waiting), robust=True)

    def round_trip(self, *, seconds: float) -> bool:
        """Whether a message comes back to us through the layer within the time. Not for a thread that runs a loop."""
        if self.loop is None or not self.loop.is_running():
            return async_to_sync(_there_and_back)(seconds)
        trip = asyncio.run_coroutine_threadsafe(_there_and_back(seconds), self.loop)
        try:
            return trip.result(seconds + 0.2)
        except TimeoutError:  # the loop itself is stuck
            trip.cancel()
            return False

    def _send(self, sends: list[Coroutine[Any, Any, None]]) -> None:
        for send in sends:
            if self.loop is None or self.loop.is_closed():
                async_to_sync(_run)(send)
            elif self.loop.is_running():
                asyncio.run_coroutine_threadsafe(send, self.loop)
            else:  # the process is ending: who waited for its loop would wait for ever
                send.close()

    async def _wake(self, lane: Lane) -> None:
        await self._try(get_channel_layer().send(topics.lane_channel(lane), {"type": "wake"}))

    async def _tell(self, changed: list[str]) -> None:
        await self._try(get_channel_layer().group_send(topics.LIVE, {"type": "live.dirty", "topics": changed}))

    async def _try(self, send: Coroutine[Any, Any, None]) -> None:
        try:
            await send
        except ChannelFull:
            pass  # it rings already, for whoever comes to listen
        except LAYER_AWAY as error:
            log.warning("channel_layer_away", error=repr(error))


async def _there_and_back(seconds: float) -> bool:
    """Send to a channel of our own until something arrives: what is sent before Redis knows the subscription is lost."""
    layer, channel = get_channel_layer(), f"probe.{uuid4().hex}"
    arrival = asyncio.create_task(layer.receive(channel))
    try:
        async with asyncio.timeout(seconds):
            while not arrival.done():
                await layer.send(channel, {"type": "probe"})
                await asyncio.wait({arrival}, timeout=0.02)
        return arrival.exception() is None
    except LAYER_AWAY:
        return False
    finally:
        await _hang_up(layer, channel, arrival)


async def _hang_up(layer: Any, channel: str, arrival: "asyncio.Task[Any]") -> None:
    """A layer unsubscribes when a receive is cancelled, and never otherwise; one that is away does not even then."""
    if arrival.done() and arrival.exception() is None:
        arrival = asyncio.create_task(layer.receive(channel))
        await asyncio.sleep(0)
    arrival.cancel()
    await asyncio.wait({arrival}, timeout=0.1)
    layer.channels.pop(channel, None)


async def _run(send: Coroutine[Any, Any, None]) -> None:
    await send


bus = Bus()
bind, ring, announce = bus.bind, bus.ring, bus.announce
ring_after_commit, announce_after_commit, round_trip = bus.ring_after_commit, bus.announce_after_commit, bus.round_trip
ring_broker_after_commit = bus.ring_broker_after_commit
