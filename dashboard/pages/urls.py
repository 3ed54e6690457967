"""The pages' addresses. Each is served with and without its last slash, as the API's are."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import URLPattern, path

from dashboard.pages import (
    actions,
    alert_actions,
    alerts,
    columns,
    events,
    halts,
    order_actions,
    orders,
    overview,
    positions,
    reports,
    resuming,
    risk,
    search,
    signin,
    strategies,
    strategy_forms,
    symbols,
    system,
    ticket,
    travel,
)

named: list[URLPattern] = [
    path("", overview.overview, name="overview"),
    path("orders/", orders.orders, name="orders"),
    path("orders/file/", orders.orders_file, name="orders-file"),
    path("orders/columns/", columns.choose, name="orders-columns"),
    path("orders/cancel-all/", order_actions.orders_cancel_all_form, name="orders-cancel-all"),
    path("orders/new/", ticket.order_new, name="order-new"),
    path("orders/what-if/", ticket.order_what_if, name="order-what-if"),
    path("orders/symbols/", ticket.order_symbols, name="order-symbols"),
    path("orders/<uuid:order_id>/", orders.order, name="order"),
    path("orders/<uuid:order_id>/cancel/", order_actions.order_cancel_form, name="order-cancel"),
    path("orders/<uuid:order_id>/modify/", order_actions.order_modify_form, name="order-modify"),
    path("positions/", positions.positions, name="positions"),
    path("positions/close-all/", positions.close_all, name="position-close-all"),
    path("positions/<uuid:position_id>/close/", positions.close, name="position-close"),
    path("positions/<uuid:position_id>/exits/", positions.exits, name="position-exits"),
    path("symbols/<str:symbol>/", symbols.symbol, name="symbol"),
    path("symbols/<str:symbol>/bars/", symbols.symbol_bars, name="symbol-bars"),
    path("strategies/", strategies.strategies, name="strategies"),
    path("strategies/deploy/", strategy_forms.deploy, name="strategy-deploy"),
    path("strategies/<str:strategy_id>/", strategies.strategy, name="strategy"),
    path("strategies/<str:strategy_id>/curve/", strategies.strategy_curve, name="strategy-curve"),
    path("strategies/<str:strategy_id>/modify/", strategy_forms.modify, name="strategy-modify"),
    path("strategies/<str:strategy_id>/pause/", strategies.pause, name="strategy-pause"),
    path("strategies/<str:strategy_id>/resume/", strategies.resume, name="strategy-resume"),
    path("strategies/<str:strategy_id>/stop/", strategies.stop, name="strategy-stop"),
    path("strategies/<str:strategy_id>/retire/", strategies.retire, name="strategy-retire"),
    path("risk/", risk.risk, name="risk"),
    path("risk/what-if/", risk.what_if_page, name="risk-what-if"),
    path("risk/halt/", halts.halt, name="risk-halt"),
    path("charts/drawdown/", risk.drawdown_points, name="drawdown-points"),
    path("alerts/", alerts.alerts, name="alerts"),
    path("alerts/selected/<str:what>/", alert_actions.selected, name="alerts-selected"),
    path("alerts/<str:alert_id>/acknowledge/", actions.acknowledge, name="alert-acknowledge"),
    path("alerts/<str:alert_id>/resolve/", actions.resolve, name="alert-resolve"),
    path("events/", events.events, name="events"),
    path("events/count/", events.events_count, name="events-count"),
    path("events/<int:log_id>/", events.event, name="event"),
    path("trace/<uuid:correlation_id>/", events.trace, name="trace"),
    path("time/", travel.time, name="time"),
    path("time/compare/", travel.compare, name="time-compare"),
    path("reports/", reports.reports, name="reports"),
    path("reports/<str:table>.csv", reports.table_csv, name="report-csv"),
    path("system/", system.system, name="system"),
    path("system/dead-letters/<int:event_id>/requeue/", system.dead_letter_requeue, name="dead-letter-requeue"),
    path("charts/equity/", overview.equity_points, name="equity-points"),
    path("charts/hours/", overview.hour_bars, name="hour-bars"),
    path("search/", search.search, name="search"),
    path("emergency-stop/", halts.emergency_stop_page, name="emergency-stop"),
    path("trading-resume/", resuming.trading_resume, name="trading-resume"),
    path("sign-in/", signin.SignIn.as_view(), name="sign-in"),
    path("sign-out/", signin.SignOut.as_view(), name="sign-out"),
]


def favicon(_: HttpRequest) -> HttpResponse:
    """What a browser asks for where a page names no icon, as the admin's do not."""
    return redirect(static("favicon.svg"), permanent=True)


urlpatterns = [
    path("favicon.ico", favicon),
    *named,
    *(path(str(page.pattern).rstrip("/"), page.callback) for page in named if str(page.pattern)),
]
