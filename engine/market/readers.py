"""Price files as one stream of bars in market order, whatever formats and however many files they are."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from heapq import merge
from itertools import groupby
from pathlib import Path

from engine.domain.bars import Bar
from engine.domain.intervals import DAY, IST
from engine.market.formats import Located, bars_of
from engine.market.sources import FeedError

MIDNIGHT = time(0)
NEVER_YET, NEVER_MORE = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class BarFile:
    """What one reading of a file told: enough to read it again in order, side by side with others."""

    path: Path
    bars: int = 0
    first: datetime = NEVER_MORE
    last: datetime = NEVER_YET
    in_order: bool = True
    is_daily: bool = True
    shortest: timedelta | None = None  # between two bars of one symbol
    symbols: dict[str, datetime] = field(default_factory=dict)  # with the time of the last bar

    def read(self) -> "BarFile":
        """Read the whole file once and keep no bar. Raises FeedError for what cannot be read."""
        for _, bar in bars_of(self.path):
            self._take(bar)
        if not self.bars:
            raise FeedError(self.path, 0, "there is no bar in it")
        return self

    def _take(self, bar: Bar) -> None:
        start, before = bar.start, self.symbols.get(bar.symbol)
        self.bars += 1
        self.in_order = self.in_order and start >= self.last
        self.is_daily = self.is_daily and start.astimezone(IST).time() == MIDNIGHT
        if before is not None and start != before:
            gap = abs(start - before)
            self.shortest = min(gap, self.shortest or gap)
        self.symbols[bar.symbol] = start
        self.first = min(self.first, start)
        self.last = max(self.last, start)

    @property
    def interval(self) -> timedelta:
        """How long its bars are: a day where all begin at midnight, else the shortest step; a minute where there is none."""
        return DAY if self.is_daily else self.shortest or timedelta(minutes=1)

    def in_time_order(self) -> Iterator[tuple[datetime, Path, Located]]:
        """Its bars by time: streamed where the file is in order, else sorted in memory."""
        found = ((bar.start, self.path, (line, bar)) for line, bar in bars_of(self.path))
        return found if self.in_order else iter(sorted(found, key=lambda one: one[0]))


@dataclass(frozen=True, slots=True)
class Survey:
    """Files that were read through and found good, and what is in them."""

    files: list[BarFile]
    interval: timedelta
    times: int

    @property
    def bars(self) -> int:
        return sum(file.bars for file in self.files)

    @property
    def symbols(self) -> list[str]:
        return sorted({symbol for file in self.files for symbol in file.symbols})


def survey(paths: Sequence[Path]) -> Survey:
    """Read all the files once. Raises FeedError for anything that cannot be replayed, before anything was."""
    files = [BarFile(path).read() for path in paths]
    for file in files[1:]:
        if file.interval != files[0].interval:
            first = files[0]
            raise FeedError(file.path, 0, f"bars of {file.interval} cannot go with those of {first.interval} in {first.path}")
    return Survey(files, files[0].interval, sum(1 for _ in bars_by_time(files)))


def bars_by_time(files: Iterable[BarFile]) -> Iterator[list[Bar]]:
    """The bars of each time, by symbol; the times in order. Raises FeedError for a bar that is there twice."""
    for cluster in _overlapping(files):
        streams = [file.in_time_order() for file in cluster]
        for _, found in groupby(merge(*streams, key=lambda one: one[0]), key=lambda one: one[0]):
            yield _one_time(found)


def _one_time(found: Iterable[tuple[datetime, Path, Located]]) -> list[Bar]:
    bars: dict[str, Bar] = {}
    for start, path, (line, bar) in found:
        if bar.symbol in bars:
            raise FeedError(path, line, f"a second bar of {bar.symbol} at {start.isoformat()}")
        bars[bar.symbol] = bar
    return [bars[symbol] for symbol in sorted(bars)]


def _overlapping(files: Iterable[BarFile]) -> Iterator[list[BarFile]]:
    """The files in groups that follow one another in time, so that a year of daily files is not open all at once."""
    cluster: list[BarFile] = []
    end = NEVER_YET
    for file in sorted(files, key=lambda file: (file.first, file.path)):
        if cluster and file.first > end:
            yield cluster
            cluster = []
        cluster.append(file)
        end = max(end, file.last)
    if cluster:
        yield cluster
