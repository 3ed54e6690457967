"""Folding the log must give the tables: how we know that nothing was lost and nothing was done twice."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from engine import log
from engine.domain.book import Book
from engine.domain.events import Event, EventType
from engine.domain.orders import LifeCycleError, OverfillError
from engine.handlers.decide import fold
from engine.models import Account, Execution, Order, PendingEvent, Position, Signal, Stream

UNFOLDABLE = (LookupError, ValueError, TypeError, ArithmeticError, LifeCycleError, OverfillError)
CHUNK = 2000  # events folded at a time: memory does not grow with the log

ORDER_FACTS = ("status", "quantity", "filled_quantity", "filled_notional", "charges", "symbol", "side", "reason")
POSITION_FACTS = ("symbol", "strategy_id", "quantity", "cost", "realized_pnl", "charges", "stop_loss", "take_profit")
EXECUTION_FACTS = ("order_id", "symbol", "side", "quantity", "price", "realized_pnl", "broker_execution_id")
SIGNAL_FACTS = ("decision", "reason", "order_id")


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that the log and the tables disagree on."""

    user_id: str
    what: str
    in_log: object
    in_tables: object

    def __str__(self) -> str:
        return f"{self.user_id}: {self.what}: the log says {self.in_log}, the tables say {self.in_tables}"


@dataclass(slots=True)
class Verified:
    """How much was looked at, and what differs."""

    accounts: int
    events: int
    differences: list[Difference]


def verify(user_ids: Sequence[str] | None = None) -> Verified:
    """Fold every account's events (or those of the given accounts) and compare with the tables."""
    accounts = Account.objects.order_by("user_id")
    if user_ids is not None:
        accounts = accounts.filter(user_id__in=user_ids)
    result = Verified(0, 0, [])
    for user_id in accounts.values_list("user_id", flat=True):
        with transaction.atomic():
            Stream.objects.select_for_update().filter(name=user_id).first()  # nobody moves it while we look
            fold_of_account = _Folding(user_id)
            result.differences += fold_of_account.differences()
            result.events += fold_of_account.events
            result.accounts += 1
    return result


class _Folding:
    """One account's log, folded into a book, compared as it goes along."""

    def __init__(self, user_id: str) -> None:
        self.user_id = user_id
        self.events = 0
        self.counts: dict[EventType, int] = {}
        self.paid = Decimal(0)
        self.found: list[Difference] = []
        self.book = Book.blank(user_id)
        self.decided: set[UUID] = (
            set()
        )  # signals: an order that was refused in the chunk's last events refuses its signal in the next

    def differences(self) -> list[Difference]:
        for chunk in _chunks(self.user_id):
            for event in chunk:
                self._fold(event)
            self.events += len(chunk)
            self._compare_finished()
        self._compare_signals(self.book.changes.signals)
        self._compare_account()
        self._compare_counts()
        return self.found

    def _fold(self, event: Event) -> None:
        self.counts[event.type] = self.counts.get(event.type, 0) + 1
        try:
            fold(self.book, event)
        except UNFOLDABLE as error:
            self._note(
                f"event {event.id}", f"{event.type} ({type(error).__name__}: {error})", "nothing that it could follow on"
            )

    def _note(self, what: str, in_log: object, in_tables: object) -> None:
        if in_log != in_tables:
            self.found.append(Difference(self.user_id, what, in_log, in_tables))

    def _compare_finished(self) -> None:
        """What will not change any more is compared now, and forgotten."""
        changes = self.book.changes
        ended = {id: order for id, order in changes.orders.items() if not order.is_working}
        self._compare_rows("order", ended, _rows(Order, ended, ORDER_FACTS), ORDER_FACTS)
        closed = {id: position for id, position in changes.positions.items() if position.closed_at}
        self._compare_rows("position", closed, _rows(Position, closed, POSITION_FACTS), POSITION_FACTS)
        fills = {fill.id: fill for fill in changes.executions}
        rows = _rows(Execution, fills, (*EXECUTION_FACTS, "charges"))
        self._compare_rows("execution", fills, rows, EXECUTION_FACTS)
        for row in rows.values():
            sign = 1 if row["side"] == "BUY" else -1
            self.paid += sign * row["quantity"] * row["price"] + row["charges"]
        self._compare_signals(self.decided)
        self.decided = {id for id, signal in changes.signals.items() if signal.decision}
        for id in ended:
            del changes.orders[id]
        for id in closed:
            del changes.positions[id]
        changes.executions.clear()

    def _compare_signals(self, ids: Iterable[UUID]) -> None:
        signals = {id: self.book.changes.signals.pop(id) for id in list(ids)}
        self._compare_rows("signal", signals, _rows(Signal, signals, SIGNAL_FACTS), SIGNAL_FACTS)

    def _compare_rows(self, kind: str, folded: dict[Any, Any], rows: dict[Any, dict[str, Any]], facts: Sequence[str]) -> None:
        for id, item in folded.items():
            row = rows.get(id)
            if row is None:
                self._note(f"{kind} {id}", "it exists", "it does not")
                continue
            for fact in facts:
                self._note(f"{kind} {id} {fact}", _plain(getattr(item, fact)), _plain(row[fact]))

    def _compare_account(self) -> None:
        account = Account.objects.get(user_id=self.user_id)
        waiting = set(PendingEvent.objects.filter(stream=self.user_id).values_list("event__type", flat=True))
        self._note("cash", self.book.cash, account.cash)
        self._note("cash by its fills", account.initial_cash - self.paid, account.cash)
        if not waiting & {EventType.EMERGENCY_STOP, EventType.TRADING_RESUMED}:
            self._note("trading state", self.book.trading_state.value, account.trading_state)
        self._note("start of day", self.book.day_start_equity, account.day_start_equity)
        self._note("peak equity", self.book.peak_equity, account.peak_equity)
        held = {position.id: position for position in self.book.positions.values()}
        rows = Position.objects.open().filter(account=account).values("id", *POSITION_FACTS)
        open_rows = {row["id"]: row for row in rows}
        self._note("open positions", sorted(map(str, held)), sorted(map(str, open_rows)))
        self._compare_rows("position", held, open_rows, POSITION_FACTS)
        working = Order.objects.working().filter(account=account)
        if EventType.ORDER_CREATED in waiting:  # recorded, not yet looked at
            working = working.exclude(status="PENDING")
        order_rows = {row["id"]: row for row in working.values("id", *ORDER_FACTS)}
        self._note("working orders", sorted(map(str, self.book.orders)), sorted(map(str, order_rows)))
        self._compare_rows("order", self.book.orders, order_rows, ORDER_FACTS)

    def _compare_counts(self) -> None:
        """As many rows as events: one more would be something done twice, one fewer something lost."""
        stream = Stream.objects.get(name=self.user_id)
        self._note("events handled", self.events, stream.seq)
        for kind, model in (
            (EventType.SIGNAL_RECEIVED, Signal),
            (EventType.ORDER_EXECUTED, Execution),
            (EventType.POSITION_OPENED, Position),
        ):
            rows = model._default_manager.filter(account=self.user_id).count()
            self._note(f"{kind} events and {model._meta.model_name} rows", self.counts.get(kind, 0), rows)
        # an order's row is there before its event is handled
        placed = PendingEvent.objects.filter(stream=self.user_id, event__type=EventType.ORDER_CREATED).count()
        created = self.counts.get(EventType.ORDER_CREATED, 0) + placed
        self._note("order_created events and order rows", created, Order.objects.filter(account=self.user_id).count())


def _rows(model: Any, wanted: dict[Any, Any], facts: Sequence[str]) -> dict[Any, dict[str, Any]]:
    ids = list(wanted)
    rows: dict[Any, dict[str, Any]] = {}
    for start in range(0, len(ids), 500):
        for row in model.objects.filter(id__in=ids[start : start + 500]).values("id", *facts):
            rows[row["id"]] = row
    return rows


def _plain(value: Any) -> Any:
    """Enums and empty values as the tables hold them."""
    return getattr(value, "value", value)


def _chunks(user_id: str) -> Iterator[list[Event]]:
    """The account's handled events in the order in which they were handled."""
    last = 0
    while chunk := log.handled_events(user_id, after=last, limit=CHUNK):
        last = chunk[-1][0]
        yield [event for _, event in chunk]
