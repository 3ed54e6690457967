"""The pages. Each is right and readable without JavaScript: what it shows is the first snapshot of its live topics."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.live import alerts as alert_rows
from dashboard.live import events as event_rows
from dashboard.live import orders as order_rows
from dashboard.live.registry import compute
from dashboard.live.state import Row, State
from dashboard.live.topics import Topic
from dashboard.pages import filters
from dashboard.pages.access import Scope, scope_of, signed_in
from engine.selectors.alerts import alerts_list
from engine.selectors.equity import equity_curve
from engine.selectors.events import events_history

HISTORY_PAGE = 50
PAGED = {"orders": (order_rows.PAGE, "id"), "events": (event_rows.PAGE, "log_id")}


def page(request: HttpRequest, name: str, scope: Scope, topics: list[Topic], *, rows: str = "", **context: Any) -> HttpResponse:
    """The page with the state of its topics, and their names for the socket to watch. `rows` is the section to page through."""
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
        "last_id": _last(state[rows], PAGED[rows][0], PAGED[rows][1]) if rows else None,
        **context,
    }
    return render(request, f"{name}.html", content)


def _last(rows: dict[str, Row], full: int, key: str = "id") -> Any:
    """Where the next page begins; None when this one is not full."""
    return next(reversed(rows.values()))[key] if len(rows) == full else None


@login_required
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    scope = scope_of(request)
    topics = [scope.topic("account"), scope.topic("alerts"), scope.topic("system")]
    return page(request, "overview", scope, topics, curve=curve(scope) if scope.chosen else None)


@login_required
@require_safe
def equity_points(request: HttpRequest) -> HttpResponse:
    return JsonResponse(curve(scope_of(request)))


def curve(scope: Scope) -> dict[str, list[Any]]:
    """The equity chart's columns: market time in Unix seconds, equity in rupees."""
    points = equity_curve(scope.user_ids)
    return {
        "at": [int(point["at"].timestamp()) for point in points],
        "equity": [float(point["equity"]) for point in points],
    }


@login_required
@require_safe
def orders(request: HttpRequest) -> HttpResponse:
    """The newest page is live; older ones stand still."""
    scope, form = scope_of(request), filters.OrderFilters.read(request.GET)
    if form.before is None:
        return page(request, "orders", scope, [scope.topic("orders", **form.as_query())], rows="orders", filters=form)
    rows = order_rows.rows(scope.user_ids, status=form.status or None, symbol=form.symbol or None, before=form.before)
    return page(request, "orders", scope, [], filters=form, older=rows, last_id=_last(rows, order_rows.PAGE))


@login_required
@require_safe
def positions(request: HttpRequest) -> HttpResponse:
    scope = scope_of(request)
    return page(request, "positions", scope, [scope.topic("positions")])


@login_required
@require_safe
def alerts(request: HttpRequest) -> HttpResponse:
    scope, form = scope_of(request), filters.AlertFilters.read(request.GET)
    if not form.history:
        return page(request, "alerts", scope, [scope.topic("alerts", **form.as_query())], filters=form)
    found = alerts_list(
        level=form.level or None, status="RESOLVED", user_ids=scope.user_ids, limit=HISTORY_PAGE, offset=form.offset
    )
    next_from = form.offset + HISTORY_PAGE if len(found) == HISTORY_PAGE else None
    return page(request, "alerts", scope, [], filters=form, history=alert_rows.rows(found), last_id=next_from)


@login_required
@require_safe
def events(request: HttpRequest) -> HttpResponse:
    """The newest page is live; older ones stand still. A correlation id leads to its trace."""
    scope, form = scope_of(request), filters.EventFilters.read(request.GET)
    if form.correlation:
        return redirect("trace", form.correlation)
    if form.before is None:
        return page(request, "events", scope, [scope.topic("events", **form.as_query())], rows="events", filters=form)
    rows = event_rows.rows(scope.user_ids, event_type=form.type or None, before_id=form.before)
    return page(request, "events", scope, [], filters=form, older=rows, last_id=_last(rows, event_rows.PAGE, "log_id"))


@login_required
@require_safe
def trace(request: HttpRequest, correlation_id: UUID) -> HttpResponse:
    """The chain of one signal, for who may see its account."""
    scope = scope_of(request, owner=chain_owner(correlation_id))
    topic = scope.topic("trace", correlation=str(correlation_id))
    if not scope.chosen or not compute(topic)["trace"]:
        raise Http404
    return page(request, "trace", scope, [topic], correlation_id=correlation_id)


def chain_owner(correlation_id: UUID) -> str | None:
    """The account that the chain's latest event belongs to; None for the system's own, and for no chain at all."""
    latest = events_history(correlation_id=correlation_id, limit=1)
    return latest[0]["user_id"] if latest else None
