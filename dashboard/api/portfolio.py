"""Reads of an account's portfolio as a whole: what it is worth, how it did, what it risks."""

from collections.abc import Callable
from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from dashboard.api.accounts import AccountView
from dashboard.api.base import query_of
from dashboard.api.blotter import READ_ERRORS, first_day
from dashboard.api.describe import X_USER_ID, described
from dashboard.api.errors import NotFound
from dashboard.api.responses import portfolio as responses
from dashboard.api.schemas import UserQuery
from dashboard.api.schemas.portfolio import DaysQuery
from engine.models import Account
from engine.selectors.histories import positions_closed
from engine.selectors.portfolio import PortfolioReport, portfolio_report
from engine.selectors.statistics import trading_statistics


def read(summary: str, response: Any, tag: str = "Portfolio", query: Any = UserQuery) -> Callable[[Any], Any]:
    return described(summary, query=query, response=response, tag=tag, headers=(X_USER_ID,), errors=READ_ERRORS)


class PortfolioView(AccountView):
    with_market = False

    def report(self, request: Request, user_id: str | None) -> PortfolioReport:
        """Raises NotFound: with open doors nobody has looked yet whether there is such an account."""
        named = self.account(request, user_id, query_of(request, UserQuery).user_id)
        try:
            return portfolio_report(named, now=timezone.now(), with_market=self.with_market)
        except Account.DoesNotExist:
            raise NotFound(f"Account {named} not found") from None


class SummaryView(PortfolioView):
    @read("Open positions grouped and added up", responses.Summary, tag="Positions")
    def get(self, request: Request, user_id: str) -> Response:
        return Response({"status": "success", "portfolio_summary": self.report(request, user_id).summary()})


class PortfolioMetricsView(PortfolioView):
    with_market = True

    @read("Value, return and how steady it is", responses.PortfolioMetricsAnswer)
    def get(self, request: Request, user_id: str) -> Response:
        return Response({"status": "success", "portfolio_metrics": self.report(request, user_id).metrics()})


class SectorsView(PortfolioView):
    @read("Open positions by sector", responses.Sectors)
    def get(self, request: Request, user_id: str) -> Response:
        sectors = self.report(request, user_id).sectors()
        return Response({"status": "success", "sector_analysis": sectors, "sectors_count": len(sectors)})


class AttributionView(PortfolioView):
    with_market = True

    @read("What each open position contributed", responses.Attribution)
    def get(self, request: Request, user_id: str) -> Response:
        report = self.report(request, user_id)
        rows = report.attribution()
        return Response(
            {
                "status": "success",
                "performance_attribution": rows,
                "positions_analyzed": len(rows),
                "unavailable": report.attribution_lacks(),
            }
        )


class PortfolioRiskView(PortfolioView):
    with_market = True

    @read("Value at risk, and the account against the market", responses.PortfolioRiskAnswer)
    def get(self, request: Request, user_id: str) -> Response:
        return Response({"status": "success", "risk_metrics": self.report(request, user_id).risk()})


class ReportView(PortfolioView):
    with_market = True

    @read("All of it in one, with remarks in words", responses.ReportAnswer)
    def get(self, request: Request, user_id: str) -> Response:
        report = self.report(request, user_id)
        recent = positions_closed(report.account.user_id, since=first_day(30))
        return Response({"status": "success", "portfolio_report": report.report(recent_history=recent)})


class PerformanceView(PortfolioView):
    """An alias that a later dashboard asks for."""

    with_market = True

    @read("Equity day by day, beside the market", responses.PerformanceAnswer)
    def get(self, request: Request) -> Response:
        return Response({"status": "success", "performance": self.report(request, None).performance()})


class TradingStatisticsView(AccountView):
    @read("How orders and fills went", responses.TradingStatisticsAnswer, tag="Statistics", query=DaysQuery)
    def get(self, request: Request, user_id: str) -> Response:
        query = query_of(request, DaysQuery)
        named = self.account(request, user_id, query.user_id)
        found = trading_statistics(named, since=first_day(query.days), days=query.days)
        return Response({"status": "success", "trading_statistics": found, "period_days": query.days})
