"""A page's socket, as a browser keeps it: applies deltas, acknowledges, and remembers when what came."""

import json
import socket
import threading
import time
from contextlib import AbstractContextManager, ExitStack
from itertools import pairwise
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from dashboard.live.state import State, changed
from tests.support.server import Server, wait_for


def open_socket(server: Server, session: str, *topics: str, **options: Any) -> AbstractContextManager[ClientConnection]:
    query = "&".join(f"topic={topic}" for topic in topics)
    opening: AbstractContextManager[ClientConnection] = connect(
        f"ws://127.0.0.1:{server.port}/ws/live/?{query}",
        additional_headers={"Cookie": f"sessionid={session}"},
        origin=Origin(server.url),
        **options,
    )
    return opening


class Page(threading.Thread):
    """Reads until it is closed. A gap in the count is answered as a page does: by asking for a snapshot."""

    def __init__(self, server: Server, session: str, topic: str) -> None:
        super().__init__(daemon=True)
        self.topic = topic
        self.open = ExitStack()
        self.socket = self.open.enter_context(open_socket(server, session, topic))
        self.state: State = {}
        self.seq, self.snapshots, self.frames = -1, 0, 0
        self.heard_at: list[float] = []  # deltas and snapshots, not heartbeats
        self.beats: list[float] = []
        self.closed_with: int | None = None
        self.start()

    def run(self) -> None:
        try:
            for text in self.socket:
                self.frames += 1
                self._take(json.loads(text))
                self.socket.send(json.dumps({"ack": self.frames}))
        except ConnectionClosed:
            pass
        self.closed_with = self.socket.close_code

    def _take(self, message: dict[str, Any]) -> None:
        if message["t"] == "beat":
            self.beats.append(time.monotonic())
            return
        self.heard_at.append(time.monotonic())
        if message["t"] == "snapshot":
            self.snapshots += 1
            self.state = changed(self.state, message["state"]) if self.seq == message["seq"] else message["state"]
            self.seq = message["seq"]
        elif message["seq"] == self.seq + 1:
            self.seq += 1
            self.state = changed(self.state, message["set"])
        else:
            self.socket.send(json.dumps({"resync": self.topic}))

    def close(self) -> None:
        self.open.close()
        self.join(10)

    @property
    def longest_silence(self) -> float:
        """Seconds between two heartbeats."""
        return max(after - before for before, after in pairwise(self.beats))


def same_as_fresh(web: Server, session: str, page: Page) -> bool:
    """Whether the page shows what one shows that is opened now."""
    fresh = Page(web, session, page.topic)
    try:
        wait_for(lambda: fresh.snapshots > 0 and fresh.state == page.state, "both show the same", 5)
        return len(fresh.state["events"]) > 0
    finally:
        fresh.close()


def shrink(connection: ClientConnection, size: int = 4096) -> None:
    """Let little stand in the system's own buffers."""
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
