"""The desk as it stood at an instant: from folded books, from rows that had come to their end, and at the prices of then.

What has ended does not change any more, so its row says today what it said then; all that was still at work is in the book.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from itertools import chain, islice
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Q, Sum

from engine import archives, travel
from engine.domain.enums import HaltScope, TradingState
from engine.domain.events import Event as DomainEvent
from engine.domain.events import EventType
from engine.domain.orders import Order as OrderThen
from engine.domain.positions import Position as PositionThen
from engine.folding import Fold
from engine.handlers.orders import order_from
from engine.models import Account, Event, Execution, Order, Position
from engine.selectors.accounts import holdings_of, summed_up
from engine.selectors.marks import marks_at
from engine.selectors.orders import order_dict
from engine.selectors.positions import position_dict
from engine.selectors.prices import Quote
from engine.selectors.units import Scope, day_start, rupees
from engine.travel import CannotTravelError

MOST_ACCOUNTS = 25  # folded for one page
STOPS_LOOKED_AT = 100  # of every scope, to find the last one for everybody
ZERO = Decimal(0)
ORDER_COLUMNS = tuple(set(OrderThen.__dataclass_fields__) - {"rejected_by"})
POSITION_COLUMNS = tuple(PositionThen.__dataclass_fields__)
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Late:
    """What bears a time up to the instant, but was handled after it."""

    placed: dict[UUID, OrderThen] = field(default_factory=dict)  # orders in the table that nobody had looked at
    unborn: set[UUID] = field(default_factory=set)  # orders that only the next step of a chain made
    fills: set[UUID] = field(default_factory=set)  # not booked yet


@dataclass(frozen=True, slots=True)
class AccountThen:
    """`account` is a copy with the figures of then, not for saving."""

    account: Account
    state: Fold
    late: Late

    @property
    def user_id(self) -> str:
        return self.account.user_id


@dataclass(frozen=True)
class Moment:
    """The accounts that were open at the instant, as they stood."""

    at: datetime
    accounts: list[AccountThen]

    @cached_property
    def positions(self) -> list[Position]:
        """Open then, by symbol."""
        rows = [_position(then, held) for then in self.accounts for held in then.state.book.positions.values()]
        return sorted(rows, key=lambda row: (row.symbol, row.account_id, row.strategy_id))

    @cached_property
    def quotes(self) -> Mapping[str, Quote]:
        return marks_at({row.symbol for row in self.positions}, self.at)


def moment_at(user_ids: Scope, at: datetime, *, now: datetime) -> Moment:
    """Raises CannotTravelError."""
    accounts = Account.objects.all() if user_ids is None else Account.objects.filter(user_id__in=user_ids)
    rows = list(accounts.filter(created_at__lte=at).order_by("user_id")[: MOST_ACCOUNTS + 1])
    if len(rows) > MOST_ACCOUNTS:
        raise CannotTravelError(f"these are more than {MOST_ACCOUNTS} accounts: choose one of them")
    found = ((account, travel.book_at(account, at, now=now)) for account in rows)
    with _said_of_archives():
        return Moment(at, [_account(account, state, at) for account, state in found if state.seq])


def first_instant(user_ids: Scope) -> datetime | None:
    """When the first of the accounts was opened: there is nothing before."""
    accounts = Account.objects.all() if user_ids is None else Account.objects.filter(user_id__in=user_ids)
    return accounts.order_by("created_at").values_list("created_at", flat=True).first()


def last_halts(user_ids: Scope, limit: int) -> list[Event]:
    """The latest emergency stops that were handled, newest first."""
    rows = Event.objects.filter(type=EventType.EMERGENCY_STOP, seq__isnull=False)
    if user_ids is not None:
        rows = rows.filter(stream__in=user_ids)
    return list(rows.order_by("-id")[:limit])


def events_around(user_id: str, seq: int, *, before: int, after: int) -> list[Event]:
    """The account's last events up to its number `seq`, and the next ones after it, oldest first. Raises CannotTravelError."""
    first, last = seq - before + 1, seq + after
    with _said_of_archives():
        archived = archives.rows_between(settings.ARCHIVE_DIR, user_id, first, last)
    rows = [*archived, *Event.objects.filter(stream=user_id, seq__range=(first, last))]
    return sorted(rows, key=lambda row: row.seq or 0)


@contextmanager
def _said_of_archives() -> Iterator[None]:
    try:
        yield
    except archives.ArchiveDamagedError as error:
        raise CannotTravelError(str(error)) from error


# --- figures ---------------------------------------------------------------------------------------------------------------
def moment_summary(moment: Moment) -> Row:
    """The keys of `account_summary`, and `working_orders`, `trading_state_reason`, `total_pnl` since the accounts opened."""
    accounts = [then.account for then in moment.accounts]
    holdings = holdings_of([(row.symbol, row.quantity, row.cost) for row in moment.positions], moment.quotes)
    figures = summed_up(accounts, holdings)
    desk, desk_reason = _desk_standing(moment.at)
    worst = max((TradingState(figures["trading_state"]), desk), key=lambda state: state.severity)
    reasons = [account.trading_state_reason for account in accounts if account.trading_state == worst]
    reasons += [f"everybody: {desk_reason}"] if desk == worst != TradingState.ACTIVE else []
    return figures | {
        "charges": rupees(sum((_charges(then, moment.at) for then in moment.accounts), ZERO)),
        "working_orders": sum(len(then.state.book.orders) + len(then.late.placed) for then in moment.accounts),
        "orders_today": sum(_orders(then, moment.at, since=day_start(moment.at)).count() for then in moment.accounts),
        "trading_state": worst,
        "trading_state_reason": next(iter(reasons), ""),
        "total_pnl": figures["equity"] - rupees(sum((account.initial_cash for account in accounts), ZERO)),
        "at_cost": sum(1 for row in moment.positions if moment.quotes[row.symbol].last_price is None),
    }


def _charges(then: AccountThen, at: datetime) -> Decimal:
    """Of the IST day of the instant, up to it."""
    rows = Execution.objects.filter(account=then.user_id, executed_at__gte=day_start(at), executed_at__lte=at)
    return rows.exclude(id__in=then.late.fills).aggregate(sum=Sum("charges"))["sum"] or ZERO


def _desk_standing(at: datetime) -> tuple[TradingState, str]:
    """Of everybody together, by the last stop or resuming for everybody, and its reason."""
    kinds = (EventType.EMERGENCY_STOP, EventType.TRADING_RESUMED)
    latest = [
        event
        for kind in kinds
        for event in Event.objects.filter(type=kind, created_at__lte=at).order_by("-id")[:STOPS_LOOKED_AT]
        if event.data.get("scope") == HaltScope.GLOBAL
    ]
    last = max(latest, key=lambda event: event.id, default=None)
    if last is None or last.type == EventType.TRADING_RESUMED:
        return TradingState.ACTIVE, ""
    return TradingState(last.data.get("state", TradingState.HALTED)), str(last.data.get("reason", ""))


# --- orders ----------------------------------------------------------------------------------------------------------------
def moment_orders(moment: Moment, *, limit: int, before: UUID | None = None) -> list[Row]:
    """Orders that there were, newest first, as they stood; `before` is the last one of the page before."""
    thens = {then.user_id: then for then in moment.accounts}
    rows = Order.objects.filter(account__in=list(thens), created_at__lte=moment.at)
    last = Order.objects.filter(id=before).first() if before else None
    if last:
        rows = rows.filter(Q(created_at__lt=last.created_at) | Q(created_at=last.created_at, id__lt=last.id))
    unborn = {id for then in thens.values() for id in then.late.unborn}
    rows = rows.exclude(id__in=unborn) if unborn else rows
    return [order_dict(_order(thens[row.account_id], row)) for row in rows.order_by("-created_at", "-id")[:limit]]


def moment_order_counts(moment: Moment) -> Counter[str]:
    """How many orders stood in each state; some statements an account."""
    counts: Counter[str] = Counter()
    for then in moment.accounts:
        rows = _orders(then, moment.at)
        counts.update(dict(rows.order_by().values_list("status").annotate(number=Count("id"))))
        at_work = then.state.book.orders | then.late.placed
        counts.subtract(Counter(Order.objects.filter(id__in=list(at_work)).values_list("status", flat=True)))
        counts.update(order.status.value for order in at_work.values())
    return +counts


def _orders(then: AccountThen, at: datetime, since: datetime | None = None) -> Any:
    rows = Order.objects.filter(account=then.user_id, created_at__lte=at)
    if since:
        rows = rows.filter(created_at__gte=since)
    return rows.exclude(id__in=then.late.unborn) if then.late.unborn else rows


def _order(then: AccountThen, row: Order) -> Order:
    """What still worked is in the book; what did not had come to its end, and stands in its row."""
    order = then.state.book.orders.get(row.id) or then.late.placed.get(row.id)
    if order is None:
        return row
    values = {name: getattr(order, name) for name in ORDER_COLUMNS}
    return Order(account_id=then.user_id, rejected_by=order.rejected_by or "", **values)


# --- positions -------------------------------------------------------------------------------------------------------------
def moment_positions(moment: Moment) -> list[Row]:
    """Open then, by symbol, valued at the prices of then."""
    return [position_dict(row, moment.quotes) for row in moment.positions]


def moment_closed(moment: Moment, *, limit: int) -> list[Row]:
    """Closed by then, latest first."""
    held = {row.id for row in moment.positions} | {id for then in moment.accounts for id in then.late.fills}
    rows = Position.objects.closed().filter(account__in=[then.user_id for then in moment.accounts], closed_at__lte=moment.at)
    latest = [row for row in rows.order_by("-closed_at", "-id")[: limit + len(held)] if row.id not in held]
    return [position_dict(row, {}) for row in latest[:limit]]


def _position(then: AccountThen, held: PositionThen) -> Position:
    values = {name: getattr(held, name) for name in POSITION_COLUMNS}
    return Position(account_id=then.user_id, status=held.status, average_price=held.average_price, **values)


# --- an account ------------------------------------------------------------------------------------------------------------
def _account(account: Account, state: Fold, at: datetime) -> AccountThen:
    then, book = copy(account), state.book
    archived = archives.rows_between(settings.ARCHIVE_DIR, account.user_id, state.seq + 1, created_by=at)
    then.cash, then.day_start_equity, then.peak_equity = book.cash, book.day_start_equity, book.peak_equity
    stop = _stop_on_its_way(account.user_id, state, at, archived)
    then.trading_state = TradingState.HALTED if stop else book.trading_state.value
    then.trading_state_reason = stop.data["reason"] if stop else book.trading_state_reason
    return AccountThen(then, state, _late(account.user_id, state, at, archived))


def _stop_on_its_way(user_id: str, state: Fold, at: datetime, archived: list[Event]) -> Event | None:
    """A stop holds from its commit on, also while the engine has not come to it."""
    rows = Event.objects.filter(type=EventType.EMERGENCY_STOP, stream=user_id, created_at__lte=at)
    rows = rows.filter(Q(seq__isnull=True) | Q(seq__gt=state.seq)).order_by("-id")
    stops = chain(rows, (row for row in reversed(archived) if row.type == EventType.EMERGENCY_STOP))
    return next((row for row in stops if row.data.get("scope", HaltScope.ACCOUNT) == HaltScope.ACCOUNT), None)


def _late(user_id: str, state: Fold, at: datetime, archived: list[Event]) -> Late:
    """As many are late as there are more rows up to the instant than were handled by it."""
    orders = Order.objects.filter(account=user_id, created_at__lte=at).count() - state.counts.get(EventType.ORDER_CREATED, 0)
    fills = Execution.objects.filter(account=user_id, executed_at__lte=at).count() - state.counts.get(
        EventType.ORDER_EXECUTED, 0
    )
    late, most = Late(), orders + fills
    if most <= 0:
        return late
    kinds = (EventType.ORDER_CREATED, EventType.ORDER_EXECUTED)
    rows = Event.objects.filter(stream=user_id, type__in=kinds, created_at__lte=at)
    handled = chain((row for row in archived if row.type in kinds), rows.filter(seq__gt=state.seq).order_by("seq")[:most])
    for row in chain(rows.filter(pending__isnull=False), islice(handled, most)):
        if row.type == EventType.ORDER_EXECUTED:
            late.fills.add(row.uid)
        elif row.causation_id:
            late.unborn.add(UUID(row.data["order_id"]))
        else:
            order = order_from(_domain(row))
            if order.id not in state.book.early_cancels:  # a stop had overtaken its creation: it was at its end
                late.placed[order.id] = order
    return late


def _domain(row: Event) -> DomainEvent:
    kind = EventType(row.type)
    return DomainEvent(kind, row.stream, row.data, row.created_at, row.correlation_id, row.causation_id, row.uid, row.id)
