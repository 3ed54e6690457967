"""How long a halt takes: from the call to the moment when none of so many working orders is left."""

from time import perf_counter
from uuid import uuid4

from bench.inside import desk

from django.utils import timezone  # isort: skip

from engine import bus
from engine.models import Account, Order
from engine.processing import run_until_idle
from engine.services.trading import emergency_stop

if __name__ == "__main__":
    given = desk.options(orders=1_000)
    now, user_id = timezone.now(), desk.account_named(0)
    Account.objects.filter(user_id=user_id).update(max_concurrent_orders=given.orders)
    Order.objects.bulk_create(
        Order(
            id=uuid4(),
            account_id=user_id,
            symbol=f"S{number % 50:03d}",
            side="BUY",
            order_type="LIMIT",
            quantity=1,
            price=50,
            status="SUBMITTED",
            correlation_id=uuid4(),
            created_at=now,
            updated_at=now,
        )
        for number in range(given.orders)
    )
    started = perf_counter()
    with bus.bus.muted():
        emergency_stop(user_ids=[user_id], by="bench", reason="drill", now=timezone.now())
        halted = perf_counter() - started
        run_until_idle()
    took = perf_counter() - started
    assert not Order.objects.working().exists()
    desk.answer(seconds=took, halted_seconds=halted, orders=given.orders)
