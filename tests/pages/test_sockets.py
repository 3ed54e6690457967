"""The pages' socket: who may come in, what it says, and how little a slow reader costs."""

import asyncio
import json
import time
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from channels.layers import channel_layers
from channels.testing import WebsocketCommunicator
from django.test import Client

from dashboard import hub as hub_module
from dashboard import sockets as sockets_module
from dashboard.hub import current_hub
from engine.models import Account
from quantumleap.asgi import application
from tests.support import factories

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
async def layer(settings):
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    channel_layers.backends.clear()
    yield
    current_hub().stop()
    await asyncio.sleep(0)
    channel_layers.backends.clear()


async def signed_in(name: str, **of_whom: Any) -> Client:
    client: Client = await database_sync_to_async(_signed_in)(name, **of_whom)
    return client


def _signed_in(name: str, *, is_staff: bool = False, accounts: tuple[str, ...] = ()) -> Client:
    user = factories.user_named(name, is_staff=is_staff)
    for user_id in accounts:
        factories.account(user_id, members=[user])
    client = Client()
    client.force_login(user)
    return client


def socket_of(client: Client | None, *topics: str) -> WebsocketCommunicator:
    cookie = f"sessionid={client.cookies['sessionid'].value}" if client else ""
    query = "&".join(f"topic={topic.replace('?', '%3F').replace('=', '%3D')}" for topic in topics)
    headers = [(b"host", b"testserver"), (b"origin", b"http://testserver"), (b"cookie", cookie.encode())]
    return WebsocketCommunicator(application, f"/ws/live/?{query}", headers=headers)


async def closing_code(socket: WebsocketCommunicator) -> int:
    connected, _ = await socket.connect()
    assert connected
    return int((await socket.receive_output(2))["code"])


async def heard(socket: WebsocketCommunicator, *, but: str = "beat") -> dict[str, Any]:
    while True:
        message: dict[str, Any] = json.loads(await socket.receive_from(3))
        if message["t"] != but:
            return message


async def test_nobody_comes_in_without_a_sign_in():
    assert await closing_code(socket_of(None, "account/asha")) == 4401


async def test_nobody_watches_an_account_of_others():
    await signed_in("owner", accounts=("asha",))
    outsider = await signed_in("outsider", accounts=("other",))
    assert await closing_code(socket_of(outsider, "account/asha")) == 4403


@pytest.mark.parametrize("topics", [(), ("nonsense",), ("account/*",), ("account/asha",) * 9])
async def test_a_socket_without_sound_topics_is_closed(topics):
    owner = await signed_in("owner", accounts=("asha",))
    assert await closing_code(socket_of(owner, *topics)) == 4403


async def test_an_unknown_socket_is_refused():
    socket = WebsocketCommunicator(
        application, "/ws/nothing/", headers=[(b"host", b"testserver"), (b"origin", b"http://testserver")]
    )
    assert (await socket.connect())[0] is False


@pytest.mark.slow
async def test_the_owner_gets_snapshots_and_deltas():
    owner = await signed_in("owner", accounts=("asha",))
    socket = socket_of(owner, "account/asha", "status/asha")
    await socket.connect()
    snapshots = {message["topic"]: message for message in [await heard(socket), await heard(socket)]}
    assert snapshots["account/asha"]["state"]["summary"]["all"]["equity"] == 1_000_000
    await sync_to_async(Account.objects.filter(user_id="asha").update)(cash=999_000)
    delta = await heard(socket)
    assert (delta["t"], delta["seq"]) == ("delta", snapshots["account/asha"]["seq"] + 1)
    assert delta["set"]["summary"]["all"]["equity"] == 999_000
    await socket.disconnect()


async def test_rubbish_from_the_browser_is_passed_over():
    owner = await signed_in("owner", accounts=("asha",))
    socket = socket_of(owner, "status/asha")
    await socket.connect()
    await heard(socket)
    for rubbish in ("{", "[]", "1", '{"ack": "x"}', '{"resync": 4}', '{"resync": "other"}', "[" * 5000):
        await socket.send_to(text_data=rubbish)
    await socket.send_to(text_data='{"resync": "status/asha"}')
    assert (await heard(socket))["t"] == "snapshot"
    await socket.disconnect()


@pytest.mark.slow
async def test_what_a_browser_says_waits_for_nobody_elses_database():
    owner = await signed_in("owner", accounts=("asha",))
    socket = socket_of(owner, "status/asha")
    await socket.connect()
    await heard(socket)
    busy = asyncio.create_task(sync_to_async(time.sleep)(1.0))  # on the one thread that all sockets share
    await asyncio.sleep(0.05)
    await socket.send_to(text_data='{"ack": 1, "resync": "status/asha"}')
    assert (await heard(socket))["t"] == "snapshot"
    assert not busy.done()
    await busy
    await socket.disconnect()


@pytest.mark.slow
async def test_a_reader_who_does_not_acknowledge_has_eight_frames_and_then_the_newest(monkeypatch):
    owner = await signed_in("owner", accounts=("asha",))
    socket = socket_of(owner, "account/asha")
    await socket.connect()
    assert (await heard(socket))["t"] == "snapshot"
    hub = current_hub()
    for number in range(20):
        await sync_to_async(Account.objects.filter(user_id="asha").update)(cash=1000 + number)
        await hub.hint(["market"])
        await asyncio.sleep(0.22)
    frames = 1
    while not await socket.receive_nothing(0.1):
        await socket.receive_from()
        frames += 1
    assert frames == sockets_module.WINDOW
    await socket.send_to(text_data=json.dumps({"ack": frames}))
    fresh = await heard(socket)
    assert fresh["t"] == "snapshot"
    assert fresh["state"]["summary"]["all"]["equity"] == 1019
    await socket.disconnect()


async def test_who_never_acknowledges_is_closed(monkeypatch):
    monkeypatch.setattr(sockets_module, "SILENCE", 0.1)
    monkeypatch.setattr(hub_module, "BEAT", 0.2)
    owner = await signed_in("owner", accounts=("asha",))
    socket = socket_of(owner, "status/asha")
    await socket.connect()
    async with asyncio.timeout(5):
        while (output := await socket.receive_output(3))["type"] != "websocket.close":
            pass
    assert output["code"] == 4408


async def test_signing_out_closes_the_sockets_of_that_session():
    owner = await signed_in("owner", accounts=("asha",))
    socket = socket_of(owner, "status/asha")
    await socket.connect()
    await heard(socket)
    await asyncio.sleep(0.1)
    assert (await sync_to_async(owner.post)("/sign-out/")).status_code == 302
    async with asyncio.timeout(5):
        while (output := await socket.receive_output(3))["type"] != "websocket.close":
            pass
    assert output["code"] == 4401


@pytest.mark.parametrize(("what", "code"), [("deactivated", 4401), ("removed", 4403)])
async def test_who_loses_the_right_loses_the_socket(monkeypatch, what, code):
    monkeypatch.setattr(hub_module, "RECHECK", 0.2)
    owner = await signed_in("owner", accounts=("asha",))
    socket = socket_of(owner, "status/asha")
    await socket.connect()
    await heard(socket)
    await database_sync_to_async(lose)(what)
    async with asyncio.timeout(5):
        while (output := await socket.receive_output(3))["type"] != "websocket.close":
            pass
    assert output["code"] == code


def lose(what: str) -> None:
    account = Account.objects.get(user_id="asha")
    if what == "removed":
        account.members.clear()
    else:
        account.members.update(is_active=False)
