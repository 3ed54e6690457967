"""The nginx example before two real web processes: requests, an open page's socket, and one of the two gone."""

import asyncio
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.scaled.conftest import SYMBOLS
from tests.scaled.pages import heard, page_socket, session_of
from tests.scaled.processes import Engine
from tests.support.reach import BASE_DIR, NOT_TESTED, find_nginx
from tests.support.server import Server, wait_for
from tests.support.services import free_port

CONFIG = BASE_DIR / "deploy" / "nginx.conf"


@pytest.fixture
def nginx() -> str:
    program = find_nginx()
    if program is None:  # only the example needs it: no reason to fail where it cannot be had
        pytest.skip(f"{NOT_TESTED}: nginx: it is not installed")
    return program


@pytest.fixture
def proxy(nginx: str, web: Callable[[], Server], tmp_path: Path) -> Iterator[tuple[int, list[Server]]]:
    """The example as it stands, but with this machine's ports and names."""
    servers, port = [web(), web()], free_port()
    text = CONFIG.read_text()
    for old, new in {
        "listen 80;": f"listen 127.0.0.1:{port};",
        "web1:8000": f"127.0.0.1:{servers[0].port}",
        "web2:8000": f"127.0.0.1:{servers[1].port}",
        "include mime.types;": "include /etc/nginx/mime.types;",
    }.items():
        assert text.count(old) == 1, f"the example no longer says {old}"
        text = text.replace(old, new)
    config = tmp_path / "nginx.conf"
    config.write_text(f"daemon off; pid {tmp_path}/nginx.pid; user root;\n{text}")
    command = [nginx, "-c", str(config), "-p", str(tmp_path)]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    wait_for(lambda: reachable(port), "nginx answers")
    yield port, servers
    process.terminate()
    process.wait(10)


def reachable(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


async def test_pages_api_and_sockets_work_through_it_and_one_web_process_may_go(
    proxy: tuple[int, list[Server]], engine_process: Callable[..., Engine]
) -> None:
    port, (first, second) = proxy
    first.set_prices(SYMBOLS)
    token = first.add_user("asha", accounts="desk-1")
    session = session_of(first, "asha")
    engine_process()
    headers = {"Authorization": f"Token {token}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30) as client:
        for _ in range(6):
            assert (await client.get("/sign-in/")).status_code == 200
        async with page_socket(port, session, "positions/desk-1") as page:
            await heard(page, '"snapshot"')
            await post_signal(client, "RELIANCE")
            assert (await heard(page, "RELIANCE"))["t"] == "delta"
        assert await asyncio.to_thread(second.stop) == 0
        for _ in range(6):  # whichever it asks first
            assert (await client.get("/sign-in/")).status_code == 200
        async with page_socket(port, session, "positions/desk-1") as page:
            await heard(page, "RELIANCE")
            await post_signal(client, "INFY")
            await heard(page, "INFY")


async def post_signal(client: httpx.AsyncClient, symbol: str) -> None:
    body = {"symbol": symbol, "signal_type": "BUY", "confidence_score": 0.9, "position_size": 10}
    answer = await client.post("/api/trading-engine/signals/process", params={"user_id": "desk-1"}, json=body)
    answer.raise_for_status()
