from dataclasses import replace
from decimal import Decimal

import pytest

from engine.domain.sizing_models import MODELS, Prospect, SizingModel, share_of
from tests.domain.desk import book, context, quote, run, signal

D = Decimal
CASE = Prospect(base=D("0.1"), price=D(100), confidence=D("0.8"))


@pytest.mark.parametrize(
    ("model", "fields", "fraction"),
    [
        ("FIXED_FRACTIONAL", {}, "0.1"),
        ("FIXED_FRACTIONAL", {"confidence": D(0)}, "0.1"),
        # 0.1 x 0.02/0.04 x 0.8
        ("VOLATILITY_ADJUSTED", {"volatility": D("0.04")}, "0.04"),
        # a calm share: 0.1 x 2 x 0.8 = 0.16, capped
        ("VOLATILITY_ADJUSTED", {"volatility": D("0.001")}, "0.1"),
        ("VOLATILITY_ADJUSTED", {}, "0.064"),
        # p 0.8, b 2: (1.6 - 0.2) / 2 = 0.7, a quarter is 0.175, capped
        ("KELLY_CRITERION", {}, "0.1"),
        # p 0.5, b 2: 0.25, a quarter is 0.0625
        ("KELLY_CRITERION", {"confidence": D("0.5")}, "0.0625"),
        # b = 5 / 10: (0.4 - 0.2) / 0.5 = 0.4, a quarter is 0.1
        ("KELLY_CRITERION", {"target": D(105), "stop": D(90)}, "0.1"),
        # b = 1, p 0.4: no edge
        ("KELLY_CRITERION", {"target": D(110), "stop": D(90), "confidence": D("0.4")}, "0"),
        # what divided by zero in the old one: a target at the price, a stop at the price
        ("KELLY_CRITERION", {"target": D(100), "stop": D(90)}, "0"),
        ("KELLY_CRITERION", {"target": D(110), "stop": D(100), "confidence": D("0.5")}, "0.0625"),
        ("RISK_PARITY", {"volatility": D("0.04")}, "0.05"),
        ("RISK_PARITY", {"volatility": D("0.01")}, "0.1"),
        # 0.1 x 0.64 x 1 x 0.8
        ("CONFIDENCE_WEIGHTED", {}, "0.0512"),
        ("CONFIDENCE_WEIGHTED", {"is_strong": True}, "0.0768"),
        # unusual: half of 0.05
        ("RISK_PARITY", {"volatility": D("0.04"), "usual_volatility": D("0.019")}, "0.025"),
        ("RISK_PARITY", {"volatility": D("0.04"), "usual_volatility": D("0.02")}, "0.05"),
    ],
)
def test_by_hand(model, fields, fraction):
    share = share_of(SizingModel(model), replace(CASE, **fields))
    assert share.fraction == D(fraction)
    assert share.reasons


def test_every_model_is_there_and_none_exceeds_the_limit():
    assert set(MODELS) == set(SizingModel)
    for model in SizingModel:
        assert (
            0 <= share_of(model, replace(CASE, confidence=D(1), is_strong=True, volatility=D("0.0001"))).fraction <= CASE.base
        )


def ordered(desk, *quotes, **fields):
    handled = run(desk, signal(**fields), context(*quotes))
    return next(item.event.data for item in handled if item.event.type == "order_created")


def test_an_account_sizes_by_its_model():
    desk = book(sizing_model=SizingModel.RISK_PARITY, max_position_size_percent=D(10))
    created = ordered(desk, replace(quote(), volatility=D("0.04")))
    assert created["quantity"] == 500  # 5 % of a million at 100
    assert "as much risk a day" in created["sizing"]
    assert ordered(book(sizing_model=SizingModel.RISK_PARITY), position_size=D(7))["quantity"] == 7  # as the signal asks


def test_an_unusual_share_is_bought_by_half():
    wild = replace(quote(), volatility=D("0.05"), usual_volatility=D("0.02"))
    assert ordered(book())["quantity"] == 200
    halved = ordered(book(), wild)
    assert (halved["quantity"], "halved: volatility is 2.5 times" in halved["sizing"]) == (100, True)
    assert ordered(book(), wild, position_size=D(7))["quantity"] == 7
