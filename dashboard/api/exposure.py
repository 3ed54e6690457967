"""An account's risk: how it stands, what an order would meet, and the stops of its positions."""

import re
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from pydantic import BaseModel
from rest_framework.request import Request
from rest_framework.response import Response

from dashboard.api import responses
from dashboard.api.accounts import AccountView
from dashboard.api.base import ApiView, body_of, query_of
from dashboard.api.describe import IDEMPOTENCY_KEY, X_USER_ID, described
from dashboard.api.errors import Invalid, NotFound, fault
from dashboard.api.identity import acting_account, seen_account, user_named, who
from dashboard.api.repeats import answered_once
from dashboard.api.schemas import OrderRequest, UserQuery, decimal_of
from dashboard.api.schemas.risk import SizeQuery, StopLossFields
from dashboard.api.trading import unknown_symbols
from dashboard.api.wire import is_storable
from engine.domain.sizing_models import SizingModel
from engine.models import Account
from engine.models.accounts import USER_ID
from engine.selectors.risk import risk_alerts, risk_of
from engine.selectors.units import percent, rupees
from engine.services.errors import InvalidOrder, ServiceError, UnknownInstrument
from engine.services.stop_losses import NoPosition, NoStop, WrongSide, stop_loss_delete, stop_loss_set, trailing_stop_set
from engine.whatif import SizeAdvice, size_advice, what_if

FAILURES: dict[type[ServiceError], str] = {NoPosition: "NO_POSITION", NoStop: "NO_STOP_LOSS", WrongSide: "WRONG_SIDE"}

LEVELS = ("trigger_price", "trailing_stop", "trailing_stop_percent")
READ = (401, 403, 404)


class Named(BaseModel):
    symbol: str


class RiskPortfolioView(ApiView):
    @described("Exposure, concentration, drawdown and tail risk", response=responses.AccountRisk, tag="Risk", errors=READ)
    def get(self, request: Request, user_id: str) -> Response:
        return Response({"status": "success", "risk_metrics": risk_of(readable(request, user_id))})


class RiskMetricsView(AccountView):
    """An alias that a later dashboard asks for."""

    @described(
        "The same of the account that one may see, or of the named one",
        query=UserQuery,
        response=responses.AccountRisk,
        tag="Risk",
        headers=(X_USER_ID,),
        errors=(400, *READ, 422),
    )
    def get(self, request: Request) -> Response:
        user_id = self.account(request, None, query_of(request, UserQuery).user_id)
        return Response({"status": "success", "risk_metrics": risk_of(readable(request, user_id))})


class RiskAlertsView(ApiView):
    @described("Open alerts about the account's risk, newest first", response=responses.RiskAlerts, tag="Risk", errors=READ)
    def get(self, request: Request, user_id: str) -> Response:
        found = risk_alerts(readable(request, user_id))
        return Response({"status": "success", "risk_alerts": found, "count": len(found)})


class WhatIfView(ApiView):
    @described(
        "What the risk rules would say to an order, and the room under each limit; nothing is sent",
        body=OrderRequest,
        response=responses.WhatIf,
        tag="Risk",
        errors=(400, 401, 403, 404, 422),
    )
    def post(self, request: Request, user_id: str) -> Response:
        order = body_of(request, OrderRequest)
        user_named(request, user_id, order.user_id)
        user_id = readable(request, user_id)
        try:
            found = what_if(user_id=user_id, order=order.as_input(), now=timezone.now())
        except UnknownInstrument:
            raise unknown_symbols([order], [["body"]]) from None
        except InvalidOrder as error:
            given = getattr(order, error.field, None)
            raise Invalid([fault("invalid_order", ["body", error.field], str(error), given)]) from None
        more = None if found.room_shares is None else found.room_shares - order.quantity
        verdict = "ACCEPTED" if found.would_pass else "DENIED"
        return Response({"status": "success", "verdict": verdict, "more_shares": more, **asdict(found)})


class PositionSizeView(ApiView):
    @described(
        "How large a signal's order would be by a sizing model, and why; nothing is sent",
        query=SizeQuery,
        response=responses.PositionSize,
        tag="Signals",
        headers=(X_USER_ID,),
        errors=(400, 401, 403, 404, 422),
    )
    def get(self, request: Request) -> Response:
        now, query = timezone.now(), query_of(request, SizeQuery)
        user_id = user_named(request, query.user_id)
        if user_id is None:
            raise Invalid([fault("missing", ["query", "user_id"], "Field required", None)])
        user_id = readable(request, user_id)
        word = query.model.strip().upper()
        model = SizingModel(word) if word in SizingModel.__members__ else SizingModel.VOLATILITY_ADJUSTED
        levels = {"target_price": decimal_of(query.target_price), "stop_loss": decimal_of(query.stop_loss)}
        signal = {name: getattr(query, name) for name in ("symbol", "signal_type", "confidence_score")} | levels
        try:
            advice = size_advice(user_id=user_id, model=model, signal=signal, now=now)
        except UnknownInstrument as error:
            raise Invalid([fault("unknown_symbol", ["query", "symbol"], str(error), query.symbol)]) from None
        return Response({"status": "success", "recommendation": recommendation(query.symbol, advice, now)})


def recommendation(symbol: str, advice: SizeAdvice, now: datetime) -> dict[str, Any]:
    share = advice.share
    return {
        "signal_id": None,
        "symbol": symbol,
        "model_used": advice.model,
        "portfolio_value": rupees(advice.equity),
        "recommendation": {
            "quantity": advice.quantity,
            "value": rupees(advice.value),
            "percentage_of_portfolio": percent(advice.value, advice.equity),
        },
        "risk_analysis": {
            "risk_amount": rupees(advice.risk),
            "risk_percentage": percent(advice.risk, advice.equity),
            "risk_reward_ratio": round(advice.payoff or 0, 4),
        },
        "adjustments": {
            "confidence_adjustment": round(share.confidence_factor, 4),
            "volatility_adjustment": round(share.volatility_factor, 4),
            "correlation_adjustment": 1,
            "final_adjustment_factor": round(share.fraction / advice.base, 4) if advice.base else 0,
        },
        "reasoning": share.reasons,
        "warnings": advice.warnings,
        "calculated_at": now,
    }


class StopLossView(ApiView):
    @described(
        "Set the stop-loss of the open positions in a symbol: at a price, or a distance behind the best one",
        query=StopLossFields,
        body=StopLossFields,
        response=responses.StopLoss,
        tag="Risk",
        headers=(IDEMPOTENCY_KEY,),
        errors=(400, 401, 403, 404, 409, 422),
    )
    def post(self, request: Request, user_id: str) -> HttpResponse:
        now = timezone.now()
        wanted = query_of(request, StopLossFields).over(body_of(request, StopLossFields, required=False))
        user_id = writable(request, user_id, now)
        symbol, levels = wanted.symbol, {name: decimal_of(getattr(wanted, name)) for name in LEVELS}
        given = [name for name, level in levels.items() if level is not None]
        missing = [*(["symbol"] if symbol is None else []), *([] if given else ["trigger_price"])]
        if symbol is None or missing:
            raise Invalid([fault("missing", ["query", name], "Field required", None) for name in missing])
        if len(given) > 1:
            raise Invalid([fault("stop_loss", ["query", given[1]], "A stop-loss has one level: name one", None)])

        def effect() -> dict[str, Any]:
            if wanted.order_type not in (None, "MARKET") or wanted.limit_price is not None or wanted.quantity:
                reason = "a stop-loss here closes the whole position at the market: place a STOP_LIMIT order for anything else"
                return outcome("NOT_SUPPORTED", reason, "No stop-loss was set")
            return set_stop(user_id, symbol, levels, who(request), now)

        return answered_once(request, "risk/stop-loss", user_id, wanted, effect, now=now)


def set_stop(user_id: str, symbol: str, levels: dict[str, Decimal | None], by: str, now: datetime) -> dict[str, Any]:
    about: dict[str, Any] = {"user_id": user_id, "symbol": symbol, "by": by, "now": now}
    price, distance, share = (levels[name] for name in LEVELS)
    if price is not None:
        act = partial(stop_loss_set, trigger_price=price, **about)
        return tried(act, f"Stop-loss of {symbol} set at {price.normalize():f}", "No stop-loss was set")
    behind = f"{share:f} %" if share is not None else f"{distance:f}"
    act = partial(trailing_stop_set, distance=distance, percent=share, **about)
    return tried(act, f"Stop-loss of {symbol} follows {behind} behind the best price", "No stop-loss was set")


class StopLossDeleteView(ApiView):
    @described(
        "Take the stop-loss of the open positions in a symbol away",
        response=responses.StopLoss,
        tag="Risk",
        headers=(IDEMPOTENCY_KEY,),
        errors=(400, 401, 403, 404, 409, 422),
    )
    def delete(self, request: Request, user_id: str, symbol: str) -> HttpResponse:
        now = timezone.now()
        user_id, symbol = writable(request, user_id, now), symbol.strip().upper()

        def effect() -> dict[str, Any]:
            act = partial(stop_loss_delete, user_id=user_id, symbol=symbol, by=who(request), now=now)
            return tried(act, f"Stop-loss of {symbol} removed", "No stop-loss was removed")

        if not is_storable(symbol):
            raise NotFound("There is no such symbol")
        return answered_once(request, "risk/stop-loss/delete", user_id, Named(symbol=symbol), effect, now=now)


def tried(act: Callable[[], int], done: str, not_done: str) -> dict[str, Any]:
    """What the old routes answer: 200 also where it could not be done."""
    try:
        act()
    except (NoPosition, NoStop, WrongSide) as error:
        return outcome(FAILURES[type(error)], str(error), not_done)
    return {"status": "success", "message": done, "error_code": None, "reason": None}


def outcome(code: str, reason: str, message: str) -> dict[str, Any]:
    return {"status": "failed", "message": f"{message}: {reason}", "error_code": code, "reason": reason}


def readable(request: Request, user_id: str) -> str:
    """The account in the address, when it is there and the caller may see it."""
    user_id = seen_account(request, named(user_id))
    if not Account.objects.filter(user_id=user_id).exists():  # anybody may ask in the old open mode
        raise NotFound(f"Account {user_id} not found")
    return user_id


def writable(request: Request, user_id: str, now: datetime) -> str:
    return acting_account(request, named(user_id), now=now)


def named(user_id: str) -> str:
    if not re.fullmatch(USER_ID, user_id):
        raise NotFound("There is no such account")
    return user_id
