"""The account as a whole: opened, a new day, halted and resumed."""

from datetime import date

from engine.domain.book import Book, Context
from engine.domain.enums import StrategyStatus, TradingState
from engine.domain.events import Event, EventType
from engine.domain.values import as_decimal
from engine.handlers.orders import cancellation

EMERGENCY = "emergency stop"


def open_account(book: Book, event: Event) -> None:
    """Folding starts here; the service that opened the account wrote these very figures."""
    book.cash = as_decimal(event.data["cash"])
    book.day_start_equity = book.peak_equity = book.cash
    book.trading_day = date.fromisoformat(event.data["trading_day"])


def start_day(book: Book, event: Event) -> None:
    book.trading_day = date.fromisoformat(event.data["day"])
    book.day_start_equity = as_decimal(event.data["equity"])
    book.peak_equity = max(book.peak_equity, book.day_start_equity)
    book.changes.account = True


def halt(book: Book, event: Event) -> None:
    _set_state(book, TradingState.HALTED, event.data["reason"])


def resume(book: Book, event: Event) -> None:
    _set_state(book, TradingState.ACTIVE, "")


def _set_state(book: Book, state: TradingState, reason: str) -> None:
    book.trading_state, book.trading_state_reason = state, reason[:200]
    book.changes.account = True


def stop_everything(book: Book, event: Event, context: Context) -> list[Event]:
    """Cancel every working order and pause every active strategy."""
    by = event.data["by"]
    cancelled = [cancellation(event, order, context, reason=EMERGENCY, by=by) for order in book.orders.values()]
    paused = [
        event.follow(EventType.STRATEGY_PAUSED, context.now, strategy_id=strategy_id, reason=EMERGENCY)
        for strategy_id, strategy in book.strategies.items()
        if strategy.status is StrategyStatus.ACTIVE
    ]
    return cancelled + paused


def restart_strategies(book: Book, event: Event, context: Context) -> list[Event]:
    """Resume what the emergency stop paused, and nothing else."""
    return [
        event.follow(EventType.STRATEGY_RESUMED, context.now, strategy_id=strategy_id, reason=event.data["reason"])
        for strategy_id, strategy in book.strategies.items()
        if strategy.status is StrategyStatus.PAUSED and strategy.reason == EMERGENCY
    ]
