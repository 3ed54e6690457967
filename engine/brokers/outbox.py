"""The calls that a batch leads to, written with it: they are made once it is committed."""

from collections.abc import Iterable
from datetime import datetime

from engine import bulk, bus
from engine.domain.book import Book
from engine.domain.brokers import CallState, tag_of
from engine.models import BrokerCall

FIELDS = (
    "cause", "order", "account", "action", "tag", "request", "state", "sends", "asks", "outcome", "broker_order_id", "due_at",
    "created_at",
)  # fmt: skip
QUEUED = (CallState.QUEUED, 0, 0, "", "")  # a call's state and what follows it, at first


def calls_save(books: Iterable[Book], *, now: datetime) -> None:
    """Write the books' calls, and wake who makes them. Nothing is written while all orders are on paper."""
    calls = [(book.user_id, call) for book in books for call in book.changes.calls]
    if not calls:
        return
    rows = [
        (call.cause, call.order_id, user_id, call.action, tag_of(call.order_id), call.request, *QUEUED, now, now)
        for user_id, call in calls
    ]
    bulk.insert(BrokerCall, FIELDS, rows)
    bus.ring_broker_after_commit()
