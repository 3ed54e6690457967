from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.charges import SCHEDULES, charges_for
from engine.domain.enums import Product, Side

NAMES = ("brokerage", "stt", "exchange", "sebi", "stamp_duty", "gst", "total")


@pytest.mark.parametrize(
    ("product", "side", "quantity", "price", "expected"),
    [
        # Rs 150,000 delivered: STT 0.1 %, exchange 0.00297 % = 4.455, SEBI 0.15, stamp 0.015 %, GST 18 % of 4.605
        (Product.CNC, Side.BUY, 100, "1500", ("0", "150", "4.46", "0.15", "22.50", "0.83", "177.94")),
        (Product.CNC, Side.SELL, 100, "1500", ("0", "150", "4.46", "0.15", "0", "0.83", "155.44")),
        # the same within the day: brokerage 0.03 % would be 45, capped; GST 18 % of 24.605; STT 0.025 % of the sale only
        (Product.MIS, Side.BUY, 100, "1500", ("20", "0", "4.46", "0.15", "4.50", "4.43", "33.54")),
        (Product.MIS, Side.SELL, 100, "1500", ("20", "37.50", "4.46", "0.15", "0", "4.43", "66.54")),
        # Rs 1,000: far below the cap; SEBI's tenth of a paisa rounds away
        (Product.MIS, Side.BUY, 10, "100", ("0.30", "0", "0.03", "0", "0.03", "0.06", "0.42")),
        # just below the cap (Rs 66,600 x 0.03 % = 19.98), and just above (Rs 66,700: 20.01)
        (Product.MIS, Side.SELL, 666, "100", ("19.98", "16.65", "1.98", "0.07", "0", "3.96", "42.64")),
        (Product.MIS, Side.SELL, 667, "100", ("20", "16.68", "1.98", "0.07", "0", "3.97", "42.70")),
        (Product.NRML, Side.BUY, 100, "1500", ("0", "150", "4.46", "0.15", "22.50", "0.83", "177.94")),
    ],
)
def test_contract_notes(product, side, quantity, price, expected):
    charges = charges_for(product, side, quantity, Decimal(price))
    assert charges == dict(zip(NAMES, map(Decimal, expected), strict=True))


@given(st.sampled_from(Product), st.sampled_from(Side), st.integers(1, 10**6), st.decimals("0.05", 100_000, places=2))
def test_the_total_is_its_parts_and_each_is_whole_paise(product, side, quantity, price):
    charges = charges_for(product, side, quantity, price)
    parts = [amount for name, amount in charges.items() if name != "total"]
    assert charges["total"] == sum(parts)
    assert all(amount >= 0 and amount == amount.quantize(Decimal("0.01")) for amount in parts)
    assert charges["brokerage"] <= SCHEDULES[product].brokerage_cap


def test_every_rate_says_where_it_stands():
    for schedule in SCHEDULES.values():
        for name in schedule.__slots__:
            rate = getattr(schedule, name)
            assert isinstance(rate, Decimal) or (rate.source and rate.since)
