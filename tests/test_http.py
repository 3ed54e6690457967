"""How HTTP is answered: each request in one go on a thread of a fixed pool, and none that keeps the process from ending."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx
import pytest
from channels.testing import HttpCommunicator
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path

from quantumleap.http import THREADS, OneHopHandler
from tests.support.server import Server

threads: set[str] = set()


def where(request: HttpRequest) -> HttpResponse:
    threads.add(threading.current_thread().name)
    return HttpResponse(request.body or request.method)


def file(request: HttpRequest) -> FileResponse:
    return FileResponse(open(__file__, "rb"))


def broken(request: HttpRequest) -> HttpResponse:
    raise ValueError("on purpose")


def pieces(request: HttpRequest) -> StreamingHttpResponse:
    def made():
        for number in range(3):
            threads.add(threading.current_thread().name)
            yield f"{number};"

    return StreamingHttpResponse(map(str.encode, made()))


urlpatterns = [path("pieces", pieces), path("where", where), path("file", file), path("broken", broken)]


@pytest.fixture(autouse=True)
def _addresses(settings):
    settings.ROOT_URLCONF = __name__
    settings.SECURE_SSL_REDIRECT = False
    threads.clear()


async def asked(handler: OneHopHandler, address: str, *, method: str = "GET", body: bytes = b"") -> dict:
    communicator = HttpCommunicator(handler, method, address, body=body, headers=[(b"host", b"localhost")])
    answer = await communicator.get_response(10)
    await communicator.wait()
    return answer


async def test_a_request_is_answered_with_all_middleware():
    answer = await asked(OneHopHandler(), "/where", method="GET", body=b"what was sent")
    assert (answer["status"], answer["body"]) == (200, b"what was sent")
    assert {b"X-Request-ID", b"X-Frame-Options"} <= {name for name, _ in answer["headers"]}


async def test_a_file_is_sent_whole():
    answer = await asked(OneHopHandler(), "/file")
    assert b"test_a_file_is_sent_whole" in answer["body"]


async def test_what_is_made_piece_by_piece_is_sent_so():
    communicator = HttpCommunicator(OneHopHandler(), "GET", "/pieces", headers=[(b"host", b"localhost")])
    await communicator.send_input({"type": "http.request", "body": b""})
    sent = [await communicator.receive_output(10) for _ in range(5)]
    await communicator.wait()
    assert [message.get("body") for message in sent] == [None, b"0;", b"1;", b"2;", None]
    assert all(name.startswith("http_") for name in threads)


@pytest.mark.filterwarnings("ignore")
async def test_a_view_that_raises_is_a_500():
    assert (await asked(OneHopHandler(), "/broken"))["status"] == 500


async def test_many_requests_share_few_threads():
    handler = OneHopHandler()
    answers = await asyncio.gather(*(asked(handler, "/where") for _ in range(50)))
    assert [answer["status"] for answer in answers] == [200] * 50
    assert 0 < len(threads) <= THREADS


async def test_what_is_not_http_is_refused():
    with pytest.raises(ValueError, match="websocket"):
        await OneHopHandler()({"type": "websocket"}, None, None)


def test_a_server_in_the_middle_of_requests_ends_when_told_to(serve_process: Callable[..., Server]) -> None:
    """Several times: with Django's own handler about one in four hung, for a request waited for the loop that had stopped."""
    for _ in range(4):
        server = serve_process()
        with ThreadPoolExecutor(8) as clients:
            asking = threading.Event()

            def ask(server: Server = server, asking: threading.Event = asking) -> None:
                with suppress(httpx.TransportError), httpx.Client(base_url=server.url) as client:
                    while True:
                        client.get("/api/trading-engine/alerts")
                        asking.set()

            for _ in range(8):
                clients.submit(ask)
            assert asking.wait(10)
            assert server.stop() == 0
