"""A strategy's life: started, paused, resumed, modified, stopped and retired; what it did is counted, and its limits hold."""

from uuid import uuid5

from engine.domain.book import Book, Context
from engine.domain.enums import (
    AlertLevel,
    Component,
    LifecycleStage,
    RejectedBy,
    StrategyStatus,
    TriggeredBy,
)
from engine.domain.events import Event, EventType
from engine.domain.strategy_limits import Breach, breach_of
from engine.domain.strategy_state import STAGES, StageReached, StrategyState, StrategyTrigger
from engine.domain.values import as_decimal, as_uuid
from engine.handlers.exits import close_all
from engine.handlers.orders import cancellation
from engine.handlers.trading import EMERGENCY

REASON_LENGTH = 200  # characters that the tables keep
TARGETS = {
    StrategyTrigger.PAUSE: StrategyStatus.PAUSED,
    StrategyTrigger.RESUME: StrategyStatus.ACTIVE,
    StrategyTrigger.STOP: StrategyStatus.STOPPED,
    StrategyTrigger.RETIRE: StrategyStatus.RETIRED,
}
FIRST_STAGES = (LifecycleStage.CREATED, LifecycleStage.VALIDATED, LifecycleStage.DEPLOYED, LifecycleStage.ACTIVE)
EVENTS = {StrategyTrigger.PAUSE: EventType.STRATEGY_PAUSED, StrategyTrigger.STOP: EventType.STRATEGY_STOPPED}
WORDS = {StrategyTrigger.PAUSE: "paused", StrategyTrigger.STOP: "stopped"}


# --- its life --------------------------------------------------------------------------------------------------------------
def start(book: Book, event: Event) -> None:
    """A deployment begins with nothing done. Limits hold for those whose event names them.

    An emergency stop overtakes it: what was paused before it was started stays paused.
    """
    strategy_id, limits = event.data["strategy_id"], event.data.get("limits")
    before = book.strategies.get(strategy_id) or StrategyState(StrategyStatus.ACTIVE)
    strategy = book.strategies[strategy_id] = StrategyState(before.status, before.reason)
    if limits is not None:
        strategy.limit(limits)
        strategy.watch(_count_positions(book, strategy_id))
    book.touch_strategy(strategy_id)
    previous: LifecycleStage | None = None
    for stage in FIRST_STAGES:
        _record(book, event, stage, previous)
        previous = stage


def pause(book: Book, event: Event) -> None:
    _move(book, event, StrategyTrigger.PAUSE)


def resume(book: Book, event: Event) -> None:
    strategy_id = event.data["strategy_id"]
    if _move(book, event, StrategyTrigger.RESUME) and event.data.get("afresh"):
        strategy = book.strategies[strategy_id]
        strategy.limit(event.data.get("limits", {}))
        strategy.watch(_count_positions(book, strategy_id))
        strategy.begin_anew()


def stop(book: Book, event: Event) -> None:
    _move(book, event, StrategyTrigger.STOP)


def retire(book: Book, event: Event) -> None:
    _move(book, event, StrategyTrigger.RETIRE)


def modify(book: Book, event: Event) -> None:
    """New limits hold from now on; what was traded stays as it is."""
    if event.data.get("action") != "MODIFY":
        return
    strategy_id = event.data["strategy_id"]
    strategy = book.strategies.setdefault(strategy_id, StrategyState(StrategyStatus.ACTIVE))
    strategy.limit(event.data["changes"])
    strategy.watch(_count_positions(book, strategy_id))
    book.touch_strategy(strategy_id)
    stage = STAGES[strategy.status]
    _record(book, event, stage, stage)


def _move(book: Book, event: Event, trigger: StrategyTrigger) -> bool:
    """Go where the life cycle leads; whether it led anywhere.

    A step that a service took stands in the tables already, with the stage that it led from in the event. Of two that the
    engine takes at the same moment the second leads nowhere.
    """
    strategy_id, reason = event.data["strategy_id"], event.data.get("reason", "")
    strategy = book.strategies.setdefault(strategy_id, StrategyState(StrategyStatus.ACTIVE))
    taken_from = event.data.get("previous_stage")
    if not taken_from and strategy.after(trigger) is None:
        return False
    previous = LifecycleStage(taken_from) if taken_from else STAGES[strategy.status]
    strategy.status = TARGETS[trigger]
    strategy.reason = "" if trigger is StrategyTrigger.RESUME else reason[:REASON_LENGTH]
    book.touch_strategy(strategy_id)
    _record(book, event, STAGES[strategy.status], previous)
    return True


def _record(book: Book, event: Event, stage: LifecycleStage, previous: LifecycleStage | None) -> None:
    data, reason = event.data, event.data.get("reason", "")
    by = data.get("triggered_by") or (TriggeredBy.RISK if reason == EMERGENCY else TriggeredBy.SYSTEM)
    metadata = {name: data[name] for name in ("by", "changes", "limit", "close_positions", "rule", "limits") if name in data}
    step = StageReached(
        id=uuid5(event.uid, stage),
        strategy_id=data["strategy_id"],
        stage=stage,
        previous_stage=previous,
        at=event.at,
        triggered_by=TriggeredBy(by),
        reason=reason[:REASON_LENGTH],
        metadata=metadata,
        number=len(book.changes.stages) % 10_000,
    )
    book.changes.stages.append(step)


def _count_positions(book: Book, strategy_id: str) -> int:
    return sum(owner == strategy_id for _, owner in book.positions)


# --- what it did -----------------------------------------------------------------------------------------------------------
def count_position(book: Book, event: Event) -> None:
    """It opened a position."""
    if strategy := _watched(book, event):
        strategy.open_positions += 1


def count_trade(book: Book, event: Event) -> None:
    """It closed one: a trade, won when something is left of it after charges."""
    if strategy := _watched(book, event):
        strategy.count_trade(as_decimal(event.data["realized_pnl"]) - as_decimal(event.data.get("charges", 0)))


def count_error(book: Book, event: Event) -> None:
    if strategy := _watched(book, event):
        strategy.errors += 1
        strategy.last_error = event.data["error"][:REASON_LENGTH]


def _watched(book: Book, event: Event) -> StrategyState | None:
    strategy_id = event.data["strategy_id"]
    strategy = book.strategies.get(strategy_id)
    if strategy is None or not strategy.watched:
        return None
    book.touch_strategy(strategy_id)
    return strategy


# --- what follows ----------------------------------------------------------------------------------------------------------
def note_rejection(book: Book, event: Event, context: Context) -> list[Event]:
    """An order that the broker would not have is an error of its strategy; one that our risk engine denied is not."""
    order = book.changes.orders.get(as_uuid(event.data["order_id"]))
    if event.data["rejected_by"] != RejectedBy.BROKER or order is None or order.strategy_id not in book.strategies:
        return []
    error = f"{order.symbol}: {event.data['reason']}"
    return [event.follow(EventType.STRATEGY_ERROR, context.now, strategy_id=order.strategy_id, error=error)]


def watch_limits(book: Book, event: Event, context: Context) -> list[Event]:
    """At a limit the strategy is paused or stopped, and somebody is told."""
    strategy_id = event.data["strategy_id"]
    strategy = book.strategies.get(strategy_id)
    if strategy is None or not strategy.watched or strategy.status is not StrategyStatus.ACTIVE:
        return []
    breach = breach_of(strategy, book.day_start_equity)
    return (
        []
        if breach is None
        else [_consequence(event, strategy_id, breach, context), _alert(event, strategy_id, breach, context)]
    )


def _consequence(event: Event, strategy_id: str, breach: Breach, context: Context) -> Event:
    limit = {"name": breach.limit_name, "limit": breach.limit, "value": breach.value}
    stops = {"close_positions": True} if breach.trigger is StrategyTrigger.STOP else {}
    return event.follow(
        EVENTS[breach.trigger],
        context.now,
        strategy_id=strategy_id,
        reason=breach.reason,
        triggered_by=breach.triggered_by,
        limit=limit,
        **stops,
    )


def _alert(event: Event, strategy_id: str, breach: Breach, context: Context) -> Event:
    stopped = breach.trigger is StrategyTrigger.STOP
    alert = {
        "alert_type": f"STRATEGY_{breach.limit_name.upper()}",
        "level": AlertLevel.ERROR if stopped else AlertLevel.WARNING,
        "title": f"Strategy {WORDS[breach.trigger]}: {strategy_id}",
        "message": breach.reason,
        "component": Component.STRATEGY_MANAGER,
        "fingerprint": alert_fingerprint(strategy_id),
        "strategy_id": strategy_id,
        "limit_name": breach.limit_name,
        "limit": breach.limit,
        "value": breach.value,
    }
    return event.follow(EventType.PERFORMANCE_ALERT, context.now, **alert)


def clear_alert(book: Book, event: Event, context: Context) -> list[Event]:
    """Somebody let it run again: why it did not is no news any more."""
    if event.data.get("afresh"):
        book.changes.cleared_alerts.add(alert_fingerprint(event.data["strategy_id"]))
    return []


def alert_fingerprint(strategy_id: str) -> str:
    return f"strategy:{strategy_id}"


def leave_the_market(book: Book, event: Event, context: Context) -> list[Event]:
    """A strategy that ends cancels its working orders, and, where that was asked for, closes its positions at the market."""
    strategy_id = event.data["strategy_id"]
    by = event.data.get("by", "engine")
    closes = bool(event.data.get("close_positions"))
    leaving = [held for held in book.positions.values() if closes and held.strategy_id == strategy_id]
    because = "its strategy was stopped: closes the whole position"
    closing, following = close_all(book, event, context, leaving, because=because, created_from="strategy_stopped")
    orders = [order for order in book.orders.values() if order.strategy_id == strategy_id]
    reason = "its strategy was stopped"
    return [
        *(cancellation(event, order, context, reason=reason, by=by, leave=following.get(order.id)) for order in orders),
        *closing,
    ]
