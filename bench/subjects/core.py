"""The pure core alone: no database, the full list of risk rules."""

from bench.places import child
from bench.result import Result, Scale, at_least, several


def measure(scale: Scale) -> list[Result]:
    signals = scale.of(20_000, 500)

    def rate() -> float:
        return signals / float(child("bench.inside.core", "--signals", signals)["seconds"])

    runs = several(scale, rate)
    result = Result("the pure core alone, all risk rules, 50 positions an account", "signals/s", runs)
    return [result.judged(at_least(result.ours, 15_000, "signals/s"))]
