"""Books in and out of the database, in bulk: the number of statements does not grow with the batch."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from engine import alerts, bulk, config, tariff
from engine.brokers.outbox import calls_save
from engine.domain.book import NO_LIMITS, Book, Context, Limits
from engine.domain.brokers import BrokerName
from engine.domain.enums import (
    OrderStatus,
    OrderType,
    Product,
    RejectedBy,
    Side,
    StrategyStatus,
    TradingState,
    Validity,
    WhenClosed,
)
from engine.domain.orders import Order
from engine.domain.pace import Pace
from engine.domain.positions import Position
from engine.domain.quotes import Quote
from engine.domain.sizing_models import SizingModel
from engine.domain.strategy_state import StrategyState
from engine.market.sessions import hours_at
from engine.models import Account, Alert, Execution, Instrument, Signal, Strategy, StrategyStage
from engine.models import Order as OrderRow
from engine.models import Position as PositionRow
from engine.models.accounts import DESK_STATE
from engine.selectors.brokers import broker_desk
from engine.shelf import Stamp, shelf

ORDER_FIELDS = (
    "id", "symbol", "side", "order_type", "quantity", "correlation_id", "created_at", "price", "stop_price", "stop_loss",
    "take_profit", "product", "validity", "strategy_id", "signal_id", "sizing", "status", "rejected_by", "reason",
    "risk_checks", "filled_quantity", "filled_notional", "charges", "broker_order_id", "updated_at", "submitted_at",
    "filled_at", "waits_until", "triggered_at", "trailing_stop", "trailing_stop_percent", "broker", "leave",
)  # fmt: skip
ORDER_CHANGES = (
    "quantity", "price", "stop_price", "stop_loss", "take_profit", "status", "rejected_by", "reason", "risk_checks",
    "filled_quantity", "filled_notional", "charges", "broker_order_id", "updated_at", "submitted_at", "filled_at",
    "waits_until", "triggered_at", "broker", "trailing_stop", "trailing_stop_percent", "leave",
)  # fmt: skip
POSITION_FIELDS = (
    "id", "symbol", "strategy_id", "opened_at", "updated_at", "quantity", "cost", "realized_pnl", "charges", "stop_loss",
    "take_profit", "closed_at", "product", "trailing_stop", "trailing_stop_percent",
)  # fmt: skip
POSITION_CHANGES = (
    "status", "quantity", "cost", "average_price", "realized_pnl", "charges", "stop_loss", "take_profit", "updated_at",
    "closed_at", "trailing_stop", "trailing_stop_percent",
)  # fmt: skip
EXECUTION_FIELDS = (
    "id", "order", "account", "symbol", "side", "quantity", "price", "charges", "charge_breakdown", "realized_pnl",
    "strategy_id", "broker_execution_id", "executed_at",
)  # fmt: skip
SIGNAL_FIELDS = (
    "id", "account", "symbol", "signal_type", "confidence_score", "target_price", "stop_loss", "position_size", "strategy_id",
    "decision", "reason", "order_id", "received_at", "decided_at",
)  # fmt: skip
STRATEGY_FIELDS = (
    "watched", "max_positions", "max_daily_trades", "max_drawdown_percent", "min_win_rate_percent", "max_errors", "capital",
    "signals", "last_signal_at", "traded_on", "trades_today", "open_positions", "trades", "wins", "net_pnl", "peak_pnl",
    "trades_before", "wins_before", "errors", "last_error",
)  # fmt: skip
STRATEGY_CHANGES = (
    "watched",
    *STRATEGY_FIELDS[STRATEGY_FIELDS.index("signals") :],
)  # its limits are written by whoever sets them
STAGE_FIELDS = ("id", "strategy", "stage", "previous_stage", "at", "triggered_by", "reason", "metadata", "number")
ACCOUNT_FIELDS = (
    "user_id", "cash", "trading_state", "trading_state_reason", "trading_day", "day_start_equity", "peak_equity",
    "trading_blocks", "orders_today", "orders_by_second", "updated_at",
)  # fmt: skip

LATE_SECONDS = 60  # between an order's creation and its submission, when duplicates are looked for

_order_values = attrgetter(*ORDER_FIELDS)
_order_changes = attrgetter("id", *ORDER_CHANGES)
_position_values = attrgetter(*POSITION_FIELDS, "status", "average_price")
_position_changes = attrgetter("id", *POSITION_CHANGES)
DEFAULTED_LIMITS = (
    "max_position_size_percent", "max_portfolio_exposure_percent", "max_sector_exposure_percent", "max_concurrent_orders",
    *config.RISK_KEYS,
)  # fmt: skip

_strategy_changes = attrgetter("status", "reason", *STRATEGY_CHANGES)
_account_values = attrgetter(*ACCOUNT_FIELDS[:-4], "blocks", "pace.orders_today", "pace.orders_by_second")
_REJECTED_BY = ORDER_FIELDS.index("rejected_by")
_REJECTED_BY_CHANGE = ORDER_CHANGES.index("rejected_by") + 1


# --- in --------------------------------------------------------------------------------------------------------------------
def load(seqs: Mapping[str, int], *, named: Sequence[UUID] = ()) -> dict[str, Book]:
    """The accounts' books, as they stand: from the shelf where they are as new as the tables, else loaded, in bulk.

    `seqs` says how many events each account's stream has handled; lock the streams first. `named` are orders that the batch is
    about: those that are at their end already are remembered in their book.
    """
    defaults = config.current()
    books, unknown = {}, {}
    for account in Account.objects.filter(user_id__in=list(seqs)).annotate(desk_state=DESK_STATE):
        stamp = Stamp(seqs[account.user_id], account.created_at, account.updated_at)
        book = shelf.take(account.user_id, stamp)
        if book is None:
            book = unknown[account.user_id] = _book(account)
        book.limits = limits_of(account, defaults)
        book.desk_state = state_named(account.desk_state)
        books[account.user_id] = book
    if unknown:
        _fill(unknown)
    if missing := [id for id in named if not any(id in book.orders for book in books.values())]:
        _fill_named(books, missing)
    return books


def load_apart(user_id: str) -> Book | None:
    """The account's book for looking at: neither from the shelf nor for saving. None for an account that is not there."""
    account = Account.objects.filter(user_id=user_id).annotate(desk_state=DESK_STATE).first()
    if account is None:
        return None
    book = _book(account)
    book.limits = limits_of(account, config.current())
    book.desk_state = state_named(account.desk_state)
    _fill({user_id: book})
    return book


def _fill(books: Mapping[str, Book]) -> None:
    users = list(books)
    for row in PositionRow.objects.open().filter(account__in=users).order_by().values_list("account_id", *POSITION_FIELDS):
        position = Position(**dict(zip(POSITION_FIELDS, row[1:], strict=True)))
        position.product = Product(position.product)
        books[row[0]].positions[position.symbol, position.strategy_id] = position
        books[row[0]].stored.add(position.id)
    for row in OrderRow.objects.working().filter(account__in=users).order_by().values_list("account_id", *ORDER_FIELDS):
        order = _order(row[1:])
        books[row[0]].orders[order.id] = order
        books[row[0]].stored.add(order.id)
    strategies = Strategy.objects.filter(account__in=users).order_by()
    for user_id, strategy_id, status, *row in strategies.values_list(
        "account_id", "id", "status", "status_reason", *STRATEGY_FIELDS
    ):
        books[user_id].strategies[strategy_id] = StrategyState(StrategyStatus(status), *row)
    _fill_signals(books)
    open_refusals = Alert.objects.open().filter(account__in=users, fingerprint__startswith="risk:")
    for user_id, fingerprint in open_refusals.values_list("account_id", "fingerprint"):
        books[user_id].open_alerts.add(fingerprint)


def _fill_signals(books: Mapping[str, Book]) -> None:
    """When signals were last acted upon, as far back as an account looks for duplicates; nothing is asked when none does."""
    looking = {user_id: seconds for user_id, book in books.items() if (seconds := book.limits.duplicate_signal_seconds)}
    if not looking:
        return
    since = timezone.now() - timedelta(seconds=max(looking.values()) + LATE_SECONDS)
    sent = (
        OrderRow.objects.filter(
            account__in=list(looking), created_at__gt=since, signal_id__isnull=False, submitted_at__isnull=False
        )
        .order_by("submitted_at")
        .only("account_id", "symbol", "side", "strategy_id", "submitted_at")
    )
    for row in sent:
        if row.submitted_at:
            books[row.account_id].pace.last_signals[row.symbol, Side(row.side), row.strategy_id] = row.submitted_at


def _fill_named(books: Mapping[str, Book], ids: Sequence[UUID]) -> None:
    """Orders that a service recorded since the book was last looked at, or that had ended before."""
    for row in OrderRow.objects.filter(id__in=ids, account__in=list(books)).values_list("account_id", *ORDER_FIELDS):
        book, order = books[row[0]], _order(row[1:])
        (book.orders if order.is_working else book.ended)[order.id] = order
        book.stored.add(order.id)


def shelve(books: Iterable[Book], seqs: Mapping[str, int]) -> None:
    """Keep the books for the next batch, once this one is committed."""
    for book in books:
        if book.opened_at and book.written_at:
            shelf.put(book, Stamp(seqs[book.user_id], book.opened_at, book.written_at))


def _book(account: Account) -> Book:
    return Book(
        user_id=account.user_id,
        opened_at=account.created_at,
        written_at=account.updated_at,
        cash=account.cash,
        limits=NO_LIMITS,
        trading_day=account.trading_day,
        day_start_equity=account.day_start_equity,
        peak_equity=account.peak_equity,
        trading_state=state_named(account.trading_state),
        blocks={key: state_named(state) for key, state in account.trading_blocks.items()},
        trading_state_reason=account.trading_state_reason,
        pace=Pace(account.orders_today, account.orders_by_second),
    )


def state_named(word: str | None) -> TradingState:
    """The trading state that stands in the database. One that is missing, or that nobody knows, is HALTED."""
    try:
        return TradingState(word or "")
    except ValueError:
        return TradingState.HALTED


def limits_of(account: Account, defaults: config.Config) -> Limits:
    """The account's own limits; the configuration's where it has none."""
    own = {
        name: value if (value := getattr(account, name)) is not None else getattr(defaults, name) for name in DEFAULTED_LIMITS
    }
    return Limits(
        confidence_threshold=account.confidence_threshold,
        allow_short=account.allow_short,
        waits_for_open=account.when_closed == WhenClosed.WAIT,
        risk_check_enabled=defaults.risk_check_enabled,
        sizing_model=SizingModel(account.sizing_model) if account.sizing_model else None,
        **own,
    )


def _order(row: Sequence[object]) -> Order:
    order = Order(**dict(zip(ORDER_FIELDS, row, strict=True)))  # type: ignore[arg-type]
    order.side, order.order_type = Side(order.side), OrderType(order.order_type)
    order.product, order.validity = Product(order.product), Validity(order.validity)
    order.status = OrderStatus(order.status)
    order.broker = BrokerName(order.broker)
    order.rejected_by = RejectedBy(order.rejected_by) if order.rejected_by else None
    return order


def context(books: Iterable[Book], symbols: Iterable[str], *, now: datetime) -> Context:
    """What handlers may know of the world just now: quotes of these symbols, and of all that the books hold or have at work."""
    wanted = set(symbols)
    for book in books:
        wanted.update(symbol for symbol, _ in book.positions)
        wanted.update(order.symbol for order in book.orders.values())
    return Context(
        now,
        quotes(wanted),
        settings.PRICE_MAX_AGE_SECONDS,
        settings.PAPER_SLIPPAGE_BPS,
        tariff.current(),
        settings.PAPER_VOLUME_PERCENT,
        hours_at(now),
        broker_desk(now=now),
    )


def quotes(symbols: Collection[str]) -> dict[str, Quote]:
    columns = (
        "symbol", "sector", "tick_size", "lot_size", "last_price", "received_at", "bar_volume", "source", "volatility",
        "usual_volatility",
    )  # fmt: skip
    return {row[0]: Quote(*row) for row in Instrument.objects.filter(symbol__in=symbols).order_by().values_list(*columns)}


# --- out -------------------------------------------------------------------------------------------------------------------
def save(books: Mapping[str, Book], *, now: datetime) -> None:
    """Write what the handlers changed."""
    _save_orders(books.values())
    _save_executions(books.values())
    _save_positions(books.values())
    _save_signals(books.values())
    _save_accounts(books.values(), now)
    _save_strategies(books.values(), now)
    calls_save(books.values(), now=now)
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
    later = [signal for book in books for signal in book.changes.refused_later.values()]
    verdicts = [(signal.id, signal.decision, signal.reason[:300], signal.decided_at) for signal in later]
    bulk.update(Signal, ("id", "decision", "reason", "decided_at"), verdicts)


def _save_accounts(books: Iterable[Book], now: datetime) -> None:
    changed = [book for book in books if book.changes.account]
    rows = [(*_account_values(book), now) for book in changed]
    bulk.update(Account, ACCOUNT_FIELDS, rows)
    for book in changed:
        book.written_at = now


def _save_strategies(books: Iterable[Book], now: datetime) -> None:
    changed = [
        (strategy_id, *_strategy_changes(strategy), now)
        for book in books
        for strategy_id, strategy in book.changes.strategies.items()
    ]
    bulk.update(Strategy, ("id", "status", "status_reason", *STRATEGY_CHANGES, "updated_at"), changed)
    steps = [
        (step.id, step.strategy_id, step.stage, step.previous_stage or "", *step[4:])
        for book in books
        for step in book.changes.stages
    ]
    bulk.insert(StrategyStage, STAGE_FIELDS, steps)
