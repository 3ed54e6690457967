"""The prices of the pictures as files, cut at the moment that is shown: what was before it, and what comes meanwhile.

Without files of one's own it is a week of the demo's market, recorded as one-minute bars.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from engine.domain.bars import Bar
from engine.domain.intervals import DAY
from engine.domain.simulator import Simulator
from engine.market.instruments import NIFTY_50_LISTINGS
from engine.market.readers import bars_by_time, survey
from engine.market.sessions import session_on

TODAY = date(2026, 10, 14)  # a Wednesday on which the NSE trades
DAYS_BEFORE = 4  # sessions
SHOWN_AFTER = timedelta(minutes=207)  # of the session
KEPT_BACK = 20  # times of bars, of files of one's own
MINUTE = timedelta(minutes=1)
SLICES = 4  # of a minute: the bar's open, two between, and its close
MINUTES = 375  # of a session
SEED = 7

Bars = Iterable[Sequence[Bar]]  # those that begin together, by time


@dataclass(frozen=True, slots=True)
class Recording:
    """`known` is replayed before the pictures, `rest` while they are taken, from the moment `now` on; it may hold nothing."""

    known: Path
    rest: Path
    now: datetime
    is_over: bool  # nothing is left for `rest`


def recorded(folder: Path) -> Recording:
    """The demo's market."""
    opens = sorted(_sessions())
    market = Simulator(NIFTY_50_LISTINGS, seed=SEED, session_length=MINUTES * SLICES)
    bars = (_minute(market, day + place * MINUTE) for day in opens for place in range(MINUTES))
    return _cut(folder, bars, opens[-1] + SHOWN_AFTER)


def read(folder: Path, files: Sequence[Path]) -> Recording:
    """Files of one's own, in any format that `manage.py replay` takes. Raises FeedError."""
    found = survey(files)
    times = sorted({bars[0].start for bars in bars_by_time(found.files)})
    if found.interval >= DAY:
        return _cut(folder, bars_by_time(found.files), times[-1] + DAY)
    return _cut(folder, bars_by_time(found.files), times[max(1, len(times) - KEPT_BACK) - 1])


def _sessions() -> Iterator[datetime]:
    """When the latest sessions open, backwards from today's."""
    day, found = TODAY, 0
    while found <= DAYS_BEFORE:
        if session := session_on(day):
            found += 1
            yield session.opens
        day -= timedelta(days=1)


def _minute(market: Simulator, start: datetime) -> list[Bar]:
    slices = [next(market) for _ in range(SLICES)]
    found = []
    for symbol in slices[0].prices:
        path, volume = [one.prices[symbol] for one in slices], sum(one.volumes[symbol] for one in slices)
        found.append(Bar(symbol, start, path[0], max(path), min(path), path[-1], volume))
    return found


def _cut(folder: Path, bars: Bars, now: datetime) -> Recording:
    known, rest = folder / "known.csv", folder / "rest.csv"
    is_over = True
    with known.open("w", newline="") as before, rest.open("w", newline="") as after:
        writers = csv.writer(before), csv.writer(after)
        for writer in writers:
            writer.writerow(("timestamp", "symbol", "open", "high", "low", "close", "volume"))
        for together in bars:
            comes_after = together[0].start >= now
            is_over = is_over and not comes_after
            writers[comes_after].writerows(
                (bar.start.isoformat(), bar.symbol, bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in together
            )
    return Recording(known, rest, now, is_over)
