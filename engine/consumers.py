"""The six lanes: each a Channels consumer on a channel of its own. A message is a doorbell; the work is in the database."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeVar

import structlog
from channels.consumer import AsyncConsumer
from django.db import connection
from django.utils import timezone

from engine import processing
from engine.domain.enums import Lane
from engine.topics import lane_channel

logger = structlog.get_logger(__name__)
Result = TypeVar("Result")

# One thread for all SQL of this process's lanes: SQLite takes one writer at a time, and with PostgreSQL it is the processes
# that are many. Elsewhere `database_sync_to_async` shares one thread with every socket.
engine_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="engine")
rounds: dict[Lane, datetime] = {}  # when each lane of this process last finished a round


async def on_engine_thread(work: Callable[..., Result], *args: Any, **options: Any) -> Result:
    """Run it in the engine's thread. When the database is away, its dead connection is closed before the error goes on."""
    return await asyncio.get_running_loop().run_in_executor(engine_thread, _run, work, args, options)


def _run(work: Callable[..., Result], args: tuple[Any, ...], options: dict[str, Any]) -> Result:
    try:
        return work(*args, **options)
    except processing.DATABASE_AWAY:
        connection.close()
        raise


class LaneConsumer(AsyncConsumer):
    """Works while there is work. What goes wrong with the database is waited out; the next ring or second tries again."""

    lane: Lane
    channel_layer_alias = "unused"  # it hears through the worker; a layer that is away must not end it

    async def dispatch(self, message: dict[str, Any]) -> None:
        """At once: Channels would first look for old database connections, on a thread that works for others, too."""
        await self.wake(message)

    async def wake(self, message: dict[str, Any]) -> None:
        try:
            while await on_engine_thread(processing.run_lane, self.lane):
                rounds[self.lane] = timezone.now()
            rounds[self.lane] = timezone.now()
        except processing.DATABASE_AWAY as error:
            logger.warning("database_away", lane=self.lane, error=str(error).strip())


def lane_consumers() -> dict[str, Any]:
    """Channel name -> the lane's consumer."""
    return {lane_channel(lane): type("LaneConsumer", (LaneConsumer,), {"lane": lane}).as_asgi() for lane in Lane}  # type: ignore[attr-defined]
