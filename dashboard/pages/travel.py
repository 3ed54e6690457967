"""Time travel: the desk as it stood at an instant, and what changed between two. Nothing on these pages is live or acts."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.figures import duration
from dashboard.live import events as event_rows
from dashboard.live import orders as order_rows
from dashboard.live import positions as position_rows
from dashboard.live.names import named
from dashboard.pages import instants
from dashboard.pages.access import Scope, scope_of, signed_in
from dashboard.pages.base import page
from dashboard.pages.comparison import compared
from dashboard.pages.instants import NoInstant, address, full, read_instant
from engine.models import Event
from engine.selectors.events import event_dict
from engine.selectors.moments import (
    CannotTravelError,
    Moment,
    events_around,
    first_instant,
    moment_at,
    moment_closed,
    moment_order_counts,
    moment_orders,
    moment_positions,
    moment_summary,
)

SECTIONS = (("overview", "Overview"), ("orders", "Orders"), ("positions", "Positions"))
LATEST_ORDERS = 12
CLOSED = 50
AROUND = 7  # events on either side of the instant


@login_required
@require_safe
def time(request: HttpRequest) -> HttpResponse:
    """Without an instant: where to go. With one: the section `show` of the desk then."""
    scope, now = scope_of(request), timezone.now()
    show = request.GET.get("show", "")
    show = show if show in dict(SECTIONS) else "overview"
    if not scope.chosen or not request.GET.get("at"):
        return _choose(request, scope, now)
    try:
        at = read_instant(request.GET["at"], now)
        moment = _moment(scope, at, now)
    except (NoInstant, CannotTravelError) as error:
        return _choose(request, scope, now, problem=str(error), status=400)
    shown = {"overview": _overview, "orders": _orders, "positions": _positions}[show](request, scope, moment)
    tabs = [(name, words, address("time", scope, at=at, show=name)) for name, words in SECTIONS]
    extra = {"show": show, "tabs": tabs, "steps": instants.steps(scope, at, now, show), **shown}
    return _then(request, "time_then.html", scope, now, at=at, moment=moment, **extra)


@login_required
@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """Two instants side by side, the earlier first; without `to` the second is now."""
    scope, now = scope_of(request), timezone.now()
    if not scope.chosen or not request.GET.get("from"):
        return _choose(request, scope, now)
    try:
        first = read_instant(request.GET["from"], now)
        second = read_instant(request.GET["to"], now) if request.GET.get("to") else now
        first, second = sorted((first, second))
        moments = _moment(scope, first, now), _moment(scope, second, now)
    except (NoInstant, CannotTravelError) as error:
        return _choose(request, scope, now, problem=str(error), status=400)
    forms = {"earlier": instants.for_input(first), "later": instants.for_input(second)}
    span = {"until": second, "until_text": full(second), "ago": "", "compare_url": ""}
    return _then(request, "time_compare.html", scope, now, at=first, show="", **forms, **span, **compared(*moments))


def _moment(scope: Scope, at: datetime, now: datetime) -> Moment:
    moment = moment_at(scope.user_ids, at, now=now)
    if not moment.accounts:
        first = first_instant(scope.user_ids)
        begins = f"The log begins at {full(first)}, when the account was opened." if first else "No account is open yet."
        raise NoInstant(f"There was nothing at {full(at)}. {begins}")
    return moment


def _choose(request: HttpRequest, scope: Scope, now: datetime, *, problem: str = "", status: int = 200) -> HttpResponse:
    first = first_instant(scope.user_ids) if scope.chosen else None
    response = page(
        request,
        "time",
        scope,
        [],
        problem=problem,
        first=first and {"at": first, "url": address("time", scope, at=first)},
        suggestions=instants.suggestions(scope, now),
        instant=instants.for_input(now),
        earlier=instants.for_input(now - timedelta(hours=1)),
        later=instants.for_input(now),
        latest=instants.for_input(now),
    )
    response.status_code = status
    return response


def _then(request: HttpRequest, template: str, scope: Scope, now: datetime, *, at: datetime, **content: Any) -> HttpResponse:
    """A page of the past: without the live status, without a socket, without anything to press."""
    context = {
        "page": "time",
        "scope": scope,
        "status": None,
        "is_staff": signed_in(request).is_staff,
        "at": at,
        "when": full(at),
        "ago": f"{duration(now - at)} ago",
        "instant": instants.for_input(at),
        "latest": instants.for_input(now),
        "suggestions": instants.suggestions(scope, now, content["show"]),
        "compare_url": address("time-compare", scope, **{"from": at}),
        "now_url": address("overview", scope),
    }
    return render(request, template, context | content)


# --- the sections ----------------------------------------------------------------------------------------------------------
def _overview(request: HttpRequest, scope: Scope, moment: Moment) -> dict[str, Any]:
    orders = moment_orders(moment, limit=LATEST_ORDERS)
    return {
        "sum": moment_summary(moment),
        "counts": sorted(moment_order_counts(moment).items()),
        "orders": [order_rows.brief_row(order) for order in orders],
        "positions": _open(moment),
        "around": _around(scope, moment),
    }


def _orders(request: HttpRequest, scope: Scope, moment: Moment) -> dict[str, Any]:
    before = _uuid(request.GET.get("before", ""))
    orders = moment_orders(moment, limit=order_rows.PAGE, before=before)
    rows = named([order_rows.brief_row(order) | order_rows.details(order) for order in orders])
    last = rows[-1]["id"] if len(rows) == order_rows.PAGE else ""
    return {"orders": rows, "counts": sorted(moment_order_counts(moment).items()), "last": last, "before": before}


def _positions(request: HttpRequest, scope: Scope, moment: Moment) -> dict[str, Any]:
    closed = named([position_rows.position_row(row) for row in moment_closed(moment, limit=CLOSED)])
    return {"sum": moment_summary(moment), "positions": _open(moment), "closed": closed}


def _open(moment: Moment) -> Sequence[dict[str, Any]]:
    return named([position_rows.position_row(row) for row in moment_positions(moment)])


def _around(scope: Scope, moment: Moment) -> list[dict[str, Any]]:
    """What happened just before and just after, where it is one account's log: each a step to travel by."""
    if len(moment.accounts) != 1:
        return []
    then = moment.accounts[0]
    try:
        found = events_around(then.user_id, then.state.seq, before=AROUND, after=AROUND)
    except CannotTravelError:  # the desk itself could be rebuilt: a book of after these events is kept
        return []
    return [_event(scope, event) | {"after": (event.seq or 0) > then.state.seq} for event in found]


def _event(scope: Scope, event: Event) -> dict[str, Any]:
    at = event.processed_at
    return event_rows.event_row(event_dict(event)) | {"handled_at": at, "time_url": address("time", scope, at=at)}


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
