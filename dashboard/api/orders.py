"""What is done to orders at work and to open positions: status, cancel, modify, cancel all, close."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from pydantic import BaseModel, TypeAdapter, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from dashboard.api.base import ApiView, body_of, query_of
from dashboard.api.describe import IDEMPOTENCY_KEY, X_USER_ID, described
from dashboard.api.errors import Conflict, Invalid, NotFound, fault, faults_of
from dashboard.api.identity import (
    acting_account,
    require_own_pages,
    require_signed_in,
    seen_account,
    user_named,
    who,
)
from dashboard.api.repeats import answered_once
from dashboard.api.responses import orders as responses
from dashboard.api.schemas import Symbol, UserQuery
from dashboard.api.schemas.orders import CancelAllRequest, CancelRequest, CloseAllRequest, CloseRequest, ModifyRequest
from engine.selectors.brokers import retry_info
from engine.selectors.orders import executions_list, order_get
from engine.services.errors import InvalidOrder, NothingToClose, OrderNotWorking
from engine.services.exits import Exit, positions_close
from engine.services.order_changes import order_modify, orders_cancel_all
from engine.services.orders import order_cancel

WRITE_ERRORS = (400, 401, 403, 404, 409, 422)
ALL_FILLS = 10_000  # of one order


class About(BaseModel):
    """What a request is about, beside its body: both together are what an Idempotency-Key stands for."""

    what: str
    body: dict[str, Any]


def about(what: str, *parts: BaseModel) -> About:
    given: dict[str, Any] = {}
    for part in parts:
        given |= part.model_dump(mode="json", exclude_none=True)
    return About(what=what, body=given)


def order_named(text: str) -> dict[str, Any] | None:
    try:
        return order_get(UUID(text))
    except ValueError:
        return None


class OrderStatusView(ApiView):
    @described(
        "One order with its fills",
        response=responses.OrderStatus,
        tag="Orders",
        headers=(X_USER_ID,),
        errors=(401, 403, 404),
    )
    def get(self, request: Request, order_id: str) -> Response:
        require_signed_in(request)
        order = order_named(order_id)
        if order is None:
            raise NotFound("Order not found")
        seen_account(request, order["user_id"])
        state = {
            "order": order,
            "executions": executions_list(order_id=order["id"], limit=ALL_FILLS),
            "is_active": order["is_active"],
            "remaining_quantity": order["remaining_quantity"],
        }
        retries = retry_info(order["id"])
        return Response({"status": "success", "order_status": state | ({"retry_info": retries} if retries else {})})


class OrderCancelView(ApiView):
    @described(
        "Cancel what is left of an order",
        query=CancelRequest,
        body=CancelRequest,
        response=responses.OrderCancelled,
        tag="Orders",
        headers=(X_USER_ID, IDEMPOTENCY_KEY),
        errors=WRITE_ERRORS,
    )
    def post(self, request: Request, order_id: str) -> HttpResponse:
        now = timezone.now()
        query, body = query_of(request, CancelRequest), body_of(request, CancelRequest, required=False)
        order = order_named(order_id)
        named = user_named(request, query.user_id, body.user_id) or (order["user_id"] if order else None)
        if named is None:  # no account is named, and no order that would name one
            require_own_pages(request)
            require_signed_in(request)
            return Response(_not_cancelled(order_id, "ORDER_NOT_FOUND", "there is no such order"))
        user_id = acting_account(request, named, now=now)

        def effect() -> dict[str, Any]:
            if order is None or order["user_id"] != user_id:
                return _not_cancelled(order_id, "ORDER_NOT_FOUND", f"{user_id} has no such order")
            reason = query.reason or body.reason or ""
            if not order_cancel(order_id=order["id"], now=now, by=who(request), reason=reason):
                state = order_get(order["id"]) or order
                return _not_cancelled(order_id, "ORDER_NOT_WORKING", f"the order is {state['status']}")
            message = f"Order {order_id} is being cancelled"
            return {"status": "success", "order_id": order_id, "message": message, "error_code": None, "reason": None}

        return answered_once(request, "orders/cancel", user_id, about(order_id, body, query), effect, now=now)


def _not_cancelled(order_id: str, error_code: str, reason: str) -> dict[str, Any]:
    message = f"Order could not be cancelled: {reason}"
    return {"status": "failed", "order_id": order_id[:64], "message": message, "error_code": error_code, "reason": reason}


class OrderModifyView(ApiView):
    @described(
        "Change a working order's quantity, prices or levels",
        query=UserQuery,
        body=ModifyRequest,
        response=responses.OrderModifying,
        tag="Orders",
        headers=(X_USER_ID, IDEMPOTENCY_KEY),
        errors=WRITE_ERRORS,
    )
    def post(self, request: Request, order_id: str) -> HttpResponse:
        now = timezone.now()
        terms = body_of(request, ModifyRequest)
        require_own_pages(request)
        require_signed_in(request)
        order = order_named(order_id)
        named = user_named(request, query_of(request, UserQuery).user_id, terms.user_id)
        if order is None or named not in (None, order["user_id"]):
            if named is not None:
                acting_account(request, named, now=now)
            raise NotFound("Order not found")
        user_id = acting_account(request, order["user_id"], now=now)

        def effect() -> dict[str, Any]:
            try:
                wish = order_modify(order_id=order["id"], terms=terms.as_terms(), now=now, by=who(request))
            except OrderNotWorking as error:
                raise Conflict(str(error)) from None
            except InvalidOrder as error:
                given = getattr(terms, error.field, None)
                raise Invalid([fault("invalid_order", ["body", error.field], str(error), given)]) from None
            return {
                "status": "success",
                "message": "Modification accepted",
                "order_id": order["id"],
                "correlation_id": wish.correlation_id,
                "event_id": wish.uid,
                "order": order_get(order["id"]),
            }

        return answered_once(request, "orders/modify", user_id, about(order_id, terms), effect, now=now)


class OrdersCancelAllView(ApiView):
    @described(
        "Cancel an account's working orders: all of them, or those of a symbol, a strategy or a side",
        query=UserQuery,
        body=CancelAllRequest,
        response=responses.OrdersCancelled,
        tag="Orders",
        headers=(X_USER_ID, IDEMPOTENCY_KEY),
        errors=WRITE_ERRORS,
    )
    def post(self, request: Request) -> HttpResponse:
        now = timezone.now()
        body = body_of(request, CancelAllRequest, required=False)
        named = user_named(request, query_of(request, UserQuery).user_id, body.user_id)
        user_id = acting_account(request, named, now=now)

        def effect() -> dict[str, Any]:
            cancelled = orders_cancel_all(
                user_id=user_id,
                now=now,
                by=who(request),
                reason=body.reason or "",
                symbol=body.symbol,
                strategy_id=body.strategy_id,
                side=body.side,
            )
            message = f"{len(cancelled)} orders are being cancelled"
            return {"status": "success", "message": message, "order_ids": cancelled, "count": len(cancelled)}

        return answered_once(request, "orders/cancel-all", user_id, about("", body), effect, now=now)


class PositionCloseView(ApiView):
    @described(
        "Close the position in a symbol with an order: at the market, or at a limit price",
        query=CloseRequest,
        body=CloseRequest,
        response=responses.PositionClosing,
        tag="Positions",
        headers=(IDEMPOTENCY_KEY,),
        errors=WRITE_ERRORS,
    )
    def post(self, request: Request, user_id: str, symbol: str) -> HttpResponse:
        now = timezone.now()
        query, body = query_of(request, CloseRequest), body_of(request, CloseRequest, required=False)
        user_id, symbol = acting_account(request, account_in_path(user_id), now=now), symbol_in_path(symbol)
        wanted = CloseRequest.model_validate(body.model_dump(exclude_none=True) | query.model_dump(exclude_none=True))

        def effect() -> dict[str, Any]:
            answer = {"status": "success", "user_id": user_id, "symbol": symbol, "error_code": None, "reason": None}
            try:
                exits = _close(request, user_id, wanted, symbol, now)
            except NothingToClose as error:
                failed = {"status": "failed", "error_code": "NO_POSITION", "reason": str(error), "exits": []}
                return answer | failed | {"message": f"Position not closed: {error}"}
            message = f"Position in {symbol} is being closed"
            return answer | {"message": message, "exits": as_dicts(exits)}

        return answered_once(request, "positions/close", user_id, about(symbol, wanted), effect, now=now)


def _close(request: Request, user_id: str, wanted: CloseRequest, symbol: str, now: datetime) -> list[Exit]:
    try:
        return positions_close(
            user_id=user_id,
            now=now,
            by=who(request),
            symbol=symbol,
            strategy_id=wanted.strategy_id,
            price=wanted.as_price(),
        )
    except InvalidOrder as error:
        raise Invalid([fault("invalid_order", ["query", "price"], str(error), wanted.price)]) from None


class PositionsCloseAllView(ApiView):
    @described(
        "Close every open position of an account at the market",
        body=CloseAllRequest,
        response=responses.PositionsClosing,
        tag="Positions",
        headers=(IDEMPOTENCY_KEY,),
        errors=WRITE_ERRORS,
    )
    def post(self, request: Request, user_id: str) -> HttpResponse:
        now = timezone.now()
        body = body_of(request, CloseAllRequest, required=False)
        user_id = acting_account(request, account_in_path(user_id), now=now)

        def effect() -> dict[str, Any]:
            try:
                exits = positions_close(user_id=user_id, now=now, by=who(request), strategy_id=body.strategy_id)
            except NothingToClose:
                exits = []
            message = f"{len(exits)} positions are being closed"
            return {
                "status": "success",
                "user_id": user_id,
                "message": message,
                "exits": as_dicts(exits),
                "count": len(exits),
            }

        return answered_once(request, "positions/close-all", user_id, about("", body), effect, now=now)


def as_dicts(exits: Sequence[Exit]) -> list[dict[str, Any]]:
    return [
        {
            "position_id": leaving.position_id,
            "symbol": leaving.symbol,
            "strategy_id": leaving.strategy_id or None,
            "order_id": leaving.order_id,
            "correlation_id": leaving.correlation_id,
        }
        for leaving in exits
    ]


def account_in_path(text: str) -> str:
    """The account that the address names. Raises Invalid for what can be no account's id."""
    try:
        user_id = UserQuery(user_id=text).user_id
    except ValidationError as error:
        raise Invalid(faults_of(error, ["path"])) from None
    if user_id is None:
        raise Invalid([fault("missing", ["path", "user_id"], "Field required", text)])
    return user_id


SYMBOL = TypeAdapter(Symbol)


def symbol_in_path(text: str) -> str:
    try:
        return SYMBOL.validate_python(text)
    except ValidationError as error:
        raise Invalid(faults_of(error, ["path", "symbol"])) from None
