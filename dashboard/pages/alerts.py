"""The alerts' inbox and history."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from dashboard.live import alerts as alert_rows
from dashboard.pages import filters
from dashboard.pages.access import scope_of
from dashboard.pages.alert_actions import SILENCES
from dashboard.pages.base import page
from engine.selectors.pages import alerts_page

HISTORY_PAGE = 50


@login_required
@require_safe
def alerts(request: HttpRequest) -> HttpResponse:
    """The open ones are live; the resolved ones stand still."""
    scope, form = scope_of(request), filters.AlertFilters.read(request.GET)
    context: dict[str, Any] = {"filters": form, "left_out": form.left_out(request.GET)}
    if not form.history:
        topic = scope.topic("alerts", **form.as_query())
        return page(request, "alerts", scope, [topic], **context, silences=SILENCES, limit=alert_rows.OPEN_LIMIT)
    found = alerts_page(
        scope.user_ids,
        level=form.level or None,
        component=form.component or None,
        status="RESOLVED",
        before=form.before or None,
        limit=HISTORY_PAGE,
    )
    last = found.rows[-1]["id"] if found.next else None
    return page(request, "alerts", scope, [], **context, history=alert_rows.rows(found.rows), last_id=last)
