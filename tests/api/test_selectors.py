"""Reads: right figures, a fixed number of statements, and never a scan of the log."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection

from engine.domain.events import EventType
from engine.models import Account, Alert, EquityPoint, Event, Instrument, PendingEvent
from engine.processing import run_until_idle
from engine.selectors.accounts import account_summary
from engine.selectors.alerts import alert_counts, alerts_list
from engine.selectors.equity import equity_curve
from engine.selectors.events import event_trace, events_history
from engine.selectors.lanes import dead_letters, lanes_alive, queue_depths, workflows_active
from engine.selectors.orders import executions_list
from engine.selectors.pages import orders_page
from engine.selectors.positions import positions_list
from engine.selectors.system import alerts_today, at_work, risk_watch, strategies_counted, trading_states
from tests.support.api import Api

NOW = datetime.now(UTC)
READS: dict[str, Any] = {
    "summary of all": account_summary,
    "summary of one": lambda: account_summary(["asha"]),
    "positions": lambda: positions_list(["asha"], closed_limit=500),
    "positions of all": positions_list,
    "orders": lambda: orders_page(["asha"]),
    "orders of all": orders_page,
    "working orders": lambda: orders_page(status="ACTIVE"),
    "fills": lambda: executions_list(["asha"]),
    "history": events_history,
    "history of one": lambda: events_history("asha"),
    "history of a type": lambda: events_history(event_type=EventType.SIGNAL_RECEIVED),
    "history of some": lambda: events_history(user_ids=["asha", "bala"]),
    "history before": lambda: events_history(before_id=10),
    "trace": lambda: event_trace(uuid4()),
    "alerts": alerts_list,
    "alerts of one": lambda: alerts_list(user_ids=["asha"]),
    "all alerts": lambda: alerts_list(status="ALL"),
    "alert counts": alert_counts,
    "alerts today": lambda: alerts_today(now=NOW),
    "curve": lambda: equity_curve(["asha"], since=NOW - timedelta(days=1)),
    "depths": queue_depths,
    "workflows": workflows_active,
    "living lanes": lambda: lanes_alive(now=NOW),
    "dead letters": dead_letters,
    "at work": at_work,
    "risk watch": risk_watch,
    "strategies": strategies_counted,
    "states": trading_states,
}
WALKED_FROM_THE_END = {"history"}  # by its primary key, and no further than the limit
GROWING = ("engine_event", "engine_order", "engine_execution", "engine_alert", "engine_signal", "engine_position")


def statements(read: Any) -> list[tuple[str, Any]]:
    """Each statement of a read, with its parameters."""
    seen: list[tuple[str, Any]] = []

    def remember(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        seen.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(remember):
        read()
    return seen


def test_the_number_of_statements_does_not_grow(busy: Api) -> None:
    before = {what: len(statements(read)) for what, read in READS.items()}
    for _ in range(5):
        busy.signals([{"symbol": symbol, "position_size": 1} for symbol in ("RELIANCE", "INFY", "M&M", "BAJAJ-AUTO")])
    run_until_idle()
    assert {what: len(statements(read)) for what, read in READS.items()} == before
    assert max(before.values()) <= 6


def test_no_read_scans_a_table_that_grows(busy: Api) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("the plan of a small table says nothing on PostgreSQL")
    for what, read in READS.items():
        for sql, params in statements(read):
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
                steps = [row[3] for row in cursor.fetchall()]
            scans = [step for step in steps if step.startswith("SCAN engine_") and "USING" not in step]
            scanned = {step.split()[1] for step in scans} & set(GROWING)
            assert not scanned or what in WALKED_FROM_THE_END, (what, sql, steps)


def test_the_summary_adds_up(busy: Api) -> None:
    one, both = account_summary(["asha"]), account_summary()
    positions = positions_list(["asha"], closed_limit=500)
    fills = executions_list(["asha"])
    held = sum((row["market_value"] for row in positions), Decimal(0))
    assert one["equity"] == one["cash"] + held
    assert one["unrealized_pnl"] == sum(row["unrealized_pnl"] for row in positions)
    assert abs(one["charges"] - sum(row["commission"] for row in fills)) <= Decimal("0.05")
    assert abs(one["equity"] - 1_000_000 - one["realized_pnl"] - one["unrealized_pnl"]) <= Decimal("0.01")
    assert (one["positions_count"], one["working_orders"], one["orders_today"]) == (1, 1, 4)
    assert both["equity"] == one["equity"] + 1_000_000
    assert one["priced_at"] == Instrument.objects.get(symbol="RELIANCE").priced_at


def test_the_worst_trading_state_is_the_sums(busy: Api) -> None:
    assert account_summary()["trading_state"] == "ACTIVE"
    Account.objects.filter(user_id="bala").update(trading_state="HALTED")
    assert account_summary()["trading_state"] == "HALTED"
    assert account_summary(["asha"])["trading_state"] == "ACTIVE"


def test_a_trace_is_a_tree_in_causal_order(busy: Api) -> None:
    chain = event_trace(UUID(busy.get("/events/history?event_type=order_executed")["events"][0]["correlation_id"]))
    steps = [(row["event_type"], row["depth"]) for row in chain]
    assert steps[:4] == [("signal_received", 0), ("order_created", 1), ("order_submitted", 2), ("order_executed", 3)]
    assert all(row["hop_ms"] >= 0 for row in chain)
    assert [row["total_ms"] for row in chain] == sorted(row["total_ms"] for row in chain)


def test_what_waits_has_no_times_yet(chief: Api) -> None:
    (row,) = event_trace(UUID(chief.signal()["correlation_id"]))
    assert (row["hop_ms"], row["total_ms"], row["processed"]) == (None, None, False)
    assert queue_depths()["order_processing"] == workflows_active() == 1


def test_histories_of_several_accounts_are_merged_and_paged(busy: Api) -> None:
    everything = [event["log_id"] for event in events_history(user_ids=["asha", "bala"], limit=1000)]
    assert everything == sorted(everything, reverse=True)
    first = [event["log_id"] for event in events_history(user_ids=["asha", "bala"], limit=5)]
    rest = [event["log_id"] for event in events_history(user_ids=["asha", "bala"], limit=1000, before_id=first[-1])]
    assert first + rest == everything
    assert events_history("bala", user_ids=["asha"]) == []


def test_a_curve_is_summed_thinned_and_ends_with_the_last_point(desk: None) -> None:
    starts = [NOW + timedelta(seconds=10 * n) for n in range(1_001)]
    EquityPoint.objects.bulk_create(
        EquityPoint(account_id=user_id, at=at, equity=n, cash=1, exposure=2, day_pnl=3)
        for user_id in ("asha", "bala")
        for n, at in enumerate(starts)
    )
    curve = equity_curve(max_points=100)
    assert len(curve) <= 100
    assert curve[-1] == {"at": starts[-1], "equity": 2000, "cash": 2, "exposure": 4, "day_pnl": 6}
    assert [point["at"] for point in curve] == sorted(point["at"] for point in curve)
    assert len(equity_curve(["asha"], since=starts[-3])) == 3


def test_dead_letters_are_listed_and_wait_for_nobody(chief: Api) -> None:
    chief.signal()
    PendingEvent.objects.update(dead_at=NOW, last_error="boom", attempts=3)
    (letter,) = dead_letters()
    assert (letter["event_type"], letter["user_id"], letter["error"]) == ("signal_received", "asha", "boom")
    assert sum(queue_depths().values()) == workflows_active() == 0
    assert letter["event_id"] == Event.objects.get(type="signal_received").uid


def test_resolved_alerts_are_history(busy: Api) -> None:
    alert = alerts_list()[0]
    busy.post(f"/alerts/{alert['id']}/resolve", {"note": "done"})
    assert alert["id"] not in {row["id"] for row in alerts_list()}
    (row,) = [row for row in alerts_list(status="RESOLVED") if row["id"] == alert["id"]]
    assert (row["resolved_by"], row["resolution_note"]) == ("chief", "done")
    assert alert_counts()["total"] == Alert.objects.exclude(status="RESOLVED").count()
