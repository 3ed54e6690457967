"""What the signal rules measure on closed bars. Plain floats: these are estimates, not money."""

from collections.abc import Sequence
from math import sqrt
from statistics import fmean


def sma(values: Sequence[float], length: int, back: int = 0) -> float:
    """The simple moving average of `length` values, as it stood `back` values ago."""
    end = len(values) - back
    return fmean(values[end - length : end])


def z_score(values: Sequence[float], length: int, back: int = 0) -> float:
    """How many standard deviations the value lies from the mean of the `length` values before it; 0 where those never moved."""
    last = len(values) - 1 - back
    window = values[last - length : last]
    mean = fmean(window)
    deviation = sqrt(fmean((value - mean) ** 2 for value in window))
    return (values[last] - mean) / deviation if deviation else 0.0


def highest(values: Sequence[float], length: int, back: int = 0) -> float:
    """The highest of the `length` values before the value `back` places from the end."""
    last = len(values) - 1 - back
    return max(values[last - length : last])


def lowest(values: Sequence[float], length: int, back: int = 0) -> float:
    """The lowest of the `length` values before the value `back` places from the end."""
    last = len(values) - 1 - back
    return min(values[last - length : last])


def average_true_range(highs: Sequence[float], lows: Sequence[float], closes: Sequence[float], length: int) -> float:
    """The mean of the last `length` true ranges (Wilder, 1978): each the bar's range, widened to the close before it."""
    first = len(closes) - length
    return fmean(
        max(highs[i], closes[i - 1]) - min(lows[i], closes[i - 1]) if i else highs[i] - lows[i]
        for i in range(first, len(closes))
    )
