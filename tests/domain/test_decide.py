"""One event and all that follows from it, in memory."""

from decimal import Decimal
from uuid import uuid4

import pytest

from engine.domain.book import StrategyState
from engine.domain.enums import (
    OrderStatus,
    OrderType,
    Side,
    SignalDecision,
    StrategyStatus,
    TradingState,
    Validity,
)
from engine.domain.events import EventType
from engine.handlers.orders import order_from
from tests.domain.desk import book, context, event, fill, kinds, order, quote, run, signal, ticket, working

BUY, SELL = Side.BUY, Side.SELL
TRADED = ["signal_received", "order_created", "order_submitted", "order_executed"]


def stop(by="chief", reason="too hot"):
    return event(EventType.EMERGENCY_STOP, by=by, reason=reason, stop_id=uuid4())


def resumed():
    return event(EventType.TRADING_RESUMED, by="chief", reason="cooled down")


def cancelled(order_id):
    return event(EventType.ORDER_CANCELLED, order_id=order_id, cancellation_reason="changed my mind", cancelled_by="asha")


def test_a_signal_becomes_a_position_and_each_step_is_an_event():
    desk, received = book(), signal(stop_loss=Decimal(95), target_price=Decimal(110), position_size=Decimal(10))
    handled = run(desk, received)
    assert kinds(handled) == [*TRADED, "position_opened"]
    (held,) = desk.positions.values()
    assert (held.quantity, held.cost, held.stop_loss, held.take_profit) == (10, 1000, 95, 110)
    (record,) = desk.changes.signals.values()
    assert (record.id, record.decision) == (received.uid, SignalDecision.ORDERED)
    assert {item.event.correlation_id for item in handled} == {received.uid}
    assert [item.event.causation_id for item in handled[1:]] == [item.event.uid for item in handled[:-1]]


def test_a_hold_is_recorded_and_nothing_else():
    desk = book()
    assert kinds(run(desk, signal("HOLD", confidence=0))) == ["signal_received", "signal_held"]
    assert [record.decision for record in desk.changes.signals.values()] == [SignalDecision.HELD]
    assert not desk.changes.orders


@pytest.mark.parametrize(("confidence", "decision"), [("0.6", SignalDecision.ORDERED), ("0.599999", SignalDecision.REFUSED)])
def test_confidence_at_and_below_the_threshold(confidence, decision):
    desk = book()
    run(desk, signal(confidence=confidence))
    (record,) = desk.changes.signals.values()
    assert record.decision is decision
    if decision is SignalDecision.REFUSED:
        assert record.reason == "confidence 0.599999 is below the account's threshold of 0.6"


@pytest.mark.parametrize(
    ("wanted", "world", "rule"),
    [
        (signal(symbol="NONE"), quote(), "price_known"),
        (signal(), quote(price=None), "price_known"),
        (signal(position_size=Decimal("0.00001")), quote(), "size"),
    ],
)
def test_what_cannot_be_traded_is_refused_with_its_rule(wanted, world, rule):
    handled = run(book(), wanted, context(world))
    assert kinds(handled) == ["signal_received", "signal_refused"]
    assert handled[-1].event.data["rule"] == rule


@pytest.mark.parametrize("signal_type", ["SELL", "STRONG_SELL"])
def test_a_sell_without_a_holding_opens_a_short(signal_type):
    desk = book()
    handled = run(desk, signal(signal_type))
    (held,) = desk.positions.values()
    assert held.quantity < 0
    assert (kinds(handled)[-1], handled[-1].event.data["position_type"]) == ("position_opened", "SHORT")


def test_a_refusal_is_explained_on_order_signal_and_alert():
    desk = book(allow_short=False)
    handled = run(desk, signal("SELL", position_size=Decimal(5)))
    assert kinds(handled) == ["signal_received", "order_created", "order_rejected", "signal_refused", "risk_alert"]
    (refused,) = desk.changes.orders.values()
    assert (refused.status, refused.rejected_by, refused.reason) == ("REJECTED", "RISK", "the account may not sell short")
    verdict = {check["rule"]: check["passed"] for check in refused.risk_checks}
    assert [rule for rule, passed in verdict.items() if not passed] == ["short_allowed"]
    (record,) = desk.changes.signals.values()
    assert (record.decision, record.reason) == (SignalDecision.REFUSED, "the account may not sell short")
    (alert,) = desk.changes.alerts
    assert (alert.fingerprint, alert.level, alert.user_id) == ("risk:asha:short_allowed:RELIANCE", "INFO", "asha")
    assert not desk.positions
    assert not desk.orders


def test_a_refusal_that_no_longer_stands_is_cleared():
    desk = book()
    desk.open_alerts = {"risk:asha:short_allowed:RELIANCE", "risk:asha:concurrent_orders:", "risk:asha:price_fresh:INFY"}
    run(desk, signal())
    assert desk.changes.cleared_alerts == {"risk:asha:short_allowed:RELIANCE", "risk:asha:concurrent_orders:"}


def test_of_a_cause_that_goes_and_comes_the_last_word_counts():
    desk = book(max_position_size_percent=Decimal(10))
    desk.open_alerts = {"risk:asha:position_size:RELIANCE"}
    run(desk, signal(position_size=Decimal(10)))
    assert desk.changes.cleared_alerts
    run(desk, signal(position_size=Decimal(5000)))
    assert not desk.changes.cleared_alerts
    run(desk, signal(position_size=Decimal(10)))
    assert desk.changes.cleared_alerts == {"risk:asha:position_size:RELIANCE"}


def test_a_limit_order_rests_until_its_price_comes():
    desk, placed = book(), ticket(BUY, order_type=OrderType.LIMIT, price=Decimal(98))
    assert kinds(run(desk, placed)) == ["order_created", "order_submitted"]
    (rest,) = desk.orders.values()
    assert rest.status is OrderStatus.SUBMITTED
    reached = event(EventType.ORDER_UPDATED, order_id=rest.id, trigger="price", last_price=99)
    assert kinds(run(desk, reached, context(quote(price=99)))) == ["order_updated"]
    handled = run(desk, reached, context(quote(price="97.5")))
    assert kinds(handled) == ["order_updated", "order_executed", "position_opened"]
    assert (rest.status, rest.average_fill_price) == (OrderStatus.FILLED, Decimal("97.5"))
    assert kinds(run(desk, reached, context(quote(price="97.5")))) == ["order_updated"]


def test_immediate_or_cancel_does_not_rest():
    desk = book()
    handled = run(desk, ticket(BUY, order_type=OrderType.LIMIT, price=Decimal(98), validity=Validity.IOC))
    assert kinds(handled) == ["order_created", "order_submitted", "order_cancelled"]
    assert [item.status for item in desk.changes.orders.values()] == [OrderStatus.CANCELLED]
    filled = run(desk, ticket(BUY, order_type=OrderType.LIMIT, price=Decimal(101), validity=Validity.IOC))
    assert "order_executed" in kinds(filled)


def test_a_cancel_after_the_end_changes_nothing():
    desk = book()
    run(desk, placed := ticket())
    cash = desk.cash
    assert kinds(run(desk, cancelled(placed.data["order_id"]))) == ["order_cancelled"]
    (done,) = desk.changes.orders.values()
    assert (done.status, done.reason, desk.cash) == (OrderStatus.FILLED, "", cash)


def test_a_stop_loss_leaves_the_whole_position_at_the_market():
    desk = book()
    fill(desk, BUY, 100, 100)
    (held,) = desk.positions.values()
    reached = event(EventType.STOP_LOSS_EXECUTED, position_id=held.id, kind="stop_loss", price=Decimal(90))
    handled = run(desk, reached, context(quote(price=90)))
    expected = ["stop_loss_executed", "order_created", "order_submitted", "order_executed", "position_closed"]
    assert kinds(handled) == expected
    assert (held.quantity, held.realized_pnl) == (0, Decimal(-1000))
    assert kinds(run(desk, reached)) == ["stop_loss_executed"]


def test_a_stop_loss_takes_back_an_exit_that_rests_at_another_price():
    target = order(SELL, 100, submitted=True, order_type=OrderType.LIMIT, price=Decimal(120))
    desk = working(book(allow_short=False), target)
    fill(desk, BUY, 100, 100)
    (held,) = desk.positions.values()
    reached = event(EventType.STOP_LOSS_EXECUTED, position_id=held.id, kind="stop_loss", price=Decimal(90))
    assert kinds(run(desk, reached, context(quote(price=90))))[-1] == "position_closed"
    assert (target.status, target.reason) == (OrderStatus.CANCELLED, "the stop loss closes the position")
    assert not desk.orders


def test_one_exit_at_the_market_is_enough():
    desk = working(book(), order(SELL, 100, submitted=True))
    fill(desk, BUY, 100, 100)
    (held,) = desk.positions.values()
    reached = event(EventType.STOP_LOSS_EXECUTED, position_id=held.id, kind="stop_loss", price=Decimal(90))
    assert kinds(run(desk, reached)) == ["stop_loss_executed"]


def test_the_emergency_stop_clears_the_floor():
    desk = working(book(), order(submitted=True, order_type=OrderType.LIMIT, price=Decimal(90)), order())
    desk.strategies = {"on": StrategyState(StrategyStatus.ACTIVE), "off": StrategyState(StrategyStatus.STOPPED, "asked to")}
    fill(desk, BUY, 10, 100)
    handled = run(desk, stop())
    assert kinds(handled)[:4] == ["emergency_stop", "order_cancelled", "order_cancelled", "strategy_paused"]
    assert not desk.orders
    assert (desk.trading_state, desk.trading_state_reason) == (TradingState.HALTED, "too hot")
    assert desk.strategies["on"] == StrategyState(StrategyStatus.PAUSED, "emergency stop")
    assert [alert.level for alert in desk.changes.alerts] == ["CRITICAL"]
    assert desk.positions  # they are kept

    refused = run(desk, signal())
    assert kinds(refused) == ["signal_received", "order_created", "order_rejected", "signal_refused", "risk_alert"]
    assert refused[3].event.data["reason"] == "trading is HALTED"

    assert kinds(run(desk, resumed())) == ["trading_resumed", "strategy_resumed"]
    assert desk.strategies["on"].status is StrategyStatus.ACTIVE
    assert desk.strategies["off"].status is StrategyStatus.STOPPED
    assert desk.changes.cleared_alerts == {"halt:asha", "risk:asha:trading_state:"}
    assert kinds(run(desk, signal()))[-1] == "position_updated"


def test_a_stop_after_resuming_keeps_its_alert():
    desk = book()
    for item in (stop(), resumed(), stop()):
        run(desk, item)
    assert desk.trading_state is TradingState.HALTED
    assert "halt:asha" not in desk.changes.cleared_alerts


def test_halted_a_resting_order_does_not_fill():
    rest = order(BUY, submitted=True, order_type=OrderType.LIMIT, price=Decimal(98))
    desk = working(book(), rest)
    desk.trading_state = TradingState.HALTED  # as the service set it; the event that cancels is still to come
    reached = event(EventType.ORDER_UPDATED, order_id=rest.id, trigger="price", last_price=97)
    assert kinds(run(desk, reached, context(quote(price=97)))) == ["order_updated"]
    assert kinds(run(desk, stop()))[:2] == ["emergency_stop", "order_cancelled"]


@pytest.mark.parametrize("batches", ["one", "two"])
def test_an_order_cancelled_before_it_was_looked_at_stays_cancelled(batches):
    placed = ticket()
    waiting = order_from(placed)  # the row that the service wrote
    desk = working(book(), waiting)
    run(desk, stop())
    assert waiting.status is OrderStatus.CANCELLED
    run(desk, resumed())
    if batches == "two":  # the book is loaded anew
        desk = book()
        desk.ended[waiting.id] = waiting
    assert kinds(run(desk, placed)) == ["order_created"]
    assert waiting.status is OrderStatus.CANCELLED
    assert (desk.orders, desk.positions) == ({}, {})


def test_a_fold_sees_the_early_end_as_well():
    desk, placed = book(), ticket()
    run(desk, cancelled(placed.data["order_id"]))
    assert kinds(run(desk, placed)) == ["order_created"]
    (ended,) = desk.changes.orders.values()
    assert (ended.status, ended.reason) == (OrderStatus.CANCELLED, "changed my mind")


def test_a_long_reason_is_cut_to_what_the_table_keeps():
    desk = working(book(), rest := order(submitted=True))
    item = cancelled(rest.id)
    run(desk, item._replace(data={**item.data, "cancellation_reason": "x" * 400}))
    assert rest.reason == "x" * 300


def test_a_new_day_starts_at_its_equity_and_raises_the_peak():
    desk = book()
    run(desk, event(EventType.TRADING_DAY_STARTED, day="2026-01-06", equity=Decimal(1_200_000)))
    run(desk, event(EventType.TRADING_DAY_STARTED, day="2026-01-07", equity=Decimal(1_100_000)))
    assert (desk.trading_day.isoformat(), desk.day_start_equity, desk.peak_equity) == ("2026-01-07", 1_100_000, 1_200_000)
