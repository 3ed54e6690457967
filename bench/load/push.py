"""Post signals at a steady rate and wait for each on an open socket of its account, as a page would. Prints the times from
sending the request to receiving the frame that shows its order, in milliseconds."""

import argparse
import asyncio
import json
import sys
from time import perf_counter
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from bench.load.percentiles import spread

CONNECTIONS = 8


class Poster:
    """One keep-alive HTTP connection."""

    def __init__(self, host: str, port: int, token: str) -> None:
        self.host, self.port, self.token = host, port, token
        self.free = asyncio.Lock()

    async def open(self) -> None:
        self.reader, self.writer = await asyncio.open_connection(self.host, self.port)

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        content = json.dumps(body).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nAuthorization: Token {self.token}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        async with self.free:
            self.writer.write(head.encode() + content)
            answer = await self.reader.readuntil(b"\r\n\r\n")
            length = next(int(line[15:]) for line in answer.lower().splitlines() if line.startswith(b"content-length:"))
            text = await self.reader.readexactly(length)
        if b" 200 " not in answer.splitlines()[0]:
            raise RuntimeError(f"{answer!r} {text!r}")
        found: dict[str, Any] = json.loads(text)
        return found


class Watch:
    """One account's socket: which chains have been seen on it, and when."""

    def __init__(self) -> None:
        self.seen: dict[str, float] = {}
        self.orders: dict[str, dict[str, str]] = {}
        self.ready = asyncio.Event()

    async def listen(self, socket: ClientConnection) -> None:
        received = 0
        async for frame in socket:
            at, received = perf_counter(), received + 1
            message = json.loads(frame)
            await socket.send(json.dumps({"ack": received}))
            for key, other in (message.get("state") or message.get("set") or {}).get("orders", {}).items():
                row = self.orders[key] = self.orders.get(key, {}) | (other or {})
                if row.get("status", "FILLED") == "FILLED" and "trace_url" in row:
                    self.seen.setdefault(row["trace_url"].strip("/").rsplit("/", 1)[-1], at)
            self.ready.set()


async def measure(given: argparse.Namespace) -> dict[str, float]:
    host, port = given.host.rsplit(":", 1)
    posters = [Poster(host, int(port), given.token) for _ in range(CONNECTIONS)]
    await asyncio.gather(*(poster.open() for poster in posters))
    names = [f"bench-{number:03d}" for number in range(given.accounts)]
    watches, tasks = {name: Watch() for name in names}, []
    for name in names:
        address = f"ws://{given.host}/ws/live/?topic=account/{name}"
        socket = await connect(address, additional_headers={"Cookie": f"sessionid={given.session}"}, compression=None)
        tasks.append(asyncio.create_task(watches[name].listen(socket)))
    await asyncio.gather(*(watch.ready.wait() for watch in watches.values()))
    sent = await offered(given, posters, names)
    await asyncio.sleep(2)
    times = [(watches[name].seen[chain] - at) * 1000 for name, chain, at in sent if chain in watches[name].seen]
    for task in tasks:
        task.cancel()
    return spread(times) | {"offered": len(sent), "unseen": len(sent) - len(times)}


async def offered(given: argparse.Namespace, posters: list[Poster], names: list[str]) -> list[tuple[str, str, float]]:
    """Send at the given rate whatever the answers take; (account, chain, when it was sent) of each."""
    begun, posts = perf_counter(), []
    for number in range(given.rate * given.seconds):
        await asyncio.sleep(begun + number / given.rate - perf_counter())
        posts.append(asyncio.create_task(one(posters[number % CONNECTIONS], names[number % len(names)], number)))
    return await asyncio.gather(*posts)


async def one(poster: Poster, name: str, number: int) -> tuple[str, str, float]:
    signal = {
        "symbol": f"S{number % 5:03d}",
        "signal_type": "BUY",
        "confidence_score": 0.9,
        "position_size": 1,
        "user_id": name,
    }
    at = perf_counter()
    answer = await poster.post("/api/trading-engine/signals/process", signal)
    return name, answer["correlation_id"], at


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for option in ("--host", "--token", "--session"):
        parser.add_argument(option, required=True)
    for option, number in (("--accounts", 50), ("--rate", 50), ("--seconds", 10)):
        parser.add_argument(option, type=int, default=number)
    sys.stdout.write(json.dumps(asyncio.run(measure(parser.parse_args()))) + "\n")
