"""A strategy's limits, its counts and its life, without a database."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from engine.domain.book import Book
from engine.domain.enums import LifecycleStage, RejectedBy, Side, StrategyStatus, TriggeredBy
from engine.domain.events import EventType
from engine.domain.strategy_limits import breach_of
from engine.domain.strategy_state import LIFE_CYCLE, StrategyState, StrategyTrigger
from engine.handlers.decide import fold
from engine.handlers.strategies import TARGETS
from tests.domain.desk import book, context, event, fill, kinds, order, quote, run, signal, through_json, ticket, working

STOP, PAUSE = StrategyTrigger.STOP, StrategyTrigger.PAUSE
RISK, PERFORMANCE, SYSTEM = TriggeredBy.RISK, TriggeredBy.PERFORMANCE, TriggeredBy.SYSTEM
ACTIVE, PAUSED, STOPPED, RETIRED = (StrategyStatus[name] for name in ("ACTIVE", "PAUSED", "STOPPED", "RETIRED"))


def desk_with(strategy_id: str = "s", **limits: Any) -> Book:
    desk = book()
    fold(desk, event(EventType.STRATEGY_STARTED, strategy_id=strategy_id, limits={"max_positions": 2, **limits}))
    return desk


def sent(symbol: str = "RELIANCE", side: str = "BUY", size: Any = 10):
    return signal(side, symbol, position_size=Decimal(size), strategy_id="s")


def trade(desk: Book, bought: Any, sold: Any, quantity: int = 10):
    """A round trip at prices of our own choosing; what its end led to."""
    fill(desk, Side.BUY, quantity, bought, strategy_id="s")
    announce(desk, EventType.POSITION_OPENED, 0, 0)
    fill(desk, Side.SELL, quantity, sold, strategy_id="s")
    gain = (Decimal(str(sold)) - Decimal(str(bought))) * quantity
    return run(desk, event(EventType.POSITION_CLOSED, strategy_id="s", realized_pnl=gain, charges=Decimal(1)))


def announce(desk: Book, kind: EventType, realized: Any, charges: Any) -> None:
    fold(desk, event(kind, strategy_id="s", realized_pnl=realized, charges=charges))


def test_the_life_cycle_is_one_table_and_every_step_in_it_leads_where_its_trigger_says():
    for (status, trigger), target in LIFE_CYCLE.items():
        assert target is TARGETS[trigger]
        assert target is not status
        assert status is not RETIRED


@pytest.mark.parametrize(
    ("measured", "limit_name", "value", "trigger", "triggered_by"),
    [
        ({}, None, None, None, None),
        ({"net_pnl": -149_999}, None, None, None, None),
        ({"net_pnl": -150_000}, "max_drawdown_percent", 15, STOP, RISK),
        ({"net_pnl": 50, "peak_pnl": 100, "capital": 1000}, None, None, None, None),
        ({"net_pnl": -50, "peak_pnl": 100, "capital": 1000}, "max_drawdown_percent", 15, STOP, RISK),
        ({"trades": 19, "wins": 0}, None, None, None, None),
        ({"trades": 20, "wins": 8}, None, None, None, None),
        ({"trades": 20, "wins": 7}, "min_win_rate_percent", 35, PAUSE, PERFORMANCE),
        ({"trades": 39, "wins": 7, "trades_before": 20, "wins_before": 7}, None, None, None, None),
        ({"trades": 40, "wins": 14} | {"trades_before": 20, "wins_before": 7}, "min_win_rate_percent", 35, PAUSE, PERFORMANCE),
        ({"errors": 9}, None, None, None, None),
        ({"errors": 10, "last_error": "no"}, "max_errors", 10, PAUSE, SYSTEM),
        ({"net_pnl": -200_000, "errors": 10}, "max_drawdown_percent", 20, STOP, RISK),
    ],
)
def test_limits(measured, limit_name, value, trigger, triggered_by):
    strategy = StrategyState(ACTIVE, watched=True)
    for name, given in measured.items():
        setattr(strategy, name, Decimal(given) if "pnl" in name or name == "capital" else given)
    breach = breach_of(strategy, Decimal(1_000_000))
    if breach is None:
        assert limit_name is None
        return
    assert (breach.limit_name, breach.value, breach.trigger, breach.triggered_by) == (limit_name, value, trigger, triggered_by)
    assert breach.reason


def test_a_third_position_is_refused_by_name_and_an_exit_is_not():
    desk = desk_with()
    quotes = [quote(symbol, sector=symbol) for symbol in ("RELIANCE", "INFY", "TCS")]
    for symbol in ("RELIANCE", "INFY"):
        assert "position_opened" in kinds(run(desk, sent(symbol), context(*quotes)))
    refused = run(desk, sent("TCS"), context(*quotes))
    assert kinds(refused) == ["signal_received", "signal_refused"]
    data = refused[1].event.data
    assert (data["rule"], data["limit"], data["value"]) == ("strategy_max_positions", 2, 2)
    assert data["reason"] == "the strategy holds 2 positions, 2 are allowed"
    assert "position_updated" in kinds(run(desk, sent("INFY"), context(*quotes)))  # the same position, larger
    assert "position_closed" in kinds(run(desk, sent("RELIANCE", "SELL"), context(*quotes)))
    assert "position_opened" in kinds(run(desk, sent("TCS"), context(*quotes)))
    assert desk.strategies["s"].open_positions == 2


def test_an_order_that_would_open_a_position_counts_as_one():
    desk = desk_with(max_positions=1)
    working(desk, order(symbol="INFY", strategy_id="s", submitted=True))
    assert run(desk, sent("RELIANCE"))[-1].event.data["rule"] == "strategy_max_positions"


def test_trades_of_a_day_are_entries_and_the_next_day_begins_at_none():
    desk = desk_with(max_daily_trades=2)
    run(desk, sent())
    run(desk, sent(side="SELL"))  # an exit
    run(desk, sent())
    assert desk.strategies["s"].trades_today == 2
    refused = run(desk, sent())
    assert refused[-1].event.data["rule"] == "strategy_daily_trades"
    assert "position_closed" in kinds(run(desk, sent(side="SELL")))
    flip = run(desk, sent(side="SELL"))
    assert flip[-1].event.data["rule"] == "strategy_daily_trades"
    run(desk, event(EventType.TRADING_DAY_STARTED, day="2026-01-06", equity=1_000_000))
    assert "position_opened" in kinds(run(desk, sent()))
    assert (desk.strategies["s"].trades_today, desk.strategies["s"].traded_on) == (1, date(2026, 1, 6))


def test_an_order_that_risk_denies_is_no_trade():
    desk = desk_with()
    run(desk, sent(), context(quote(age=1000)))
    assert desk.strategies["s"].trades_today == 0


def test_a_strategy_that_nobody_deployed_here_has_no_limits():
    desk = book()
    for _ in range(60):
        assert kinds(run(desk, sent()))[-1] in ("position_opened", "position_updated")
    assert desk.strategies == {}


def test_losing_trades_pause_it_after_twenty_and_somebody_is_told():
    desk = desk_with(max_drawdown_percent=30)
    for _ in range(19):
        assert kinds(trade(desk, 100, 99)) == ["position_closed"]
    handled = trade(desk, 100, 99)
    assert kinds(handled) == ["position_closed", "strategy_paused", "performance_alert"]
    paused = handled[1].event.data
    assert paused["limit"] == {"name": "min_win_rate_percent", "limit": Decimal(40), "value": Decimal(0)}
    assert paused["reason"] == "0 of 20 trades won, 0.0 %: the least allowed is 40 %"
    assert desk.strategies["s"].status is PAUSED
    assert desk.changes.alerts[-1].fingerprint == "strategy:s"
    assert kinds(trade(desk, 100, 99)) == ["position_closed"]  # it is paused already


def test_a_drawdown_stops_it_cancels_its_orders_and_closes_what_it_holds():
    desk = desk_with(capital=100)
    run(desk, sent("INFY", size=5), context(quote("INFY"), quote()))
    resting = order(symbol="RELIANCE", strategy_id="s", submitted=True)
    other = order(symbol="RELIANCE", strategy_id="other", submitted=True)
    working(desk, resting, other)
    handled = run(
        desk,
        event(EventType.POSITION_CLOSED, strategy_id="s", realized_pnl=Decimal(-14), charges=Decimal(1)),
        context(quote("INFY"), quote()),
    )
    assert "strategy_stopped" in kinds(handled)
    assert desk.strategies["s"].status is STOPPED
    assert not [held for held in desk.positions.values() if held.strategy_id == "s"]
    assert list(desk.orders) == [other.id]
    stages = [(step.stage, step.previous_stage, step.triggered_by) for step in desk.changes.stages]
    assert stages[-1] == (LifecycleStage.STOPPED, LifecycleStage.ACTIVE, TriggeredBy.RISK)


def test_what_the_broker_rejects_is_an_error_and_what_risk_denies_is_not():
    desk = desk_with(max_errors=1)
    denied, rejected = ticket(strategy_id="s"), ticket(strategy_id="s")
    fold(desk, denied)
    fold(desk, rejected)
    refusal = {"symbol": "RELIANCE", "signal_id": None, "rule": "x", "reason": "margin", "risk_checks": []}
    run(desk, event(EventType.ORDER_REJECTED, order_id=denied.data["order_id"], rejected_by=RejectedBy.RISK, **refusal))
    assert desk.strategies["s"].errors == 0
    run(desk, event(EventType.ORDER_REJECTED, order_id=rejected.data["order_id"], rejected_by=RejectedBy.BROKER, **refusal))
    strategy = desk.strategies["s"]
    assert (strategy.errors, strategy.last_error, strategy.status) == (1, "RELIANCE: margin", PAUSED)


def test_resumed_by_somebody_its_limits_measure_anew():
    desk = desk_with(max_drawdown_percent=30)
    for _ in range(20):
        trade(desk, 100, 99)
    resumed = event(EventType.STRATEGY_RESUMED, strategy_id="s", reason="looked at it", afresh=True, previous_stage="PAUSED")
    run(desk, resumed)
    assert desk.changes.cleared_alerts == {"strategy:s"}
    strategy = desk.strategies["s"]
    assert (strategy.status, strategy.reason, strategy.trades) == (ACTIVE, "", 20)
    for _ in range(19):
        assert kinds(trade(desk, 100, 99)) == ["position_closed"]
    assert "strategy_paused" in kinds(trade(desk, 100, 99))


def test_a_step_that_leads_nowhere_leaves_no_trace_and_one_that_a_service_took_always_does():
    desk = desk_with()
    fold(desk, event(EventType.STRATEGY_PAUSED, strategy_id="s", reason="first"))
    fold(desk, event(EventType.STRATEGY_PAUSED, strategy_id="s", reason="second"))
    assert desk.strategies["s"].reason == "first"
    desk.strategies["s"].status = STOPPED  # as the tables have it once the service returned
    fold(desk, event(EventType.STRATEGY_STOPPED, strategy_id="s", reason="third", previous_stage="PAUSED"))
    steps = [(step.stage.value, step.previous_stage and step.previous_stage.value) for step in desk.changes.stages]
    assert steps == [
        ("CREATED", None),
        ("VALIDATED", "CREATED"),
        ("DEPLOYED", "VALIDATED"),
        ("ACTIVE", "DEPLOYED"),
        ("PAUSED", "ACTIVE"),
        ("STOPPED", "PAUSED"),
    ]


def test_the_log_gives_the_same_counts():
    desk, twin = desk_with(), desk_with()
    for number in range(12):
        for done in run(desk, sent(side=("BUY", "SELL", "SELL", "BUY")[number % 4], size=10 + number)):
            fold(twin, through_json(done.event))
    assert desk.strategies["s"].trades > 3
    assert twin.strategies == desk.strategies
