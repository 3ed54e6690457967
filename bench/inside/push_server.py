"""Our own server, sockets and hub, with one topic that changes 4 times a second by 1 kB: what a busy page would see."""

from daphne.server import twisted_loop  # isort: skip - first: it installs Twisted's asyncio reactor

import asyncio
import resource
from itertools import count
from time import time
from typing import Any

from bench.inside import desk  # sets Django up
from bench.limits.broadcast import FILLER, HZ
from dashboard import hub
from engine import topics
from engine.management.commands.serve import ServeProcess

latest: dict[str, Any] = {"at": 0.0, "number": 0, "filler": FILLER}


def compute(topic: Any) -> dict[str, Any]:
    return {"summary": {"all": dict(latest)}}


class PushServer(ServeProcess):
    def _start(self) -> None:
        super()._start()
        self._keep(self._tick())

    async def _tick(self) -> None:
        for number in count(1):
            await asyncio.sleep(1 / HZ)
            latest.update(at=time(), number=number, filler=f"{FILLER}{number}")  # a kilobyte that did change
            await hub.current_hub().hint([topics.account_topic(desk.account_named(0))])


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    hub.compute = compute
    assert twisted_loop
    PushServer("127.0.0.1", desk.options(port=0).port, engine=False, with_demo=False).run()
