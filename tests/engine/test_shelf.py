"""A book is used again only while nobody else has touched its account; whatever else happens, the tables are what counts."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import transaction

from engine import processing, store
from engine.models import Account, Order
from engine.processing import run_until_idle
from engine.services.accounts import account_update_limits
from engine.services.orders import order_cancel
from engine.services.trading import emergency_stop
from engine.shelf import Shelf, Stamp, shelf
from tests.engine.flow import assert_sound, held, rest, send
from tests.support.factories import account, instrument

NOW = datetime.now(UTC)
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def asha():
    shelf.clear()
    instrument("RELIANCE", price=Decimal(100))
    return account("asha")


def loads(monkeypatch):
    """The accounts whose books were loaded from the tables from now on."""
    loaded = []
    fill = store._fill
    monkeypatch.setattr(store, "_fill", lambda books: (loaded.extend(books), fill(books)))
    return loaded


def test_a_book_is_loaded_once_and_then_taken_from_the_shelf(monkeypatch):
    loaded = loads(monkeypatch)
    for _ in range(3):
        send()
        run_until_idle()
    assert loaded == ["asha"]
    assert Order.objects.filter(status="FILLED").count() == 3
    assert_sound()


@pytest.mark.parametrize(
    "touch",
    [
        lambda: account_update_limits(user_id="asha", limits={"allow_short": False}, by="ravi", now=NOW),
        lambda: emergency_stop(user_ids=["asha"], by="ravi", reason="drill", now=NOW),
        lambda: Account.objects.filter(user_id="asha").update(cash=Decimal(5), updated_at=NOW),
    ],
    ids=["limits", "emergency stop", "another process"],
)
def test_a_book_that_somebody_else_touched_is_loaded_anew(monkeypatch, touch):
    send()
    run_until_idle()
    loaded = loads(monkeypatch)
    touch()
    send()
    run_until_idle()
    assert "asha" in loaded


def test_a_batch_that_fails_leaves_nothing_on_the_shelf(monkeypatch):
    send()
    run_until_idle()
    with monkeypatch.context() as patch:
        patch.setattr(processing.log, "finish", lambda *_: 1 / 0)
        send()
        run_until_idle()
    assert shelf._books == {}
    with transaction.atomic():
        assert store.load({"asha": -1})["asha"].positions["RELIANCE", ""].quantity == held()["RELIANCE"] == 10


def test_an_order_recorded_and_cancelled_since_is_known_to_a_book_from_the_shelf():
    send()
    run_until_idle()
    order = rest(price=50)
    assert order_cancel(order_id=order.id, now=NOW, by="ravi")
    run_until_idle()
    order.refresh_from_db()
    assert order.status == "CANCELLED"
    assert_sound()


def test_the_shelf_holds_so_many_books_and_drops_the_one_least_used():
    small = Shelf(size=2)
    stamp = Stamp(1, NOW, NOW)
    for user_id in ("a", "b", "c"):
        small.put(store.Book.blank(user_id), stamp)
    assert [small.take(user_id, stamp) is not None for user_id in ("a", "b", "c")] == [False, True, True]
