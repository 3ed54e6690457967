"""An open page's socket, as a browser has it: a session's cookie and an origin."""

import asyncio
import json
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from tests.support.server import Server


def session_of(server: Server, username: str) -> str:
    """A signed-in session's key. Any process takes it: sessions are in the database."""
    code = f"""
from django.contrib.auth import get_user_model
from django.test import Client
client = Client()
client.force_login(get_user_model().objects.get(username={username!r}))
print("SESSION", client.cookies["sessionid"].value)
"""
    return server.shell(code).rsplit("SESSION ", 1)[1].split()[0]


def page_socket(port: int, session: str, topic: str) -> connect:
    address = f"127.0.0.1:{port}"
    headers = {"Cookie": f"sessionid={session}"}
    return connect(f"ws://{address}/ws/live/?topic={topic}", origin=f"http://{address}", additional_headers=headers)  # type: ignore[arg-type]


async def heard(socket: ClientConnection, word: str, seconds: float = 10) -> dict[str, Any]:
    """The first message that holds the word."""
    async with asyncio.timeout(seconds):
        while True:
            text = str(await socket.recv())
            if word in text:
                message: dict[str, Any] = json.loads(text)
                return message
