from dataclasses import fields, replace
from decimal import Decimal
from uuid import uuid4

import pytest

from engine.domain.book import Limits, StrategyState
from engine.domain.enums import OrderType, Side, StrategyStatus, TradingState
from engine.domain.risk import LIMITS, PER_SYMBOL, SAFETY, checks_for
from tests.domain.desk import at_broker, book, context, fill, order, quote, working

BUY, SELL = Side.BUY, Side.SELL
OPTIONAL = [limit.name for limit in fields(Limits) if limit.default is None and limit.name != "sizing_model"]


def verdict(desk, wanted, *quotes, **world):
    return {check["rule"]: check for check in checks_for(desk, wanted, context(*quotes, **world))}


def denied(desk, wanted, *quotes, **world):
    return [rule for rule, check in verdict(desk, wanted, *quotes, **world).items() if not check["passed"]]


def resting(side=BUY, quantity=10, price=None, **fields):
    return order(side, quantity, submitted=True, order_type=OrderType.LIMIT, price=price and Decimal(price), **fields)


@pytest.mark.parametrize(
    ("limit", "quantity", "value", "passed"),
    [("10", 999, "9.99", True), ("10", 1000, "10", True), ("10", 1001, "10.01", False)],
)
@pytest.mark.parametrize(
    ("rule", "name"),
    [
        ("position_size", "max_position_size_percent"),
        ("portfolio_exposure", "max_portfolio_exposure_percent"),
        ("sector_exposure", "max_sector_exposure_percent"),
    ],
)
@pytest.mark.parametrize("side", list(Side))
def test_size_limits_under_at_and_over(rule, name, limit, quantity, value, passed, side):
    check = verdict(book(**{name: Decimal(limit)}), order(side, quantity))[rule]
    assert (check["passed"], check["value"], check["limit"]) == (passed, Decimal(value), Decimal(limit))
    assert bool(check["reason"]) is not passed


def test_a_holding_counts_at_its_market_value():
    desk = book(max_position_size_percent=Decimal(20))
    fill(desk, BUY, 1000, 100)
    # 1,000 at 150 are 150,000 of 1,050,000; 400 more make 210,000 = 20 %
    check = verdict(desk, order(BUY, 400), quote(price=150))["position_size"]
    assert (check["passed"], check["value"]) == (True, Decimal(20))
    assert denied(desk, order(BUY, 401), quote(price=150)) == ["position_size"]


def test_long_and_short_add_up_in_exposure():
    desk = book(max_portfolio_exposure_percent=Decimal(30))
    fill(desk, SELL, 1000, 100)
    world = quote(), quote("INFY", sector="IT")
    assert denied(desk, order(BUY, 2000, symbol="INFY"), *world) == []
    assert denied(desk, order(BUY, 2001, symbol="INFY"), *world) == ["portfolio_exposure"]


def test_a_sector_is_its_symbols_together():
    desk = book(max_sector_exposure_percent=Decimal(25))
    fill(desk, BUY, 2000, 100)
    world = quote(), quote("ONGC"), quote("INFY", sector="IT")
    assert denied(desk, order(BUY, 500, symbol="ONGC"), *world) == []
    assert denied(desk, order(BUY, 501, symbol="ONGC"), *world) == ["sector_exposure"]
    assert denied(desk, order(BUY, 2500, symbol="INFY"), *world) == []


@pytest.mark.parametrize(
    ("rule", "limits", "other"),
    [
        ("position_size", {"max_position_size_percent": Decimal(10)}, {}),
        ("position_size", {"max_position_size_percent": Decimal(10)}, {"strategy_id": "trend"}),
        ("portfolio_exposure", {"max_portfolio_exposure_percent": Decimal(10)}, {"symbol": "INFY"}),
        ("sector_exposure", {"max_sector_exposure_percent": Decimal(10)}, {"symbol": "ONGC"}),
    ],
)
def test_orders_at_work_count_as_if_they_were_filled(rule, limits, other):
    desk = working(book(**limits), resting(quantity=600, **other))
    world = quote(), quote("INFY", sector="IT"), quote("ONGC")
    assert denied(desk, order(BUY, 400), *world) == []
    assert denied(desk, order(BUY, 401), *world) == [rule]


def test_what_is_filled_of_an_order_is_not_counted_twice():
    part = resting(quantity=600, price="100")
    part.fill(500, Decimal(100), Decimal(0), part.created_at)
    desk = working(book(max_position_size_percent=Decimal(10)), part)
    assert denied(desk, order(BUY, 900)) == []
    assert denied(desk, order(BUY, 901)) == ["position_size"]


@pytest.mark.parametrize(("at_work", "passed"), [(2, True), (3, False)])
def test_concurrent_orders(at_work, passed):
    desk = working(book(max_concurrent_orders=3), *(resting(quantity=1) for _ in range(at_work)))
    check = verdict(desk, order(quantity=1))["concurrent_orders"]
    assert (check["passed"], check["value"], check["limit"]) == (passed, at_work, 3)


def test_an_order_is_not_counted_against_itself():
    mine = order(quantity=1)
    assert denied(working(book(max_concurrent_orders=1), mine), mine) == []


NO_ROOM = {
    "max_position_size_percent": Decimal(1),
    "max_portfolio_exposure_percent": Decimal(1),
    "max_sector_exposure_percent": Decimal(1),
    "max_concurrent_orders": 0,
}


@pytest.mark.parametrize(("opened", "closing"), [(BUY, SELL), (SELL, BUY)])
def test_an_exit_passes_every_limit_of_size(opened, closing):
    desk = book(**NO_ROOM)
    fill(desk, opened, 5000, 100)
    assert denied(desk, order(closing, 5000)) == []
    assert denied(desk, order(opened, 1)) == ["position_size", "portfolio_exposure", "sector_exposure", "concurrent_orders"]


def test_more_than_an_exit_is_none():
    desk = book(**NO_ROOM)
    fill(desk, BUY, 5000, 100)
    assert "concurrent_orders" in denied(desk, order(SELL, 5001))
    working(desk, resting(SELL, 3000, "120"))
    assert denied(desk, order(SELL, 2000)) == []
    assert "concurrent_orders" in denied(desk, order(SELL, 2001))


@pytest.mark.parametrize("cash", ["0", "-50000"])
def test_without_equity_nothing_opens_and_everything_closes(cash):
    desk = book(cash)
    assert set(denied(desk, order(quantity=1))) == {"position_size", "portfolio_exposure", "sector_exposure"}
    fill(desk, SELL, 10, 100)
    desk.cash = Decimal(cash)
    assert denied(desk, order(BUY, 10)) == []


@pytest.mark.parametrize(
    ("state", "opening", "closing"),
    [(TradingState.ACTIVE, True, True), (TradingState.REDUCING, False, True), (TradingState.HALTED, False, False)],
)
def test_trading_state(state, opening, closing):
    desk = book()
    fill(desk, BUY, 10, 100)
    desk.trading_state = state
    assert verdict(desk, order(BUY, 1))["trading_state"]["passed"] is opening
    assert verdict(desk, order(SELL, 10))["trading_state"]["passed"] is closing
    assert verdict(desk, order(SELL, 11))["trading_state"]["passed"] is opening


@pytest.mark.parametrize("status", list(StrategyStatus))
def test_only_an_active_strategy_opens(status):
    desk = book()
    desk.strategies["trend"] = StrategyState(status)
    fill(desk, BUY, 10, 100, strategy_id="trend")
    active = status is StrategyStatus.ACTIVE
    assert verdict(desk, order(BUY, 1, strategy_id="trend"))["strategy_active"]["passed"] is active
    assert verdict(desk, order(SELL, 10, strategy_id="trend"))["strategy_active"]["passed"]
    assert verdict(desk, order(BUY, 1, strategy_id="somebody's own"))["strategy_active"]["passed"]


@pytest.mark.parametrize(("age", "passed"), [(0, True), (60, True), (60.001, False)])
def test_a_price_grows_stale(age, passed):
    check = verdict(book(), order(), quote(age=age), max_age=60)["price_fresh"]
    assert (check["passed"], check["limit"], check["value"]) == (passed, 60, Decimal(str(age)))


def test_without_a_price_there_is_no_trade():
    assert denied(book(), order(), quote(price=None)) == ["price_known", "price_fresh"]
    assert denied(book(), order(symbol="NONE"), quote()) == ["price_known", "price_fresh"]


def test_selling_short_needs_leave():
    desk = book(allow_short=False)
    fill(desk, BUY, 10, 100)
    assert denied(desk, order(SELL, 10)) == []
    assert denied(desk, order(SELL, 11)) == ["short_allowed"]
    assert denied(working(desk, resting(SELL, 1, "120")), order(SELL, 10)) == ["short_allowed"]
    assert denied(book(allow_short=True), order(SELL, 10)) == []


def test_a_limit_order_is_weighed_at_its_own_price():
    desk = book(max_position_size_percent=Decimal(10))
    assert denied(desk, order(BUY, 500, order_type=OrderType.LIMIT, price=Decimal(200))) == []
    assert denied(desk, order(BUY, 501, order_type=OrderType.LIMIT, price=Decimal(200))) == ["position_size"]


def test_switched_off_only_safety_is_checked():
    desk = book(**NO_ROOM, risk_check_enabled=False)
    desk.blocks["symbol:INFY"] = TradingState.HALTED
    assert list(verdict(desk, order(BUY, 10_000), broker=at_broker())) == [rule.__name__ for rule in SAFETY]
    desk.trading_state = TradingState.HALTED
    assert denied(desk, order(BUY, 1)) == ["trading_state"]


def test_rules_are_named_for_their_functions():
    desk = book(**dict.fromkeys(OPTIONAL, 1))
    desk.blocks["symbol:INFY"] = TradingState.HALTED
    known = replace(quote(), volatility=Decimal("0.05"), usual_volatility=Decimal("0.02"))
    rules = [check["rule"] for check in checks_for(desk, order(signal_id=uuid4()), context(known, broker=at_broker()))]
    assert rules == [rule.__name__ for rule in SAFETY + LIMITS]

    assert set(rules) > PER_SYMBOL


def test_a_limit_that_is_not_set_is_not_answered():
    answered = [check["rule"] for check in checks_for(book(), order(signal_id=uuid4()), context())]
    assert answered == [
        "trading_state", "strategy_active", "price_known", "price_fresh", "short_allowed", "exit_levels",
        "position_size", "portfolio_exposure", "sector_exposure", "concurrent_orders",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("side", "stop", "target", "passed"),
    [
        (BUY, 95, 110, True),
        (BUY, 100, None, False),
        (BUY, None, 100, False),
        (BUY, 105, 110, False),
        (SELL, 105, 90, True),
        (SELL, 95, None, False),
        (SELL, None, 110, False),
        (BUY, None, None, True),
    ],
)
def test_stop_and_target_stand_on_their_own_side_of_the_price(side, stop, target, passed):
    wanted = order(side, stop_loss=stop and Decimal(stop), take_profit=target and Decimal(target))
    assert verdict(book(), wanted)["exit_levels"]["passed"] is passed


def test_an_exit_needs_no_levels_of_its_own():
    desk = book()
    fill(desk, BUY, 10, 100)
    assert verdict(desk, order(SELL, stop_loss=Decimal(50)))["exit_levels"]["passed"]
