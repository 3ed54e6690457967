"""Three signal rules on closed bars. Each is pure and keeps nothing: it speaks once, at the bar in which the thing happens."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from engine.domain.bars import TICK, Bar, on_tick
from engine.domain.enums import SignalType
from engine.domain.indicators import average_true_range, highest, lowest, sma, z_score

Number = int | float
Parameters = Mapping[str, Number]

LONGEST_WINDOW = 500  # bars
STRONG = 0.85  # a confidence from which a signal is a strong one
EXITS: dict[str, Number] = {"stop_ranges": 2.0, "target_ranges": 3.0}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a rule would do. Prices in rupees on the tick grid, confidence as a fraction of 1."""

    signal_type: SignalType
    confidence_score: Decimal
    stop_loss: Decimal | None
    target_price: Decimal | None
    reason: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A signal rule with the parameters that it takes: their defaults, and how many bars it looks back on with given ones."""

    name: str
    title: str
    judge: Callable[["Window", Parameters], Suggestion | None]
    defaults: Parameters
    lookback: Callable[[Parameters], int]

    def parameters(self, given: Mapping[str, object]) -> dict[str, Number]:
        """The defaults with what was given on top. Raises ValueError, naming the parameter, for what makes no sense."""
        checked, faults = self._checked(given)
        if faults:
            raise ValueError(faults[0])
        return checked

    def faults(self, given: Mapping[str, object]) -> list[str]:
        """Everything that is wrong with the parameters, not the first thing only."""
        return self._checked(given)[1]

    def _checked(self, given: Mapping[str, object]) -> tuple[dict[str, Number], list[str]]:
        unknown = [name for name in given if name not in self.defaults]
        faults = [f"{self.name} has no parameter {name!r}: it takes {', '.join(self.defaults)}" for name in unknown]
        checked: dict[str, Number] = {}
        for name, default in self.defaults.items():
            try:
                checked[name] = _number(name, given.get(name, default), default)
            except ValueError as error:
                faults.append(str(error))
        if "fast" in checked and "slow" in checked and checked["fast"] >= checked["slow"]:
            faults.append(f"fast must be shorter than slow: got {checked['fast']} and {checked['slow']} bars")
        return checked, faults

    def __call__(self, bars: Sequence[Bar], parameters: Mapping[str, object]) -> Suggestion | None:
        """What the rule says to the last of these closed bars. Raises ValueError for parameters that make no sense."""
        return self.look(Window(bars), self.parameters(parameters))

    def look(self, window: "Window", checked: Parameters) -> Suggestion | None:
        """The same, for parameters that were checked before, and bars that other rules look at too."""
        return self.judge(window, checked) if window.length >= self.lookback(checked) else None


class Window:
    """The bars that a rule looks at, as columns of floats; each made when it is first asked for."""

    def __init__(self, bars: Sequence[Bar]) -> None:
        self._bars = bars
        self.length = len(bars)

    @cached_property
    def highs(self) -> list[float]:
        return [float(bar.high) for bar in self._bars]

    @cached_property
    def lows(self) -> list[float]:
        return [float(bar.low) for bar in self._bars]

    @cached_property
    def closes(self) -> list[float]:
        return [float(bar.close) for bar in self._bars]

    def suggestion(self, up: bool, strength: float, length: int, parameters: Parameters, reason: str) -> Suggestion:
        """Stop and target stand in average true ranges from the last close, so that a wild share gets a wider room."""
        close, sign = self.closes[-1], 1 if up else -1
        spread = max(average_true_range(self.highs, self.lows, self.closes, length), 2 * float(TICK))
        confidence = min(0.55 + 0.2 * max(strength, 0.0), 0.95)
        kinds = (SignalType.STRONG_BUY, SignalType.STRONG_SELL) if confidence >= STRONG else (SignalType.BUY, SignalType.SELL)
        return Suggestion(
            signal_type=kinds[0] if up else kinds[1],
            confidence_score=Decimal(f"{confidence:.4f}"),
            stop_loss=_price(close - sign * parameters["stop_ranges"] * spread),
            target_price=_price(close + sign * parameters["target_ranges"] * spread),
            reason=reason,
        )

    def in_ranges(self, distance: float, length: int) -> float:
        """A distance in rupees, in average true ranges."""
        spread = average_true_range(self.highs, self.lows, self.closes, length)
        return abs(distance) / spread if spread else 0.0


def moving_average_cross(window: Window, parameters: Parameters) -> Suggestion | None:
    """The fast average crosses the slow one: buy when upwards, sell when downwards."""
    fast, slow = int(parameters["fast"]), int(parameters["slow"])
    before = sma(window.closes, fast, back=1) - sma(window.closes, slow, back=1)
    slow_now = sma(window.closes, slow)
    gap = sma(window.closes, fast) - slow_now
    if not (before <= 0 < gap or before >= 0 > gap):
        return None
    strength = window.in_ranges(window.closes[-1] - slow_now, slow) / 2
    words = "above" if gap > 0 else "below"
    return window.suggestion(gap > 0, strength, slow, parameters, f"{fast}-bar average crossed {words} the {slow}-bar average")


def breakout(window: Window, parameters: Parameters) -> Suggestion | None:
    """The close leaves the range of the bars before it: buy above, sell below."""
    length = int(parameters["length"])
    close, before = window.closes[-1], window.closes[-2]
    top, bottom = highest(window.highs, length), lowest(window.lows, length)
    if close > top and before <= highest(window.highs, length, back=1):
        strength = window.in_ranges(close - top, length)
        return window.suggestion(True, strength, length, parameters, f"closed above the high of {length} bars, {top:.2f}")
    if close < bottom and before >= lowest(window.lows, length, back=1):
        strength = window.in_ranges(bottom - close, length)
        return window.suggestion(False, strength, length, parameters, f"closed below the low of {length} bars, {bottom:.2f}")
    return None


def mean_reversion(window: Window, parameters: Parameters) -> Suggestion | None:
    """The close is far from its average, in standard deviations: buy when far below, sell when far above."""
    length, entry = int(parameters["length"]), parameters["entry"]
    score, before = z_score(window.closes, length), z_score(window.closes, length, back=1)
    if not (score <= -entry < before or score >= entry > before):
        return None
    words = "below" if score < 0 else "above"
    reason = f"{abs(score):.1f} standard deviations {words} the average of {length} bars"
    return window.suggestion(score < 0, abs(score) - entry, length, parameters, reason)


RULES = {
    rule.name: rule
    for rule in (
        Rule(
            name="moving_average_cross",
            title="Moving-average cross",
            judge=moving_average_cross,
            defaults={"fast": 5, "slow": 20, **EXITS},
            lookback=lambda parameters: int(parameters["slow"]) + 1,
        ),
        Rule(
            name="breakout",
            title="Breakout",
            judge=breakout,
            defaults={"length": 20, **EXITS},
            lookback=lambda parameters: int(parameters["length"]) + 2,
        ),
        Rule(
            name="mean_reversion",
            title="Mean reversion",
            judge=mean_reversion,
            defaults={"length": 20, "entry": 2.5, **EXITS},
            lookback=lambda parameters: int(parameters["length"]) + 2,
        ),
    )
}


def _number(name: str, value: object, default: Number) -> Number:
    """A parameter's value: a whole number of bars where its default is one, else a positive number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name} must be a number: got {value!r}")
    if isinstance(default, int):
        if not isinstance(value, int) or not 2 <= value <= LONGEST_WINDOW:
            raise ValueError(f"{name} must be a whole number of bars from 2 to {LONGEST_WINDOW}: got {value!r}")
    elif not 0 < value <= LONGEST_WINDOW:
        raise ValueError(f"{name} must be above 0 and at most {LONGEST_WINDOW}: got {value!r}")
    return value


def _price(value: float) -> Decimal | None:
    return on_tick(value) if value >= float(TICK) else None
