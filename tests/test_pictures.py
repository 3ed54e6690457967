"""The recorded market of the documents' pictures: the same each time, and cut at the moment that they show."""

from datetime import timedelta
from pathlib import Path

import pytest

from engine.market.readers import survey
from scripts.pictures import market

HEAD = "timestamp,symbol,open,high,low,close,volume\n"


def test_a_recorded_week_is_cut_at_the_moment_of_the_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(market, "DAYS_BEFORE", 1)
    (tmp_path / "again").mkdir()
    found, again = market.recorded(tmp_path), market.recorded(tmp_path / "again")
    assert found.known.read_text() == again.known.read_text()
    before, after = survey([found.known]), survey([found.rest])
    assert (len(before.symbols), before.interval) == (50, timedelta(minutes=1))
    assert max(file.last for file in before.files) + before.interval == found.now == min(file.first for file in after.files)
    assert before.times + after.times == 2 * market.MINUTES


def test_ones_own_minutes_are_replayed_but_for_the_last(tmp_path: Path):
    own = tmp_path / "own.csv"
    minutes = [f"2026-03-02T09:{minute}:00+05:30,TCS,10,11,9,10,5\n" for minute in range(15, 59)]
    own.write_text(HEAD + "".join(minutes))
    found = market.read(tmp_path, [own])
    known, rest = (path.read_text().count("TCS") for path in (found.known, found.rest))
    assert (known + rest, found.is_over) == (44, False)
    assert known > rest > 0


def test_ones_own_days_are_replayed_whole(tmp_path: Path):
    own = tmp_path / "own.csv"
    own.write_text("date,symbol,open,high,low,close,volume\n2026-03-02,TCS,10,11,9,10,5\n2026-03-03,TCS,10,11,9,10,5\n")
    found = market.read(tmp_path, [own])
    assert (found.known.read_text().count("TCS"), found.is_over) == (2, True)
