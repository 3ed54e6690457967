"""One hub per server process: it listens to the layer once, and writes to all sockets of this process.

Only topics that somebody watches are computed; each as often as its cost allows, in a thread of the hub's own; what changed is
serialized once, and the same string goes to every socket.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol
from uuid import uuid4
from weakref import WeakKeyDictionary

import structlog
from channels.layers import get_channel_layer
from django.db import close_old_connections
from django.utils import timezone

from dashboard.live.frames import dumps, message, split
from dashboard.live.registry import compute, listens
from dashboard.live.state import State, changes_between, iso
from dashboard.live.topics import Topic
from dashboard.pages.sessions import SESSION_TOPIC
from engine import topics as layer_topics

log = structlog.get_logger(__name__)

SHORTEST, LONGEST = 0.02, 0.2  # seconds of rest after a message of a topic
REST = 4  # and in between, this many times the processor time of the computation: a cheap topic is shown nearly at once
POLL = 1.0  # seconds: a hint may get lost on its way, so everything is computed this often anyway
BEAT = 3.0  # seconds between two heartbeats
LATE = 9.0  # seconds: nobody vouches for what was last looked at longer ago
BEAT_REST = 0.01  # seconds after some of them: what is new goes before
AT_ONCE = 32  # sockets written to before the loop writes them out and looks at what else there is to do
RECHECK = 15.0  # seconds between two checks that the sockets' sessions still stand


class Watcher(Protocol):
    """A socket as the hub sees it."""

    session_digest: str

    async def push(self, frames: list[str], feed: "Feed | None") -> None: ...
    async def recheck(self) -> None: ...
    async def end(self) -> None: ...
    async def close_if_silent(self) -> None: ...


class Feed:
    """A topic that is watched: its last state, its place in the count of messages, and who watches."""

    def __init__(self, topic: Topic) -> None:
        self.topic = topic
        self.name = str(topic)
        self.epoch = uuid4().hex[:12]
        self.seq = 0
        self.state: State | None = None
        self.watchers: set[Watcher] = set()
        self.waiting: set[Watcher] = set()  # for their first snapshot
        self.dirty = True
        self.task: asyncio.Task[None] | None = None
        self.next_at = 0.0  # not computed again before this moment of the loop's clock
        self.asked_at = -POLL  # when it was last computed, by that clock
        self.failed = False

    @property
    def is_vouched(self) -> bool:
        """Whether its state may be shown as what holds now."""
        late = asyncio.get_running_loop().time() - self.asked_at > LATE
        return self.state is not None and not self.failed and not late

    def snapshot(self) -> list[str]:
        """The frames of the whole state; all but the last say that there is more."""
        *first, last = split(self.state or {})
        head = {"topic": self.name, "epoch": self.epoch, "seq": self.seq}
        return [message("snapshot", "state", part, more=True, **head) for part in first] + [
            message("snapshot", "state", last, **head)
        ]

    def advance(self, fresh: State) -> list[str]:
        """The frames that lead from the last state to the fresh one, each a delta of its own; none where nothing changed."""
        changes = changes_between(self.state or {}, fresh)
        self.state = fresh
        return [self._delta(part) for part in split(changes)] if changes else []

    def _delta(self, part: str) -> str:
        self.seq += 1
        return message("delta", "set", part, topic=self.name, epoch=self.epoch, seq=self.seq)


def compute_in_thread(topic: Topic) -> State:
    close_old_connections()
    try:
        return compute(topic)
    finally:
        close_old_connections()


def _timed(compute: Callable[[Topic], State], topic: Topic) -> tuple[State, float]:
    """The topic's state, and the seconds of processor time that it cost."""
    begun = time.thread_time()
    return compute(topic), time.thread_time() - begun


class Hub:
    """The feeds of one event loop. All of its methods run on that loop."""

    def __init__(self, compute: Callable[[Topic], State] = compute_in_thread) -> None:
        self._compute = compute
        self._feeds: dict[str, Feed] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="hub")

    # --- watchers ------------------------------------------------------------------------------------------------------
    async def watch(self, topic: Topic, watcher: Watcher) -> None:
        """Snapshot first, deltas from then on."""
        feed = self._feeds.setdefault(str(topic), Feed(topic))
        feed.waiting.add(watcher)
        self._start()
        if feed.is_vouched:
            await self._greet(feed)
        else:
            self._mark(feed)

    def leave(self, watcher: Watcher) -> None:
        for name, feed in list(self._feeds.items()):
            feed.watchers.discard(watcher)
            feed.waiting.discard(watcher)
            if not feed.watchers and not feed.waiting:
                self._stop_feed(self._feeds.pop(name))
        if not self._feeds:
            self.stop()

    async def resync(self, name: str, watcher: Watcher) -> None:
        """A fresh snapshot for one who lost the thread."""
        feed = self._feeds.get(name)
        if feed and watcher in feed.watchers and feed.state is not None:
            await watcher.push(feed.snapshot(), feed)

    def stop(self) -> None:
        for feed in self._feeds.values():
            self._stop_feed(feed)
        for task in self._tasks:
            task.cancel()
        self._tasks = []

    # --- hints ---------------------------------------------------------------------------------------------------------
    async def hint(self, topics: Iterable[str]) -> None:
        """These topics of the layer are dirty: compute what depends on them, end the sessions that they name."""
        for topic in topics:
            if topic.startswith(SESSION_TOPIC):
                await self._end_session(topic.removeprefix(SESSION_TOPIC))
                continue
            for feed in list(self._feeds.values()):
                if listens(feed.topic, topic):
                    self._mark(feed)

    def _mark(self, feed: Feed) -> asyncio.Task[None]:
        feed.dirty = True
        if feed.task is None:
            feed.task = asyncio.create_task(self._refresh(feed))
        return feed.task

    async def _refresh(self, feed: Feed) -> None:
        """Once, when it has rested. What is dirty again by then is for another task: the poll waits for this one only."""
        loop = asyncio.get_running_loop()
        try:
            await asyncio.sleep(feed.next_at - loop.time())
            feed.dirty, feed.asked_at = False, loop.time()
            fresh, cost = await loop.run_in_executor(self._thread, _timed, self._compute, feed.topic)
            feed.failed = False
            frames = feed.advance(fresh)
            # where nothing was said, by the poll mostly, the first change goes out at once
            feed.next_at = loop.time() + min(LONGEST, max(SHORTEST if frames else 0, REST * cost))
            await self._tell(feed, frames)
            await self._greet(feed)
        except Exception as error:  # noqa: BLE001 - whatever it is: the page goes STALE, and the next poll tries again
            feed.next_at = loop.time() + LONGEST
            feed.failed = True
            log.warning("topic_not_computed", topic=feed.name, error=repr(error))
        finally:
            feed.task = None
        if feed.dirty:
            self._mark(feed)

    async def _tell(self, feed: Feed, frames: list[str]) -> None:
        if frames:
            await _to_all(feed.watchers, lambda watcher: watcher.push(frames, feed))

    async def _greet(self, feed: Feed) -> None:
        if feed.waiting:
            newcomers, feed.waiting = feed.waiting, set()
            feed.watchers |= newcomers
            snapshot = feed.snapshot()
            await _to_all(newcomers, lambda watcher: watcher.push(snapshot, feed))

    # --- the hub's own tasks -------------------------------------------------------------------------------------------
    def _start(self) -> None:
        if not self._tasks:
            jobs = (self._listen(), self._poll(), self._every(BEAT, self._beat))
            recheck = self._every(RECHECK, lambda: _to_all(self._watchers(), lambda watcher: watcher.recheck()))
            self._tasks = [asyncio.create_task(job) for job in (*jobs, recheck)]

    async def _listen(self) -> None:
        """Outlives the layer's failures: while it is away, the poll goes on."""
        while True:
            try:
                await self._receive()
            except Exception as error:  # noqa: BLE001 - layers raise what their clients raise
                log.warning("layer_lost", error=repr(error))
                await asyncio.sleep(POLL)

    async def _receive(self) -> None:
        layer = get_channel_layer()
        channel = await layer.new_channel()
        await layer.group_add(layer_topics.LIVE, channel)
        try:
            while True:
                notice = await layer.receive(channel)
                await self.hint(notice.get("topics", ()))
        finally:
            await layer.group_discard(layer_topics.LIVE, channel)

    async def _every(self, seconds: float, job: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(seconds)
            await job()

    async def _poll(self) -> None:
        """What no hint was about for a while, one topic after the other: a hint waits for one of them, never for all."""
        loop = asyncio.get_running_loop()
        while True:
            for feed in list(self._feeds.values()):
                if feed.task is None and loop.time() - feed.asked_at >= POLL and feed.name in self._feeds:
                    await asyncio.wait([self._mark(feed)])
            oldest = min((feed.asked_at for feed in self._feeds.values()), default=loop.time())
            await asyncio.sleep(max(SHORTEST, oldest + POLL - loop.time()))

    async def _beat(self) -> None:
        """A heartbeat says "what you show is right": not to those who watch what could not be computed, or not for long."""
        beat = [dumps({"t": "beat", "at": iso(timezone.now())})]
        doubtful = {watcher for feed in self._feeds.values() if not feed.is_vouched for watcher in feed.watchers | feed.waiting}
        await _to_all(self._watchers() - doubtful, lambda watcher: watcher.push(beat, None), BEAT_REST)
        await _to_all(self._watchers(), lambda watcher: watcher.close_if_silent())

    async def _end_session(self, digest: str) -> None:
        ended = [watcher for watcher in self._watchers() if watcher.session_digest == digest]
        await _to_all(ended, lambda watcher: watcher.end())

    def _watchers(self) -> set[Watcher]:
        return {watcher for feed in self._feeds.values() for watcher in feed.watchers | feed.waiting}

    @staticmethod
    def _stop_feed(feed: Feed) -> None:
        if feed.task:
            feed.task.cancel()


async def _to_all(watchers: Iterable[Watcher], act: Callable[[Watcher], Awaitable[None]], rest: float = 0) -> None:
    """One socket that breaks does not keep the others from hearing; and what is written leaves, before more is written."""
    for place, watcher in enumerate(tuple(watchers), start=1):
        try:
            await act(watcher)
        except Exception as error:  # noqa: BLE001 - whatever a closing socket raises
            log.info("socket_lost", error=repr(error))
        if place % AT_ONCE == 0:
            await asyncio.sleep(rest)


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def current_hub() -> Hub:
    """The hub of the running loop; a server process has one loop, and so one hub."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())
