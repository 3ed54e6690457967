"""The end of a session on the exchange: intraday positions are squared off before the close, day orders expire at it.

Looked at once a minute, and at once when a process begins: whoever slept through the close finds the same to do.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Q

from engine import log
from engine.domain.brokers import BrokerName
from engine.domain.enums import OrderType, Product, Validity, WhenClosed
from engine.domain.events import Event, EventType, new_event
from engine.domain.orders import RESTING
from engine.domain.quotes import LIVE
from engine.domain.values import as_uuid
from engine.market.desk import exits_pass
from engine.market.sessions import last_session, square_off_of
from engine.models import Instrument, Order, PendingEvent, Position
from engine.models.accounts import DESK_STATE

EXPIRY_REASON = "good for the day, and the session is over"
SUBJECTS = {EventType.ORDER_EXPIRED: "order_id", EventType.STOP_LOSS_EXECUTED: "position_id"}


def close_of_day(*, now: datetime) -> int:
    """What the hour asks for, in the caller's transaction, which holds the market's stream. Returns how much it was.

    Only instruments with live prices keep the exchange's hours.
    """
    live = dict(Instrument.objects.filter(source=LIVE, last_price__isnull=False).values_list("symbol", "last_price"))
    if not live:
        return 0
    waiting = _waiting()
    events = [
        event for event in (*_expiries(live, now), *_square_offs(live, now)) if _about(event.type, event.data) not in waiting
    ]
    log.append(events, now=now)
    return len(events)


def _expiries(live: dict[str, Decimal], now: datetime) -> Iterator[Event]:
    """Day orders that were sent before the latest close. A real broker ends its own."""
    session = last_session(now)
    over = session.closes if session.closes <= now else session.opens  # sent before an open session: of an earlier one
    rows = (
        Order.objects.working()
        .filter(validity=Validity.DAY, symbol__in=live, submitted_at__lt=over, broker=BrokerName.PAPER)
        .order_by()
    )
    for id, user_id, symbol, status in rows.values_list("id", "account_id", "symbol", "status"):
        if status in RESTING:
            data = {"order_id": id, "symbol": symbol, "reason": EXPIRY_REASON}
            yield new_event(EventType.ORDER_EXPIRED, user_id, now, data)


def _square_offs(live: dict[str, Decimal], now: datetime) -> Iterator[Event]:
    """Intraday positions, from the square-off time on; and at any time those that an earlier session left open."""
    session = last_session(now)
    rows = Position.objects.open().filter(product=Product.MIS, symbol__in=live)
    if now < square_off_of(session):
        rows = rows.filter(opened_at__lt=session.opens)
    if session.closes <= now:  # an order would be refused, each minute anew
        rows = rows.exclude(account__when_closed=WhenClosed.REFUSE)
    leaving = _leaving() if rows.exists() else set()
    halts = ("desk_state", "account__trading_state", "account__trading_blocks")
    found = rows.annotate(desk_state=DESK_STATE).order_by().values_list("id", "account_id", "symbol", "strategy_id", *halts)
    for id, user_id, symbol, strategy_id, desk_state, state, blocks in found:
        is_leaving = (user_id, symbol, strategy_id) in leaving
        if not is_leaving and exits_pass(desk_state, state, blocks, symbol, strategy_id):
            data = {"position_id": id, "symbol": symbol, "kind": "square_off", "price": live[symbol]}
            yield new_event(EventType.STOP_LOSS_EXECUTED, user_id, now, data)


def _leaving() -> set[tuple[str, str, str]]:
    """Where an order at the market works, or is to follow one that works: the position is on its way out, or waits to be."""
    rows = Order.objects.working().filter(Q(order_type=OrderType.MARKET) | Q(leave__isnull=False)).order_by()
    return set(rows.values_list("account_id", "symbol", "strategy_id"))


def _waiting() -> set[tuple[EventType, UUID]]:
    """What was set off before and is still to be handled."""
    rows = PendingEvent.objects.filter(event__type__in=SUBJECTS).values_list("event__type", "event__data")
    return {_about(EventType(kind), data) for kind, data in rows}


def _about(kind: EventType, data: Mapping[str, Any]) -> tuple[EventType, UUID]:
    return kind, as_uuid(data[SUBJECTS[kind]])
