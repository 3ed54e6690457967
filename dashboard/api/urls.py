"""The API's addresses. Each is served with and without a trailing slash: a redirect would lose a POST's body."""

import re
from typing import Any

from django.urls import URLPattern, path, re_path
from django.views.generic import View

from dashboard.api import (
    access,
    blotter,
    diagnostics,
    docs,
    exposure,
    inbox,
    orders,
    portfolio,
    probes,
    risk,
    strategies,
    system,
    trading,
)

USER = "(?P<user_id>[^/]+)"

ENGINE_ROUTES: dict[str, type[View]] = {
    "health": system.HealthView,
    "metrics": system.MetricsView,
    "alerts": system.AlertsView,
    "alerts/active": system.ActiveAlertsView,
    # many at once; no alert is called so
    "alerts/acknowledge": inbox.AlertsAcknowledgeView,
    "alerts/unacknowledge": inbox.AlertsUnacknowledgeView,
    "alerts/silence": inbox.AlertsSilenceView,
    "alerts/unsilence": inbox.AlertsUnsilenceView,
    "alerts/resolve": inbox.AlertsResolveView,
    "alerts/(?P<alert_id>[^/]+)/acknowledge": inbox.AlertAcknowledgeView,
    "alerts/(?P<alert_id>[^/]+)/unacknowledge": inbox.AlertUnacknowledgeView,
    "alerts/(?P<alert_id>[^/]+)/silence": inbox.AlertSilenceView,
    "alerts/(?P<alert_id>[^/]+)/unsilence": inbox.AlertUnsilenceView,
    "alerts/(?P<alert_id>[^/]+)/resolve": inbox.AlertResolveView,
    "config": system.ConfigView,
    "events/history": system.EventsView,
    "event-history": system.EventHistoryView,
    "signals/process": trading.SignalView,
    "signals/batch": trading.SignalBatchView,
    "signals/position-size": exposure.PositionSizeView,
    "orders": trading.OrdersView,
    # words before names: nobody's account is called active or history
    "orders/active": blotter.ActiveOrdersView,
    "orders/history": blotter.OrderHistoryView,
    "orders/cancel-all": orders.OrdersCancelAllView,
    "orders/(?P<order_id>[^/]+)/cancel": orders.OrderCancelView,
    "orders/(?P<order_id>[^/]+)/modify": orders.OrderModifyView,
    "orders/(?P<order_id>[^/]+)/status": orders.OrderStatusView,
    f"orders/{USER}": blotter.AccountOrdersView,
    f"orders/{USER}/active": blotter.ActiveOrdersView,
    f"orders/{USER}/history": blotter.OrderHistoryView,
    "positions": trading.PositionsView,
    "positions/history": blotter.PositionHistoryView,
    f"positions/{USER}": blotter.AccountPositionsView,
    f"positions/{USER}/summary": portfolio.SummaryView,
    f"positions/{USER}/history": blotter.PositionHistoryView,
    f"positions/{USER}/close-all": orders.PositionsCloseAllView,
    f"positions/{USER}/(?P<symbol>[^/]+)/close": orders.PositionCloseView,
    f"portfolio/{USER}/metrics": portfolio.PortfolioMetricsView,
    f"portfolio/{USER}/sectors": portfolio.SectorsView,
    f"portfolio/{USER}/attribution": portfolio.AttributionView,
    f"portfolio/{USER}/risk-metrics": portfolio.PortfolioRiskView,
    f"portfolio/{USER}/report": portfolio.ReportView,
    "performance/current": portfolio.PerformanceView,
    f"statistics/{USER}/trading": portfolio.TradingStatisticsView,
    f"statistics/{USER}/executions": blotter.ExecutionsView,
    "emergency-stop": risk.EmergencyStopView,
    "trading/resume": risk.ResumeView,
    "stop": risk.StopView,
    "start": risk.StartView,
    "risk/metrics": exposure.RiskMetricsView,
    f"risk/{USER}/portfolio": exposure.RiskPortfolioView,
    f"risk/{USER}/alerts": exposure.RiskAlertsView,
    f"risk/{USER}/what-if": exposure.WhatIfView,
    f"risk/{USER}/stop-loss": exposure.StopLossView,
    f"risk/{USER}/stop-loss/(?P<symbol>[^/]+)": exposure.StopLossDeleteView,
    "strategies": strategies.StrategiesView,
    f"strategies/{USER}/deploy": strategies.DeployView,
    "strategies/(?P<strategy_id>[^/]+)/status": strategies.StrategyStatusView,
    "strategies/(?P<strategy_id>[^/]+)/control": strategies.ControlView,
    "strategies/(?P<strategy_id>[^/]+)/enable": strategies.EnableView,
    "strategies/(?P<strategy_id>[^/]+)/disable": strategies.DisableView,
    "strategies/(?P<strategy_id>[^/]+)/performance": strategies.PerformanceView,
    "strategies/(?P<strategy_id>[^/]+)/lifecycle": strategies.LifecycleView,
    "strategies/(?P<strategy_id>[^/]+)/optimization": strategies.OptimizationView,
    "strategies/(?P<id>[^/]+)": strategies.StrategyView,
    "coordination/status": system.CoordinationView,
    "status": system.StatusView,
    "system/status": system.SystemStatusView,
    "fallback/status": diagnostics.FallbackStatusView,
    "test/backend-integration": diagnostics.BackendIntegrationView,
    "test/endpoints": diagnostics.EndpointsTestView,
}

PARAMETER = re.compile(r"\(\?P<(\w+)>\[\^/\]\+\)")  # a part of an address, as ENGINE_ROUTES writes it


def route(address: str, view: Any, name: str | None = None) -> URLPattern:
    pattern: URLPattern = re_path(rf"^{address}/?\Z", view, name=name)
    return pattern


engine_patterns = [route(f"api/trading-engine/{address}", view.as_view()) for address, view in ENGINE_ROUTES.items()]
# documented base URLs end in /api already, so that the prefix comes twice
doubled_patterns = [route(f"api/api/trading-engine/{address}", view.as_view()) for address, view in ENGINE_ROUTES.items()]

ACCESS_ROUTES: dict[str, type[View]] = {"token": access.TokenView, "token/revoke": access.TokenRevokeView}

urlpatterns = [
    route("healthz", probes.healthz, "healthz"),
    route("readyz", probes.readyz, "readyz"),
    *engine_patterns,
    *doubled_patterns,
    *(route(f"api/auth/{address}", view.as_view()) for address, view in ACCESS_ROUTES.items()),
    route("api/schema", docs.SchemaView.as_view(), "api-schema"),
    route("api/docs", docs.DocsView.as_view(), "api-docs"),
    re_path(r"^api(?:/.*)?\Z", probes.not_found),
]

# the same under their canonical addresses alone, for the description
described_patterns = [
    path(f"{prefix}/" + PARAMETER.sub(r"<str:\1>", address), view.as_view())
    for prefix, routes in (("api/trading-engine", ENGINE_ROUTES), ("api/auth", ACCESS_ROUTES))
    for address, view in routes.items()
]
