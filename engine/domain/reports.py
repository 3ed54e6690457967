"""What fills booked, added up by day, strategy, sector or symbol. The parts of a table come to its whole, to the paisa."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal
from typing import TypeVar

from engine.domain.charges import NAMES, PAISA, ZERO

OTHER = "other"  # charges that a fill bears beyond its parts
PARTS = (*NAMES, OTHER)
Name = TypeVar("Name", bound=Hashable)
Key = TypeVar("Key", bound=Hashable)


@dataclass(slots=True)
class Total:
    """A line of a report: what fills booked. Rupees. `gross` is realised P&L before charges, `parts` the charges by name."""

    fills: int = 0
    turnover: Decimal = ZERO
    gross: Decimal = ZERO
    charges: Decimal = ZERO
    parts: dict[str, Decimal] = field(default_factory=lambda: dict.fromkeys(PARTS, ZERO))

    @property
    def net(self) -> Decimal:
        return self.gross - self.charges

    def add(self, other: "Total") -> None:
        self.fills += other.fills
        self.turnover += other.turnover
        self.gross += other.gross
        self.charges += other.charges
        for name in PARTS:
            self.parts[name] += other.parts[name]


def total_of(totals: Iterable[Total]) -> Total:
    whole = Total()
    for total in totals:
        whole.add(total)
    return whole


def totals_by(totals: Mapping[Name, Total], key: Callable[[Name], Key]) -> dict[Key, Total]:
    """Lines put together: one for each of the keys that their names have. Exact."""
    found: dict[Key, Total] = defaultdict(Total)
    for name, total in totals.items():
        found[key(name)].add(total)
    return dict(found)


def to_the_paisa(totals: Mapping[Key, Total]) -> dict[Key, Total]:
    """The same lines in whole paise, so that each column still comes to its whole, rounded.

    A part of a paisa arises where a position is closed in parts at an average cost.
    """
    lines = list(totals.values())
    columns = {name: in_paise([getattr(line, name) for line in lines]) for name in ("turnover", "gross", "charges")}
    parts = {name: in_paise([line.parts[name] for line in lines]) for name in PARTS}
    return {
        key: Total(
            totals[key].fills,
            columns["turnover"][place],
            columns["gross"][place],
            columns["charges"][place],
            {name: parts[name][place] for name in PARTS},
        )
        for place, key in enumerate(totals)
    }


def in_paise(amounts: Sequence[Decimal]) -> list[Decimal]:
    """Each amount in whole paise, their sum being the exact sum's: the paise that rounding down leaves over go to those with
    the largest remainders (H. Hare, 1859). None is off by a paisa or more."""
    down = [amount.quantize(PAISA, ROUND_FLOOR) for amount in amounts]
    left = int((sum(amounts, ZERO).quantize(PAISA) - sum(down, ZERO)) / PAISA)
    by_remainder = sorted(range(len(amounts)), key=lambda place: down[place] - amounts[place])
    for place in by_remainder[:left]:
        down[place] += PAISA
    return down
