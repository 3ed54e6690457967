"""The order blotter, its file for a spreadsheet, and the page of one order."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.live import orders as order_rows
from dashboard.live.order_filters import FILTERS, OrderFilters
from dashboard.pages import order_cursors, order_file
from dashboard.pages.access import Scope, scope_of
from dashboard.pages.base import page
from dashboard.pages.columns import COLUMNS, HIDDEN_AT_FIRST, hidden_columns
from dashboard.pages.filters import left_out
from engine.domain.intervals import IST
from engine.selectors.orders import order_get


@login_required
@require_safe
def orders(request: HttpRequest) -> HttpResponse:
    """The newest page is live; older ones stand still."""
    scope, filters, cursor = scope_of(request), OrderFilters.read(request.GET), request.GET.get("cursor", "")
    after = order_cursors.read(cursor)
    hidden = hidden_columns(request)
    context: dict[str, Any] = {
        "filters": filters,
        "left_out": left_out(request.GET, filters.as_query() | {"cursor": cursor if after else ""}, (*FILTERS, "cursor")),
        "paged": after is not None,
        "columns": COLUMNS,
        "hidden": HIDDEN_AT_FIRST if hidden is None else hidden,
        "chosen": hidden is not None,
    }
    if after is None:
        return page(request, "orders", scope, [scope.topic("orders", **filters.as_query())], rows="orders", **context)
    found = order_rows.rows(scope.user_ids, filters, after)
    return page(
        request, "orders", scope, [], older=order_rows.as_rows(found), last_id=order_cursors.write(found.next), **context
    )


@login_required
@require_safe
def orders_file(request: HttpRequest) -> StreamingHttpResponse:
    """All orders of the same filters, with all their columns, piece by piece."""
    scope, filters = scope_of(request), OrderFilters.read(request.GET)
    if wrong := left_out(request.GET, filters.as_query(), FILTERS):
        raise BadRequest(f"No file was made: {wrong}.")
    response = StreamingHttpResponse(order_file.pieces(scope.user_ids, filters), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{file_name(scope)}"'
    response["Cache-Control"] = "no-store"
    return response


def file_name(scope: Scope) -> str:
    whose = "all" if scope.is_everybody else "".join(letter for letter in scope.chosen if letter.isalnum()) or "none"
    return f"orders-{whose}-{timezone.now().astimezone(IST):%Y-%m-%d-%H%M}.csv"


@login_required
@require_safe
def order(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """One order's life, for who may see its account."""
    found = order_get(order_id)
    if found is None:
        raise Http404
    scope = scope_of(request, owner=found["user_id"])
    if scope.user_ids is not None and found["user_id"] not in scope.user_ids:
        raise Http404
    return page(request, "order", scope, [scope.topic("order", id=str(order_id))], order_id=order_id)
