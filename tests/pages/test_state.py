"""The invariant of the live pages: an old snapshot plus the deltas since equals a fresh snapshot."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard.hub import Feed
from dashboard.live.frames import split
from dashboard.live.state import changed, changes_between, wire_value
from dashboard.live.topics import Topic

NAMES = st.sampled_from(["a", "b", "c", "ñ₹"])
VALUES = st.sampled_from([None, 0, 1, 1.5, True, "", "ñ₹" * 20, "x" * 40])
ROWS = st.dictionaries(NAMES, st.dictionaries(NAMES, VALUES, max_size=2), max_size=3)
STATES = st.dictionaries(st.sampled_from(["positions", "orders", "summary"]), ROWS, max_size=3)

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def sections(state: dict[str, Any]) -> dict[str, Any]:
    """A section without rows shows the same as no section, and a field that is null the same as none."""
    shown = {name: {key: filled(row) for key, row in rows.items()} for name, rows in state.items()}
    return {name: rows for name, rows in shown.items() if rows}


def filled(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}


class Browser:
    """What static/js/live.js does with the frames."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = {}
        self.arriving: dict[str, Any] = {}
        self.seq = -1

    def hear(self, frame: str) -> None:
        message = json.loads(frame)
        if message["t"] == "snapshot":
            for section, rows in message["state"].items():
                self.arriving.setdefault(section, {}).update(rows)
            if not message.get("more"):
                self.state, self.arriving, self.seq = self.arriving, {}, message["seq"]
        else:
            assert message["seq"] == self.seq + 1
            self.seq += 1
            self.state = changed(self.state, message["set"])


@unhurried
@given(STATES, STATES)
def test_changes_lead_from_one_state_to_the_next(old, new):
    assert sections(changed(old, changes_between(old, new))) == sections(new)


@unhurried
@given(st.lists(STATES, min_size=1, max_size=8), st.data())
@pytest.mark.slow
def test_an_old_snapshot_and_the_deltas_since_equal_a_fresh_snapshot(states, data):
    feed, early, late = Feed(Topic("account", "demo")), Browser(), Browser()
    joins = data.draw(st.integers(0, len(states) - 1))
    for place, state in enumerate(states):
        frames = feed.advance(state)
        if place:
            for frame in frames:
                early.hear(frame)
        else:
            for frame in feed.snapshot():
                early.hear(frame)
        if place > joins:
            for frame in frames:
                late.hear(frame)
        elif place == joins:
            for frame in feed.snapshot():
                late.hear(frame)
    assert sections(early.state) == sections(late.state) == sections(states[-1])


@unhurried
@given(STATES, st.integers(1, 200))
def test_frames_hold_every_row_once_however_they_are_cut(state, limit):
    joined: dict[str, Any] = {}
    for part in split(state, limit):
        for section, rows in json.loads(part).items():
            assert not joined.get(section, {}).keys() & rows.keys()
            joined.setdefault(section, {}).update(rows)
    assert joined == state


def test_a_large_state_is_cut_below_the_servers_limit():
    state = {"orders": {str(number): {"text": "₹" * 500} for number in range(300)}}
    feed = Feed(Topic("orders", "demo"))
    assert all(len(frame.encode()) < 60 * 1024 for frame in [*feed.advance(state), *feed.snapshot()])


def test_of_a_known_row_only_what_is_other_is_said():
    old = {"positions": {"7": {"symbol": "TCS", "price": 10.0}, "8": {"symbol": "INFY", "price": 5.0}}}
    new = {"positions": {"7": {"symbol": "TCS", "price": 11.0}, "9": {"symbol": "ITC", "price": 5.0}}}
    assert changes_between(old, new) == {"positions": {"7": {"price": 11.0}, "8": None, "9": {"symbol": "ITC", "price": 5.0}}}


def test_nothing_changed_is_nothing_said():
    feed = Feed(Topic("account", "demo"))
    assert len(feed.advance({"summary": {"all": {"equity": 1.5}}})) == 1
    assert feed.advance({"summary": {"all": {"equity": 1.5}}}) == []


def test_values_for_the_wire():
    at = datetime(2026, 1, 5, 3, 45, tzinfo=UTC)
    row = {"a": Decimal("1.50"), "b": at, "c": UUID(int=7), "d": [{"e": Decimal(2)}], "f": None, "g": True}
    assert wire_value(row) == {
        "a": 1.5, "b": "2026-01-05T03:45:00.000000Z", "c": str(UUID(int=7)), "d": [{"e": 2.0}], "f": None, "g": True,
    }  # fmt: skip
