"""The engine's own loop: rung by a commit it calls the broker, and it finishes what is under way before it ends."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from channels.layers import get_channel_layer
from django.utils import timezone

from engine.brokers.dispatch import Dispatcher
from engine.brokers.kite import KiteBroker
from engine.consumers import on_engine_thread
from engine.domain.brokers import LiveBroker
from engine.models import BrokerCall, Order
from engine.processing import run_until_idle
from engine.worker import SupervisedWorker
from tests.engine.flow import assert_sound, place
from tests.support.broker import StandIn

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_is_due_goes_out_and_comes_back(live: LiveBroker, broker: StandIn, transactional_db: None, desk: Any) -> None:
    orders = [place(), place(symbol="INFY")]
    run_until_idle()

    async def work() -> None:
        async with KiteBroker(live) as session:
            dispatcher = Dispatcher(live, session, on_engine_thread, timezone.now)
            async with asyncio.timeout(10):
                while len(broker.orders) < len(orders):
                    await dispatcher.run()
            await dispatcher.drain()

    asyncio.run(work())
    assert not BrokerCall.objects.filter(done_at=None).exists()
    run_until_idle()
    assert all(order.broker_order_id for order in Order.objects.all())


@asynccontextmanager
async def engine() -> AsyncIterator[tuple[SupervisedWorker, Callable[[], Any]]]:
    """The engine's own worker, without lanes: what it is given to call with is all that it does."""
    made = SupervisedWorker(None, [], get_channel_layer())
    work = asyncio.create_task(made.arun())
    try:
        yield made, work.done
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


def taking_its_time(broker: StandIn, seconds: float) -> threading.Event:
    """The broker answers after a while; says when it has begun to look at an order."""
    begun, take = threading.Event(), broker.take

    def slow(form: dict[str, str]) -> str:
        begun.set()
        time.sleep(seconds)
        return take(form)

    broker.take = slow  # type: ignore[method-assign]
    return begun


def test_told_to_stop_it_hears_what_the_broker_says(
    live: LiveBroker, broker: StandIn, settings: Any, transactional_db: None, desk: Any
) -> None:
    """A call that is cut off is of unknown outcome: a CRITICAL alert, and a symbol that is blocked, at each restart."""
    settings.BROKER = replace(live, timeout_seconds=5)
    order = place()
    run_until_idle()
    begun = taking_its_time(broker, 0.7)

    async def work() -> None:
        async with engine() as (made, is_done):
            await asyncio.to_thread(begun.wait, 5)
            assert not is_done()
            made.stopping.set()  # as SIGTERM does, before anybody comes to call `stop`
            await asyncio.sleep(0.4)
            await made.stop()

    asyncio.run(work())
    call = BrokerCall.objects.get()
    assert (call.state, call.outcome) == ("DONE", "ACCEPTED")
    run_until_idle()
    order.refresh_from_db()
    assert (order.status, order.broker_order_id) == ("SUBMITTED", broker.only()["order_id"])
    assert_sound()
