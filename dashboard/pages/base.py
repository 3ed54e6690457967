"""What every page is made of. Each is right and readable without JavaScript: it shows the first snapshot of its live topics."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from dashboard.live import events as event_rows
from dashboard.live.registry import compute
from dashboard.live.state import Row, State
from dashboard.live.topics import Topic
from dashboard.pages import order_cursors
from dashboard.pages.access import Scope, signed_in

# where the page after these rows begins; None when they are the last
PAGED: dict[str, Callable[[dict[str, Row]], Any]] = {
    "events": lambda rows: last_of(rows, event_rows.PAGE, "log_id"),
    "orders": lambda rows: order_cursors.after(list(rows.values())),
}


def page(request: HttpRequest, name: str, scope: Scope, topics: list[Topic], *, rows: str = "", **context: Any) -> HttpResponse:
    """The page with the state of its topics, and their names for the socket to watch. `rows` is the section to page through.

    `left_out` in the context says what of the address made no sense: the page is shown without it, and answers 400.
    """
    if not scope.chosen:
        return render(request, "no_account.html", {"page": name, "scope": scope, "status": None})
    watched = [scope.topic("status"), *topics]
    state: State = {}
    for topic in watched:
        state |= compute(topic)
    content = {
        "page": name,
        "scope": scope,
        "status": state["status"]["all"],
        "state": state,
        "topics": " ".join(map(str, watched)),
        "rendered_at": timezone.now(),
        "is_staff": signed_in(request).is_staff,
        "last_id": PAGED[rows](state[rows]) if rows else None,
        **context,
    }
    return render(request, f"{name}.html", content, status=400 if content.get("left_out") else 200)


def last_of(rows: dict[str, Row], full: int, key: str = "id") -> Any:
    """Where the next page begins; None when this one is not full."""
    return next(reversed(rows.values()))[key] if len(rows) == full else None
