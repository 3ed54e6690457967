"""Folding the log must give the tables: how we know that nothing was lost and nothing was done twice.

It begins at the latest snapshot, and what had its end before then is taken to be as it was found to be; a full verification
begins at the beginning, with the archives, and finds each snapshot on its way.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction

from engine import archives, folding
from engine.domain.events import Event, EventType
from engine.domain.snapshots import VERSION
from engine.folding import UNFOLDABLE, Fold, Numbered, as_columns, begins_in_log, events_after, start_of
from engine.handlers.decide import fold
from engine.models import (
    Account,
    BookSnapshot,
    EventArchive,
    Execution,
    Order,
    PendingEvent,
    Position,
    Signal,
    Strategy,
    Stream,
)

ORDER_FACTS = (
    "status", "quantity", "price", "stop_price", "stop_loss", "take_profit", "filled_quantity", "filled_notional", "charges",
    "symbol", "side", "reason", "waits_until", "triggered_at", "trailing_stop", "trailing_stop_percent", "leave",
)  # fmt: skip
POSITION_FACTS = (
    "symbol",
    "strategy_id",
    "product",
    "quantity",
    "cost",
    "realized_pnl",
    "charges",
    "stop_loss",
    "take_profit",
    "trailing_stop",
    "trailing_stop_percent",
)
EXECUTION_FACTS = ("order_id", "symbol", "side", "quantity", "price", "realized_pnl", "broker_execution_id")
STRATEGY_FACTS = (
    "status", "watched", "max_positions", "max_daily_trades", "max_drawdown_percent", "min_win_rate_percent", "max_errors",
    "capital", "signals", "traded_on", "trades_today", "open_positions", "trades", "wins", "net_pnl", "peak_pnl",
    "trades_before", "wins_before", "errors", "last_error",
)  # fmt: skip
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
    notes: list[str] = field(default_factory=list)  # what could not be looked at, and why


@dataclass(frozen=True, slots=True)
class Archive:
    """Where archived events are read from, for folding from the beginning."""

    folder: Path
    parts: Mapping[str, Sequence[archives.Part]] = field(default_factory=archives.parts_by_stream)


def verify(user_ids: Sequence[str] | None = None, *, archive: Path | None = None) -> Verified:
    """Fold every account's events (or those of the given accounts) and compare with the tables.

    From each account's latest snapshot on; with the folder of the archives, from the beginning.
    """
    accounts = Account.objects.order_by("user_id")
    if user_ids is not None:
        accounts = accounts.filter(user_id__in=user_ids)
    result = Verified(0, 0, [])
    if archive:
        result.differences += _damaged(archive)
    for user_id in accounts.values_list("user_id", flat=True):
        with transaction.atomic():
            Stream.objects.select_for_update().filter(name=user_id).first()  # nobody moves it, or prunes it, while we look
            fold_of_account = _Folding(user_id, Archive(archive) if archive else None)
            if reason := fold_of_account.cannot_begin():
                result.notes.append(f"{user_id} was not looked at: {reason}")
                continue
            result.differences += fold_of_account.differences()
            result.events += fold_of_account.events
            result.accounts += 1
    return result


def _damaged(folder: Path) -> Iterator[Difference]:
    for archive in EventArchive.objects.all():
        try:
            archives.check(folder, archive)
        except archives.ArchiveDamagedError as error:
            yield Difference("archive", str(error), "the whole file", "no such file")


class _Folding:
    """One account's log, folded into a book, compared as it goes along."""

    def __init__(self, user_id: str, archive: Archive | None) -> None:
        self.user_id = user_id
        self.events = 0
        self.found: list[Difference] = []
        self.archive = archive
        self.state = Fold.blank(user_id) if archive else start_of(user_id)
        self.book = self.state.book
        self.decided: set[UUID] = (
            set()
        )  # signals: an order that was refused in the chunk's last events refuses its signal in the next

    def cannot_begin(self) -> str:
        """Why there is nothing to fold on from; empty where there is."""
        if self.archive or self.state.seq or begins_in_log(self.user_id):
            return ""
        if not BookSnapshot.objects.filter(stream=self.user_id).exists():
            return ""  # the missing events are a difference, which folding finds
        return "its snapshots are of another version and its first events are archived; verify --full folds those"

    def differences(self) -> list[Difference]:
        try:
            for chunk in self._chunks():
                for seq, event in chunk:
                    self._fold(event)
                    self.state.count(seq, event)
                self.events += len(chunk)
                self._compare_finished()
                self._compare_snapshot()
        except archives.ArchiveDamagedError as error:
            self._note("its archived events", str(error), "the outcome of all of them")
            return self.found
        self._compare_signals(self.book.changes.signals)
        self._compare_account()
        self._compare_counts()
        return self.found

    def _chunks(self) -> Iterator[list[Numbered]]:
        """The account's handled events in the order in which they were handled, cut at each snapshot."""
        if self.archive is None:
            yield from events_after(self.user_id, self.state.seq)
            return
        hot = chain.from_iterable(events_after(self.user_id, 0))
        marks = set(BookSnapshot.objects.filter(stream=self.user_id, version=VERSION).values_list("seq", flat=True))
        chunk: list[Numbered] = []
        for numbered in archives.history(self.archive.folder, self.archive.parts.get(self.user_id, ()), hot, archives.read):
            chunk.append(numbered)
            if len(chunk) == folding.CHUNK or numbered[0] in marks:
                yield chunk
                chunk = []
        if chunk:
            yield chunk

    def _compare_snapshot(self) -> None:
        """A full folding finds each snapshot as it was kept, but for those of before an upgrade."""
        if self.archive and (kept := self._snapshot_here()):
            now = as_columns(self.state)
            found = now["book"] | {"counts": now["counts"], "paid": now["paid"]}
            for what, value in (kept.book | {"counts": kept.counts, "paid": kept.paid}).items():
                self._note(f"snapshot after {kept.seq}: {what}", found.get(what), value)

    def _snapshot_here(self) -> BookSnapshot | None:
        return BookSnapshot.objects.filter(stream=self.user_id, version=VERSION, seq=self.state.seq).first()

    def _fold(self, event: Event) -> None:
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
            self.state.paid += sign * row["quantity"] * row["price"] + row["charges"]
        self._compare_signals(self.decided)
        self.decided = folding.settled(self.book)
        for id in ended:
            del changes.orders[id]
        for id in closed:
            del changes.positions[id]
        changes.executions.clear()
        later = changes.refused_later
        self._compare_rows("signal", later, _rows(Signal, later, SIGNAL_FACTS[:2]), SIGNAL_FACTS[:2])
        later.clear()

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
        self._note("cash by its fills", account.initial_cash - self.state.paid, account.cash)
        if not waiting & {EventType.EMERGENCY_STOP, EventType.TRADING_RESUMED}:
            self._note("trading state", self.book.trading_state.value, account.trading_state)
            self._note("blocked strategies and symbols", self.book.blocks, account.trading_blocks)
        self._note("start of day", self.book.day_start_equity, account.day_start_equity)
        self._note("peak equity", self.book.peak_equity, account.peak_equity)
        pace = self.book.pace
        self._note("orders of the day", pace.orders_today, account.orders_today)
        self._note("orders of the minute", pace.orders_by_second, account.orders_by_second)
        held = {position.id: position for position in self.book.positions.values()}
        rows = Position.objects.open().filter(account=account).values("id", *POSITION_FACTS)
        open_rows = {row["id"]: row for row in rows}
        self._note("open positions", sorted(map(str, held)), sorted(map(str, open_rows)))
        self._compare_rows("position", held, open_rows, POSITION_FACTS)
        working = Order.objects.working().filter(account=account)
        if EventType.ORDER_CREATED in waiting:  # recorded, not yet looked at
            working = working.exclude(status="PENDING", waits_until__isnull=True)
        order_rows = {row["id"]: row for row in working.values("id", *ORDER_FACTS)}
        self._note("working orders", sorted(map(str, self.book.orders)), sorted(map(str, order_rows)))
        self._compare_rows("order", self.book.orders, order_rows, ORDER_FACTS)
        if not any(kind.startswith("strategy_") for kind in waiting):  # else the table is ahead of the log
            self._compare_strategies()

    def _compare_strategies(self) -> None:
        """Of those that are not watched nothing is counted."""
        strategies = self.book.strategies
        rows = _rows(Strategy, strategies, STRATEGY_FACTS)
        self._compare_rows("strategy", strategies, rows, STRATEGY_FACTS[:2])
        watched = {id: strategy for id, strategy in strategies.items() if strategy.watched and id in rows}
        self._compare_rows("strategy", watched, rows, STRATEGY_FACTS[2:])

    def _compare_counts(self) -> None:
        """As many rows as events: one more would be something done twice, one fewer something lost."""
        stream = Stream.objects.get(name=self.user_id)
        self._note("events handled", sum(self.state.counts.values()), stream.seq)
        for kind, model in (
            (EventType.SIGNAL_RECEIVED, Signal),
            (EventType.ORDER_EXECUTED, Execution),
            (EventType.POSITION_OPENED, Position),
        ):
            rows = model._default_manager.filter(account=self.user_id).count()
            self._note(f"{kind} events and {model._meta.model_name} rows", self.state.counts.get(kind, 0), rows)
        # an order's row is there before its event is handled
        placed = PendingEvent.objects.filter(stream=self.user_id, event__type=EventType.ORDER_CREATED).count()
        created = self.state.counts.get(EventType.ORDER_CREATED, 0) + placed
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
