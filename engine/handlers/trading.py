"""The account as a whole: opened, a new day, halted and resumed."""

from datetime import date
from uuid import UUID

from engine.domain.book import Book, Context, block_key, state_after
from engine.domain.enums import HaltScope, StrategyStatus, TradingState
from engine.domain.events import Event, EventType
from engine.domain.values import as_decimal, as_uuid, decimal_or_none
from engine.handlers.exits import close_all
from engine.handlers.orders import cancellation

EMERGENCY = "emergency stop"
EXITS = ("stop_loss", "take_profit", "trailing_stop", "trailing_stop_percent")  # of a position, set by hand


def open_account(book: Book, event: Event) -> None:
    """Folding starts here; the service that opened the account wrote these very figures."""
    book.cash = as_decimal(event.data["cash"])
    book.day_start_equity = book.peak_equity = book.cash
    book.trading_day = date.fromisoformat(event.data["trading_day"])


def start_day(book: Book, event: Event) -> None:
    book.trading_day = date.fromisoformat(event.data["day"])
    book.day_start_equity = as_decimal(event.data["equity"])
    book.peak_equity = max(book.peak_equity, book.day_start_equity)
    book.pace.start_day()
    book.changes.account = True


def halt(book: Book, event: Event) -> None:
    """At the event's scope."""
    _set_state(book, event, state_after(event.data), event.data["reason"])


def resume(book: Book, event: Event) -> None:
    _set_state(book, event, TradingState.ACTIVE, "")


def _set_state(book: Book, event: Event, state: TradingState, reason: str) -> None:
    scope = scope_of(event)
    if scope is HaltScope.ACCOUNT:
        book.trading_state, book.trading_state_reason = state, reason[:200]
    elif scope is not HaltScope.GLOBAL:  # which has a row of its own
        key = block_key(scope, event.data["name"])
        book.blocks.pop(key, None)
        if state is not TradingState.ACTIVE:
            book.blocks[key] = state
    book.changes.account = True


def scope_of(event: Event) -> HaltScope:
    """What a stop, or a resuming, is about."""
    return HaltScope(event.data.get("scope", HaltScope.ACCOUNT))


def set_exits(book: Book, event: Event) -> None:
    """Somebody set a position's stop or target, or took one away. A fill says nothing of them; one that closed has none."""
    named = [name for name in EXITS if name in event.data]
    if not named:
        return
    position_id = as_uuid(event.data["position_id"])
    position = next((held for held in book.positions.values() if held.id == position_id), None)
    if position:
        for name in named:
            setattr(position, name, decimal_or_none(event.data[name]))
        position.updated_at = event.at
        book.touch_position(position)


def stop_everything(book: Book, event: Event, context: Context) -> list[Event]:
    """Cancel the working orders, pause the active strategies and, if asked to, close the positions that the stop is about."""
    data, by = event.data, event.data["by"]
    flatten = bool(data.get("flatten"))
    kept = _exits(book) if data.get("state") == TradingState.REDUCING and not flatten else set()
    leaving = [held for held in book.positions.values() if flatten and _concerns(event, held.symbol, held.strategy_id)]
    because = f"{EMERGENCY}: closes the whole position"
    closing, following = close_all(book, event, context, leaving, because=because, created_from="emergency_stop")
    cancelled = [
        cancellation(event, order, context, reason=EMERGENCY, by=by, leave=following.get(order.id))
        for order in book.orders.values()
        if _concerns(event, order.symbol, order.strategy_id) and order.id not in kept
    ]
    paused = [
        event.follow(EventType.STRATEGY_PAUSED, context.now, strategy_id=strategy_id, reason=pause_reason(event))
        for strategy_id, strategy in book.strategies.items()
        if strategy.status is StrategyStatus.ACTIVE and _concerns(event, None, strategy_id)
    ]
    return cancelled + paused + closing


def _concerns(event: Event, symbol: str | None, strategy_id: str) -> bool:
    """Whether the stop is about the symbol, or the strategy."""
    scope, name = scope_of(event), event.data.get("name", "")
    if scope is HaltScope.SYMBOL:
        return symbol is not None and symbol == str(name)
    return scope is not HaltScope.STRATEGY or strategy_id == str(name)


def _exits(book: Book) -> set[UUID]:
    """The working orders that only reduce, the oldest first: together they sell, or buy back, no more than is held."""
    left = {key: position.quantity for key, position in book.positions.items()}
    found = set()
    for order in sorted(book.orders.values(), key=lambda order: order.created_at):
        key = (order.symbol, order.strategy_id)
        if order.exits_from(left.get(key, 0)):
            left[key] += order.side.sign * order.remaining
            found.add(order.id)
    return found


def pause_reason(event: Event) -> str:
    """Why a stop pauses a strategy: what resuming, at the same scope, sets going again."""
    scope = scope_of(event)
    return EMERGENCY if scope is HaltScope.ACCOUNT else f"{EMERGENCY} ({' '.join((scope, event.data.get('name', ''))).strip()})"


def restart_strategies(book: Book, event: Event, context: Context) -> list[Event]:
    """Resume what the emergency stop paused, and nothing else."""
    reason = pause_reason(event)
    return [
        event.follow(EventType.STRATEGY_RESUMED, context.now, strategy_id=strategy_id, reason=event.data["reason"])
        for strategy_id, strategy in book.strategies.items()
        if strategy.status is StrategyStatus.PAUSED and strategy.reason == reason
    ]
