from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.enums import SignalType
from engine.domain.sizing import size_of


def size(signal_type="BUY", position_size=None, *, held=0, equity="1000000", price="100", lot_size=1):
    return size_of(
        signal_type=SignalType(signal_type),
        position_size=None if position_size is None else Decimal(position_size),
        held=held,
        equity=Decimal(equity),
        price=Decimal(price),
        lot_size=lot_size,
    )


@pytest.mark.parametrize(
    ("given", "quantity", "reason"),
    [
        (size(), 200, "200 shares: 2.00 % of equity ₹10,00,000.00 at ₹100.00"),
        (size("SELL"), 200, "200 shares: 2.00 % of equity ₹10,00,000.00 at ₹100.00"),
        (size("STRONG_BUY"), 300, "300 shares: 3.00 % of equity ₹10,00,000.00 at ₹100.00"),
        (size(price="333"), 60, "60 shares: 2.00 % of equity ₹10,00,000.00 at ₹333.00"),
        (size(lot_size=75), 150, "150 shares: 2.00 % of equity ₹10,00,000.00 at ₹100.00"),
        (size(position_size="0.05"), 500, "500 shares: 5.00 % of equity ₹10,00,000.00 at ₹100.00"),
        (size(position_size="0.9999"), 9999, "9999 shares: 99.99 % of equity ₹10,00,000.00 at ₹100.00"),
        (size(position_size="1"), 1, "1 shares as the signal asks"),
        (size(position_size="40.7"), 40, "40 shares as the signal asks"),
        (size(position_size="160", lot_size=75), 150, "150 shares as the signal asks"),
        # against an open position, without a size: all of it, whatever it is
        (size("SELL", held=37), 37, "closes the open position of 37 shares"),
        (size("BUY", held=-37), 37, "closes the open position of -37 shares"),
        (size("SELL", "10", held=37), 10, "10 shares as the signal asks"),
        (size("BUY", held=37), 200, "200 shares: 2.00 % of equity ₹10,00,000.00 at ₹100.00"),
        # nothing to trade
        (size("HOLD"), 0, "HOLD asks for no order"),
        (size(price="20000.05"), 0, "2.00 % of equity ₹10,00,000.00 at ₹20,000.05 is below one lot"),
        (size(position_size="50", lot_size=75), 0, "the size asked for is below one lot"),
        (size(equity="0"), 0, "2.00 % of equity ₹0.00 at ₹100.00 is below one lot"),
        (size(equity="-500000"), 0, "2.00 % of equity \N{MINUS SIGN}₹5,00,000.00 at ₹100.00 is below one lot"),
        (size(position_size="-5"), 0, "-500.00 % of equity ₹10,00,000.00 at ₹100.00 is below one lot"),
        # but what is held can be left even then
        (size("SELL", held=10, equity="-500000"), 10, "closes the open position of 10 shares"),
    ],
)
def test_sizes_and_their_reasons(given, quantity, reason):
    assert (given.quantity, given.reason) == (quantity, reason)


@given(
    st.sampled_from(SignalType),
    st.none() | st.decimals("0.0001", 10**6, places=4),
    st.integers(-1000, 1000),
    st.decimals(-(10**7), 10**9, places=4),
    st.decimals("0.05", 10**5, places=2),
    st.sampled_from([1, 25, 75]),
)
def test_a_size_is_whole_lots_and_never_negative(signal_type, position_size, held, equity, price, lot_size):
    given = size_of(
        signal_type=signal_type, position_size=position_size, held=held, equity=equity, price=price, lot_size=lot_size
    )
    assert given.quantity >= 0
    assert given.quantity % lot_size == 0 or given.quantity == abs(held)
    assert given.reason
