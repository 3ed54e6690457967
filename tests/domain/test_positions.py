from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.enums import Side
from engine.domain.positions import Position, closing_quantity
from tests.domain.desk import CASH, NOW, book, context, fill, quote

BUY, SELL = Side.BUY, Side.SELL


@pytest.mark.parametrize(
    ("fills", "quantity", "cost", "average", "realized"),
    [
        # bought 100 for 1,000 and 50 for 650: 150 for 1,650, 11 each
        ([(BUY, 100, 10), (BUY, 50, 13)], 150, "1650", "11", "0"),
        # 60 of them cost 660 and bring 720
        ([(BUY, 100, 10), (BUY, 50, 13), (SELL, 60, 12)], 90, "990", "11", "60"),
        # 3 for 32: a third of it is 10.6667; what is left of the cost stays with what is left of the shares
        ([(BUY, 1, 10), (BUY, 2, 11), (SELL, 1, 12)], 2, "21.3333", "10.6666", "1.3333"),
        ([(BUY, 1, 10), (BUY, 2, 11), (SELL, 1, 12), (SELL, 2, 12)], 0, "0", "0", "4"),
        # to zero, at a loss
        ([(BUY, 10, "99.95"), (SELL, 10, "99.90")], 0, "0", "0", "-0.5"),
        # through zero: 10 bring 100 of profit, 15 are sold short for 1,650
        ([(BUY, 10, 100), (SELL, 25, 110)], -15, "-1650", "110", "100"),
        # a short that grows: 10 for 1,000 and 5 for 520
        ([(SELL, 10, 100), (SELL, 5, 104)], -15, "-1520", "101.3333", "0"),
        # 4 of 10 bought back 10 cheaper
        ([(SELL, 10, 100), (BUY, 4, 90)], -6, "-600", "100", "40"),
        # and the other 6 for 5 more each, then 4 more are bought
        ([(SELL, 10, 100), (BUY, 4, 90), (BUY, 10, 105)], 4, "420", "105", "10"),
        # a short through zero and back
        ([(SELL, 5, 20), (BUY, 10, 18), (SELL, 10, 21)], -5, "-105", "21", "25"),
    ],
)
def test_what_fills_do_to_a_position(fills, quantity, cost, average, realized):
    desk = book()
    for side, shares, price in fills:
        fill(desk, side, shares, price)
    held = desk.position("RELIANCE", "")
    assert (held.quantity if held else 0) == quantity
    assert (held.cost if held else 0) == Decimal(cost)
    assert (held.average_price if held else 0) == Decimal(average)
    assert sum(position.realized_pnl for position in desk.changes.positions.values()) == Decimal(realized)


@pytest.mark.parametrize(
    ("quantity", "cost", "price", "unrealized"),
    [(10, "1000", "103.5", "35"), (10, "1000", "97", "-30"), (-10, "-1000", "97", "30"), (-10, "-1000", "103.5", "-35")],
)
def test_unrealised_is_value_less_cost_for_long_and_short(quantity, cost, price, unrealized):
    held = Position(NOW, "RELIANCE", "", NOW, NOW, quantity=quantity, cost=Decimal(cost))  # type: ignore[arg-type]
    assert held.unrealized_pnl(Decimal(price)) == Decimal(unrealized)


@pytest.mark.parametrize(
    ("held", "side", "quantity", "closing"),
    [(0, BUY, 5, 0), (10, BUY, 5, 0), (10, SELL, 5, 5), (10, SELL, 15, 10), (-10, BUY, 15, 10), (-10, SELL, 5, 0)],
)
def test_how_much_of_an_order_closes(held, side, quantity, closing):
    assert closing_quantity(held, side, quantity) == closing


def test_a_flip_closes_one_position_and_opens_another():
    desk = book()
    fill(desk, BUY, 10, 100)
    (long,) = desk.positions.values()
    fill(desk, SELL, 25, 110, charges="5")
    (short,) = desk.positions.values()
    assert short is not long
    assert (long.quantity, long.closed_at, long.charges) == (0, NOW, 2)  # 10 of 25 shares: two fifths of the charges
    assert (short.quantity, short.charges, short.realized_pnl) == (-15, 3, 0)


def test_strategies_hold_apart():
    desk = book()
    fill(desk, BUY, 10, 100, strategy_id="a")
    fill(desk, SELL, 10, 100, strategy_id="b")
    assert {key: position.quantity for key, position in desk.positions.items()} == {
        ("RELIANCE", "a"): 10,
        ("RELIANCE", "b"): -10,
    }


prices = st.decimals("0.05", "99999.95", places=2)
amounts = st.decimals(0, 500, places=2)
fills = st.tuples(st.sampled_from(Side), st.integers(1, 10_000), prices, amounts, st.sampled_from(["", "trend"]))


@given(st.lists(fills, max_size=30), prices)
def test_cash_and_positions_are_exactly_what_the_fills_say(sequence, last):
    desk = book()
    for side, quantity, price, charges, strategy_id in sequence:
        fill(desk, side, quantity, price, charges=charges, strategy_id=strategy_id)
    paid = sum((side.sign * quantity * price for side, quantity, price, *_ in sequence), Decimal(0))
    charged = sum((charges for *_, charges, _ in sequence), Decimal(0))
    assert desk.cash == CASH - paid - charged
    for strategy_id in ("", "trend"):
        shares = sum(side.sign * quantity for side, quantity, _, _, whose in sequence if whose == strategy_id)
        held = desk.position("RELIANCE", strategy_id)
        assert (held.quantity if held else 0) == shares

    # what was earned is what equity gained, to the last hundredth of a paisa
    every = desk.changes.positions.values()
    realized = sum((position.realized_pnl for position in every), Decimal(0))
    unrealized = sum((position.unrealized_pnl(last) for position in desk.positions.values()), Decimal(0))
    assert realized == sum((execution.realized_pnl for execution in desk.changes.executions), Decimal(0))
    assert sum((position.charges for position in every), Decimal(0)) == charged
    assert desk.equity(context(quote(price=last)).quotes) - CASH == realized + unrealized - charged
