from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

import pytest

from engine.domain.bars import Bar
from engine.domain.enums import SignalType
from engine.domain.indicators import average_true_range, highest, lowest, sma, z_score
from engine.domain.strategies import RULES, Suggestion
from tests.market.bars import bar, bars

FLAT = [100.0] * 25
WAVES = [100.0, 101.0] * 13
SHORT_CROSS = {"fast": 2, "slow": 4}


def test_indicators_are_what_their_names_say():
    values = [1.0, 2.0, 3.0, 4.0, 9.0]
    assert sma(values, 3) == pytest.approx(16 / 3)
    assert sma(values, 3, back=1) == 3
    assert highest(values, 3) == 4
    assert highest(values, 2, back=1) == 3
    assert lowest(values, 3) == 2
    assert z_score(values, 4) == pytest.approx((9 - 2.5) / 1.25**0.5)
    assert z_score([5.0, 5.0, 5.0], 2) == 0
    # the second bar gapped up: its true range reaches down to the close before it
    assert average_true_range([10.0, 15.0], [8.0, 14.0], [9.0, 14.5], 2) == pytest.approx((2 + 6) / 2)


@pytest.mark.parametrize(
    ("rule", "closes", "signal_type"),
    [
        ("moving_average_cross", [*FLAT, 101], SignalType.BUY),
        ("moving_average_cross", [*FLAT, 99], SignalType.SELL),
        ("moving_average_cross", FLAT, None),
        ("moving_average_cross", [*FLAT, 101, 102], None),  # it crossed a bar ago
        ("breakout", [*FLAT, 101], SignalType.BUY),
        ("breakout", [*FLAT, 99], SignalType.SELL),
        ("breakout", [*FLAT, 100.4], None),  # still within the highs
        ("breakout", [*FLAT, 101, 103], None),  # it was out a bar ago
        ("breakout", [*FLAT, 110], SignalType.STRONG_BUY),
        ("mean_reversion", [*WAVES, 98.9], SignalType.BUY),
        ("mean_reversion", [*WAVES, 102.1], SignalType.SELL),
        ("mean_reversion", [*WAVES, 100.5], None),
        ("mean_reversion", FLAT, None),
        ("mean_reversion", [*WAVES, 90, 89], None),  # it was far below a bar ago
        ("mean_reversion", [*WAVES, 90], SignalType.STRONG_BUY),
    ],
)
def test_each_rule_speaks_at_the_bar_in_which_it_happens(rule: str, closes: Sequence[float], signal_type: SignalType | None):
    suggestion = RULES[rule](bars(closes), {})
    assert (suggestion.signal_type if suggestion else None) == signal_type


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("last", [50.0, 150.0])
def test_stop_and_target_stand_on_either_side_of_the_close_and_on_ticks(rule: str, last: float):
    suggestion = RULES[rule](bars([*(WAVES if rule == "mean_reversion" else FLAT), last]), {})
    assert suggestion
    assert suggestion.stop_loss
    assert suggestion.target_price
    lower, upper = sorted((suggestion.stop_loss, suggestion.target_price))
    assert lower < Decimal(str(last)) < upper
    side = suggestion.signal_type.side
    assert side
    assert (suggestion.stop_loss < suggestion.target_price) == (side.sign > 0)
    assert lower % Decimal("0.05") == upper % Decimal("0.05") == 0
    assert 0 <= suggestion.confidence_score <= 1


def test_a_share_of_a_few_paise_gets_no_stop_below_a_tick():
    suggestion = RULES["breakout"](bars([0.5] * 25 + [0.6], spread=0.02), {})
    assert suggestion
    assert suggestion.stop_loss is None or suggestion.stop_loss >= Decimal("0.05")


@pytest.mark.parametrize("rule", RULES)
def test_too_few_bars_say_nothing(rule: str):
    enough = RULES[rule].lookback(RULES[rule].defaults)
    assert RULES[rule](bars([100.0] * (enough - 2) + [150.0]), {}) is None
    assert RULES[rule](bars([100.0] * (enough - 1) + [150.0]), {}) is not None or rule == "mean_reversion"
    assert RULES[rule]([], {}) is None


@pytest.mark.parametrize("rule", RULES)
def test_only_the_bars_it_asks_for_matter(rule: str):
    window = bars([*WAVES, 90.0])
    needed = RULES[rule].lookback(RULES[rule].defaults)
    wild = [bar(5000.0)] * 30
    assert RULES[rule]([*wild, *window[-needed:]], {}) == RULES[rule](window, {})


def test_over_a_whole_path_a_cross_alternates_between_buy_and_sell():
    closes = [100 + 10 * abs((place % 20) - 10) / 10 for place in range(200)]
    path = bars(closes)
    said = [RULES["moving_average_cross"](path[:end], SHORT_CROSS) for end in range(1, len(path) + 1)]
    sides = [suggestion.signal_type.side for suggestion in said if suggestion]
    assert len(sides) >= 18
    assert all(first != second for first, second in pairwise(sides))


@pytest.mark.parametrize(
    ("rule", "parameters", "complaint"),
    [
        ("breakout", {"lenght": 20}, "breakout has no parameter 'lenght': it takes length, stop_ranges, target_ranges"),
        ("breakout", {"length": 1}, "length must be a whole number of bars from 2 to 500: got 1"),
        ("breakout", {"length": 501}, "from 2 to 500: got 501"),
        ("breakout", {"length": 20.5}, "whole number of bars"),
        ("breakout", {"length": "20"}, "length must be a number: got '20'"),
        ("breakout", {"length": True}, "length must be a number: got True"),
        ("breakout", {"stop_ranges": 0}, "stop_ranges must be above 0"),
        ("breakout", {"stop_ranges": float("nan")}, "stop_ranges must be above 0"),
        ("breakout", {"stop_ranges": float("inf")}, "stop_ranges must be above 0"),
        ("breakout", {"stop_ranges": None}, "stop_ranges must be a number: got None"),
        ("mean_reversion", {"entry": -2}, "entry must be above 0"),
        ("moving_average_cross", {"fast": 20, "slow": 20}, "fast must be shorter than slow: got 20 and 20 bars"),
    ],
)
def test_parameters_that_make_no_sense_are_named(rule: str, parameters: dict[str, object], complaint: str):
    with pytest.raises(ValueError) as caught:
        RULES[rule](bars(FLAT), parameters)
    assert complaint in str(caught.value)


def test_a_rule_keeps_nothing():
    def judged(path: list[Bar]) -> list[Suggestion | None]:
        return [rule(path, {}) for rule in RULES.values()]

    up, down = bars([*FLAT, 110]), bars([*FLAT, 90])
    first = judged(up)
    judged(down)
    assert judged(up) == first
