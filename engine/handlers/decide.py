"""Run one event through the table, and all that follows from it. Pure: the same in a live batch, a replay and a test."""

from collections import deque
from collections.abc import Callable
from datetime import datetime
from time import perf_counter_ns
from typing import NamedTuple

from engine.domain.book import Book, Context
from engine.domain.events import Event
from engine.handlers import HANDLERS


class Handled(NamedTuple):
    """An event that was handled, when, and how long its handlers took."""

    event: Event
    at: datetime
    duration_us: int


def decide(book: Book, event: Event, context: Context, clock: Callable[[], datetime]) -> list[Handled]:
    """Handle the event and its consequences, first things first; returns them all in the order in which they were handled."""
    handled: list[Handled] = []
    waiting = deque((event,))
    while waiting:
        current = waiting.popleft()
        context.now = clock()
        started = perf_counter_ns()
        handling = HANDLERS[current.type]
        if handling.apply:
            handling.apply(book, current)
        for follow in handling.then:
            waiting.extend(follow(book, current, context))
        handled.append(Handled(current, context.now, (perf_counter_ns() - started) // 1000))
    return handled


def fold(book: Book, event: Event) -> None:
    """Change the book as the event once did. Nothing is decided again."""
    handling = HANDLERS[event.type]
    if handling.apply:
        handling.apply(book, event)
