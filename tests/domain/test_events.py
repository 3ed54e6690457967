import json
from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bulk import dumps, loads
from engine.domain.enums import Lane, Priority
from engine.domain.events import ALIASES, FULL_NAMES, LANES, EventType, event_type_named, new_event
from engine.domain.values import as_decimal, as_uuid, iso
from engine.handlers import HANDLERS
from tests.domain.desk import NOW

# CONTRACT 4.1: what the old system served, what its larger bus knew, and what its code used without defining it
SERVED = [
    "signal_received",
    "order_created",
    "order_executed",
    "order_cancelled",
    "position_opened",
    "position_closed",
    "risk_alert",
    "market_data_update",
    "strategy_started",
    "strategy_stopped",
    "system_error",
    "health_check",
]
FULL = [
    "signal_generated",
    "order_created",
    "order_submitted",
    "order_filled",
    "order_cancelled",
    "order_rejected",
    "position_opened",
    "position_updated",
    "position_closed",
    "strategy_deployed",
    "strategy_paused",
    "strategy_stopped",
    "risk_violation",
    "emergency_stop",
    "market_data_update",
    "system_error",
    "user_action",
]
USED = [
    "order_updated",
    "stop_loss_executed",
    "strategy_resumed",
    "strategy_control_action",
    "performance_alert",
    "strategy_lifecycle",
    "strategy_retired",
]


def test_every_event_is_handled_and_has_a_lane():
    assert set(HANDLERS) == set(EventType)
    assert set(LANES) == set(EventType)


def test_both_old_vocabularies_are_understood():
    names = {*SERVED, *FULL, *USED}
    assert len(names) == 29
    assert {event_type_named(name) for name in names} <= set(EventType)
    for name in SERVED:
        assert event_type_named(name) == name
    assert {event_type_named(name) for name in FULL} == {EventType(ALIASES.get(name, name)) for name in FULL}
    assert {full: kind for kind, full in FULL_NAMES.items()} == ALIASES
    with pytest.raises(ValueError, match="order_lost"):
        event_type_named("order_lost")


@pytest.mark.parametrize(
    ("event_type", "lane", "priority"),
    [
        (EventType.SIGNAL_RECEIVED, Lane.ORDER_PROCESSING, Priority.HIGH),
        (EventType.ORDER_UPDATED, Lane.ORDER_PROCESSING, Priority.NORMAL),
        (EventType.STOP_LOSS_EXECUTED, Lane.ORDER_PROCESSING, Priority.HIGH),
        (EventType.POSITION_CLOSED, Lane.POSITION_MANAGEMENT, Priority.NORMAL),
        (EventType.RISK_ALERT, Lane.RISK_MONITORING, Priority.NORMAL),
        (EventType.MARKET_DATA_UPDATE, Lane.MARKET_DATA, Priority.NORMAL),
        (EventType.USER_ACTION, Lane.SYSTEM_EVENTS, Priority.NORMAL),
        (EventType.EMERGENCY_STOP, Lane.HIGH_PRIORITY, Priority.CRITICAL),
        (EventType.TRADING_RESUMED, Lane.HIGH_PRIORITY, Priority.CRITICAL),
        (EventType.SYSTEM_ERROR, Lane.HIGH_PRIORITY, Priority.CRITICAL),
    ],
)
def test_lanes_and_priorities(event_type, lane, priority):
    event = new_event(event_type, "asha", NOW, {})
    assert (event.lane, event.priority) == (lane, priority)


def test_what_follows_knows_where_it_comes_from():
    first = new_event(EventType.SIGNAL_RECEIVED, "asha", NOW, {})
    second = first.follow(EventType.ORDER_CREATED, NOW, quantity=1)
    third = second.follow(EventType.ORDER_SUBMITTED, NOW)
    assert first.causation_id is None
    assert (second.causation_id, third.causation_id) == (first.uid, second.uid)
    assert {event.correlation_id for event in (first, second, third)} == {first.uid}
    assert (third.user_id, new_event(EventType.USER_ACTION, "$system", NOW, {}).user_id) == ("asha", None)


@given(st.decimals(-(10**11), 10**11, places=4))
def test_money_comes_out_of_the_log_as_it_went_in(amount):
    assert as_decimal(loads(dumps({"amount": amount}))["amount"]) == amount


def test_event_data_is_plain_json():
    uid, at = uuid4(), datetime(2026, 1, 5, 11, 0, tzinfo=UTC)
    text = dumps({"uid": uid, "at": at, "price": Decimal("100.50"), "shares": Decimal(3), "kind": EventType.USER_ACTION})
    assert json.loads(text) == {
        "uid": str(uid),
        "at": "2026-01-05T11:00:00.000000Z",
        "price": 100.5,
        "shares": 3,
        "kind": "user_action",
    }
    assert as_uuid(loads(text)["uid"]) == uid
    assert iso(at.astimezone()) == "2026-01-05T11:00:00.000000Z"
    with pytest.raises(TypeError, match="set does not belong in event data"):
        dumps({"symbols": {"RELIANCE"}})
