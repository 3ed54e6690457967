"""The calls themselves: between two transactions, never inside of one, and several at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import structlog

from engine import bus
from engine.brokers.calls import Errand, call_settle, calls_take
from engine.brokers.polls import poll_begin, poll_settle
from engine.brokers.protocol import Answer, Broker, Outcome
from engine.domain.brokers import BrokerAction, LiveBroker

logger = structlog.get_logger(__name__)

AT_A_TIME = 8  # calls under way: a slow answer holds up its own order, and no other
LOOK_SECONDS = 0.25  # so often the table is looked at, for what another process wrote and for what has become due

Execute = Callable[..., Awaitable[Any]]


class Dispatcher:
    """Takes what is due, calls the broker, and settles the outcome. `execute` runs SQL on the engine's thread."""

    def __init__(self, broker: LiveBroker, session: Broker, execute: Execute, clock: Callable[[], datetime]) -> None:
        self.broker, self.session, self.execute, self.clock = broker, session, execute, clock
        self.under_way: set[asyncio.Task[None]] = set()
        self.asking: asyncio.Task[None] | None = None  # the poll under way: one, and it takes no call's place
        self.bell = bus.bus.broker_bell = asyncio.Event()

    async def run(self) -> None:
        """One round: what is due goes out, what came back is settled, and until the bell rings, or a moment passes, we wait."""
        self.bell.clear()
        self._look_back()
        room = AT_A_TIME - len(self.under_way)
        if room > 0:
            errands = await self.execute(calls_take, self.broker, now=self.clock(), limit=room)
            self.under_way |= {asyncio.create_task(self.carry_out(errand)) for errand in errands}
        if self.asking is None and await self.execute(poll_begin, self.broker, now=self.clock()):
            self.asking = asyncio.create_task(self.poll())
        await self._wait()

    def _look_back(self) -> None:
        """Forget what is done. What went wrong while its outcome was written down goes wrong here."""
        for task in [task for task in self.under_way if task.done()]:
            self.under_way.discard(task)
            task.result()
        if self.asking and self.asking.done():
            asked, self.asking = self.asking, None
            asked.result()

    def _all_under_way(self) -> set[asyncio.Task[None]]:
        return self.under_way | ({self.asking} if self.asking else set())

    async def carry_out(self, errand: Errand) -> None:
        outcome = await call(self.session, errand)
        await self.execute(call_settle, self.broker, errand, outcome, now=self.clock())

    async def poll(self) -> None:
        answer = await self.session.ask()
        await self.execute(poll_settle, self.broker, answer, now=self.clock())

    async def drain(self) -> None:
        """Let the calls under way come to their outcome: what is cut off is unknown, and has to be asked for."""
        if tasks := self._all_under_way():
            done, _ = await asyncio.wait(tasks, timeout=self.broker.timeout_seconds + 1)
            for error in filter(None, (task.exception() for task in done if not task.cancelled())):
                logger.error("broker_outcome_not_written", error=str(error).strip())

    async def _wait(self) -> None:
        bell = asyncio.create_task(self.bell.wait())
        try:
            await asyncio.wait({bell, *self._all_under_way()}, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            bell.cancel()


async def call(session: Broker, errand: Errand) -> Outcome | Answer:
    """Make the one call that the errand is."""
    match errand.action:
        case BrokerAction.PLACE:
            return await session.place(errand.tag, errand.request)
        case BrokerAction.MODIFY:
            return await session.modify(errand.broker_order_id, errand.request)
        case BrokerAction.CANCEL:
            return await session.cancel(errand.broker_order_id)
        case BrokerAction.ASK:
            return await session.ask()
