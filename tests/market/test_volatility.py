from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import log, sqrt

import pytest

from engine.domain.bars import Bar
from engine.market.volatility import volatility_observe
from engine.models import Instrument
from tests.support.factories import instrument

START = datetime(2026, 1, 5, 3, 45, tzinfo=UTC)


def bar(high, low, step=0):
    low, high = Decimal(low), Decimal(high)
    return Bar("RELIANCE", START + timedelta(minutes=step), low, high, low, high, 10)


def seen():
    row = Instrument.objects.get()
    return float(row.volatility), float(row.usual_volatility)


def test_a_bar_of_a_day_by_hand(db):
    instrument()
    volatility_observe("1d", [bar(102, 98)])
    parkinson = log(102 / 98) / sqrt(4 * log(2))
    assert seen() == (pytest.approx(parkinson, abs=1e-7), pytest.approx(parkinson, abs=1e-7))


def test_a_minute_is_scaled_to_a_session(db):
    instrument()
    volatility_observe("1m", [bar("100.1", "99.9")])
    assert seen()[0] == pytest.approx(log(100.1 / 99.9) / sqrt(4 * log(2)) * sqrt(375), rel=1e-4)


def test_a_storm_moves_the_quick_mean_and_hardly_the_slow_one(db):
    instrument()
    for step in range(30):
        volatility_observe("1m", [bar("100.05", "99.95", step)])
    calm, usual = seen()
    for step in range(30, 50):
        volatility_observe("1m", [bar("101", "99", step)])
    wild, still = seen()
    assert calm == pytest.approx(usual)
    assert wild > 10 * calm
    assert wild > 2 * still
    assert still < 5 * usual
