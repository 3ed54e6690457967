"""Models of how much of equity a signal is worth. Each multiplies its factors once; none exceeds the account's position limit.

`base` is the account's limit for one symbol, as a fraction of equity; `usual` a share's usual daily volatility, 2 %.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

ONE, ZERO, HUNDRED = Decimal(1), Decimal(0), Decimal(100)
USUAL = Decimal("0.02")
UNKNOWN_VOLATILITY = Decimal("0.025")  # a day, where no bars are known yet
MOST_CALM = Decimal(2)  # a calm share is worth twice the base at most, before the cap
KELLY_PART = Decimal("0.25")
KELLY_PAYOFF = Decimal(2)  # reward to risk, where the signal names no two levels
STRONG = Decimal("1.5")
UNUSUAL = Decimal(2)  # times the usual volatility


class SizingModel(StrEnum):
    FIXED_FRACTIONAL = "FIXED_FRACTIONAL"
    VOLATILITY_ADJUSTED = "VOLATILITY_ADJUSTED"
    KELLY_CRITERION = "KELLY_CRITERION"
    RISK_PARITY = "RISK_PARITY"
    CONFIDENCE_WEIGHTED = "CONFIDENCE_WEIGHTED"


@dataclass(frozen=True, slots=True)
class Prospect:
    """What a model may look at. Prices in rupees; volatilities are of a day, as fractions, None while unknown."""

    base: Decimal
    price: Decimal
    confidence: Decimal
    is_strong: bool = False
    target: Decimal | None = None
    stop: Decimal | None = None
    volatility: Decimal | None = None
    usual_volatility: Decimal | None = None

    @property
    def daily(self) -> Decimal:
        return self.volatility or UNKNOWN_VOLATILITY

    @property
    def calm(self) -> Decimal:
        """Above 1 for a share calmer than usual, below for a wild one."""
        return min(USUAL / self.daily, MOST_CALM)

    @property
    def payoff(self) -> Decimal | None:
        """What a win brings for each rupee that a loss costs, by the signal's levels; None where it does not name both."""
        if self.target is None or self.stop is None or self.stop == self.price:
            return None
        return abs(self.target - self.price) / abs(self.price - self.stop)


@dataclass(slots=True)
class Share:
    """A fraction of equity, and how it came about."""

    fraction: Decimal
    confidence_factor: Decimal = ONE
    volatility_factor: Decimal = ONE
    reasons: list[str] = field(default_factory=list)


def fixed_fractional(case: Prospect) -> Share:
    return Share(case.base, reasons=[f"fixed fraction: {case.base * HUNDRED:.2f} % of equity"])


def volatility_adjusted(case: Prospect) -> Share:
    fraction = case.base * case.calm * case.confidence
    reason = f"{case.base * HUNDRED:.2f} % x {case.calm:.2f} for a daily volatility of {case.daily * HUNDRED:.2f} %"
    return Share(fraction, case.confidence, case.calm, [f"{reason} x confidence {case.confidence:.2f}"])


def kelly_criterion(case: Prospect) -> Share:
    """(b p - q) / b of Kelly (1956), with the confidence as p, and a quarter of it: the whole bears no error in p."""
    payoff = case.payoff if case.payoff is not None else KELLY_PAYOFF
    edge = (payoff * case.confidence - (ONE - case.confidence)) / payoff if payoff else ZERO
    fraction = max(edge, ZERO) * KELLY_PART
    reason = f"a quarter of Kelly's {edge * HUNDRED:.2f} %: win {case.confidence:.2f}, {payoff:.2f} to 1"
    return Share(fraction, case.confidence, reasons=[reason if edge > 0 else f"no edge: {reason}"])


def risk_parity(case: Prospect) -> Share:
    """Each position moves equity by the same in a usual day, whatever it is: that of a base position at 2 % volatility."""
    factor = USUAL / case.daily
    reason = f"{case.base * HUNDRED:.2f} % x {factor:.2f}: as much risk a day as every other position"
    return Share(case.base * factor, volatility_factor=factor, reasons=[reason])


def confidence_weighted(case: Prospect) -> Share:
    strength = STRONG if case.is_strong else ONE
    fraction = case.base * case.confidence**2 * strength * case.calm
    reason = (
        f"{case.base * HUNDRED:.2f} % x confidence {case.confidence:.2f} squared x strength {strength} x calm {case.calm:.2f}"
    )
    return Share(fraction, case.confidence**2 * strength, case.calm, [reason])


MODELS: dict[SizingModel, Callable[[Prospect], Share]] = {
    SizingModel.FIXED_FRACTIONAL: fixed_fractional,
    SizingModel.VOLATILITY_ADJUSTED: volatility_adjusted,
    SizingModel.KELLY_CRITERION: kelly_criterion,
    SizingModel.RISK_PARITY: risk_parity,
    SizingModel.CONFIDENCE_WEIGHTED: confidence_weighted,
}


def share_of(model: SizingModel, case: Prospect) -> Share:
    """The model's answer: halved while the share is unusually volatile, and then never above the base."""
    share = MODELS[model](case)
    halve_if_unusual(share, case)
    if share.fraction > case.base:
        share.fraction = case.base
        share.reasons.append(f"capped at {case.base * HUNDRED:.2f} % of equity")
    return share


def halve_if_unusual(share: Share, case: Prospect) -> None:
    ratio = volatility_ratio(case.volatility, case.usual_volatility)
    if ratio is not None and ratio > UNUSUAL:
        share.fraction /= 2
        share.volatility_factor /= 2
        share.reasons.append(f"halved: volatility is {ratio:.1f} times what is usual for it")


def volatility_ratio(volatility: Decimal | None, usual: Decimal | None) -> Decimal | None:
    return volatility / usual if volatility is not None and usual else None
