"""The dispatcher by itself: how many calls are under way at a time, with a session and a database of the test's own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from django.utils import timezone

from engine.brokers import dispatch
from engine.brokers.calls import Errand, calls_take
from engine.brokers.dispatch import AT_A_TIME, Dispatcher
from engine.brokers.polls import poll_begin
from engine.brokers.protocol import Accepted, Orders
from engine.domain.brokers import BrokerAction, LiveBroker

BROKER = LiveBroker("asha", "https://x", "k", "t")


class SlowBroker:
    """It answers when it is let to."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.asked = 0

    async def place(self, tag: str, terms: Mapping[str, Any]) -> Accepted:
        await self.may_answer.wait()
        return Accepted("1", 200, "")

    async def ask(self) -> Orders:
        self.asked += 1
        await self.may_answer.wait()
        return Orders([], 200, "")


class Table:
    """What the dispatcher asks of the database: so many calls are due, and it is always time for a poll."""

    def __init__(self, due: int) -> None:
        self.due, self.limits = due, list[int]()

    async def execute(self, ask: Callable[..., Any], *args: Any, limit: int = 0, **more: Any) -> Any:
        if ask is calls_take:
            self.limits.append(limit)
            taken, self.due = min(self.due, limit), self.due - min(self.due, limit)
            return [Errand(number, uuid4(), number, BrokerAction.PLACE, "T", "", {}) for number in range(taken)]
        return ask is poll_begin


@asynccontextmanager
async def dispatcher_for(table: Table) -> AsyncIterator[tuple[Dispatcher, SlowBroker]]:
    session = SlowBroker()
    made = Dispatcher(BROKER, session, table.execute, timezone.now)  # type: ignore[arg-type]
    try:
        yield made, session
    finally:
        session.may_answer.set()
        await made.drain()


async def test_a_poll_beside_eight_calls_ends_nothing(monkeypatch: Any) -> None:
    monkeypatch.setattr(dispatch, "LOOK_SECONDS", 0.01)
    table = Table(due=AT_A_TIME)
    async with dispatcher_for(table) as (dispatcher, _):
        for _ in range(3):
            await dispatcher.run()
        assert len(dispatcher.under_way) == AT_A_TIME
    assert table.limits == [AT_A_TIME]  # while there is no room, nothing is taken


async def test_a_poll_takes_no_calls_place(monkeypatch: Any) -> None:
    monkeypatch.setattr(dispatch, "LOOK_SECONDS", 0.01)
    table = Table(due=0)
    async with dispatcher_for(table) as (dispatcher, _):
        await dispatcher.run()
        await dispatcher.run()
    assert table.limits == [AT_A_TIME, AT_A_TIME]


async def test_one_poll_is_under_way_at_a_time(monkeypatch: Any) -> None:
    monkeypatch.setattr(dispatch, "LOOK_SECONDS", 0.01)
    async with dispatcher_for(Table(due=0)) as (dispatcher, session):
        for _ in range(3):
            await dispatcher.run()
        assert session.asked == 1
        session.may_answer.set()
        await dispatcher.drain()
        await dispatcher.run()
        assert session.asked == 2
