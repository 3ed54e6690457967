"""The log, one event of it, and one signal's whole chain."""

import json
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from dashboard.live import events as event_rows
from dashboard.live.registry import compute
from dashboard.live.state import wire
from dashboard.pages import filters
from dashboard.pages.access import may_handle, scope_of, signed_in
from dashboard.pages.base import last_of, page
from engine.selectors.events import event_numbered, events_counted, events_history


@login_required
@require_safe
def events(request: HttpRequest) -> HttpResponse:
    """The newest page is live; older ones stand still."""
    scope, form = scope_of(request), filters.EventFilters.read(request.GET)
    context: dict[str, Any] = {"filters": form, "left_out": form.left_out(request.GET)}
    if form.before is None:
        return page(request, "events", scope, [scope.topic("events", **form.as_query())], rows="events", **context)
    wanted = {name: value for name, value in form.as_query().items() if value}
    rows = event_rows.rows(scope.user_ids, wanted, before_id=form.before)
    return page(request, "events", scope, [], **context, older=rows, last_id=last_of(rows, event_rows.PAGE, "log_id"))


@login_required
@require_safe
def events_count(request: HttpRequest) -> JsonResponse:
    """How many events the log has from a number on, as filtered: what a paused page waits with."""
    scope, form = scope_of(request), filters.EventFilters.read(request.GET)
    wanted = event_rows.wanted({name: value for name, value in form.as_query().items() if value})
    first = request.GET.get("from", "0")
    kept = form.as_query() | {"from": first if filters.is_number(first) else ""}
    if wrong := filters.left_out(request.GET, kept, kept):
        return JsonResponse({"detail": f"Nothing was counted: {wrong}."}, status=400)
    return JsonResponse({"count": events_counted(from_id=filters.number(first), user_ids=scope.user_ids, **wanted)})


@login_required
@require_safe
def event(request: HttpRequest, log_id: int) -> HttpResponse:
    """All that the log knows of one event, as it is stored; an account's for who may see it, the system's for staff."""
    found = event_numbered(log_id)
    if found is None or not may_handle(signed_in(request), found["user_id"]):
        raise Http404
    if request.GET.get("format") == "json":
        return JsonResponse(wire(found), json_dumps_params={"indent": 2, "ensure_ascii": False})
    scope = scope_of(request, owner=found["user_id"])
    row, raw = event_rows.event_row(found), json.dumps(wire(found), indent=2, ensure_ascii=False)
    return page(request, "event", scope, [], page="events", row=row, raw=raw, log_id=log_id)


@login_required
@require_safe
def trace(request: HttpRequest, correlation_id: UUID) -> HttpResponse:
    """The chain of one signal, for who may see its account; or of one event in it what caused it, or what it caused."""
    scope = scope_of(request, owner=chain_owner(correlation_id))
    form = filters.TraceFilters.read(request.GET)
    topic = scope.topic("trace", correlation=str(correlation_id), **form.as_query())
    if not scope.chosen or not compute(topic)["trace"]:
        raise Http404
    return page(request, "trace", scope, [topic], correlation_id=correlation_id, filters=form)


def chain_owner(correlation_id: UUID) -> str | None:
    """The account that the chain's latest event belongs to; None for the system's own, and for no chain at all."""
    latest = events_history(correlation_id=correlation_id, limit=1)
    return latest[0]["user_id"] if latest else None
