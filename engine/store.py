"""Books in and out of the database, in bulk: the number of statements does not grow with the batch."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from uuid import UUID

from django.conf import settings

from engine import alerts, bulk, config
from engine.domain.book import Book, Context, Limits, Quote, StrategyState
from engine.domain.enums import (
    OrderStatus,
    OrderType,
    Product,
    RejectedBy,
    Side,
    StrategyStatus,
    TradingState,
    Validity,
)
from engine.domain.orders import TERMINAL, Order
from engine.domain.positions import Position
from engine.models import Account, Alert, Execution, Instrument, Signal, Strategy
from engine.models import Order as OrderRow
from engine.models import Position as PositionRow

ORDER_FIELDS = (
    "id", "symbol", "side", "order_type", "quantity", "correlation_id", "created_at", "price", "stop_price", "stop_loss",
    "take_profit", "product", "validity", "strategy_id", "signal_id", "sizing", "status", "rejected_by", "reason",
    "risk_checks", "filled_quantity", "filled_notional", "charges", "broker_order_id", "updated_at", "submitted_at",
    "filled_at",
)  # fmt: skip
ORDER_CHANGES = (
    "status", "rejected_by", "reason", "risk_checks", "filled_quantity", "filled_notional", "charges", "broker_order_id",
    "updated_at", "submitted_at", "filled_at",
)  # fmt: skip
POSITION_FIELDS = (
    "id", "symbol", "strategy_id", "opened_at", "updated_at", "quantity", "cost", "realized_pnl", "charges", "stop_loss",
    "take_profit", "closed_at",
)  # fmt: skip
POSITION_CHANGES = (
    "status", "quantity", "cost", "average_price", "realized_pnl", "charges", "stop_loss", "take_profit", "updated_at",
    "closed_at",
)  # fmt: skip
EXECUTION_FIELDS = (
    "id", "order", "account", "symbol", "side", "quantity", "price", "charges", "charge_breakdown", "realized_pnl",
    "strategy_id", "broker_execution_id", "executed_at",
)  # fmt: skip
SIGNAL_FIELDS = (
    "id", "account", "symbol", "signal_type", "confidence_score", "target_price", "stop_loss", "position_size", "strategy_id",
    "decision", "reason", "order_id", "received_at", "decided_at",
)  # fmt: skip
ACCOUNT_FIELDS = (
    "user_id", "cash", "trading_state", "trading_state_reason", "trading_day", "day_start_equity", "peak_equity", "updated_at",
)  # fmt: skip

_order_values = attrgetter(*ORDER_FIELDS)
_order_changes = attrgetter("id", *ORDER_CHANGES)
_position_values = attrgetter(*POSITION_FIELDS, "status", "average_price")
_position_changes = attrgetter("id", *POSITION_CHANGES)
_account_values = attrgetter(*ACCOUNT_FIELDS[:-1])
_REJECTED_BY = ORDER_FIELDS.index("rejected_by")
_REJECTED_BY_CHANGE = ORDER_CHANGES.index("rejected_by") + 1


# --- in --------------------------------------------------------------------------------------------------------------------
def load(user_ids: Sequence[str], *, placed: Sequence[UUID] = ()) -> dict[str, Book]:
    """The accounts' books, as they stand. Lock their streams first.

    `placed` are orders that are about to be looked at: those of them that ended before are remembered in their book.
    """
    defaults = config.current()
    books = {account.user_id: _book(account, defaults) for account in Account.objects.filter(user_id__in=user_ids)}
    for row in PositionRow.objects.open().filter(account__in=books).order_by().values_list("account_id", *POSITION_FIELDS):
        position = Position(**dict(zip(POSITION_FIELDS, row[1:], strict=True)))
        books[row[0]].positions[position.symbol, position.strategy_id] = position
        books[row[0]].stored.add(position.id)
    for row in OrderRow.objects.working().filter(account__in=books).order_by().values_list("account_id", *ORDER_FIELDS):
        order = _order(row[1:])
        books[row[0]].orders[order.id] = order
        books[row[0]].stored.add(order.id)
    if placed:
        ended = OrderRow.objects.filter(id__in=placed, account__in=books, status__in=TERMINAL)
        for row in ended.values_list("account_id", *ORDER_FIELDS):
            order = _order(row[1:])
            books[row[0]].ended[order.id] = order
            books[row[0]].stored.add(order.id)
    for user_id, strategy_id, status, reason in Strategy.objects.filter(account__in=books).values_list(
        "account_id", "id", "status", "status_reason"
    ):
        books[user_id].strategies[strategy_id] = StrategyState(StrategyStatus(status), reason)
    open_refusals = Alert.objects.open().filter(account__in=books, fingerprint__startswith="risk:")
    for user_id, fingerprint in open_refusals.values_list("account_id", "fingerprint"):
        books[user_id].open_alerts.add(fingerprint)
    return books


def _book(account: Account, defaults: config.Config) -> Book:
    return Book(
        user_id=account.user_id,
        cash=account.cash,
        limits=limits_of(account, defaults),
        trading_day=account.trading_day,
        day_start_equity=account.day_start_equity,
        peak_equity=account.peak_equity,
        trading_state=TradingState(account.trading_state),
        trading_state_reason=account.trading_state_reason,
    )


def limits_of(account: Account, defaults: config.Config) -> Limits:
    """The account's own limits; the configuration's where it has none."""
    own = {
        name: value if (value := getattr(account, name)) is not None else getattr(defaults, name)
        for name in (
            "max_position_size_percent",
            "max_portfolio_exposure_percent",
            "max_sector_exposure_percent",
            "max_concurrent_orders",
        )
    }
    return Limits(
        confidence_threshold=account.confidence_threshold,
        allow_short=account.allow_short,
        risk_check_enabled=defaults.risk_check_enabled,
        **own,
    )


def _order(row: Sequence[object]) -> Order:
    order = Order(**dict(zip(ORDER_FIELDS, row, strict=True)))  # type: ignore[arg-type]
    order.side, order.order_type = Side(order.side), OrderType(order.order_type)
    order.product, order.validity = Product(order.product), Validity(order.validity)
    order.status = OrderStatus(order.status)
    order.rejected_by = RejectedBy(order.rejected_by) if order.rejected_by else None
    return order


def context(*, now: datetime) -> Context:
    """What handlers may know of the world just now."""
    return Context(now, quotes(), settings.PRICE_MAX_AGE_SECONDS, settings.PAPER_SLIPPAGE_BPS)


def quotes() -> dict[str, Quote]:
    columns = ("symbol", "sector", "tick_size", "lot_size", "last_price", "received_at")
    return {row[0]: Quote(*row) for row in Instrument.objects.values_list(*columns)}


# --- out -------------------------------------------------------------------------------------------------------------------
def save(books: Mapping[str, Book], *, now: datetime) -> None:
    """Write what the handlers changed."""
    _save_orders(books.values())
    _save_executions(books.values())
    _save_positions(books.values())
    _save_signals(books.values())
    _save_accounts(books.values(), now)
    raised = [alert for book in books.values() for alert in book.changes.alerts]
    if raised:
        alerts.alerts_raise(raised, now=now)
    cleared = sorted({fingerprint for book in books.values() for fingerprint in book.changes.cleared_alerts})
    if cleared:
        alerts.alerts_clear(cleared, now=now, note="the cause is gone")


def _save_orders(books: Iterable[Book]) -> None:
    new, changed = [], []
    for book in books:
        for order in book.changes.orders.values():
            if order.id in book.stored:
                changed.append(_without_none(_order_changes(order), _REJECTED_BY_CHANGE))
            else:
                new.append((book.user_id, *_without_none(_order_values(order), _REJECTED_BY)))
    bulk.insert(OrderRow, ("account", *ORDER_FIELDS), new)
    bulk.update(OrderRow, ("id", *ORDER_CHANGES), changed)


def _without_none(values: Sequence[object], place: int) -> list[object]:
    """The table has an empty text where the order has None."""
    row = list(values)
    row[place] = row[place] or ""
    return row


def _save_executions(books: Iterable[Book]) -> None:
    rows = [
        (
            fill.id,
            fill.order_id,
            book.user_id,
            fill.symbol,
            fill.side,
            fill.quantity,
            fill.price,
            fill.charges["total"],
            fill.charges,
            fill.realized_pnl,
            fill.strategy_id,
            fill.broker_execution_id,
            fill.executed_at,
        )
        for book in books
        for fill in book.changes.executions
    ]
    bulk.insert(Execution, EXECUTION_FIELDS, rows)


def _save_positions(books: Iterable[Book]) -> None:
    new, changed = [], []
    for book in books:
        for position in book.changes.positions.values():
            if position.id in book.stored:
                changed.append(_position_changes(position))
            else:
                new.append((book.user_id, *_position_values(position)))
    # first what closes: the same batch may open the symbol anew, and only one may stand open
    bulk.update(PositionRow, ("id", *POSITION_CHANGES), changed)
    bulk.insert(PositionRow, ("account", *POSITION_FIELDS, "status", "average_price"), new)


def _save_signals(books: Iterable[Book]) -> None:
    rows = [
        (
            signal.id,
            book.user_id,
            signal.data["symbol"],
            signal.data["signal_type"],
            signal.data["confidence_score"],
            signal.data.get("target_price"),
            signal.data.get("stop_loss"),
            signal.data.get("position_size"),
            signal.data.get("strategy_id") or "",
            signal.decision,
            signal.reason[:300],
            signal.order_id,
            signal.received_at,
            signal.decided_at,
        )
        for book in books
        for signal in book.changes.signals.values()
    ]
    bulk.insert(Signal, SIGNAL_FIELDS, rows)


def _save_accounts(books: Iterable[Book], now: datetime) -> None:
    changed = [book for book in books if book.changes.account]
    rows = [(*_account_values(book), now) for book in changed]
    bulk.update(Account, ACCOUNT_FIELDS, rows)
    strategies = [
        (strategy_id, strategy.status, strategy.reason[:200], now)
        for book in books
        for strategy_id, strategy in book.changes.strategies.items()
    ]
    bulk.update(Strategy, ("id", "status", "status_reason", "updated_at"), strategies)
