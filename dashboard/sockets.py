"""The pages' socket: it only reads. It joins, leaves and translates; what it shows comes from the hub."""

import asyncio
import json
from typing import Any
from urllib.parse import parse_qsl

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from dashboard.hub import Feed, current_hub
from dashboard.live.registry import may_watch
from dashboard.live.topics import Topic, UnknownTopic
from dashboard.pages.sessions import session_digest, session_stands

WINDOW = 8  # frames sent and not yet acknowledged; Daphne itself would buffer without end
SILENCE = 30.0  # seconds without an acknowledgement while some are due
TOPIC_LIMIT = 8
NOT_SIGNED_IN, NOT_ALLOWED, SILENT = 4401, 4403, 4408  # close codes, as the HTTP statuses


class LiveConsumer(AsyncWebsocketConsumer):
    """`/ws/live/?topic=…&topic=…`: a snapshot of each topic, then deltas, and a heartbeat."""

    session_digest = ""
    channel_layer_alias = "unused"  # it hears through the hub: by itself each socket would have a channel of its own

    async def connect(self) -> None:
        self.sent = self.acked = 0
        self.acked_at = self._clock()
        self.behind: dict[str, Feed] = {}  # whose newest state waits for an acknowledgement
        await self.accept()
        self.topics = self._wanted()
        if not self.scope["user"].is_authenticated:
            await self.close(NOT_SIGNED_IN)
        elif not self.topics or not await database_sync_to_async(may_watch)(self.scope["user"], self.topics):
            await self.close(NOT_ALLOWED)
        else:
            self.session_digest = session_digest(self.scope["session"].session_key or "")
            for topic in self.topics:
                await current_hub().watch(topic, self)

    async def disconnect(self, code: int) -> None:
        current_hub().leave(self)

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Channels looks for old database connections before each message, on the one thread that all sockets share.

        An acknowledgement asks no database anything, and there is one for each frame.
        """
        if message["type"] == "websocket.receive":
            await self.websocket_receive(message)
        else:
            await super().dispatch(message)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        message = self._read(text_data)
        if isinstance(ack := message.get("ack"), int):
            self.acked, self.acked_at = min(max(ack, self.acked), self.sent), self._clock()
            await self._catch_up()
        if isinstance(name := message.get("resync"), str):
            await current_hub().resync(name, self)

    # --- what the hub calls --------------------------------------------------------------------------------------------
    async def push(self, frames: list[str], feed: Feed | None) -> None:
        """Send, or, with the window full, remember that the feed moved on (a heartbeat is just left out)."""
        if self._has_room(frames) and (feed is None or feed.name not in self.behind):
            await self._send_all(frames)
        elif feed is not None:
            self.behind[feed.name] = feed

    async def close_if_silent(self) -> None:
        if self.sent > self.acked and self._clock() - self.acked_at > SILENCE:
            await self._drop(SILENT)

    async def recheck(self) -> None:
        """Who signed out, was deactivated or lost the account sees nothing more."""
        user = await database_sync_to_async(session_stands)(self.scope["session"].session_key)
        if user is None:
            await self._drop(NOT_SIGNED_IN)
        elif not await database_sync_to_async(may_watch)(user, self.topics):
            await self._drop(NOT_ALLOWED)

    async def end(self) -> None:
        await self._drop(NOT_SIGNED_IN)

    # --- inside --------------------------------------------------------------------------------------------------------
    async def _catch_up(self) -> None:
        """The newest state of what moved on while the window was full."""
        for name, feed in list(self.behind.items()):
            snapshot = feed.snapshot()
            if not self._has_room(snapshot):
                break
            del self.behind[name]
            await self._send_all(snapshot)

    def _has_room(self, frames: list[str]) -> bool:
        """A message of more frames than the window has to wait until nothing else is due."""
        due = self.sent - self.acked
        return due == 0 or due + len(frames) <= WINDOW

    async def _send_all(self, frames: list[str]) -> None:
        self.sent += len(frames)
        for frame in frames:
            await self.base_send({"type": "websocket.send", "text": frame})

    async def _drop(self, code: int) -> None:
        current_hub().leave(self)
        await self.close(code)

    def _wanted(self) -> list[Topic]:
        query = self.scope["query_string"].decode("ascii", "replace")
        names = [value for key, value in parse_qsl(query) if key == "topic"]
        try:
            return [Topic.parse(name) for name in names] if len(names) <= TOPIC_LIMIT else []
        except UnknownTopic:
            return []

    @staticmethod
    def _read(text: str | None) -> dict[str, Any]:
        try:
            message = json.loads(text or "")
        except (ValueError, RecursionError):
            return {}
        return message if isinstance(message, dict) else {}

    @staticmethod
    def _clock() -> float:
        return asyncio.get_running_loop().time()
