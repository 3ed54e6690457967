"""What every screen polls, answered from memory: fresh enough, and never to somebody whom it is not for."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from channels.testing import HttpCommunicator

from dashboard import polled
from dashboard.polled import PolledReads
from tests.support.server import Server

HEALTH = "/api/trading-engine/health"


class Application:
    """Counts what it is asked, and answers with the count."""

    def __init__(self) -> None:
        self.asked = 0
        self.status = 200
        self.headers: list[tuple[bytes, bytes]] = [(b"X-Request-ID", b"of-the-first")]
        self.go = asyncio.Event()
        self.go.set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked += 1
        if self.status == 0:
            raise ValueError("on purpose")
        body = str(self.asked).encode()
        await self.go.wait()
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": body})


@pytest.fixture
def application() -> Application:
    return Application()


@pytest.fixture
def reads(application: Application) -> PolledReads:
    return PolledReads(application)


async def ask(reads: PolledReads, address: str = HEALTH, method: str = "GET", **headers: str) -> dict[str, Any]:
    """`user_agent="x"` is the header user-agent."""
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    communicator = HttpCommunicator(reads, method, address, headers=pairs)
    communicator.scope["scheme"] = "http"
    answer = await communicator.get_response(5)
    await communicator.wait()
    return answer


async def test_an_answer_is_shared_for_a_quarter_of_a_second(reads, application, monkeypatch):
    assert polled.MAX_AGE == 0.25
    monkeypatch.setattr(polled, "MAX_AGE", 60)  # three of them may take longer here
    assert [(await ask(reads))["body"] for _ in range(3)] == [b"1", b"1", b"1"]
    monkeypatch.setattr(polled, "MAX_AGE", 0)
    assert (await ask(reads))["body"] == b"2"


@pytest.mark.parametrize(
    "other",
    [
        {"origin": "http://b"},
        {"host": "b"},
        {"x_user_id": "b"},
        {"address": f"{HEALTH}?a=b"},
    ],
)
async def test_requests_that_differ_share_nothing(reads, other):
    assert (await ask(reads))["body"] == b"1"
    assert (await ask(reads, **other))["body"] == b"2"


@pytest.mark.parametrize("credential", [{"authorization": "Token a"}, {"cookie": "sessionid=a"}])
async def test_who_is_signed_in_reads_what_is_committed(reads, credential):
    assert (await ask(reads, **credential))["body"] == b"1"
    assert (await ask(reads, **credential))["body"] == b"2"


async def test_many_at_once_are_one_question(reads, application):
    application.go.clear()
    asking = [asyncio.create_task(ask(reads)) for _ in range(20)]
    await asyncio.sleep(0.01)
    application.go.set()
    assert {answer["body"] for answer in await asyncio.gather(*asking)} == {b"1"}


async def test_a_write_in_this_process_is_seen_at_once(reads):
    await ask(reads)
    await ask(reads, "/api/trading-engine/alerts/1/resolve", "POST")
    assert (await ask(reads))["body"] == b"3"


async def test_what_was_asked_before_a_write_is_not_kept_after_it(reads, application):
    application.go.clear()
    early = asyncio.create_task(ask(reads))
    await asyncio.sleep(0.01)
    writing = asyncio.create_task(ask(reads, "/api/trading-engine/config", "POST"))
    await asyncio.sleep(0.01)
    application.go.set()
    await asyncio.gather(early, writing)
    assert (await ask(reads))["body"] == b"3"


async def test_refusals_are_not_kept(reads, application):
    application.status = 401
    assert (await ask(reads))["body"] == b"1"
    assert (await ask(reads))["body"] == b"2"


@pytest.mark.slow
async def test_a_failure_is_not_kept(reads, application):
    application.status = 0
    with pytest.raises(ValueError, match="on purpose"):
        await ask(reads)
    application.status = 200
    assert (await ask(reads))["body"] == b"2"


async def test_an_answer_with_a_cookie_is_for_one_only(reads, application):
    application.headers.append((b"Set-Cookie", b"sessionid=1"))
    await ask(reads)
    assert (await ask(reads))["body"] == b"2"


async def test_each_request_has_an_id_of_its_own(reads):
    ids = [
        dict((await ask(reads, x_request_id=given))["headers"])[b"X-Request-ID"] for given in ("mine", "", "not well formed")
    ]
    assert ids[0] == b"mine"
    assert len(set(ids)) == 3
    assert b"of-the-first" not in ids


async def test_what_nobody_polls_is_asked_each_time(reads):
    assert (await ask(reads, "/api/trading-engine/orders"))["body"] == b"1"
    assert (await ask(reads, "/api/trading-engine/orders"))["body"] == b"2"


async def test_callers_without_end_take_no_memory_without_end(reads):
    for number in range(polled.MOST + 10):
        await ask(reads, x_user_id=str(number))
    assert len(reads.answers) <= polled.MOST


def test_a_real_server_shares_the_same_bodies(serve_process: Callable[..., Server]) -> None:
    server = serve_process("--no-engine")
    for name in ("health", "metrics", "alerts"):
        address = f"/api/trading-engine/{name}"
        answers = [server.client().get(address) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 200]
        assert answers[0].headers["content-type"] == answers[1].headers["content-type"] == "application/json"
        assert set(json.loads(answers[0].text)) == set(json.loads(answers[1].text))
        assert answers[0].headers["x-request-id"] != answers[1].headers["x-request-id"]


def test_a_real_server_keeps_strangers_out(serve_process: Callable[..., Server]) -> None:
    server = serve_process("--no-engine", TRADING_ENGINE_PUBLIC_READS="false")
    token = server.add_user("chief", staff=True)
    for name in ("health", "metrics", "alerts"):
        address = f"/api/trading-engine/{name}"
        assert server.client(token).get(address).status_code == 200
        assert server.client().get(address).status_code == 401
        assert server.client("not-a-token").get(address).status_code == 401
