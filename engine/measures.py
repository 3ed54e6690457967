"""What a batch of handled events adds to the counters and timings."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from engine.domain.enums import Lane
from engine.domain.events import Event, EventType, lane_of
from engine.handlers.decide import Handled
from engine.metrics import Delta

COUNTED = {
    EventType.SIGNAL_RECEIVED: ("signals_processed",),
    EventType.SIGNAL_HELD: ("signals_held",),
    EventType.SIGNAL_REFUSED: ("signals_refused", "signals_failed"),  # the second is the old name
    EventType.ORDER_CREATED: ("orders_created",),
    EventType.ORDER_SUBMITTED: ("orders_submitted",),
    EventType.ORDER_EXECUTED: ("orders_executed", "orders_processed"),
    EventType.ORDER_CANCELLED: ("orders_cancelled", "orders_processed"),
    EventType.ORDER_REJECTED: ("orders_rejected", "orders_processed", "failed_orders"),
    EventType.ORDER_EXPIRED: ("orders_expired", "orders_processed"),
    EventType.POSITION_OPENED: ("positions_opened",),
    EventType.POSITION_CLOSED: ("positions_closed",),
    EventType.RISK_ALERT: ("risk_alerts",),
    EventType.MARKET_DATA_UPDATE: ("market_data_updates",),
    EventType.STRATEGY_STARTED: ("strategies_started",),
    EventType.STRATEGY_STOPPED: ("strategies_stopped",),
    EventType.SYSTEM_ERROR: ("system_errors", "errors_count"),
    EventType.HEALTH_CHECK: ("health_checks",),
}

MEASURED = frozenset(
    {
        EventType.SIGNAL_RECEIVED,
        EventType.SIGNAL_REFUSED,
        EventType.ORDER_CREATED,
        EventType.ORDER_EXECUTED,
        EventType.POSITION_CLOSED,
    }
)
MICROSECOND = timedelta(microseconds=1)


def measure(handled: Sequence[Handled], *, ended_at: datetime) -> Delta:
    """Counters and timings of one batch. `ended_at` is the moment just before the commit; times are in microseconds."""
    delta = Delta()
    delta.count("events_processed", len(handled))
    delta.time_all("event_handling", [item.duration_us for item in handled])
    for event_type, number in Counter(item.event.type for item in handled).items():
        for name in COUNTED.get(event_type, ()):
            delta.count(name, number)
    _measure_lanes(delta, handled)
    _measure_chains(delta, [item for item in handled if item.event.type in MEASURED], ended_at)
    return delta


def _measure_lanes(delta: Delta, handled: Sequence[Handled]) -> None:
    """How long the events of each lane took, from being written down to being handled."""
    times: dict[Lane, list[int]] = defaultdict(list)
    for item in handled:
        times[lane_of(item.event.type)].append(micros(item.event.at, item.at) + item.duration_us)
    for lane, found in times.items():
        delta.time_all(lane_timing(lane), found)


def _measure_chains(delta: Delta, handled: Sequence[Handled], ended_at: datetime) -> None:
    """What is told apart by an event's data, and the times from a chain's beginning."""
    began: dict[UUID, Event] = {}
    times: dict[str, list[int]] = defaultdict(list)
    for item in handled:
        event = item.event
        match event.type:
            case EventType.SIGNAL_RECEIVED:
                began[event.correlation_id] = event
                delta.count(f"signals_{event.data['signal_type'].lower()}")
                times["signal_processing"].append(micros(event.at, item.at) + item.duration_us)
            case EventType.ORDER_CREATED:
                began.setdefault(event.correlation_id, event)
            case EventType.ORDER_EXECUTED:
                if first := began.get(event.correlation_id):
                    took = micros(first.at, ended_at)
                    times["order_execution"].append(took)
                    if first.type is EventType.SIGNAL_RECEIVED:
                        times["signal_to_position"].append(took)
            case EventType.SIGNAL_REFUSED if event.data["rule"] == "low_confidence":
                delta.count("signals_low_confidence")
            case EventType.POSITION_CLOSED:
                outcome = "profitable" if event.data["realized_pnl"] > 0 else "losing"
                delta.count(f"{outcome}_positions")
                delta.count(f"{outcome}_trades")  # the old name: a round trip
    for operation, found in times.items():
        delta.time_all(operation, found)


def lane_timing(lane: Lane) -> str:
    """The timing of the lane's events, waiting and handling together, also of those handled at once in another lane's round."""
    return f"lane_{lane}"


def failure_counter(event_type: EventType) -> str:
    """The counter of errors that an event of this type belongs to, beside `errors_count`."""
    if event_type is EventType.SIGNAL_RECEIVED:
        return "signal_processing_errors"
    return "order_execution_errors" if event_type is EventType.ORDER_EXECUTED else "order_processing_errors"


def micros(start: datetime, end: datetime) -> int:
    """Whole microseconds between two moments; never negative, whatever the clock did."""
    return max(0, (end - start) // MICROSECOND)
