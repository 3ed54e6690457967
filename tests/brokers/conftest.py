import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine.brokers.calls import call_settle, calls_take
from engine.brokers.dispatch import call
from engine.brokers.kite import KiteBroker
from engine.brokers.polls import poll_begin, poll_settle
from engine.brokers.protocol import Answer, Outcome
from engine.domain.brokers import LiveBroker
from engine.models import Account, BrokerCall, Order
from engine.processing import run_until_idle
from tests.engine.conftest import roomy
from tests.engine.flow import Clock
from tests.support.broker import ACCESS_TOKEN, API_KEY, STALL, STALL_UNSEEN, StandIn, stand_in
from tests.support.factories import instrument


@pytest.fixture
def broker() -> Iterator[StandIn]:
    with stand_in() as running:
        yield running


@pytest.fixture
def live(broker: StandIn, settings: Any) -> LiveBroker:
    """Orders of asha go to the stand-in."""
    settings.PRICE_MAX_AGE_SECONDS = 3600
    settings.BROKER = LiveBroker("asha", broker.url, API_KEY, ACCESS_TOKEN, timeout_seconds=0.5, breaker_failures=3)
    return settings.BROKER


@dataclass
class Street:
    """The engine, the calls and the broker, step by step, on a clock that moves when it is told to."""

    live: LiveBroker
    clock: Clock
    broker: StandIn

    def step(self) -> int:
        """What is due goes out and is settled; how many calls that were."""
        run_until_idle(now=self.clock)
        self._come_to(0.5)  # what was written in this moment, while the clock stood
        errands = calls_take(self.live, now=self.clock(), limit=8)
        for errand, outcome in zip(errands, asyncio.run(self._make(errands)), strict=True):
            call_settle(self.live, errand, outcome, now=self.clock())
        run_until_idle(now=self.clock)
        return len(errands)

    async def _make(self, errands: list[Any]) -> list[Outcome | Answer]:
        async with self._session() as session:
            return await asyncio.gather(*(call(session, errand) for errand in errands))

    def _session(self) -> KiteBroker:
        """Patient on a busy machine, but for an answer that is not to come."""
        is_to_stall = {STALL, STALL_UNSEEN} & {*self.broker.next_up, *self.broker.next_asks}
        return KiteBroker(self.live if is_to_stall else replace(self.live, timeout_seconds=10))

    def _come_to(self, seconds: float) -> bool:
        """Let the clock go on to where the next call is due, if that is within so many seconds."""
        undone = BrokerCall.objects.filter(done_at=None).order_by("-id").values_list("order", "due_at")
        first_of_each = dict(undone)  # the others wait for it
        due_at = min(first_of_each.values(), default=None)
        if due_at is None or due_at > self.clock() + timedelta(seconds=seconds):
            return False
        self.clock.at = max(self.clock.at, due_at)
        return True

    def settle(self, *, until: float = 60) -> None:
        """Go on, from due time to due time, until no call is left or so many seconds have passed."""
        end = self.clock() + timedelta(seconds=until)
        self.step()
        while self._come_to((end - self.clock()).total_seconds()):
            self.step()

    def poll(self) -> int:
        """Ask for all orders, if it is time to."""
        self.clock.pass_seconds(self.live.poll_seconds)
        if not poll_begin(self.live, now=self.clock()):
            return 0

        async def ask() -> Answer:
            async with self._session() as session:
                return await session.ask()

        news = poll_settle(self.live, asyncio.run(ask()), now=self.clock())
        run_until_idle(now=self.clock)
        return news


@pytest.fixture
def street(live: LiveBroker, broker: StandIn, desk: Account) -> Street:
    return Street(live, Clock(), broker)


@pytest.fixture
def desk(db: None) -> Account:
    for symbol, sector in {"RELIANCE": "Energy", "INFY": "IT"}.items():
        instrument(symbol, sector=sector)
    return roomy("asha", max_concurrent_orders=100)


def again(order: Order) -> Order:
    order.refresh_from_db()
    return order


def money(text: str) -> Decimal:
    return Decimal(text)
