"""Contract notes worked out by hand, and the rates of the day."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.charges import NAMES, Rate, charges_for
from engine.domain.enums import Product, Side
from engine.tariff import TariffError, current, tariff_read

DAY = date(2026, 1, 5)


def bill(product: Product, side: Side, quantity: int, price: Decimal, *, day: date = DAY, filled: int = 0):
    return charges_for(current().schedule(product, side, day), quantity, price, filled=Decimal(filled))


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
    charges = bill(product, side, quantity, Decimal(price))
    assert charges == dict(zip((*NAMES, "total"), map(Decimal, expected), strict=True))


@pytest.mark.parametrize(
    ("day", "exchange"),
    [
        (date(2024, 9, 30), "4.83"),  # Rs 3.22 a lakh
        (date(2024, 10, 1), "4.46"),  # Rs 2.97
        (date(2031, 1, 1), "4.46"),  # until another comes
        (date(2020, 1, 1), "4.83"),  # older than all we know: the oldest
    ],
)
def test_a_fill_is_billed_by_the_rates_of_its_day(day, exchange):
    assert bill(Product.MIS, Side.BUY, 100, Decimal(1500), day=day)["exchange"] == Decimal(exchange)


@pytest.mark.parametrize(
    ("parts", "brokerages"),
    [
        # Rs 30,000, 30,000 and 30,000 at 0.03 %: 9 and 9, then the cap of 20 leaves 2
        ([300, 300, 300], ["9", "9", "2"]),
        ([700, 100], ["20", "0"]),
        ([1, 1], ["0.03", "0.03"]),
    ],
)
def test_brokerage_is_capped_per_order_not_per_fill(parts, brokerages):
    filled, found = 0, []
    for part in parts:
        found.append(bill(Product.MIS, Side.BUY, part, Decimal(100), filled=filled)["brokerage"])
        filled += part * 100
    assert found == list(map(Decimal, brokerages))


money = st.decimals("0.05", 100_000, places=2)


@given(st.sampled_from(Product), st.sampled_from(Side), st.lists(st.integers(1, 10**5), min_size=1, max_size=5), money)
def test_the_total_is_its_parts_and_an_order_pays_as_much_in_parts_as_in_one(product, side, quantities, price):
    schedule, filled, brokerage = current().schedule(product, side, DAY), Decimal(0), Decimal(0)
    for quantity in quantities:
        charges = charges_for(schedule, quantity, price, filled=filled)
        parts = [amount for name, amount in charges.items() if name != "total"]
        assert charges["total"] == sum(parts)
        assert all(amount >= 0 and amount == amount.quantize(Decimal("0.01")) for amount in parts)
        filled, brokerage = filled + quantity * price, brokerage + charges["brokerage"]
    assert brokerage == charges_for(schedule, sum(quantities), price)["brokerage"] <= 20


def test_every_rate_says_where_it_stands_and_since_when():
    rates: list[Rate] = current().rates
    assert {rate.charge for rate in rates} == set(NAMES)
    assert all(rate.source and rate.since < DAY for rate in rates)


GOOD = (
    '[[rate]]\ncharge = "stt"\nproducts = ["CNC"]\nsides = ["BUY"]\nfraction = "0.002"\nsince = 2030-01-01\nsource = "a law"\n'
)


def test_another_file_is_another_tariff(tmp_path: Path, settings):
    settings.CHARGES_FILE = tmp_path / "charges.toml"
    settings.CHARGES_FILE.write_text(GOOD)
    assert bill(Product.CNC, Side.BUY, 10, Decimal(100))["total"] == 2
    assert bill(Product.CNC, Side.SELL, 10, Decimal(100))["total"] == 0


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"stt"', '"bribe"'),
        ('"CNC"', '"FUTURES"'),
        ('"BUY"', '"HOLD"'),
        ('"0.002"', '"two"'),
        ('"0.002"', '"2"'),
        ("2030-01-01", '"soon"'),
        ('"a law"', '""'),
        ("[[rate]]", "[rate"),
        ('charge = "stt"', ""),
    ],
)
def test_a_file_that_cannot_be_used_says_so(tmp_path: Path, old: str, new: str):
    path = tmp_path / "charges.toml"
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(TariffError, match=r"charges\.toml"):
        tariff_read(path)
