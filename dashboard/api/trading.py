"""The trading routes: signals, orders, positions. Each parses, asks who may, and calls one service."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from dashboard.api import responses
from dashboard.api.base import ApiView, body_of, query_of
from dashboard.api.describe import IDEMPOTENCY_KEY, X_USER_ID, described
from dashboard.api.errors import Invalid, fault
from dashboard.api.identity import (
    acting_account,
    require_signed_in,
    scope_of,
    seen_account,
    user_named,
    who,
)
from dashboard.api.paging import ORDER_CURSORS, POSITION_CURSORS
from dashboard.api.repeats import answered_once
from dashboard.api.schemas import (
    OrderRequest,
    OrdersQuery,
    PositionsQuery,
    SignalBatchRequest,
    SignalRequest,
    UserQuery,
)
from engine.domain.enums import OrderStatus
from engine.selectors.orders import ACTIVE, order_get
from engine.selectors.pages import orders_page, positions_page
from engine.selectors.prices import quotes_of
from engine.selectors.units import Scope
from engine.services.errors import InvalidOrder, UnknownInstrument
from engine.services.idempotency import SignalReused, signals_submit_once
from engine.services.orders import order_place

ACCEPTED = "Signal processed and published to event bus"


class SignalView(ApiView):
    @described(
        "Hand in one signal",
        query=UserQuery,
        body=SignalRequest,
        response=responses.SignalAccepted,
        tag="Signals",
        headers=(X_USER_ID, IDEMPOTENCY_KEY),
        errors=(400, 401, 403, 404, 409, 422),
    )
    def post(self, request: Request) -> HttpResponse:
        now = timezone.now()
        signal = body_of(request, SignalRequest)
        user_id = acting_account(request, _named(request, signal.user_id), now=now)

        def effect() -> dict[str, Any]:
            signal_id, correlation_id = submit(user_id, [signal], [["body"]], now)[0]
            return {
                "status": "success",
                "signal_id": signal_id,
                "message": ACCEPTED,
                "event_id": signal_id,
                "accepted": True,
                "processing_status": "queued",
                "correlation_id": correlation_id,
                "order_id": None,
            }

        return answered_once(request, "signals/process", user_id, signal, effect, now=now)


class SignalBatchView(ApiView):
    @described(
        "Hand in up to 1,000 signals: all of them, or none",
        query=UserQuery,
        body=SignalBatchRequest,
        response=responses.BatchAccepted,
        tag="Signals",
        headers=(X_USER_ID, IDEMPOTENCY_KEY),
        errors=(400, 401, 403, 404, 409, 422),
    )
    def post(self, request: Request) -> HttpResponse:
        now = timezone.now()
        batch = body_of(request, SignalBatchRequest)
        named = [signal.user_id for signal in batch.signals if signal.user_id]
        user_id = _named(request, batch.user_id or (named[0] if named else None))
        refuse_strangers(batch.signals, user_id)
        user_id = acting_account(request, user_id, now=now)
        places: list[list[str | int]] = [["body", "signals", index] for index in range(len(batch.signals))]
        refuse_repeats(batch.signals, places)

        def effect() -> dict[str, Any]:
            accepted = submit(user_id, batch.signals, places, now)
            return {
                "status": "success",
                "accepted": len(accepted),
                "signal_ids": [signal_id for signal_id, _ in accepted],
                "correlation_ids": [correlation_id for _, correlation_id in accepted],
            }

        return answered_once(request, "signals/batch", user_id, batch, effect, now=now)


Place = Sequence[str | int]


def unknown_symbols(asked: Sequence[SignalRequest | OrderRequest], places: Sequence[Place]) -> Invalid:
    """Which of them name an instrument that is not listed here."""
    known = quotes_of({item.symbol for item in asked})
    message = "No such instrument is listed here"
    wrong = [([*place, "symbol"], item.symbol) for item, place in zip(asked, places, strict=True) if item.symbol not in known]
    return Invalid([fault("unknown_symbol", place, message, symbol) for place, symbol in wrong])


def refuse_strangers(signals: Sequence[SignalRequest], user_id: str | None) -> None:
    """One call, one account."""
    faults = [
        fault("user_id_conflict", ["body", "signals", index, "user_id"], "A batch is for one account", signal.user_id)
        for index, signal in enumerate(signals)
        if signal.user_id not in (None, user_id)
    ]
    if faults:
        raise Invalid(faults)


def refuse_repeats(signals: Sequence[SignalRequest], places: Sequence[Place]) -> None:
    seen, faults = set(), []
    for signal, place in zip(signals, places, strict=True):
        if signal.signal_id in seen:
            faults.append(fault("duplicate", [*place, "signal_id"], "This id stands twice in the batch", str(signal.signal_id)))
        if signal.signal_id:
            seen.add(signal.signal_id)
    if faults:
        raise Invalid(faults)


def submit(user_id: str, signals: Sequence[SignalRequest], places: Sequence[Place], now: datetime) -> list[tuple[str, str]]:
    """The ids of each signal and of its chain, in order."""
    try:
        accepted = signals_submit_once(user_id=user_id, signals=[signal.as_input() for signal in signals], now=now)
    except UnknownInstrument:
        raise unknown_symbols(signals, places) from None
    except SignalReused as error:
        message = "This signal_id was used before, for another signal"
        reused = [([*places[index], "signal_id"], signals[index].signal_id) for index in error.indexes]
        raise Invalid([fault("signal_id_reused", place, message, str(signal_id)) for place, signal_id in reused]) from None
    return [(str(item.signal_id), str(item.correlation_id)) for item in accepted]


class OrdersView(ApiView):
    @described(
        "Orders, newest first unless asked for otherwise",
        query=OrdersQuery,
        response=responses.Orders,
        tag="Orders",
        headers=(X_USER_ID,),
        errors=(401, 403, 404),
    )
    def get(self, request: Request) -> Response:
        query = query_of(request, OrdersQuery)
        return orders_answer(seen_scope(request, query.user_id), query)

    @described(
        "Place an order",
        query=UserQuery,
        body=OrderRequest,
        response=responses.OrderAccepted,
        tag="Orders",
        headers=(X_USER_ID, IDEMPOTENCY_KEY),
        errors=(400, 401, 403, 404, 409, 422),
    )
    def post(self, request: Request) -> HttpResponse:
        now = timezone.now()
        order = body_of(request, OrderRequest)
        user_id = acting_account(request, _named(request, order.user_id), now=now)

        def effect() -> dict[str, Any]:
            try:
                placed = order_place(user_id=user_id, order=order.as_input(), now=now, by=who(request))
            except UnknownInstrument:
                raise unknown_symbols([order], [["body"]]) from None
            except InvalidOrder as error:
                given = getattr(order, error.field, None)
                raise Invalid([fault("invalid_order", ["body", error.field], str(error), given)]) from None
            return {
                "status": "success",
                "message": "Order accepted",
                "order_id": placed.id,
                "correlation_id": placed.correlation_id,
                "order": order_get(placed.id),
            }

        return answered_once(request, "orders", user_id, order, effect, now=now)


def orders_answer(scope: Scope, query: OrdersQuery) -> Response:
    """A page of the scope's orders. Raises Invalid for a status that there is not, and for a cursor that is none."""
    status = query.status or None
    if status not in (None, ACTIVE, *OrderStatus):
        words = ", ".join([ACTIVE, *OrderStatus])
        raise Invalid([fault("enum", ["query", "status"], f"Input should be one of {words}", status)])
    cursors = ORDER_CURSORS[query.ordering]
    page = orders_page(
        scope,
        status=status,
        symbol=query.symbol,
        side=query.side,
        strategy_id=query.strategy_id,
        since=query.since,
        until=query.until,
        before=query.before,
        ordering=query.ordering,
        after=cursors.read(query.cursor),
        limit=query.limit,
    )
    return Response(
        {"status": "success", "orders": page.rows, "count": len(page.rows), "next_cursor": cursors.write(page.next)}
    )


class PositionsView(ApiView):
    @described(
        "Positions at the last prices",
        query=PositionsQuery,
        response=responses.Positions,
        tag="Positions",
        headers=(X_USER_ID,),
        errors=(401, 403, 404),
    )
    def get(self, request: Request) -> Response:
        query = query_of(request, PositionsQuery)
        return positions_answer(seen_scope(request, query.user_id), query)


def positions_answer(scope: Scope, query: PositionsQuery) -> Response:
    """A page of the scope's positions. Raises Invalid for a cursor that is none."""
    page = positions_page(
        scope,
        include_closed=query.include_closed,
        symbol=query.symbol,
        side=query.side,
        strategy_id=query.strategy_id,
        after=POSITION_CURSORS.read(query.cursor),
        limit=query.limit,
    )
    cursor = POSITION_CURSORS.write(page.next)
    return Response({"status": "success", "positions": page.rows, "count": len(page.rows), "next_cursor": cursor})


def seen_scope(request: Request, in_query: str | None) -> Scope:
    """The account that the request names; without a name, all that the caller may see."""
    user_id = user_named(request, in_query)
    if user_id is not None:
        return [seen_account(request, user_id)]
    require_signed_in(request)
    return scope_of(request)


def _named(request: Request, in_body: str | None) -> str | None:
    return user_named(request, query_of(request, UserQuery).user_id, in_body)
