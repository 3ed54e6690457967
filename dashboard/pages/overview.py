"""The overview, and its charts of equity and of the hours."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dashboard import sparks
from dashboard.pages.access import Scope, scope_of
from dashboard.pages.base import page
from engine.selectors.equity import equity_today, pnl_by_hour


@login_required
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    scope = scope_of(request)
    topics = [scope.topic("account"), scope.topic("alerts"), scope.topic("system")]
    charts: dict[str, Any] = {"curve": curve(scope), "hours": hours(scope)} if scope.chosen else {}
    return page(request, "overview", scope, topics, **charts)


@login_required
@require_safe
def equity_points(request: HttpRequest) -> HttpResponse:
    return JsonResponse(curve(scope_of(request)))


@login_required
@require_safe
def hour_bars(request: HttpRequest) -> HttpResponse:
    """The drawing alone, for the page's script to put in the place of the one before."""
    return render(request, "partials/hours.html", {"hours": hours(scope_of(request))})


def curve(scope: Scope) -> Mapping[str, list[Any]]:
    """The equity chart's columns, of the latest day: market time in Unix seconds, rupees, exposure and drawdown in percent."""
    points = equity_today(scope.user_ids)
    columns: dict[str, list[Any]] = {"at": [], "equity": [], "day_pnl": [], "exposure_percent": [], "drawdown_percent": []}
    peak = 0.0
    for point in points:
        equity = float(point["equity"])
        peak = max(peak, equity)
        columns["at"].append(int(point["at"].timestamp()))
        columns["equity"].append(equity)
        columns["day_pnl"].append(float(point["day_pnl"]))
        columns["exposure_percent"].append(_percent(float(point["exposure"]), equity))
        columns["drawdown_percent"].append(_percent(peak - equity, peak))
    return columns


def hours(scope: Scope) -> list[dict[str, Any]]:
    return sparks.bars(pnl_by_hour(scope.user_ids))


def _percent(part: float, whole: float) -> float:
    return round(100 * part / whole, 2) if whole > 0 else 0.0
