"""`python -m tests.crash.launch FAULTS COMMAND …`: manage.py with a death at a named point, or with a protection taken off.

The product knows nothing of this. FAULTS are names with commas between, arguments after colons, as in
`autocommit,kill:after_commit:2`.
A name that the product no longer has ends the process at its start, and so the test. With CLOCK_FILE in the environment the
process's clock is off by what stands there.
"""

import os
import signal
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "quantumleap.settings")

POINTS = ("before_claim", "mid_handler", "mid_save", "before_commit", "after_commit", "before_doorbell")


# --- deaths ----------------------------------------------------------------------------------------------------------------
class Death:
    """kill -9 of this very process, at the nth time that it comes to the point after so many commits."""

    def __init__(self, nth: int, commits: int) -> None:
        self.left, self.commits_first, self.commits = nth, commits, 0

    def hit(self) -> None:
        if self.commits >= self.commits_first:
            self.left -= 1
            if self.left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)


def kill(point: str, nth: str = "1", commits: str = "0") -> None:
    from django.db import transaction

    from engine import bus, log, processing, store

    death = Death(int(nth), int(commits))

    def counted() -> None:
        death.commits += 1

    def handle(claim: Any, **options: Any) -> None:
        if claim.items:
            if point == "after_commit":
                transaction.on_commit(death.hit)  # the first to be called
            transaction.on_commit(counted)
        handled(claim, **options)
        if point == "before_commit" and claim.items:
            death.hit()

    handled, processing.handle = processing.handle, handle
    if point == "before_claim":
        log.claim = before(log.claim, death.hit)
    elif point == "mid_handler":
        processing.decide = before(processing.decide, death.hit)
    elif point == "mid_save":
        store.save = after(store.save, death.hit)
    elif point == "before_doorbell":
        bus.bus._send = before(bus.bus._send, death.hit)  # type: ignore[method-assign]
    else:
        assert point in POINTS


def before(function: Callable[..., Any], action: Callable[[], None]) -> Callable[..., Any]:
    def wrapped(*given: Any, **options: Any) -> Any:
        action()
        return function(*given, **options)

    return wrapped


def after(function: Callable[..., Any], action: Callable[[], None]) -> Callable[..., Any]:
    def wrapped(*given: Any, **options: Any) -> Any:
        result = function(*given, **options)
        action()
        return result

    return wrapped


# --- protections taken off -------------------------------------------------------------------------------------------------
def autocommit() -> None:
    """The engine's batches are no transactions."""
    from engine import processing

    processing.transaction = SimpleNamespace(atomic=nullcontext)  # type: ignore[assignment]


def keys_apart() -> None:
    """A key is stored, and then its effect, each for itself."""
    from engine.services import idempotency

    idempotency.transaction = SimpleNamespace(atomic=nullcontext)  # type: ignore[assignment]


def no_poll() -> None:
    """Only the doorbell wakes the lanes."""
    from engine import worker

    worker.POLL_SECONDS = 3600.0


def layer_fails_writes() -> None:
    """A channel layer that is away is an error like any other."""
    from asgiref.sync import async_to_sync
    from channels.layers import get_channel_layer
    from django.db import transaction

    from engine import bus, topics

    def ring_after_commit(lanes: Any) -> None:
        waiting = set(lanes)
        transaction.on_commit(lambda: [ring(lane) for lane in waiting] and None)

    def ring(lane: Any) -> None:
        async_to_sync(get_channel_layer().send)(topics.lane_channel(lane), {"type": "wake"})

    bus.ring_after_commit = ring_after_commit


def no_window() -> None:
    """Whoever does not read is sent everything all the same."""
    from dashboard import sockets

    sockets.WINDOW, sockets.SILENCE = 10**9, 10.0**9


def hub_keeps_all() -> None:
    """Whoever leaves is watched for all the same."""
    from dashboard import hub

    hub.Hub.leave = lambda self, watcher: None  # type: ignore[method-assign]


def no_isolation() -> None:
    """A batch that fails is tried again as a whole."""
    from engine import processing

    processing.run_one = lambda item, **options: 0


def trusting_clock() -> None:
    """Whatever is due later than now waits, by however much the clock was moved."""
    from engine import log

    log.LONGEST_WAIT *= 10**6
    log.IS_DUE = "(due_at <= %s or due_at > %s)"
    log._is_due = lambda attempts, due_at, now: due_at <= now


# --- circumstances ---------------------------------------------------------------------------------------------------------
def small_batches(size: str = "10") -> None:
    from engine import processing

    processing.BATCH = int(size)


def poison(symbol: str) -> None:
    """The handler of signals raises at one symbol."""
    from engine.domain.events import EventType
    from engine.handlers import HANDLERS, Handling

    sound = HANDLERS[EventType.SIGNAL_RECEIVED]

    def decide(book: Any, event: Any, *rest: Any) -> Any:
        if event.data["symbol"] == symbol:
            raise ZeroDivisionError("the test's own")
        return sound.then[0](book, event, *rest)

    HANDLERS[EventType.SIGNAL_RECEIVED] = Handling(sound.apply, (decide, *sound.then[1:]))


FAULTS: dict[str, Callable[..., None]] = {
    made.__name__: made
    for made in (
        kill, autocommit, keys_apart, no_poll, layer_fails_writes, no_window, hub_keeps_all,
        no_isolation, trusting_clock, small_batches, poison,
    )
}  # fmt: skip


def apply(faults: str) -> None:
    for fault in filter(None, faults.split(",")):
        name, *arguments = fault.split(":")
        FAULTS[name](*arguments)


# --- one process after the other, without the second that each import takes ------------------------------------------------
def nursery() -> None:
    """For each line of FAULTS on stdin fork an engine, say its pid, and, when it is dead, by which signal."""
    from django.core.management import execute_from_command_line

    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what it says goes to the log, never between the nursery's words
            apply(line.strip())
            execute_from_command_line(["manage.py", "engine"])
            sys.stdout.flush()
            os._exit(0)
        print("born", pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print("died", os.waitstatus_to_exitcode(status), flush=True)


def warm_up() -> None:
    """Import and check everything, so that no child has to."""
    from channels.routing import get_default_application
    from django.core.checks import run_checks

    import engine.management.commands.engine  # noqa: F401 - it is for the children

    get_default_application()
    run_checks()


def main(faults: str, command: list[str]) -> None:
    if path := os.environ.get("CLOCK_FILE"):
        from tests.crash import moved_clock

        moved_clock.install(Path(path))
    import django
    from django.core.management import execute_from_command_line

    django.setup()
    if command == ["nursery"]:
        warm_up()
        nursery()
        return
    apply(faults)
    execute_from_command_line(["manage.py", *command])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
