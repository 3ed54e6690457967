"""Every event there is: frozen facts in the past tense, each knowing the signal it serves and the event that caused it."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from engine.domain.enums import Lane, Priority
from engine.domain.ids import new_id

SYSTEM_STREAM = "$system"
MARKET_STREAM = "$market"


class EventType(StrEnum):
    ACCOUNT_OPENED = "account_opened"
    ACCOUNT_UPDATED = "account_updated"
    TRADING_DAY_STARTED = "trading_day_started"
    SIGNAL_RECEIVED = "signal_received"
    SIGNAL_HELD = "signal_held"
    SIGNAL_REFUSED = "signal_refused"
    ORDER_CREATED = "order_created"
    ORDER_DEFERRED = "order_deferred"
    ORDER_SUBMITTED = "order_submitted"
    ORDER_ACKNOWLEDGED = "order_acknowledged"
    ORDER_UNCONFIRMED = "order_unconfirmed"
    ORDER_REPORTED = "order_reported"
    ORDER_UPDATED = "order_updated"
    ORDER_MODIFY_REQUESTED = "order_modify_requested"
    ORDER_MODIFIED = "order_modified"
    ORDER_MODIFY_REFUSED = "order_modify_refused"
    ORDER_EXECUTED = "order_executed"
    ORDER_CANCEL_REQUESTED = "order_cancel_requested"
    ORDER_CANCELLED = "order_cancelled"
    ORDER_REJECTED = "order_rejected"
    ORDER_EXPIRED = "order_expired"
    POSITION_OPENED = "position_opened"
    POSITION_UPDATED = "position_updated"
    POSITION_CLOSED = "position_closed"
    POSITION_EXIT_REQUESTED = "position_exit_requested"
    STOP_LOSS_EXECUTED = "stop_loss_executed"
    RISK_ALERT = "risk_alert"
    PERFORMANCE_ALERT = "performance_alert"
    EMERGENCY_STOP = "emergency_stop"
    TRADING_RESUMED = "trading_resumed"
    MARKET_DATA_UPDATE = "market_data_update"
    STRATEGY_STARTED = "strategy_started"
    STRATEGY_PAUSED = "strategy_paused"
    STRATEGY_RESUMED = "strategy_resumed"
    STRATEGY_STOPPED = "strategy_stopped"
    STRATEGY_RETIRED = "strategy_retired"
    STRATEGY_CONTROL_ACTION = "strategy_control_action"
    STRATEGY_LIFECYCLE = "strategy_lifecycle"
    STRATEGY_ERROR = "strategy_error"
    SYSTEM_ERROR = "system_error"
    HEALTH_CHECK = "health_check"
    USER_ACTION = "user_action"
    CONFIG_UPDATED = "config_updated"


# The old system had two vocabularies. Either is understood; the first is what we store and what /events/history answers,
# the second is what /event-history answers.
FULL_NAMES = {
    EventType.SIGNAL_RECEIVED: "signal_generated",
    EventType.ORDER_EXECUTED: "order_filled",
    EventType.STRATEGY_STARTED: "strategy_deployed",
    EventType.RISK_ALERT: "risk_violation",
}
ALIASES = {full: event_type for event_type, full in FULL_NAMES.items()}


def event_type_named(text: str) -> EventType:
    """The event type of either vocabulary's name. Raises ValueError for a name of neither."""
    return ALIASES.get(text) or EventType(text)


_LANES = {
    "signal": Lane.ORDER_PROCESSING,
    "order": Lane.ORDER_PROCESSING,
    "stop": Lane.ORDER_PROCESSING,
    "position": Lane.POSITION_MANAGEMENT,
    "risk": Lane.RISK_MONITORING,
    "performance": Lane.RISK_MONITORING,
    "market": Lane.MARKET_DATA,
    "strategy": Lane.ORDER_PROCESSING,  # in one lane with its signals: what was sent after it was paused comes after
}
LANES = {event_type: _LANES.get(event_type.split("_")[0], Lane.SYSTEM_EVENTS) for event_type in EventType}
PRIORITIES = {
    EventType.SIGNAL_RECEIVED: Priority.HIGH,
    EventType.ORDER_CREATED: Priority.HIGH,
    EventType.ORDER_MODIFY_REQUESTED: Priority.HIGH,
    # what the broker said, in the order in which it said it
    EventType.ORDER_ACKNOWLEDGED: Priority.HIGH,
    EventType.ORDER_UNCONFIRMED: Priority.HIGH,
    EventType.ORDER_REPORTED: Priority.HIGH,
    EventType.ORDER_MODIFIED: Priority.HIGH,
    EventType.ORDER_CANCEL_REQUESTED: Priority.HIGH,
    EventType.ORDER_EXECUTED: Priority.HIGH,
    EventType.ORDER_CANCELLED: Priority.HIGH,
    EventType.POSITION_EXIT_REQUESTED: Priority.HIGH,
    EventType.STOP_LOSS_EXECUTED: Priority.HIGH,
    **{event_type: Priority.HIGH for event_type in EventType if event_type.startswith("strategy_")},  # as signals have it
    EventType.EMERGENCY_STOP: Priority.CRITICAL,
    EventType.TRADING_RESUMED: Priority.CRITICAL,  # in one lane with the stop: of the two the later one must win
    EventType.SYSTEM_ERROR: Priority.CRITICAL,
}


def lane_of(event_type: EventType) -> Lane:
    """CRITICAL events overtake: they have a lane of their own."""
    return Lane.HIGH_PRIORITY if PRIORITIES.get(event_type) is Priority.CRITICAL else LANES[event_type]


class Event(NamedTuple):  # a frozen dataclass takes three times as long to make
    """One fact. `stream` is the account's user id, or one of the two system streams; `seq` its place among the stream's
    handled events (set when it is handled), `id` its place in the log (set when it is stored)."""

    type: EventType
    stream: str
    data: Mapping[str, Any]
    at: datetime
    correlation_id: UUID
    causation_id: UUID | None
    uid: UUID
    id: int | None = None

    def follow(self, event_type: EventType, at: datetime, **data: Any) -> "Event":
        """What this event leads to, in the same stream and the same chain."""
        return Event(event_type, self.stream, data, at, self.correlation_id, self.uid, new_id())

    @property
    def priority(self) -> Priority:
        return PRIORITIES.get(self.type, Priority.NORMAL)

    @property
    def lane(self) -> Lane:
        return lane_of(self.type)

    @property
    def user_id(self) -> str | None:
        return None if self.stream.startswith("$") else self.stream


def new_event(
    event_type: EventType,
    stream: str,
    at: datetime,
    data: Mapping[str, Any],
    uid: UUID | None = None,
    *,
    correlation_id: UUID | None = None,
) -> Event:
    """An event that none caused. It begins a chain, whose id is its own, or belongs to that of `correlation_id`."""
    uid = uid or new_id()
    return Event(event_type, stream, data, at, correlation_id or uid, causation_id=None, uid=uid)
