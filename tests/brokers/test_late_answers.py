"""What the broker says of new terms comes late, or never: its quantity wins, and no share that it filled goes by in silence."""

from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from engine.domain.book import Book
from engine.domain.enums import OrderStatus, OrderType
from engine.domain.events import Event as DomainEvent
from engine.domain.events import EventType
from engine.handlers.decide import fold
from engine.models import Alert, Event, Order, PendingEvent, Position
from engine.processing import run_until_idle
from engine.services.order_changes import OrderTerms, order_modify
from tests.brokers.conftest import Street, again
from tests.domain.desk import at_broker, book, context, event, kinds, run, through_json, ticket
from tests.engine.flow import assert_sound, place
from tests.support.broker import STALL, StandIn


@pytest.fixture
def resting(street: Street) -> Order:
    order = place(order_type=OrderType.LIMIT, price=Decimal(90))
    street.settle()
    return again(order)


def changed_there(street: Street, broker: StandIn, order: Order, quantity: int) -> None:
    """The broker has the new quantity, and its answer is lost."""
    broker.next_up.append(STALL)
    order_modify(order_id=order.id, terms=OrderTerms(quantity=quantity), now=timezone.now(), by="asha")
    street.step()
    assert (again(order).quantity, broker.only()["quantity"]) == (10, quantity)


def held() -> int:
    return Position.objects.get().quantity


@pytest.mark.django_db
@pytest.mark.parametrize("quantity", [500, 6])
def test_fills_at_the_new_quantity_are_booked_before_its_answer(
    street: Street, broker: StandIn, resting: Order, quantity: int
) -> None:
    changed_there(street, broker, resting, quantity)
    broker.fill(quantity, 90)
    street.poll()
    assert (again(resting).status, resting.quantity, resting.filled_quantity) == ("FILLED", quantity, quantity)
    street.settle()  # now its answer is found, of an order that has ended
    assert not PendingEvent.objects.exists()
    assert "order_modified" in Event.objects.values_list("type", flat=True)
    assert held() == quantity
    assert not Alert.objects.filter(fingerprint__startswith="dead").exists()
    assert_sound()


@pytest.mark.django_db
def test_what_was_filled_before_is_all_of_the_smaller_order(street: Street, broker: StandIn, resting: Order) -> None:
    broker.fill(6, 90)
    street.poll()
    changed_there(street, broker, resting, 7)
    broker.only().update(quantity=6, status="COMPLETE")  # it came too late for the seventh
    street.poll()
    assert (again(resting).status, resting.quantity, held()) == ("FILLED", 6, 6)
    street.settle()
    assert_sound()


@pytest.mark.django_db
def test_a_quantity_that_is_another_there_is_news(street: Street, broker: StandIn, resting: Order) -> None:
    broker.only().update(quantity=12)
    assert street.poll() == 1
    assert (again(resting).status, resting.quantity) == ("SUBMITTED", 12)
    assert street.poll() == 0
    assert_sound()


@pytest.mark.django_db
def test_what_the_broker_filled_beyond_its_own_quantity_is_told(street: Street, broker: StandIn, resting: Order) -> None:
    broker.only().update(filled_quantity=13, average_price=90, status="COMPLETE")
    street.poll()
    assert (again(resting).status, held()) == ("FILLED", 10)
    alert = Alert.objects.get(fingerprint=f"not-booked:{resting.id}")
    assert (alert.level, alert.title) == ("CRITICAL", "Filled at the broker and in no book: BUY 3 RELIANCE")
    run_until_idle(now=street.clock)
    assert_sound()


# --- without a database ------------------------------------------------------------------------------------------------------
WORLD = context(broker=at_broker())


def at_the_broker(quantity: int = 100) -> tuple[Book, list[DomainEvent], Any]:
    """A book with one order that rests at the broker, and what its log has so far."""
    desk = book()
    handled = run(desk, ticket(quantity=quantity, order_type=OrderType.LIMIT, price=Decimal(90)), WORLD)
    (id,) = desk.orders
    return desk, [item.event for item in handled], id


def reported(id: Any, filled: int, status: str = "WORKING", **more: Any) -> DomainEvent:
    about = {"order_id": id, "symbol": "RELIANCE", "signal_id": None, "broker_order_id": "K1", "message": ""}
    return event(EventType.ORDER_REPORTED, **about, status=status, filled_quantity=filled, average_price=Decimal(90), **more)


def modified(id: Any, quantity: int) -> DomainEvent:
    return event(EventType.ORDER_MODIFIED, order_id=id, symbol="RELIANCE", by="asha", quantity=quantity, risk_checks=[])


def test_new_terms_that_leave_nothing_to_fill_make_it_filled() -> None:
    desk, log, id = at_the_broker()
    for step in (reported(id, 60), modified(id, 60)):
        log += [item.event for item in run(desk, step, WORLD)]
    after = desk.changes.orders[id]
    assert (after.status, after.quantity, after.remaining) == (OrderStatus.FILLED, 60, 0)
    assert after.filled_at
    assert not desk.orders
    folded = book()
    for item in log:
        fold(folded, through_json(item))
    again_from_log = folded.changes.orders[id]
    assert (again_from_log.status, again_from_log.quantity) == (after.status, after.quantity)


def test_fewer_than_are_filled_cannot_be() -> None:
    desk, _, id = at_the_broker()
    run(desk, reported(id, 60), WORLD)
    run(desk, modified(id, 50), WORLD)
    assert desk.changes.orders[id].quantity == 60


def test_new_terms_of_an_order_that_has_ended_change_nothing() -> None:
    desk, _, id = at_the_broker()
    run(desk, reported(id, 100, "COMPLETE"), WORLD)
    assert kinds(run(desk, modified(id, 200), WORLD)) == ["order_modified"]
    assert desk.changes.orders[id].quantity == 100


def test_reports_of_older_logs_have_no_quantity_and_lose_no_share_in_silence() -> None:
    desk, _, id = at_the_broker()
    handled = run(desk, through_json(reported(id, 120, "COMPLETE")), WORLD)
    assert kinds(handled)[:3] == ["order_reported", "order_executed", "risk_alert"]
    assert handled[1].event.data["executed_quantity"] == 100
    alert = next(item.event.data for item in handled if item.event.type is EventType.RISK_ALERT)
    assert (alert["level"], alert["shares"]) == ("CRITICAL", 20)
