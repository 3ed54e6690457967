import pytest

from engine.domain.var import FEWEST, TailRisk, tail_risk


def path(losses):
    """Closes whose returns are the losses, negated."""
    closes = [100.0]
    for loss in losses:
        closes.append(closes[-1] * (1 - loss))
    return closes


def test_by_hand():
    # a hundred days, each with another loss from 0.1 % to 10 %: the 95th and the 99th of them are the answers
    losses = [((day * 37) % 100 + 1) / 1000 for day in range(100)]
    found = tail_risk({"INFY": 10_000}, {"INFY": path(losses)})
    assert found.periods == 100
    assert found.var_95 == pytest.approx(950)
    assert found.var_99 == pytest.approx(990)
    assert found.expected_shortfall == pytest.approx((960 + 970 + 980 + 990 + 1000) / 5)
    assert found.var_99 >= found.var_95


def test_a_hedge_takes_the_risk_away_and_a_short_gains_from_a_fall():
    fall = path([0.01] * 40)
    hedged = tail_risk({"INFY": 1000, "TCS": -1000}, {"INFY": fall, "TCS": fall})
    assert (hedged.var_95, hedged.var_99) == (pytest.approx(0), pytest.approx(0))
    assert tail_risk({"INFY": -1000}, {"INFY": fall}).var_95 == 0


def test_time_scales_by_its_root():
    closes = {"INFY": path([0.01] * 40)}
    assert tail_risk({"INFY": 1000}, closes, 25).var_95 == pytest.approx(50)


def test_too_short_a_past_is_none():
    assert tail_risk({"INFY": 1000}, {"INFY": [100.0] * FEWEST}) == TailRisk()
    assert tail_risk({}, {}) == TailRisk()
