"""Proof 5: the clock is moved by an hour to and fro, and by a day, of both processes and of one alone."""

import http.client
import time
from pathlib import Path

import pytest

from tests.crash.figures import Figures
from tests.crash.ledger import settled, signals
from tests.crash.machines import seconds_until
from tests.crash.processes import Desk
from tests.crash.sockets import Page, same_as_fresh
from tests.crash.test_redis_killed import Callers
from tests.support.server import ServerError

pytestmark = pytest.mark.crash

HOUR = 3600
MOVES = {  # seconds by which (web, engine) are off; each for STEP seconds, one after the other
    "an hour on": (HOUR, HOUR),
    "and back": (0, 0),
    "an hour back": (-HOUR, -HOUR),
    "a day and an hour on": (25 * HOUR, 25 * HOUR),
    "and back to now": (0, 0),
    "only the web an hour ahead": (HOUR, 0),
    "only the engine an hour ahead": (0, HOUR),
    "all as it was": (0, 0),
}
STEP = 2
SECONDS_TO_HANDLE = 2


class Clock:
    """A process's own clock: what it says differs by some seconds from the machine's."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.set(0)

    def set(self, seconds: int) -> None:
        fresh = self.path.with_suffix(".fresh")
        fresh.write_text(f"{seconds:+d}\n")
        fresh.rename(self.path)  # never half written


def test_clock_moved_while_signals_come(desk: Desk, figures: Figures) -> None:
    clocks = Clock(desk.folder / "web.clock"), Clock(desk.folder / "engine.clock")
    web = desk.web(CLOCK_FILE=str(clocks[0].path))
    desk.engine(CLOCK_FILE=str(clocks[1].path))
    page = Page(web, desk.session, "events/*")
    callers = Callers(web, desk.token, signals(1))
    kept = http.client.HTTPConnection("127.0.0.1", web.port, timeout=10)
    kept.auto_open = 0  # closed by the server it stays so
    kept.connect()
    assert says_alive(kept)
    time.sleep(STEP)
    taken, heard = [], []
    for offsets in MOVES.values():
        for clock, seconds in zip(clocks, offsets, strict=True):
            clock.set(seconds)
        time.sleep(STEP)
        before, told = len(callers.accepted), len(page.heard_at)
        taken.append(seconds_until(lambda: all_handled(desk, callers.accepted[:before]), "what was accepted is handled"))  # noqa: B023
        heard.append(hears_more(page, told, callers))
    callers.stop()
    outcome = settled(desk, callers.accepted)
    figures.say(f"{len(MOVES)} moves ({', '.join(MOVES)}): {outcome}; statuses {sorted(set(callers.statuses))}")
    figures.seconds("until all that was accepted was handled", taken, asked=SECONDS_TO_HANDLE)
    figures.seconds("until an open page heard of more", heard)
    figures.seconds("longest time without a heartbeat", [page.longest_silence], asked=12)
    assert outcome.is_sound, outcome
    assert set(callers.statuses) == {200}
    assert max(taken) <= SECONDS_TO_HANDLE
    assert page.closed_with is None
    assert page.longest_silence < 12, "the page said STALE"
    assert same_as_fresh(web, desk.session, page)
    page.close()
    assert says_alive(kept), "the server closed a connection that was idle for less than a minute"
    kept.close()
    offs = "select count(*) from engine_event where abs(extract(epoch from created_at - now())) > 3000"
    assert desk.number(offs) > 20, "the clocks were not moved"


def says_alive(connection: http.client.HTTPConnection) -> bool:
    connection.request("GET", "/readyz")
    response = connection.getresponse()
    response.read()
    return response.status == 200


def hears_more(page: Page, told: int, callers: Callers) -> float:
    """Seconds until the page has heard of more than it was told. A failure tells who is silent."""
    try:
        return seconds_until(lambda: len(page.heard_at) > told, "the page hears of more")
    except ServerError as error:
        silent = time.monotonic() - page.beats[-1]
        alive = [thread.is_alive() for thread in (page, *callers.threads)]
        error.add_note(f"page closed with {page.closed_with}, {page.frames} frames, last beat {silent:.1f} s ago")
        error.add_note(f"{len(callers.accepted)} accepted, last statuses {callers.statuses[-12:]}, threads alive {alive}")
        raise


def all_handled(desk: Desk, accepted: list[str]) -> bool:
    return desk.number("select count(*) from engine_signal where id = any(%s::uuid[])", accepted) == len(accepted)


def test_control_when_the_clock_is_trusted_work_waits(desk: Desk, figures: Figures) -> None:
    clock = Clock(desk.folder / "web.clock")
    clock.set(HOUR)
    web = desk.web(CLOCK_FILE=str(clock.path))
    desk.engine("trusting_clock")
    callers = Callers(web, desk.token, signals(1))
    time.sleep(SECONDS_TO_HANDLE + 3)
    callers.stop()
    figures.say(f"{desk.waiting} of {len(callers.accepted)} signals wait for an hour")
    assert desk.waiting == len(callers.accepted) > 0
