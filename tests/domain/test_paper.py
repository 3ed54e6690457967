from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.enums import OrderType, Side
from engine.domain.paper import fill_price, market_price
from tests.domain.desk import order, quote

BUY, SELL = Side.BUY, Side.SELL


@pytest.mark.parametrize(
    ("side", "last", "tick", "bps", "price"),
    [
        (BUY, "100", "0.05", 0, "100"),
        (BUY, "100", "0.05", 5, "100.05"),  # 100.05 is on the grid
        (SELL, "100", "0.05", 5, "99.95"),
        (BUY, "100", "0.05", 6, "100.10"),  # 100.06: up to the next tick
        (SELL, "100", "0.05", 6, "99.90"),
        (BUY, "1234.5", "0.1", 10, "1235.8"),  # 1235.7345
        (BUY, "100.02", "0.05", 0, "100.05"),  # off the grid: against us
        (SELL, "100.02", "0.05", 0, "100.00"),
        (SELL, "0.05", "0.05", 500, "0.05"),  # never below one tick
    ],
)
def test_a_market_order_slips_against_us_on_the_tick_grid(side, last, tick, bps, price):
    assert market_price(side, Decimal(last), Decimal(tick), bps) == Decimal(price)


@pytest.mark.parametrize(
    ("side", "order_type", "limit", "stop", "last", "price"),
    [
        (BUY, OrderType.MARKET, None, None, "100", "100.05"),
        (SELL, OrderType.MARKET, None, None, "100", "99.95"),
        # a limit fills at its price or better, else it rests
        (BUY, OrderType.LIMIT, "100", None, "100", "100"),
        (BUY, OrderType.LIMIT, "100", None, "99", "99.05"),
        (BUY, OrderType.LIMIT, "100", None, "100.05", None),
        (SELL, OrderType.LIMIT, "100", None, "100", "100"),
        (SELL, OrderType.LIMIT, "100", None, "101", "100.90"),
        (SELL, OrderType.LIMIT, "100", None, "99.95", None),
        # a stop waits for its price, then takes what the market gives
        (SELL, OrderType.STOP_LOSS, None, "95", "95.05", None),
        (SELL, OrderType.STOP_LOSS, None, "95", "95", "94.95"),
        (SELL, OrderType.STOP_LOSS, None, "95", "90", "89.95"),
        (BUY, OrderType.STOP_LOSS, None, "105", "104.95", None),
        (BUY, OrderType.STOP_LOSS, None, "105", "105", "105.10"),
        # and a stop with a limit takes no worse than that
        (SELL, OrderType.STOP_LIMIT, "94", "95", "96", None),
        (SELL, OrderType.STOP_LIMIT, "95", "95", "95", "95"),
        (SELL, OrderType.STOP_LIMIT, "94", "95", "93", None),
        (BUY, OrderType.STOP_LIMIT, "106", "105", "105.5", "105.60"),
        (BUY, OrderType.STOP_LIMIT, "106", "105", "107", None),
    ],
)
def test_what_an_order_fills_at(side, order_type, limit, stop, last, price):
    wanted = order(side, order_type=order_type, price=limit and Decimal(limit), stop_price=stop and Decimal(stop))
    assert fill_price(wanted, quote(price=last), 5) == (price and Decimal(price))


def test_nothing_fills_without_a_price():
    assert fill_price(order(), quote(price=None), 5) is None


ticks = st.integers(1, 200_000).map(lambda count: count * Decimal("0.05"))


@given(st.sampled_from(Side), ticks, ticks, st.integers(0, 1000))
def test_a_limit_is_never_worse_than_itself(side, limit, last, bps):
    price = fill_price(order(side, order_type=OrderType.LIMIT, price=limit), quote(price=last), bps)
    marketable = last <= limit if side is BUY else last >= limit
    assert (price is not None) == marketable
    if price is not None:
        assert price > 0
        assert price % Decimal("0.05") == 0
        assert price <= limit if side is BUY else price >= limit
