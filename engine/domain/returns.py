"""Figures of a series of returns. A return is a fraction (0.01 is one percent), one an IST trading day, oldest first.

Whatever too few observations say nothing about is None: each function names how many it needs. Statistics are floats, for
they are estimates; rupees stay Decimals. Days are made years by the convention of 252 trading days.
"""

import math
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from statistics import fmean, stdev

DAYS_A_YEAR = 252  # trading days; the NSE has 246 to 250, the convention is the field's
TAIL_DAYS = 20  # the fewest of which the worst twentieth is a day

Returns = Sequence[float]


def returns_of(values: Sequence[Decimal]) -> list[float]:
    """Simple returns V(t) / V(t-1) - 1. What follows a value of zero or less has none, and ends the series before it."""
    found: list[float] = []
    for before, after in pairwise(values):
        if before <= 0:
            found.clear()
        else:
            found.append(float(after / before - 1))
    return found


def volatility_percent(returns: Returns) -> float | None:
    """Sample standard deviation of the daily returns x sqrt(252), in percent a year. Needs two."""
    return stdev(returns) * math.sqrt(DAYS_A_YEAR) * 100 if len(returns) > 1 else None


def sharpe_ratio(returns: Returns, risk_free: float = 0.0) -> float | None:
    """Mean excess return over its sample standard deviation, x sqrt(252): W. F. Sharpe, "The Sharpe Ratio", 1994.

    `risk_free` is a fraction a day. Needs two returns that differ.
    """
    excess = [value - risk_free for value in returns]
    return _ratio(fmean(excess), stdev(excess)) if len(excess) > 1 else None


def sortino_ratio(returns: Returns, risk_free: float = 0.0) -> float | None:
    """Mean excess return over the downside deviation, x sqrt(252): F. Sortino and R. van der Meer, "Downside Risk", 1991.

    The downside deviation is the root of the mean, over all days, of min(0, excess) squared. Needs two returns, one below.
    """
    excess = [value - risk_free for value in returns]
    if len(excess) < 2:
        return None
    return _ratio(fmean(excess), math.sqrt(fmean([min(0.0, value) ** 2 for value in excess])))


def max_drawdown_percent(values: Sequence[Decimal]) -> float | None:
    """The deepest fall from a peak to a later value, in percent of the peak; 0 where it never fell. Needs two values."""
    if len(values) < 2:
        return None
    peak, deepest = values[0], Decimal(0)
    for value in values:
        peak = max(peak, value)
        if peak > 0:
            deepest = max(deepest, (peak - value) / peak)
    return float(deepest * 100)


def annual_return_percent(returns: Returns) -> float | None:
    """Compound growth: (product of 1 + r) ^ (252 / n) - 1, in percent a year. Needs one."""
    growth = math.prod(1 + value for value in returns)
    if not returns or growth <= 0:
        return None
    exponent = math.log(growth) * DAYS_A_YEAR / len(returns)
    return math.expm1(exponent) * 100 if exponent < 50 else None  # a lucky first day is no yearly figure


def calmar_ratio(returns: Returns, drawdown_percent: float | None) -> float | None:
    """Compound annual return over maximum drawdown: T. W. Young, "Calmar Ratio", Futures, 1991. Needs a drawdown."""
    annual = annual_return_percent(returns)
    return annual / drawdown_percent if annual is not None and drawdown_percent else None


def value_at_risk(returns: Returns, confidence: float) -> float | None:
    """Historical VaR as a fraction of equity: the least loss that no more than (1 - confidence) of the days exceeded.

    P. Jorion, "Value at Risk", ch. 5. With n days it is the loss of rank floor(n x (1 - confidence)) + 1, never below 0; so at
    99 % with fewer than 100 days the worst of them. Grows with the confidence. Needs 20.
    """
    if len(returns) < TAIL_DAYS:
        return None
    return max(0.0, _losses(returns)[math.floor(_tail(returns, confidence))])


def expected_shortfall(returns: Returns, confidence: float) -> float | None:
    """The mean loss of the worst (1 - confidence) of the days, as a fraction of equity; at least the VaR. Needs 20.

    C. Acerbi and D. Tasche, "On the coherence of expected shortfall", 2002: the day that the tail cuts counts in part.
    """
    if len(returns) < TAIL_DAYS:
        return None
    losses, tail = _losses(returns), _tail(returns, confidence)
    whole = math.floor(tail)
    total = math.fsum(losses[:whole]) + (tail - whole) * losses[whole]
    return max(0.0, total / tail)


def beta(returns: Returns, market: Returns) -> float | None:
    """Covariance with the market's returns over their variance: W. F. Sharpe, 1964. Paired by day. Needs two that differ."""
    if len(returns) < 2:
        return None
    variance = covariance(market, market)
    return covariance(returns, market) / variance if variance > 0 else None


def alpha_percent(returns: Returns, market: Returns, risk_free: float = 0.0) -> float | None:
    """Jensen's alpha, mean(r - rf) - beta x mean(m - rf), x 252, in percent a year: M. C. Jensen, 1968. Needs a beta."""
    slope = beta(returns, market)
    if slope is None:
        return None
    return (fmean(returns) - risk_free - slope * (fmean(market) - risk_free)) * DAYS_A_YEAR * 100


def tracking_error_percent(returns: Returns, market: Returns) -> float | None:
    """Sample standard deviation of r - m, x sqrt(252), in percent a year. Needs two."""
    return volatility_percent([own - theirs for own, theirs in zip(returns, market, strict=True)])


def information_ratio(returns: Returns, market: Returns) -> float | None:
    """Mean of r - m over its sample standard deviation, x sqrt(252): R. Grinold and R. Kahn, 1999. Needs two that differ."""
    return sharpe_ratio([own - theirs for own, theirs in zip(returns, market, strict=True)])


def covariance(xs: Returns, ys: Returns) -> float:
    """Sample covariance of two series of the same two or more days."""
    x_mean, y_mean = fmean(xs), fmean(ys)
    return math.fsum((x - x_mean) * (y - y_mean) for x, y in zip(xs, ys, strict=True)) / (len(xs) - 1)


def _losses(returns: Returns) -> list[float]:
    """Largest first."""
    return sorted((-value for value in returns), reverse=True)


def _tail(returns: Returns, confidence: float) -> float:
    """How many days the tail is long. Rounded, for 20 x (1 - 0.95) is 1 and not 1.0000000000000009."""
    return round(len(returns) * (1 - confidence), 9)


def _ratio(mean: float, deviation: float) -> float | None:
    return mean / deviation * math.sqrt(DAYS_A_YEAR) if deviation > 1e-12 else None
