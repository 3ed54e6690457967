"""What each event does: `apply` changes the book from the event's own data (folding the log uses nothing else), then the
deciders say what follows. This table reads like the diagram of the flow."""

from collections.abc import Callable
from dataclasses import dataclass

from engine.domain.book import Book, Context
from engine.domain.events import Event, EventType
from engine.handlers import alerts, brokers, exits, fills, modifications, orders, signals, strategies, trading

Apply = Callable[[Book, Event], None]
Decide = Callable[[Book, Event, Context], list[Event]]


@dataclass(frozen=True, slots=True)
class Handling:
    apply: Apply | None = None
    then: tuple[Decide, ...] = ()


RECORDED = Handling()  # in the log for people to read; nothing follows from it

HANDLERS: dict[EventType, Handling] = {
    EventType.ACCOUNT_OPENED: Handling(trading.open_account),
    EventType.ACCOUNT_UPDATED: RECORDED,
    EventType.TRADING_DAY_STARTED: Handling(trading.start_day, then=(orders.expire_day_orders,)),
    EventType.SIGNAL_RECEIVED: Handling(signals.receive, then=(signals.decide,)),
    EventType.SIGNAL_HELD: Handling(signals.hold),
    EventType.SIGNAL_REFUSED: Handling(signals.refuse),
    EventType.ORDER_CREATED: Handling(orders.create, then=(orders.check_risk,)),
    EventType.ORDER_DEFERRED: Handling(orders.defer),
    EventType.ORDER_SUBMITTED: Handling(orders.submit, then=(orders.match_on_paper, brokers.place, orders.clear_refusals)),
    EventType.ORDER_ACKNOWLEDGED: Handling(brokers.acknowledge, then=(brokers.clear_unknown,)),
    EventType.ORDER_UNCONFIRMED: Handling(brokers.lose, then=(brokers.warn_of_unknown,)),
    EventType.ORDER_REPORTED: Handling(brokers.report, then=(brokers.follow_report, brokers.clear_unknown, exits.leave_after)),
    EventType.ORDER_UPDATED: Handling(orders.update, then=(orders.release, orders.match_on_paper)),
    EventType.ORDER_MODIFY_REQUESTED: Handling(then=(modifications.decide,)),
    EventType.ORDER_MODIFIED: Handling(modifications.modify, then=(modifications.match_anew, exits.leave_after)),
    EventType.ORDER_MODIFY_REFUSED: Handling(then=(alerts.warn_of_refusal,)),
    EventType.ORDER_EXECUTED: Handling(fills.book_fill, then=(fills.announce_position, exits.leave_after)),
    EventType.ORDER_CANCEL_REQUESTED: Handling(exits.note_wish, then=(brokers.ask_to_cancel,)),
    EventType.ORDER_CANCELLED: Handling(orders.cancel, then=(exits.leave_after,)),
    EventType.ORDER_REJECTED: Handling(
        orders.reject, then=(orders.refuse_signal, alerts.warn_of_refusal, strategies.note_rejection, exits.leave_after)
    ),
    EventType.ORDER_EXPIRED: Handling(orders.expire, then=(exits.leave_after,)),
    EventType.POSITION_OPENED: Handling(strategies.count_position),
    EventType.POSITION_UPDATED: Handling(trading.set_exits),
    EventType.POSITION_CLOSED: Handling(strategies.count_trade, then=(strategies.watch_limits,)),
    EventType.POSITION_EXIT_REQUESTED: Handling(then=(exits.leave_on_request,)),
    EventType.STOP_LOSS_EXECUTED: Handling(then=(exits.leave_at_level,)),
    EventType.RISK_ALERT: Handling(then=(alerts.raise_alert,)),
    EventType.PERFORMANCE_ALERT: Handling(then=(alerts.raise_alert,)),
    EventType.EMERGENCY_STOP: Handling(trading.halt, then=(trading.stop_everything, alerts.announce_halt)),
    EventType.TRADING_RESUMED: Handling(trading.resume, then=(trading.restart_strategies, alerts.clear_halt)),
    EventType.MARKET_DATA_UPDATE: RECORDED,
    EventType.STRATEGY_STARTED: Handling(strategies.start),
    EventType.STRATEGY_PAUSED: Handling(strategies.pause),
    EventType.STRATEGY_RESUMED: Handling(strategies.resume, then=(strategies.clear_alert,)),
    EventType.STRATEGY_STOPPED: Handling(strategies.stop, then=(strategies.leave_the_market,)),
    EventType.STRATEGY_RETIRED: Handling(strategies.retire, then=(strategies.leave_the_market,)),
    EventType.STRATEGY_CONTROL_ACTION: Handling(strategies.modify),
    EventType.STRATEGY_ERROR: Handling(strategies.count_error, then=(strategies.watch_limits,)),
    EventType.STRATEGY_LIFECYCLE: RECORDED,
    EventType.SYSTEM_ERROR: Handling(then=(alerts.raise_alert,)),
    EventType.HEALTH_CHECK: RECORDED,
    EventType.USER_ACTION: RECORDED,
    EventType.CONFIG_UPDATED: RECORDED,
}
