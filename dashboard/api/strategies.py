"""The strategy routes. Each parses, asks who may, and calls one service or selector."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from dashboard.api.base import ApiView, body_of, query_of, validated
from dashboard.api.describe import IDEMPOTENCY_KEY, X_USER_ID, described
from dashboard.api.errors import Invalid, NotFound, fault
from dashboard.api.identity import (
    acting_account,
    require_own_pages,
    require_signed_in,
    scope_of,
    seen_account,
    user_named,
    who,
)
from dashboard.api.repeats import answered_once
from dashboard.api.responses import strategies as responses
from dashboard.api.schemas import UserQuery
from dashboard.api.schemas.strategies import (
    ActionType,
    ControlRequest,
    DaysQuery,
    DeployRequest,
    LifecycleQuery,
    RetireQuery,
    StopParameters,
    StrategiesQuery,
    StrategyChanges,
    SwitchRequest,
)
from dashboard.api.wire import is_storable
from engine.domain.events import Event
from engine.models import Strategy
from engine.selectors import strategies as selectors
from engine.services import strategies as services
from engine.services.errors import ImpossibleStep, InvalidStrategy

TAG = "Strategies"
READ_ERRORS = (401, 403, 404)
WRITE_ERRORS = (400, 401, 403, 404, 409, 422)
FAILED = {"action_id": None, "executed_at": None, "details": None}


# --- lists and deployments -------------------------------------------------------------------------------------------------
class StrategiesView(ApiView):
    @described(
        "Strategies, newest first",
        query=StrategiesQuery,
        response=responses.Strategies,
        tag=TAG,
        headers=(X_USER_ID,),
        errors=READ_ERRORS,
    )
    def get(self, request: Request) -> Response:
        query = query_of(request, StrategiesQuery)
        return _listed(request, user_named(request, query.user_id), query)

    @described(
        "Deploy a strategy, or only validate it",
        query=UserQuery,
        body=DeployRequest,
        response=responses.Deployed,
        tag=TAG,
        headers=(X_USER_ID, IDEMPOTENCY_KEY),
        errors=WRITE_ERRORS,
    )
    def post(self, request: Request) -> HttpResponse:
        wanted = body_of(request, DeployRequest)
        return _deployed(request, user_named(request, query_of(request, UserQuery).user_id, wanted.user_id), wanted)


class DeployView(ApiView):
    @described(
        "Deploy a strategy, or only validate it",
        body=DeployRequest,
        response=responses.Deployed,
        tag=TAG,
        headers=(IDEMPOTENCY_KEY,),
        errors=WRITE_ERRORS,
    )
    def post(self, request: Request, user_id: str) -> HttpResponse:
        return _deployed(request, _in_path(user_id), body_of(request, DeployRequest))


class StrategyView(ApiView):
    """One address, as old clients have it: of an account when it is read, of a strategy when it is written."""

    http_method_names = ["get", "put", "delete", "head"]

    @extend_schema(operation_id="strategies_of_account")  # else it is called as the list of all is
    @described(
        "An account's strategies, newest first",
        query=StrategiesQuery,
        response=responses.Strategies,
        tag=TAG,
        errors=READ_ERRORS,
    )
    def get(self, request: Request, id: str) -> Response:
        return _listed(request, _in_path(id), query_of(request, StrategiesQuery))

    @described(
        "Change a strategy, for new trades only",
        body=StrategyChanges,
        response=responses.Controlled,
        tag=TAG,
        headers=(IDEMPOTENCY_KEY,),
        errors=WRITE_ERRORS,
    )
    def put(self, request: Request, id: str) -> HttpResponse:
        changes = body_of(request, StrategyChanges)
        return _controlled(request, id, "modify", changes, lambda now: _modify(request, id, changes, changes.reason, now))

    @described(
        "Retire a strategy for good",
        query=RetireQuery,
        response=responses.Controlled,
        tag=TAG,
        headers=(IDEMPOTENCY_KEY,),
        errors=WRITE_ERRORS,
    )
    def delete(self, request: Request, id: str) -> HttpResponse:
        query = query_of(request, RetireQuery)

        def act(now: datetime) -> Event:
            return services.strategy_retire(
                strategy_id=id, by=who(request), reason=query.reason, now=now, close_positions=query.close_positions
            )

        return _controlled(request, id, "retire", query, act)


def _listed(request: Request, user_id: str | None, query: StrategiesQuery) -> Response:
    require_signed_in(request)
    scope = scope_of(request) if user_id is None else [seen_account(request, user_id)]
    found = selectors.strategies_list(
        scope, now=timezone.now(), include_retired=query.include_retired, status=query.status, limit=query.limit
    )
    return Response({"status": "success", "strategies": found, "count": len(found)})


def _deployed(request: Request, user_id: str | None, wanted: DeployRequest) -> HttpResponse:
    now = timezone.now()
    account = acting_account(request, user_id, now=now)
    strategy = wanted.as_input()

    def effect() -> dict[str, Any]:
        verdict = services.strategy_validate(strategy=strategy)
        if verdict.problems:
            return _refused(verdict)
        if wanted.validate_only:
            return _accepted(None, "VALIDATED", verdict)
        try:
            row = services.strategy_deploy(user_id=account, strategy=strategy, by=who(request), now=now)
        except InvalidStrategy as error:
            return _refused(services.Verdict(error.problems, verdict.warnings))
        return _accepted(row.id, "ACTIVE", verdict)

    return answered_once(request, "strategies/deploy", account, wanted, effect, now=now)


def _accepted(strategy_id: str | None, stage: str, verdict: services.Verdict) -> dict[str, Any]:
    known = {"status": "success", "strategy_id": strategy_id, "lifecycle_stage": stage, "warnings": verdict.warnings}
    return known | {"error": None, "error_code": None, "reason": None, "details": []}


def _refused(verdict: services.Verdict) -> dict[str, Any]:
    text = "; ".join(message for _, message in verdict.problems)
    return {
        "status": "failed",
        "strategy_id": None,
        "lifecycle_stage": None,
        "error": text,
        "error_code": "VALIDATION_FAILED",
        "reason": text,
        "details": [{"field": field, "message": message} for field, message in verdict.problems],
        "warnings": verdict.warnings,
    }


# --- control ---------------------------------------------------------------------------------------------------------------
class ControlView(ApiView):
    @described(
        "Pause, resume, stop or modify a strategy",
        query=UserQuery,
        body=ControlRequest,
        response=responses.Controlled,
        tag=TAG,
        headers=(IDEMPOTENCY_KEY,),
        errors=WRITE_ERRORS,
    )
    def post(self, request: Request, strategy_id: str) -> HttpResponse:
        wanted = body_of(request, ControlRequest)
        return _controlled(request, strategy_id, "control", wanted, _action(request, strategy_id, wanted))


def _action(request: Request, strategy_id: str, wanted: ControlRequest) -> Callable[[datetime], Event]:
    """What the request asks for. Raises Invalid for parameters that make no sense."""
    by, reason = who(request), wanted.reason
    given, where = wanted.parameters or {}, ["body", "parameters"]
    match wanted.action_type:
        case ActionType.PAUSE:
            return lambda now: services.strategy_pause(strategy_id=strategy_id, by=by, reason=reason, now=now)
        case ActionType.RESUME:
            return lambda now: services.strategy_resume(strategy_id=strategy_id, by=by, reason=reason, now=now)
        case ActionType.STOP:
            closing = validated(StopParameters, given, where).close_positions
            return lambda now: services.strategy_stop(
                strategy_id=strategy_id, by=by, reason=reason, now=now, close_positions=closing
            )
        case ActionType.EMERGENCY_STOP:
            return lambda now: services.strategy_stop(
                strategy_id=strategy_id, by=by, reason=f"emergency stop: {reason}", now=now
            )
    if not given:
        raise Invalid([fault("missing", where, "MODIFY needs parameters", wanted.parameters)])
    changes = validated(StrategyChanges, given, where)
    return lambda now: _modify(request, strategy_id, changes, reason, now)


def _modify(request: Request, strategy_id: str, changes: StrategyChanges, reason: str, now: datetime) -> Event:
    return services.strategy_modify(strategy_id=strategy_id, changes=changes.given(), by=who(request), reason=reason, now=now)


class SwitchView(ApiView):
    """Enable and disable, as later clients say it."""

    def switched(self, request: Request, strategy_id: str, name: str, step: Callable[..., Event]) -> HttpResponse:
        wanted = body_of(request, SwitchRequest, required=False)

        def act(now: datetime) -> Event:
            return step(strategy_id=strategy_id, by=who(request), reason=wanted.reason, now=now)

        return _controlled(request, strategy_id, name, wanted, act)


class EnableView(SwitchView):
    @described(
        "Resume a strategy",
        body=SwitchRequest,
        response=responses.Controlled,
        tag=TAG,
        headers=(IDEMPOTENCY_KEY,),
        errors=WRITE_ERRORS,
    )
    def post(self, request: Request, strategy_id: str) -> HttpResponse:
        return self.switched(request, strategy_id, "enable", services.strategy_resume)


class DisableView(SwitchView):
    @described(
        "Pause a strategy",
        body=SwitchRequest,
        response=responses.Controlled,
        tag=TAG,
        headers=(IDEMPOTENCY_KEY,),
        errors=WRITE_ERRORS,
    )
    def post(self, request: Request, strategy_id: str) -> HttpResponse:
        return self.switched(request, strategy_id, "disable", services.strategy_pause)


def _controlled(request: Request, strategy_id: str, name: str, body: Any, act: Callable[[datetime], Event]) -> HttpResponse:
    now = timezone.now()
    strategy = _acting(request, strategy_id, now)

    def effect() -> dict[str, Any]:
        try:
            done = act(now)
        except ImpossibleStep as error:
            return _failed(str(error), "INVALID_TRANSITION")
        except InvalidStrategy as error:
            return _failed(str(error), "VALIDATION_FAILED")
        details = {key: value for key, value in done.data.items() if key not in ("by", "limits")}
        return {
            "status": "success",
            "action_id": done.uid,
            "executed_at": now,
            "details": details,
            "error": None,
            "error_code": None,
            "reason": done.data["reason"],
        }

    return answered_once(request, f"strategies/{strategy.id}/{name}", strategy.account_id, body, effect, now=now)


def _failed(error: str, code: str) -> dict[str, Any]:
    return {"status": "failed", **FAILED, "error": error, "error_code": code, "reason": error}


# --- reads -----------------------------------------------------------------------------------------------------------------
class StrategyStatusView(ApiView):
    @described("How a strategy stands", response=responses.OneStrategy, tag=TAG, errors=READ_ERRORS)
    def get(self, request: Request, strategy_id: str) -> Response:
        strategy = _seen(request, strategy_id)
        return Response({"status": "success", "strategy_status": selectors.strategy_status(strategy, now=timezone.now())})


class PerformanceView(ApiView):
    @described("How a strategy did", query=DaysQuery, response=responses.StrategyPerformance, tag=TAG, errors=READ_ERRORS)
    def get(self, request: Request, strategy_id: str) -> Response:
        days = query_of(request, DaysQuery).days
        strategy = _seen(request, strategy_id, "Strategy performance not found")
        found = selectors.strategy_performance(strategy, days=days, now=timezone.now())
        return Response({"status": "success", "performance": found})


class LifecycleView(ApiView):
    @described(
        "The steps of a strategy's life, newest first; none for an unknown one",
        query=LifecycleQuery,
        response=responses.Lifecycle,
        tag=TAG,
        errors=(401, 403),
    )
    def get(self, request: Request, strategy_id: str) -> Response:
        query = query_of(request, LifecycleQuery)
        require_signed_in(request)
        strategy = _find(strategy_id)
        if strategy:
            seen_account(request, strategy.account_id)
        found = selectors.strategy_lifecycle(strategy.id, limit=query.limit, before=query.before) if strategy else []
        return Response({"status": "success", "lifecycle_history": found, "count": len(found)})


class OptimizationView(ApiView):
    @described("What a strategy's own trades suggest", response=responses.Optimization, tag=TAG, errors=READ_ERRORS)
    def get(self, request: Request, strategy_id: str) -> Response:
        advice = selectors.strategy_advice(_seen(request, strategy_id), now=timezone.now())
        return Response(
            {
                "status": "success",
                "optimization_suggestions": advice.suggestions,
                "count": len(advice.suggestions),
                "recommendation": asdict(advice.recommendation),
            }
        )


# --- whose is it? ----------------------------------------------------------------------------------------------------------
def _in_path(user_id: str) -> str | None:
    return validated(UserQuery, {"user_id": user_id}, ["path"]).user_id


def _find(strategy_id: str) -> Strategy | None:
    return selectors.strategy_find(strategy_id) if len(strategy_id) <= 64 and is_storable(strategy_id) else None


def _seen(request: Request, strategy_id: str, missing: str = "Strategy not found") -> Strategy:
    """A strategy that the caller may read."""
    require_signed_in(request)
    strategy = _find(strategy_id)
    if strategy is None:
        raise NotFound(missing)
    seen_account(request, strategy.account_id)
    return strategy


def _acting(request: Request, strategy_id: str, now: datetime) -> Strategy:
    """A strategy that the caller may command."""
    require_own_pages(request)
    strategy = _seen(request, strategy_id)
    acting_account(request, strategy.account_id, now=now)
    return strategy
