"""The pages' addresses. Each is served with and without its last slash, as the API's are."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import URLPattern, path

from dashboard.pages import actions, signin, views

named: list[URLPattern] = [
    path("", views.overview, name="overview"),
    path("orders/", views.orders, name="orders"),
    path("positions/", views.positions, name="positions"),
    path("alerts/", views.alerts, name="alerts"),
    path("alerts/<str:alert_id>/acknowledge/", actions.acknowledge, name="alert-acknowledge"),
    path("alerts/<str:alert_id>/resolve/", actions.resolve, name="alert-resolve"),
    path("events/", views.events, name="events"),
    path("trace/<uuid:correlation_id>/", views.trace, name="trace"),
    path("charts/equity/", views.equity_points, name="equity-points"),
    path("emergency-stop/", actions.emergency_stop, name="emergency-stop"),
    path("trading-resume/", actions.trading_resume, name="trading-resume"),
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
