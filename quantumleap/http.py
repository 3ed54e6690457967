"""Django over ASGI in one hop: middleware, view, signals and closing run one after the other on one thread of a fixed pool.

Django's own handler starts a thread for each request, and crosses between it and the loop a dozen times on its way through our
middleware. A request in hand when the loop stopped then waited for it for ever, and the process with it.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any

from asgiref.sync import sync_to_async
from django import setup
from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.db import close_old_connections
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.urls import set_script_prefix

THREADS = 8  # as many requests are worked on at once; with PostgreSQL each may hold a connection of the pool's ten


class OneHopHandler(ASGIHandler):
    """All our views are sync: nothing is lost by it."""

    def __init__(self) -> None:
        BaseHandler.__init__(self)
        self.load_middleware(is_async=False)
        threads = ThreadPoolExecutor(THREADS, thread_name_prefix="http")
        self._answer_on_thread = sync_to_async(self._answer, thread_sensitive=False, executor=threads)
        self._next_on_thread = sync_to_async(next_piece, thread_sensitive=False, executor=threads)
        self._close_on_thread = sync_to_async(lambda close: close(), thread_sensitive=False, executor=threads)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            raise ValueError(f"only HTTP is answered here, not {scope['type']}")
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        await self.send_response(await self._answer_on_thread(scope, body), send)

    def _answer(self, scope: Any, body: IO[bytes]) -> HttpResponse:
        """The response, complete and closed but for what is made piece by piece: all that is left is to send it."""
        with body:
            set_script_prefix(get_script_prefix(scope))
            signals.request_started.send(sender=self.__class__, scope=scope)
            request, refusal = self.create_request(scope, body)
            response: Any = refusal if request is None else self.get_response(request)
        response._handler_class = self.__class__
        if isinstance(response, FileResponse):
            whole = read_whole(response)
            response.close()
            return whole
        if response.streaming:
            response.streaming_content = self._pieces(iter(response.streaming_content), response.close)
        else:
            response.close()
        answer: HttpResponse = response
        return answer

    async def _pieces(self, pieces: Iterator[bytes], close: Callable[[], None]) -> AsyncIterator[bytes]:
        """One after the other as the reader takes them, each on whichever thread is free: they may keep nothing that is its."""
        try:
            while (piece := await self._next_on_thread(pieces)) is not None:
                yield piece
        finally:  # also where the reader went away; closed sooner, a generator would give nothing
            await self._close_on_thread(close)


def next_piece(pieces: Iterator[bytes]) -> bytes | None:
    try:
        return next(pieces, None)
    finally:
        close_old_connections()


def read_whole(response: StreamingHttpResponse) -> HttpResponse:
    """Our own static files: small, and open."""
    whole = HttpResponse(b"".join(response.streaming_content), status=response.status_code, headers=response.headers)  # type: ignore[arg-type]
    whole.cookies = response.cookies
    return whole


def get_application() -> OneHopHandler:
    """In the place of Django's get_asgi_application."""
    setup(set_prefix=False)
    return OneHopHandler()
