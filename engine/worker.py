"""The supervised worker: the lanes' listeners, a tick a second, and a sign of life.

Channels' own worker loses what is queued behind a raising handler, falls silent over a malformed message, and ends when the
layer goes away. This one survives all three; what it cannot, a lane that ends, ends the process with it, for all to see.
"""

import asyncio
import os
import random
import socket
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import structlog
from channels.worker import Worker as ChannelsWorker
from django.utils import timezone

from engine import bus, health, metrics
from engine.brokers.dispatch import Dispatcher
from engine.brokers.kite import KiteBroker
from engine.consumers import on_engine_thread, rounds
from engine.domain.brokers import LiveBroker
from engine.domain.enums import Lane
from engine.models import Worker
from engine.processing import DATABASE_AWAY
from engine.selectors.brokers import live_broker
from engine.services.idempotency import keys_expire
from engine.topics import lane_channel

logger = structlog.get_logger(__name__)

POLL_SECONDS = 1.0  # the doorbell may be lost: this often every lane looks by itself
BEAT_SECONDS = 2.0
SETTLE_SECONDS = 3.0  # beyond the time of a call: until its outcome is written down
WATCH_SECONDS = 5.0
PRUNE_SECONDS = 3600.0  # metrics of minutes that no window reaches any more are dropped this often
LONGEST_WAIT = 5.0  # seconds between two tries to reach a layer that is away


class LaneEnded(Exception):
    """A lane's consumer ended: its work would stay undone."""


class SupervisedWorker(ChannelsWorker):
    """Runs the lanes of one process until `stop` is called."""

    def __init__(self, application: Any, lanes: Sequence[Lane], channel_layer: Any) -> None:
        super().__init__(application, [lane_channel(lane) for lane in lanes], channel_layer)
        self.lanes = lanes
        self.stopping = asyncio.Event()
        self.calling: asyncio.Task[None] | None = None  # where orders go to a real broker
        self.row = Worker(id=uuid4(), host=socket.gethostname()[:120], pid=os.getpid(), started_at=timezone.now())

    async def arun(self) -> None:
        """Until it is cancelled, or a lane ends; then no listener goes on without the others."""
        parts = [asyncio.create_task(self.application_checker()), asyncio.create_task(self.handle())]
        try:
            await asyncio.gather(*parts)
        finally:
            for part in parts:
                part.cancel()
            await asyncio.gather(*parts, return_exceptions=True)

    async def handle(self) -> None:
        bus.bind(asyncio.get_running_loop())
        async with asyncio.TaskGroup() as tasks:
            for channel in self.channels:
                tasks.create_task(self.listener(channel))
            tasks.create_task(self._every(POLL_SECONDS, self._wake_all))
            tasks.create_task(self._every(BEAT_SECONDS, self._beat))
            tasks.create_task(self._every(WATCH_SECONDS, self._watch))
            tasks.create_task(self._every(PRUNE_SECONDS, self._prune))
            if broker := live_broker():
                self.calling = tasks.create_task(self._call_the_broker(broker))

    async def _call_the_broker(self, broker: LiveBroker) -> None:
        """Real orders go out from here, and what comes of them comes back: also of those under way when we are to stop."""
        async with KiteBroker(broker) as session:
            dispatcher = Dispatcher(broker, session, on_engine_thread, timezone.now)
            while not self.stopping.is_set():
                try:
                    await dispatcher.run()
                except DATABASE_AWAY as error:
                    logger.warning("database_away", error=str(error).strip())
                    await asyncio.sleep(POLL_SECONDS)
            await dispatcher.drain()

    async def stop(self) -> None:
        """Finish the rounds in hand, take back the sign of life, and let `arun` be cancelled."""
        self.stopping.set()
        for details in self.application_instances.values():
            details["future"].cancel()
        await self._calls_ended()
        try:
            # the engine's thread takes one thing after the other: when this is done, so is the round before it
            await on_engine_thread(Worker.objects.filter(id=self.row.id).delete)
        except DATABASE_AWAY as error:
            logger.warning("database_away", error=str(error).strip())

    async def _calls_ended(self) -> None:
        """What is under way at the broker is settled first: what is cut off is of unknown outcome, and blocks its symbol."""
        broker = live_broker()
        if not self.calling or not broker:
            return
        _, late = await asyncio.wait({self.calling}, timeout=broker.timeout_seconds + SETTLE_SECONDS)
        if late:
            logger.error("broker_calls_cut_off")

    async def listener(self, channel: str) -> None:
        """Pass the channel's messages on. A layer that is away is waited for; a malformed message is dropped."""
        wait = 0.1
        while not self.stopping.is_set():
            try:
                message = await self.channel_layer.receive(channel)
            except bus.LAYER_AWAY as error:
                logger.warning("channel_layer_away", channel=channel, error=repr(error))
                await asyncio.sleep(wait * (0.5 + random.random()))  # noqa: S311 - jitter, no secret
                wait = min(wait * 2, LONGEST_WAIT)
                continue
            wait = 0.1
            if isinstance(message, dict) and message.get("type") == "wake":
                self._offer(channel)
            else:
                logger.error("malformed_message_dropped", channel=channel)

    async def _every(self, seconds: float, action: Any) -> None:
        while not self.stopping.is_set():
            try:
                await action()
            except DATABASE_AWAY as error:
                logger.warning("database_away", error=str(error).strip())
            await asyncio.sleep(seconds)

    async def _wake_all(self) -> None:
        for channel in self.channels:
            self._offer(channel)

    def _offer(self, channel: str) -> None:
        """Wake the lane, unless a ring is waiting for it already: one is as good as ten."""
        if self.stopping.is_set():
            return
        queue = self.get_or_create_application_instance(channel, {"type": "channel", "channel": channel})
        if queue.empty():
            queue.put_nowait({"type": "wake"})

    async def _beat(self) -> None:
        self.row.beat_at = timezone.now()
        self.row.lanes = {lane.value: at.isoformat() for lane in self.lanes if (at := rounds.get(lane))}
        await on_engine_thread(self._save_beat)

    def _save_beat(self) -> None:
        Worker.objects.update_or_create(
            id=self.row.id,
            defaults={
                "host": self.row.host,
                "pid": self.row.pid,
                "started_at": self.row.started_at,
                "beat_at": self.row.beat_at,
                "lanes": self.row.lanes,
            },
        )

    async def _watch(self) -> None:
        await on_engine_thread(health.watch, now=timezone.now())

    async def _prune(self) -> None:
        await on_engine_thread(metrics.prune, now=timezone.now())
        await on_engine_thread(keys_expire, now=timezone.now())

    async def application_exception(self, exception: Exception, application_details: dict[str, Any]) -> None:
        """A lane's consumer raised something that it does not know how to survive."""
        if not self.stopping.is_set():
            raise LaneEnded(f"{application_details['scope']['channel']}: {exception!r}") from exception
