"""The push limit: a bare `websockets` server that broadcasts 1 kB at 4 Hz. Prints its port."""

import asyncio
import json
import resource
import sys
from itertools import count
from time import time

from websockets.asyncio.server import ServerConnection, broadcast, serve

HZ = 4
FILLER = "x" * 900


def text(number: int) -> str:
    row = {"at": time(), "number": number, "filler": FILLER}
    return json.dumps({"t": "delta", "set": {"summary": {"all": row}}})


async def main() -> None:
    sockets: set[ServerConnection] = set()

    async def stay(socket: ServerConnection) -> None:
        sockets.add(socket)
        await socket.wait_closed()
        sockets.discard(socket)

    async with serve(stay, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
        sys.stdout.write(f"{next(iter(server.sockets)).getsockname()[1]}\n")
        sys.stdout.flush()
        for number in count(1):
            await asyncio.sleep(1 / HZ)
            broadcast(sockets, text(number))


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    asyncio.run(main())
