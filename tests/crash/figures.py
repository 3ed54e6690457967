"""What each proof measured, beside what is asked of it: shown at the end of the pass, in the order of the proofs."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from statistics import median

LONGEST = 120  # seconds that a proof may take
_measured: list["Figures"] = []


@dataclass
class Figures:
    """Those of one test, to be published. `proof` is the heading under which it stands."""

    proof: str
    test: str
    lines: list[str] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)
    took: float = 0  # seconds, set-up and all

    def __post_init__(self) -> None:
        _measured.append(self)

    def say(self, text: object) -> None:
        self.lines.append(str(text))

    def seconds(self, what: str, values: Sequence[float], *, asked: float | None = None) -> None:
        shown = f"median {median(values):.2f} s, worst {max(values):.2f} s of {len(values)}"
        wanted = f" (asked: at most {asked:g} s)" if asked else ""
        self.say(f"{what}: {shown if len(values) > 1 else f'{values[0]:.2f} s'}{wanted}")

    def end(self) -> float:
        self.took = time.monotonic() - self.started
        return self.took


def summary() -> Iterator[str]:
    """One line after the other; none, when nothing was measured."""
    ordered = sorted(_measured, key=lambda figures: (figures.proof, "control" in figures.test))
    for proof, tests in groupby(ordered, key=lambda figures: figures.proof):
        yield proof
        for test in tests:
            too_long = f", asked: at most {LONGEST} s" if test.took > LONGEST else ""
            yield f"  {test.test} ({test.took:.0f} s{too_long})"
            yield from (f"      {line}" for line in test.lines)
