"""Many sockets of one server, listening to what is pushed at 4 Hz: each frame carries the time at which it was born.
Prints how late they arrived, in milliseconds, and how many were lost."""

import argparse
import asyncio
import json
import resource
import sys
from random import randrange
from time import time

from websockets.asyncio.client import connect

from bench.load.percentiles import spread

OPENING = 20  # at once
ACK_EVERY = 4  # frames, as our pages do; at 4 Hz their timer of a second never comes first


class Listener:
    def __init__(self, given: argparse.Namespace) -> None:
        self.url, self.cookie = given.url, given.cookie
        self.late: list[float] = []
        self.numbers: set[int] = set()
        self.open = asyncio.Event()
        self.measuring = False

    async def run(self, doors: asyncio.Semaphore) -> None:
        headers = {"Cookie": self.cookie} if self.cookie else {}
        async with doors:
            socket = await connect(self.url, additional_headers=headers, compression=None, open_timeout=60, ping_interval=None)
        self.open.set()
        received = ahead = randrange(ACK_EVERY)  # noqa: S311 - not all answer the same frame
        async for frame in socket:
            received += 1
            if self.cookie and received % ACK_EVERY == 0:  # our own server counts what is acknowledged
                await socket.send(f'{{"ack":{received - ahead}}}')
            if self.measuring:
                self.take(json.loads(frame))

    def take(self, message: dict[str, object]) -> None:
        born = (message.get("set") or {}).get("summary", {}).get("all") if message.get("t") == "delta" else None  # type: ignore[attr-defined]
        if born:
            self.late.append((time() - born["at"]) * 1000)
            self.numbers.add(born["number"])


async def measure(given: argparse.Namespace) -> dict[str, float]:
    doors = asyncio.Semaphore(OPENING)
    listeners = [Listener(given) for _ in range(given.sockets)]
    tasks = [asyncio.create_task(listener.run(doors)) for listener in listeners]
    async with asyncio.timeout(120):
        await asyncio.gather(*(listener.open.wait() for listener in listeners))
    await asyncio.sleep(2)
    for listener in listeners:
        listener.measuring = True
    await asyncio.sleep(given.seconds)
    ended = [task for task in tasks if task.done()]
    for task in tasks:
        task.cancel()
    born = set().union(*(listener.numbers for listener in listeners))
    whole = set(sorted(born)[2:-2])  # the first and the last may have been on their way
    lost = sum(len(whole - listener.numbers) for listener in listeners)
    late = [value for listener in listeners for value in listener.late]
    return spread(late) | {"lost": lost, "ended": len(ended), "frames": len(whole)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--cookie", default="")
    parser.add_argument("--sockets", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=10)
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    sys.stdout.write(json.dumps(asyncio.run(measure(parser.parse_args()))) + "\n")
