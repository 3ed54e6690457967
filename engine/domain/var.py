"""Value at risk and expected shortfall by historical simulation: today's holdings through the returns of the past.

Standard: the loss that was not exceeded in the given share of past periods (Hull, Risk Management and Financial Institutions,
ch. 13); expected shortfall is the mean of the losses beyond it. Losses are positive rupees.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, sqrt
from statistics import fmean

FEWEST = 30  # periods: with fewer the tail is a guess, and none is made


@dataclass(frozen=True, slots=True)
class TailRisk:
    """Rupees over one trading day; `periods` is how many past ones stand behind it, 0 where there are too few."""

    var_95: float = 0.0
    var_99: float = 0.0
    expected_shortfall: float = 0.0  # beyond VaR 95
    periods: int = 0


def tail_risk(values: Mapping[str, float], closes: Mapping[str, Sequence[float]], periods_a_day: float = 1.0) -> TailRisk:
    """Of holdings worth `values` (signed rupees) by each symbol's past closes, oldest first, all at the same times.

    Shorter periods than a day are scaled by the square root of time. A symbol without a past is left out.
    """
    known = [symbol for symbol in values if len(closes.get(symbol, ())) > FEWEST]
    if not known:
        return TailRisk()
    periods = min(len(closes[symbol]) for symbol in known) - 1
    returns = {symbol: _returns(closes[symbol][-periods - 1 :]) for symbol in known}
    losses = sorted(-sum(values[symbol] * returns[symbol][step] for symbol in known) for step in range(periods))
    scale = sqrt(periods_a_day)
    tail = losses[_place(periods, 0.95) + 1 :]
    return TailRisk(
        var_95=max(0.0, losses[_place(periods, 0.95)] * scale),
        var_99=max(0.0, losses[_place(periods, 0.99)] * scale),
        expected_shortfall=max(0.0, fmean(tail) * scale),
        periods=periods,
    )


def _returns(closes: Sequence[float]) -> list[float]:
    return [after / before - 1 for before, after in pairwise(closes)]


def _place(count: int, confidence: float) -> int:
    """Where in the sorted losses the one stands that `confidence` of them do not exceed."""
    return min(count - 1, ceil(count * confidence) - 1)
