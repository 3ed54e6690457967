"""Proof 6: sockets that stop reading, and sockets that come and go."""

import asyncio
import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from statistics import quantiles
from typing import Any

import pytest

from tests.crash.figures import Figures
from tests.crash.ledger import settled, signals
from tests.crash.machines import seconds_until
from tests.crash.processes import Desk, post
from tests.crash.sockets import Page, open_socket, shrink
from tests.support.server import Server, wait_for

pytestmark = pytest.mark.crash

MB = 1024 * 1024
BUSY = ("events/*", "orders/*")  # what moves the most
STALLED = 10
MEASURED = 12  # seconds: more than twice what the control takes
MOST_GROWTH = 10 * MB
NOISE = 20  # ms by which two p99s of a few hundred differ on a machine of two cores that does something else, too


def memory_of(server: Server) -> int:
    """Resident, in bytes."""
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


def files_of(server: Server) -> int:
    assert server.process is not None
    return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))


# --- who stops reading -----------------------------------------------------------------------------------------------------
class Load(threading.Thread):
    """Some hundred signals a second, so that every topic changes all the time."""

    def __init__(self, server: Server, token: str) -> None:
        super().__init__(daemon=True)
        self.client, self.stopping = server.client(token), threading.Event()
        self.accepted: list[str] = []
        self.start()

    def run(self) -> None:
        source = signals(1)
        while not self.stopping.wait(0.2):
            lot = list(islice(source, 40))
            post(self.client, "/signals/batch", {"signals": lot}, user_id=f"desk-{len(self.accepted) % 9}").raise_for_status()
            self.accepted += [signal["signal_id"] for signal in lot]

    def stop(self) -> None:
        self.stopping.set()
        self.join(10)


def round_trips(server: Server, session: str, seconds: float) -> list[float]:
    """Milliseconds from asking for a snapshot until it is here, some fifty a second."""
    taken, topic, frames = [], "status/desk-9", 0
    with open_socket(server, session, topic) as socket:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            socket.send(json.dumps({"resync": topic, "ack": frames}))
            asked, kind = time.perf_counter(), ""
            while kind != "snapshot":
                kind = json.loads(socket.recv(10))["t"]
                frames += 1
            taken.append((time.perf_counter() - asked) * 1000)
            time.sleep(0.02)
    return taken[1:]  # the first answer may have been the greeting


@contextmanager
def stalled(server: Server, session: str) -> Iterator[None]:
    """Sockets that are open, and never read nor acknowledge."""
    with ExitStack() as stack:
        for _ in range(STALLED):
            socket = stack.enter_context(open_socket(server, session, *BUSY, max_queue=1, ping_interval=None, close_timeout=0))
            shrink(socket)
        yield


def p99(values: list[float]) -> float:
    return quantiles(values, n=100)[98]


def test_sockets_that_stop_reading(desk: Desk, figures: Figures) -> None:
    web = desk.web()
    desk.engine()
    load = Load(web, desk.token)
    pages = [Page(web, desk.session, topic) for topic in BUSY]
    round_trips(web, desk.session, 2)  # warm
    alone = round_trips(web, desk.session, MEASURED / 2)
    before = memory_of(web)
    with stalled(web, desk.session):
        beside = round_trips(web, desk.session, MEASURED)
        grown = memory_of(web) - before
    alone += round_trips(web, desk.session, MEASURED / 2)  # before and after: what else the machine does weighs on both
    heard = [len(page.heard_at) for page in pages]
    load.stop()
    outcome = settled(desk, load.accepted)
    figures.say(f"memory grew by {grown / MB:.1f} MB (asked: at most 10 MB) with {STALLED} stalled sockets for {MEASURED} s")
    figures.say(f"the others' p99: {p99(alone):.0f} ms without them, {p99(beside):.0f} ms beside them ({len(beside)} measured)")
    figures.say(outcome)
    assert outcome.is_sound, outcome
    assert outcome.handled == len(load.accepted)
    assert grown <= MOST_GROWTH
    assert p99(beside) <= 1.5 * p99(alone) + NOISE
    assert min(heard) > MEASURED
    for page in pages:
        page.close()


def test_control_without_window_the_memory_grows(desk: Desk, figures: Figures) -> None:
    web = desk.web(faults="no_window")
    desk.engine()
    load = Load(web, desk.token)
    round_trips(web, desk.session, 4)
    before = memory_of(web)
    with stalled(web, desk.session):
        took = seconds_until(lambda: memory_of(web) - before > MOST_GROWTH, "the memory grows")
    load.stop()
    figures.say(f"memory grew by more than {MOST_GROWTH / MB:.0f} MB within {took:.1f} s")


# --- who comes and goes ----------------------------------------------------------------------------------------------------
CYCLES, WARM, AT_ONCE = 10_000, 1_000, 16
MOST_PER_CYCLE = MOST_GROWTH / CYCLES


async def cycle(server: Server, session: str, *, polite: bool) -> None:
    """Connect, wait for the first frame, and go: with a word of goodbye, or without."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    key = base64.b64encode(b"sixteen bytes...").decode()
    head = [
        "GET /ws/live/?topic=status/desk-0 HTTP/1.1",
        f"Host: 127.0.0.1:{server.port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        f"Origin: {server.url}",
        f"Cookie: sessionid={session}",
    ]
    writer.write("\r\n".join([*head, "", ""]).encode())
    answer = await reader.readuntil(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 101"), answer
    await reader.readexactly(2)
    if polite:
        writer.write(b"\x88\x82\x00\x00\x00\x00\x03\xe8")  # close, 1000
        await writer.drain()
    writer.transport.abort()


async def cycles(server: Server, session: str, count: int) -> None:
    left = iter(range(count))

    async def visitor() -> None:
        for number in left:
            await cycle(server, session, polite=number % 2 == 0)

    await asyncio.gather(*(visitor() for _ in range(AT_ONCE)))


def accept(server: Server, desk: Desk, seed: int = 1) -> list[dict[str, Any]]:
    lot = list(islice(signals(seed), 40))
    post(server.client(desk.token), "/signals/batch", {"signals": lot}).raise_for_status()
    return lot


async def memory_along(server: Server, session: str, count: int, parts: int) -> list[int]:
    """In bytes: after some that warm it up, and after each part of the rest."""
    await cycles(server, session, WARM)
    memory = [memory_of(server)]
    for _ in range(parts):
        await cycles(server, session, count // parts)
        memory.append(memory_of(server))
    return memory


async def test_ten_thousand_come_and_go(desk: Desk, figures: Figures) -> None:
    web = desk.web()
    page = Page(web, desk.session, "status/desk-0")
    accepted = [signal["signal_id"] for signal in accept(web, desk)]
    files, started = files_of(web), time.monotonic()
    memory = await memory_along(web, desk.session, CYCLES - WARM, 3)
    took = time.monotonic() - started
    steady = (memory[-1] - memory[1]) / (CYCLES - WARM) * 3 / 2  # the first third may still fill what is reused from then on
    shown = ", ".join(f"{size / MB:.1f}" for size in memory)
    figures.say(
        f"{CYCLES} cycles in {took:.0f} s ({CYCLES / took:.0f}/s): {shown} MB along the way, {steady:.0f} bytes a cycle then"
    )
    assert memory[-1] - memory[0] <= MOST_GROWTH
    assert steady <= MOST_PER_CYCLE / 2
    wait_for(lambda: files_of(web) <= files + 12, "all of their files are closed", 10)  # connections of the pool may stay
    beats = len(page.beats)
    wait_for(lambda: len(page.beats) > beats, "the page that stayed hears on", 5)
    page.close()
    desk.engine()
    outcome = settled(desk, [*accepted, *(signal["signal_id"] for signal in accept(web, desk, seed=2))])
    figures.say(f"signals before and after: {outcome}")
    assert outcome.is_sound, outcome


async def test_control_when_the_hub_forgets_nobody(desk: Desk, figures: Figures) -> None:
    web = desk.web(faults="hub_keeps_all")
    memory = await memory_along(web, desk.session, 500, 1)
    grown = (memory[-1] - memory[0]) / 500
    figures.say(f"{grown:.0f} bytes a cycle after {WARM}")
    assert grown > MOST_PER_CYCLE
