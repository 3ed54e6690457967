"""`manage.py engine`, but the consumer of one lane raises what it does not know how to survive, at its third wake."""

import os
import sys
from typing import Any

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "quantumleap.settings"
django.setup()

from django.core.management import call_command  # noqa: E402

from engine.consumers import LaneConsumer  # noqa: E402

wake, woken = LaneConsumer.wake, [0]


async def dying_wake(self: LaneConsumer, message: dict[str, Any]) -> None:
    if self.lane == sys.argv[1]:
        woken[0] += 1
        if woken[0] == 3:
            raise RuntimeError("this lane is broken")
    await wake(self, message)


LaneConsumer.wake = dying_wake  # type: ignore[method-assign]
call_command("engine")
