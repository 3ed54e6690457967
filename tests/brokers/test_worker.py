"""The engine's own loop: rung by a commit it calls the broker, and it finishes what is under way before it ends."""

import asyncio
from typing import Any

import pytest
from django.utils import timezone

from engine.brokers.dispatch import Dispatcher
from engine.brokers.kite import KiteBroker
from engine.consumers import on_engine_thread
from engine.domain.brokers import LiveBroker
from engine.models import BrokerCall, Order
from engine.processing import run_until_idle
from tests.engine.flow import place
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
