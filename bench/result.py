"""What a benchmark says: a figure, the limit measured beside it, and whether the goal was reached."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median


@dataclass(frozen=True, slots=True)
class Scale:
    """How much work a run does: the real amounts, or (quick) just enough to see that each row still runs."""

    quick: bool = False

    @property
    def repeats(self) -> int:
        return 1 if self.quick else 5

    def of(self, real: int, quick: int) -> int:
        return quick if self.quick else real


@dataclass(frozen=True, slots=True)
class Goal:
    text: str
    is_met: bool


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the report. `ours` and `limit` are the medians of `runs` and `limit_runs`, in `unit`."""

    what: str
    unit: str
    runs: tuple[float, ...]
    goals: tuple[Goal, ...] = ()
    limit_is: str = ""
    limit_runs: tuple[float, ...] = ()
    note: str = ""

    @property
    def ours(self) -> float:
        return median(self.runs)

    @property
    def limit(self) -> float | None:
        return median(self.limit_runs) if self.limit_runs else None

    def judged(self, *goals: Goal) -> "Result":
        return replace(self, goals=goals)

    @property
    def ratio(self) -> float | None:
        """Ours to the limit's."""
        return self.ours / self.limit if self.limit else None


@dataclass(frozen=True, slots=True)
class NotMeasured:
    """A row that could not be run here, and why."""

    what: str
    why: str


def at_least(value: float, goal: float, unit: str) -> Goal:
    return Goal(f"≥ {goal:,g} {unit}".strip(), value >= goal)


def at_most(value: float, goal: float, unit: str) -> Goal:
    return Goal(f"≤ {goal:,g} {unit}".strip(), value <= goal)


def in_turn(scale: Scale, ours: Callable[[], float], limit: Callable[[], float]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Both, one after the other, as often as the scale says: what slows the machine for a while slows both."""
    pairs = [(ours(), limit()) for _ in range(scale.repeats)]
    return tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs)


def several(scale: Scale, measure: Callable[[], float]) -> tuple[float, ...]:
    return tuple(measure() for _ in range(scale.repeats))
