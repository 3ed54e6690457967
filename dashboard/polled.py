"""The reads that every screen polls are answered from memory when they were asked for just now, before Django is reached.

For callers without credentials only, as the old frontend polls: who is signed in always reads what is committed, whichever
process it was written by. An answer is at most 250 ms old, and shared by requests that are alike to the letter: address, query
and every header. What this process writes meanwhile is seen at once.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from engine import metrics

Message = dict[str, Any]
Application = Callable[..., Awaitable[None]]

MAX_AGE = 0.25  # seconds
MOST = 256  # kinds of requests remembered
POLLED = frozenset(
    f"{prefix}/trading-engine/{name}{slash}"
    for prefix in ("/api", "/api/api")
    for name in ("health", "metrics", "alerts")
    for slash in ("", "/")
)
CREDENTIALS = frozenset({b"authorization", b"cookie"})
READS = frozenset({"GET", "HEAD", "OPTIONS"})
REQUEST_ID = b"x-request-id"
_WELL_FORMED = re.compile(rb"[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    @property
    def may_be_shared(self) -> bool:
        return self.status == 200 and not any(name.lower() == b"set-cookie" for name, _ in self.headers)


class PolledReads:
    """Wraps the HTTP application."""

    def __init__(self, application: Application) -> None:
        self.application = application
        self.answers: dict[Any, tuple[float, asyncio.Task[Answer]]] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["method"] == "GET" and scope["path"] in POLLED and is_anonymous(scope):
            await self._answer(scope, send)
        elif scope["method"] in READS:
            await self.application(scope, receive, send)
        else:
            try:
                await self.application(scope, receive, send)
            finally:
                self.answers.clear()

    async def _answer(self, scope: Any, send: Any) -> None:
        key = (scope["path"], scope["query_string"], scope["scheme"], *(h for h in scope["headers"] if h[0] != REQUEST_ID))
        now = asyncio.get_running_loop().time()
        asked_at, answering = self.answers.get(key, (0.0, None))
        if answering is None or now - asked_at > MAX_AGE:
            answering = self._ask(key, scope, now)
        else:
            metrics.pending.count("api_calls_count")  # the others are counted by the view
        answer = await asyncio.shield(answering)  # one caller that hangs up takes nothing from the others
        request_id = (b"X-Request-ID", _request_id(scope))
        await send({"type": "http.response.start", "status": answer.status, "headers": [*answer.headers, request_id]})
        await send({"type": "http.response.body", "body": answer.body})

    def _ask(self, key: Any, scope: Any, now: float) -> asyncio.Task[Answer]:
        if len(self.answers) >= MOST:
            self.answers.clear()
        answering = asyncio.get_running_loop().create_task(self._asked(scope))
        self.answers[key] = now, answering
        answering.add_done_callback(lambda done: self._keep_if_shared(key, done))
        return answering

    def _keep_if_shared(self, key: Any, done: asyncio.Task[Answer]) -> None:
        failed = done.cancelled() or done.exception() is not None
        if (failed or not done.result().may_be_shared) and self.answers.get(key, (0.0, None))[1] is done:
            del self.answers[key]

    async def _asked(self, scope: Any) -> Answer:
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        await self.application(scope, receive, send)
        start, *parts = sent
        headers = tuple((name, value) for name, value in start["headers"] if name.lower() != REQUEST_ID)
        return Answer(start["status"], headers, b"".join(part.get("body", b"") for part in parts))


def is_anonymous(scope: Any) -> bool:
    return not any(name in CREDENTIALS for name, _ in scope["headers"])


def _request_id(scope: Any) -> bytes:
    """The caller's own, where it is well formed; else a new one, as RequestIdMiddleware has it."""
    given = next((value for name, value in scope["headers"] if name == REQUEST_ID), b"")
    return given if _WELL_FORMED.fullmatch(given) else uuid4().hex.encode()
