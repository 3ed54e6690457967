"""What a real broker adds to the rules: an unknown outcome blocks its symbol, and a broker out of reach gets exits only."""

from decimal import Decimal

import pytest

from engine.domain.brokers import Breaker, BreakerState, fill_of, wait_after
from engine.domain.enums import OrderStatus, Side, Validity
from engine.domain.orders import Trigger
from engine.domain.risk import checks_for
from engine.domain.venue import validity_offered
from tests.domain.desk import NOW, at_broker, book, context, fill, order, quote, working

BUY, SELL = Side.BUY, Side.SELL


def lost(side=BUY, quantity=10):
    made = order(side, quantity, submitted=True)
    made.move(Trigger.LOSE, NOW)
    return made


def holding(*orders, quantity=10):
    desk = working(book(), *orders)
    fill(desk, BUY, quantity, 100)
    return desk


def denied(desk, wanted, **world):
    shares = quote(), quote("INFY", sector="IT")
    return [check["rule"] for check in checks_for(desk, wanted, context(*shares, **world)) if not check["passed"]]


@pytest.mark.parametrize(
    ("wanted", "rules"),
    [
        (order(BUY, 1), ["outcome_known"]),
        (order(SELL, 1), ["outcome_known"]),
        (order(BUY, 1, symbol="INFY"), []),
        (order(BUY, 1, strategy_id="other"), ["outcome_known"]),
    ],
)
def test_an_unknown_outcome_blocks_its_symbol(wanted, rules):
    assert denied(working(book(), lost()), wanted) == rules


@pytest.mark.parametrize(
    ("unknown", "quantity", "rules"),
    [
        (lost(BUY), 10, []),  # it may have grown: what was held before can be left
        (lost(BUY), 11, ["outcome_known"]),
        (lost(SELL), 10, ["outcome_known"]),  # it may be left already
    ],
)
def test_what_is_certainly_held_can_be_left(unknown, quantity, rules):
    assert denied(holding(unknown), order(SELL, quantity)) == rules


@pytest.mark.parametrize("breaker", BreakerState)
def test_a_broker_out_of_reach_gets_exits_only(breaker):
    is_shut = breaker is not BreakerState.CLOSED
    assert denied(book(), order(BUY, 1), broker=at_broker(breaker)) == ["broker_reachable"] * is_shut
    assert denied(holding(), order(SELL, 10), broker=at_broker(breaker)) == []


@pytest.mark.parametrize(("validity", "passed"), [(Validity.DAY, True), (Validity.IOC, True), (Validity.GTC, False)])
def test_what_the_broker_takes(validity, passed):
    check = validity_offered(book(), order(validity=validity), context(broker=at_broker()))
    assert check
    assert check["passed"] is passed
    assert validity_offered(book(), order(validity=validity), context()) is None


def test_the_breaker_opens_at_the_limit_and_again_when_it_fails_half_open():
    breaker = Breaker()
    for _ in range(3):
        assert breaker.state(NOW, 30) is BreakerState.CLOSED
        breaker = breaker.failed(NOW, 3)
    later = NOW.replace(hour=NOW.hour + 1)
    assert (breaker.state(NOW, 30), breaker.state(later, 30)) == (BreakerState.OPEN, BreakerState.HALF_OPEN)
    assert breaker.failed(later, 3).state(later, 30) is BreakerState.OPEN


@pytest.mark.parametrize(("tries", "seconds"), [(1, 1), (2, 2), (3, 4), (9, 4)])
def test_waits_grow_to_four_seconds(tries, seconds):
    assert wait_after(tries).total_seconds() == seconds


@pytest.mark.parametrize(
    ("filled", "average", "booked", "notional", "shares", "price"),
    [
        (10, "100", 0, "0", 10, "100"),
        (10, "101.1", 4, "402", 6, "101.5"),
        (4, "100", 4, "400", 0, "100"),
        (3, "100", 4, "400", 0, "100"),  # a report that was overtaken
        (5, "1", 4, "400", 1, "1"),  # a broker that contradicts itself: no price is below zero
    ],
)
def test_a_fill_is_what_the_average_leaves(filled, average, booked, notional, shares, price):
    assert fill_of(filled, Decimal(average), booked, Decimal(notional)) == (shares, Decimal(price))


def test_an_unknown_order_works():
    assert lost().status is OrderStatus.UNKNOWN
    assert lost().is_working
