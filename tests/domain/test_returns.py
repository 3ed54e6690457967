"""Against tables computed by hand; each case says how."""

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain import returns as figures

YEAR = math.sqrt(252)
# +10 %, -10 %, +20 %, -20 %: mean 0, squares 0.01 + 0.01 + 0.04 + 0.04 = 0.1
SWINGS = [0.10, -0.10, 0.20, -0.20]
# 1, 2, 3 and 4 %: mean 2.5, deviations -1.5, -0.5, 0.5, 1.5, squares 2.25 + 0.25 + 0.25 + 2.25 = 5 of percent squared
STEPS = [0.01, 0.02, 0.03, 0.04]
MARKET = [0.02, 0.01, 0.03, 0.02]  # mean 2 %: deviations 0, -1, 1, 0, squares 2
DAYS = [-n / 100 for n in range(1, 101)]  # losses of 1 % to 100 %


def decimals(*values):
    return [Decimal(str(value)) for value in values]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], []),
        ([100], []),
        ([100, 110, 99], [0.1, -0.1]),
        ([100, 0, 50, 55], [0.1]),  # lost everything: no return begins there, nor at what came before
        ([100, -10, 50], []),
    ],
)
def test_returns(values, expected):
    assert figures.returns_of(decimals(*values)) == pytest.approx(expected)


def test_volatility_is_the_sample_deviation_of_a_year():
    assert figures.volatility_percent(SWINGS) == pytest.approx(math.sqrt(0.1 / 3) * YEAR * 100)
    assert figures.volatility_percent([0.01]) is None


def test_sharpe():
    assert figures.sharpe_ratio(STEPS) == pytest.approx(2.5 / math.sqrt(5 / 3) * YEAR)
    assert figures.sharpe_ratio(STEPS, risk_free=0.025) == pytest.approx(0)
    assert figures.sharpe_ratio([0.01, 0.01]) is figures.sharpe_ratio([0.01]) is figures.sharpe_ratio([]) is None


def test_sortino_counts_what_is_below_over_all_days():
    # mean 1 %; below: -1 and -3, squares 1 + 9 = 10, over four days 2.5
    assert figures.sortino_ratio([0.03, -0.01, 0.05, -0.03]) == pytest.approx(1 / math.sqrt(2.5) * YEAR)
    assert figures.sortino_ratio(STEPS) is None  # no day below
    # against 2 % a day: excess -1, 0, 1, 2, mean 0.5; squares below 1, over four days 0.25
    assert figures.sortino_ratio(STEPS, risk_free=0.02) == pytest.approx(0.5 / 0.5 * YEAR)


@pytest.mark.parametrize(
    ("values", "percent"),
    [
        ([100, 120, 90, 130, 117], 25),  # 120 to 90
        ([100, 90, 120, 84], 30),  # the later fall is the deeper one
        ([100, 110, 120], 0),
        ([100, 0], 100),
        ([0, 0], 0),
    ],
)
def test_drawdown(values, percent):
    assert figures.max_drawdown_percent(decimals(*values)) == pytest.approx(percent)


def test_a_drawdown_needs_two_values():
    assert figures.max_drawdown_percent(decimals(100)) is None


def test_calmar_is_growth_over_drawdown():
    # 126 days of which one brings 10 %: half a year of 1.1, a year of 1.21; over a drawdown of 7 %
    half_a_year = [0.10] + [0.0] * 125
    assert figures.annual_return_percent(half_a_year) == pytest.approx(21)
    assert figures.calmar_ratio(half_a_year, 7.0) == pytest.approx(3)
    assert (
        figures.calmar_ratio(half_a_year, 0.0) is figures.calmar_ratio([], 7.0) is figures.calmar_ratio([-1.0], 100.0) is None
    )
    assert figures.annual_return_percent([0.5]) is None  # 1.5 to the 252nd is no figure


@pytest.mark.parametrize(
    ("days", "confidence", "var", "shortfall"),
    [
        (DAYS, 0.95, 0.95, (1.00 + 0.99 + 0.98 + 0.97 + 0.96) / 5),  # five days lost more than 95 %
        (DAYS, 0.99, 0.99, 1.00),
        (DAYS[:20], 0.95, 0.19, 0.20),
        (DAYS[:20], 0.99, 0.20, 0.20),  # a fifth of a day: the worst
        (DAYS[:30], 0.95, 0.29, (0.30 + 0.29 / 2) / 1.5),  # a day and a half
        ([0.01] * 20, 0.95, 0, 0),  # never a loss
    ],
)
def test_value_at_risk_and_expected_shortfall(days, confidence, var, shortfall):
    assert figures.value_at_risk(days, confidence) == pytest.approx(var)
    assert figures.expected_shortfall(days, confidence) == pytest.approx(shortfall)


def test_nineteen_days_have_no_twentieth():
    assert figures.value_at_risk(DAYS[:19], 0.95) is figures.expected_shortfall(DAYS[:19], 0.95) is None


@given(st.lists(st.floats(-1, 1), min_size=20, max_size=300))
def test_more_confidence_never_means_less_risk(days):
    at_95, at_99 = figures.value_at_risk(days, 0.95), figures.value_at_risk(days, 0.99)
    assert at_95 is not None
    assert at_99 is not None
    assert 0 <= at_95 <= at_99
    assert (figures.expected_shortfall(days, 0.95) or 0) >= at_95 - 1e-12
    assert (figures.expected_shortfall(days, 0.99) or 0) >= at_99 - 1e-12


def test_beta_alpha_and_what_strays_from_the_market():
    # products of deviations: -1.5 x 0 + -0.5 x -1 + 0.5 x 1 + 1.5 x 0 = 1; over squares 2
    assert figures.beta(STEPS, MARKET) == pytest.approx(0.5)
    assert figures.alpha_percent(STEPS, MARKET) == pytest.approx((0.025 - 0.5 * 0.02) * 252 * 100)
    assert figures.alpha_percent(STEPS, MARKET, risk_free=0.01) == pytest.approx((0.015 - 0.5 * 0.01) * 252 * 100)
    # differences -1, 1, 0, 2: mean 0.5, deviations -1.5, 0.5, -0.5, 1.5, squares 5
    assert figures.tracking_error_percent(STEPS, MARKET) == pytest.approx(math.sqrt(5 / 3) * YEAR)
    assert figures.information_ratio(STEPS, MARKET) == pytest.approx(0.5 / math.sqrt(5 / 3) * YEAR)
    assert figures.beta(MARKET, MARKET) == pytest.approx(1)
    assert figures.information_ratio(MARKET, MARKET) is None


def test_a_market_that_stands_still_has_no_beta():
    assert figures.beta(STEPS, [0.01] * 4) is figures.alpha_percent(STEPS, [0.01] * 4) is figures.beta([0.1], [0.1]) is None
