"""Lists by the page: orders, positions, alerts and events, filtered. Each page takes the statements that its docstring says."""

import re
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from engine.domain.enums import PositionStatus
from engine.domain.events import EventType
from engine.models import Alert, Instrument, Order, Position
from engine.selectors.alerts import alert_dict, in_state
from engine.selectors.events import events_history
from engine.selectors.keyset import Key, Ordering, Page, cut
from engine.selectors.orders import ACTIVE, order_dict
from engine.selectors.positions import position_dict
from engine.selectors.prices import quotes_of
from engine.selectors.units import Scope

ORDERS = {"-created_at": Ordering("-created_at", "-id"), "created_at": Ordering("created_at", "id")}
ALERTS = Ordering("-first_seen", "-id")
OPEN_POSITIONS = Ordering("symbol", "account_id", "strategy_id")  # unique while open
ID_BEGINS = re.compile(r"[0-9a-fA-F-]{4,36}")
CLOSED_POSITIONS = Ordering("-closed_at", "-id")


def orders_page(
    user_ids: Scope = None,
    *,
    status: str | None = None,
    symbol: str | None = None,
    side: str | None = None,
    order_type: str | None = None,
    strategy_id: str | None = None,
    text: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: UUID | None = None,
    ordering: str = "-created_at",
    after: Key | None = None,
    limit: int = 100,
) -> Page[dict[str, Any]]:
    """Orders by their creation; one statement, one more with `before`, an order's id, and with `text`.

    `status` is one of OrderStatus, or ACTIVE.
    `text` is looked for in symbols, strategies and the reasons of orders that came to nothing, and at the beginning of ids.
    """
    rows = Order.objects.all()
    if status == ACTIVE:
        rows = rows.working()
    elif status:
        rows = rows.filter(status=status)
    if before:
        last = Order.objects.filter(id=before).first()
        rows = rows.filter(ORDERS["-created_at"].after((last.created_at, last.id))) if last else rows.none()
    rows = rows.filter(in_scope(user_ids), among(symbol=symbol, side=side, order_type=order_type, strategy_id=strategy_id))
    rows = rows.filter(among(created_at__gte=since, created_at__lt=until), holding(text))
    return ORDERS[ordering].page(rows, after=after, limit=limit).map(order_dict)


def positions_page(
    user_ids: Scope = None,
    *,
    include_closed: bool = False,
    symbol: str | None = None,
    side: str | None = None,
    strategy_id: str | None = None,
    after: Key | None = None,
    limit: int = 1000,
) -> Page[dict[str, Any]]:
    """Open positions by symbol, then, where asked for, the closed ones, latest first; three statements at most.

    `side` is LONG or SHORT; what is closed has none. The key begins with the part of the list that its row is in.
    """
    rows = Position.objects.filter(in_scope(user_ids), among(symbol=symbol, strategy_id=strategy_id))
    if side:
        rows = rows.filter(quantity__gt=0) if side == "LONG" else rows.filter(quantity__lt=0)
    parts = [(PositionStatus.OPEN, rows.open(), OPEN_POSITIONS)]
    if include_closed and not side:
        parts.append((PositionStatus.CLOSED, rows.closed(), CLOSED_POSITIONS))
    found: list[Position] = []
    for status, part, ordering in parts:
        if after and after[0] == PositionStatus.CLOSED != status:
            continue  # the page before has left this part behind
        key = after[1:] if after and after[0] == status else None
        found += ordering.page(part, after=key, limit=limit + 1 - len(found)).rows
    keys = {status: ordering.key_of for status, _, ordering in parts}
    page = cut(found, limit, lambda row: (row.status, *keys[PositionStatus(row.status)](row)))
    quotes = quotes_of({row.symbol for row in page.rows})
    return page.map(lambda row: position_dict(row, quotes))


def alerts_page(
    user_ids: Scope = None,
    *,
    level: str | None = None,
    component: str | None = None,
    status: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: str | None = None,
    after: Key | None = None,
    offset: int = 0,
    limit: int = 1000,
    now: datetime | None = None,
) -> Page[dict[str, Any]]:
    """Alerts as `alerts_list` has them, by when they were first seen, latest first; one statement, two with `before`, an id."""
    if before:
        after = Alert.objects.filter(id=before).values_list("first_seen", "id").first()
        if after is None:
            return Page([], None)
    rows = Alert.objects.with_silence(now=now or timezone.now())
    if user_ids is not None:
        rows = rows.filter(Q(account__isnull=True) | Q(account__in=user_ids))
    rows = in_state(rows, status)
    rows = rows.filter(among(level=level and level.upper(), component=component, first_seen__gte=since, first_seen__lt=until))
    return ALERTS.page(rows, after=after, skip=offset, limit=limit).map(alert_dict)


def events_page(
    user_id: str | None = None,
    *,
    event_type: EventType | None = None,
    correlation_id: UUID | None = None,
    symbol: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before_id: int | None = None,
    after: Key | None = None,
    limit: int = 100,
    user_ids: Scope = None,
) -> Page[dict[str, Any]]:
    """The log from its end back; one statement an account of the scope. Its pages are not turned forwards: on PostgreSQL
    a lower id can be committed after a higher one, and would be passed by."""
    if limit <= 0:
        return Page([], None)
    bounds = [bound for bound in (before_id, after and after[0]) if bound]
    found = events_history(
        user_id,
        event_type,
        correlation_id,
        limit + 1,
        min(bounds, default=None),
        symbol=symbol,
        since=since,
        until=until,
        user_ids=user_ids,
    )
    return cut(found, limit, lambda event: (event["log_id"],))


def in_scope(user_ids: Scope) -> Q:
    return Q() if user_ids is None else Q(account__in=user_ids)


def among(**wanted: Any) -> Q:
    """The conditions that somebody asked for: an empty one filters nothing."""
    return Q(**{name: value for name, value in wanted.items() if value not in (None, "")})


ENDED_WITH_REASON = ("REJECTED", "CANCELLED", "EXPIRED")


def holding(text: str | None) -> Q:
    """Orders that the text is about. What costs little is asked first, of each of a hundred thousand: symbols are found among
    the instruments, and reasons are read only where there are any, for they stand in no index."""
    if not text:
        return Q()
    reason = Q(status__in=ENDED_WITH_REASON) & Q(reason__icontains=text)  # one Q would ask by the alphabet: the reason first
    symbols = list(Instrument.objects.filter(symbol__icontains=text).values_list("symbol", flat=True))
    found = (~Q(strategy_id="") & Q(strategy_id__icontains=text)) | reason
    if symbols:
        found |= Q(symbol__in=symbols)
    return found | Q(id__istartswith=text) if ID_BEGINS.fullmatch(text) else found
