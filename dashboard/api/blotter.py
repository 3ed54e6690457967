"""Reads of an account's orders, fills and positions, by the page."""

from datetime import datetime, timedelta

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from dashboard.api import trading
from dashboard.api.accounts import AccountView
from dashboard.api.base import query_of
from dashboard.api.describe import X_USER_ID, described
from dashboard.api.paging import EXECUTION_CURSORS, HISTORY_CURSORS, ORDER_CURSORS
from dashboard.api.responses import portfolio as responses
from dashboard.api.responses.trading import Orders, Positions
from dashboard.api.schemas import OrdersQuery, PositionsQuery
from dashboard.api.schemas.portfolio import ActiveQuery, ExecutionsQuery, HistoryQuery
from engine.selectors.histories import executions_page, order_history_page, position_history_page
from engine.selectors.orders import ACTIVE
from engine.selectors.pages import orders_page
from engine.selectors.units import day_start

READ_ERRORS = (400, 401, 403, 404)


class AccountOrdersView(AccountView):
    @described(
        "An account's orders", query=OrdersQuery, response=Orders, tag="Orders", headers=(X_USER_ID,), errors=READ_ERRORS
    )
    def get(self, request: Request, user_id: str) -> Response:
        query = query_of(request, OrdersQuery)
        return trading.orders_answer(self.scope(request, user_id, query.user_id), query)


class ActiveOrdersView(AccountView):
    @described(
        "Orders at work, newest first",
        query=ActiveQuery,
        response=responses.ActiveOrders,
        tag="Orders",
        headers=(X_USER_ID,),
        errors=READ_ERRORS,
    )
    def get(self, request: Request, user_id: str | None = None) -> Response:
        query = query_of(request, ActiveQuery)
        cursors = ORDER_CURSORS["-created_at"]
        page = orders_page(
            self.scope(request, user_id, query.user_id),
            status=ACTIVE,
            symbol=query.symbol,
            after=cursors.read(query.cursor),
            limit=query.limit,
        )
        cursor = cursors.write(page.next)
        return Response({"status": "success", "active_orders": page.rows, "count": len(page.rows), "next_cursor": cursor})


class OrderHistoryView(AccountView):
    @described(
        "Orders of the last days, with how they were filled",
        query=HistoryQuery,
        response=responses.OrderHistory,
        tag="Orders",
        headers=(X_USER_ID,),
        errors=READ_ERRORS,
    )
    def get(self, request: Request, user_id: str | None = None) -> Response:
        query = query_of(request, HistoryQuery)
        cursors = ORDER_CURSORS["-created_at"]
        page = order_history_page(
            self.scope(request, user_id, query.user_id),
            symbol=query.symbol,
            since=first_day(query.days),
            after=cursors.read(query.cursor),
            limit=query.limit,
        )
        return Response(
            {
                "status": "success",
                "order_history": page.rows,
                "count": len(page.rows),
                "period_days": query.days,
                "next_cursor": cursors.write(page.next),
            }
        )


class AccountPositionsView(AccountView):
    @described(
        "An account's positions at the last prices",
        query=PositionsQuery,
        response=Positions,
        tag="Positions",
        headers=(X_USER_ID,),
        errors=READ_ERRORS,
    )
    def get(self, request: Request, user_id: str) -> Response:
        query = query_of(request, PositionsQuery)
        return trading.positions_answer(self.scope(request, user_id, query.user_id), query)


class PositionHistoryView(AccountView):
    @described(
        "Positions closed in the last days, as round trips",
        query=HistoryQuery,
        response=responses.PositionHistory,
        tag="Positions",
        headers=(X_USER_ID,),
        errors=READ_ERRORS,
    )
    def get(self, request: Request, user_id: str | None = None) -> Response:
        query = query_of(request, HistoryQuery)
        page = position_history_page(
            self.scope(request, user_id, query.user_id),
            symbol=query.symbol,
            since=first_day(query.days),
            after=HISTORY_CURSORS.read(query.cursor),
            limit=query.limit,
        )
        return Response(
            {
                "status": "success",
                "position_history": page.rows,
                "count": len(page.rows),
                "period_days": query.days,
                "next_cursor": HISTORY_CURSORS.write(page.next),
            }
        )


class ExecutionsView(AccountView):
    @described(
        "An account's fills, newest first",
        query=ExecutionsQuery,
        response=responses.Executions,
        tag="Statistics",
        headers=(X_USER_ID,),
        errors=READ_ERRORS,
    )
    def get(self, request: Request, user_id: str) -> Response:
        query = query_of(request, ExecutionsQuery)
        page = executions_page(
            self.scope(request, user_id, query.user_id),
            symbol=query.symbol,
            side=query.side,
            strategy_id=query.strategy_id,
            since=query.since,
            until=query.until,
            after=EXECUTION_CURSORS.read(query.cursor),
            limit=query.limit,
        )
        cursor = EXECUTION_CURSORS.write(page.next)
        return Response({"status": "success", "execution_history": page.rows, "count": len(page.rows), "next_cursor": cursor})


def first_day(days: int) -> datetime:
    """Where a period of so many IST days began, the present one among them."""
    return day_start(timezone.now()) - timedelta(days=days - 1)
