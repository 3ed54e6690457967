"""The routes of control and risk. Each parses, asks who may, and calls one service or selector."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from dashboard.api import responses
from dashboard.api.base import ApiView, body_of, query_of
from dashboard.api.describe import IDEMPOTENCY_KEY, X_USER_ID, described
from dashboard.api.errors import Invalid, NotFound, fault
from dashboard.api.identity import acting_account, acting_accounts, require_own_pages, require_staff, user_named, who
from dashboard.api.repeats import answered_once
from dashboard.api.schemas.risk import EmergencyStopQuery, EmergencyStopRequest, ResumeRequest, TargetFields
from engine.domain.enums import HaltScope
from engine.models import Account, Strategy
from engine.services import resuming
from engine.services.errors import ServiceError
from engine.services.trading import Target, emergency_stop, halted_among

DEFAULT_REASON = "Manual emergency stop"
STOP_REASON, START_REASON = "Stopped over the API", "Started over the API"
WRITE_ERRORS = (400, 401, 403, 404, 409, 422)
EVERYBODY = "everybody"  # whom a repeated request was for, where it names no account


class EmergencyStopView(ApiView):
    @described(
        "Halt trading: cancels working orders and pauses strategies",
        query=EmergencyStopQuery,
        body=EmergencyStopRequest,
        response=responses.Stopped,
        tag="Risk",
        headers=(X_USER_ID, IDEMPOTENCY_KEY),
        errors=WRITE_ERRORS,
    )
    def post(self, request: Request) -> HttpResponse:
        return _stopped(request, "emergency-stop", DEFAULT_REASON)


class StopView(ApiView):
    @described(
        "The emergency stop, as later clients say it: without anything, of all accounts that the caller may trade in",
        query=EmergencyStopQuery,
        body=EmergencyStopRequest,
        response=responses.Stopped,
        tag="Risk",
        headers=(X_USER_ID, IDEMPOTENCY_KEY),
        errors=WRITE_ERRORS,
    )
    def post(self, request: Request) -> HttpResponse:
        return _stopped(request, "stop", STOP_REASON)


def _stopped(request: Request, route: str, default_reason: str) -> HttpResponse:
    now = timezone.now()
    query = query_of(request, EmergencyStopQuery)
    body = body_of(request, EmergencyStopRequest, required=False)
    target = target_of(query, body)
    named = user_named(request, query.user_id, body.user_id)
    user_ids = accounts_of(request, target, named)
    wanted = body.model_copy(update=query.model_dump(exclude_none=True))

    def effect() -> dict[str, Any]:
        reason = wanted.reason or default_reason
        result = emergency_stop(
            user_ids=user_ids,
            by=who(request),
            reason=reason,
            now=now,
            target=target,
            flatten=bool(wanted.flatten),
            drill=bool(wanted.drill),
        )
        return {
            "status": "success",
            "message": _stop_message(target, user_ids, result.drill),
            "reason": reason,
            "stop_id": result.stop_id,
            "scope": target.scope,
            "name": target.name,
            "drill": result.drill,
            "user_ids": user_ids,
            "halted_now": result.user_ids,
            "orders_cancelled": result.orders_cancelled,
            "strategies_paused": result.strategies_paused,
            "positions_closing": result.positions_closing,
        }

    return answered_once(request, route, named or EVERYBODY, wanted, effect, now=now)


def _stop_message(target: Target, user_ids: list[str], drill: bool) -> str:
    done = "Emergency stop would be triggered" if drill else "Emergency stop triggered"
    if target.scope is HaltScope.GLOBAL:
        return f"{done} for everybody"
    about = f"{target}, " if target.name else ""
    return f"{done} for {about}user {', '.join(user_ids)}"


class ResumeView(ApiView):
    @described(
        "Resume what was halted: first with a reason, then with the confirmation that the first call answered",
        query=TargetFields,
        body=ResumeRequest,
        response=responses.Resumed,
        tag="Risk",
        headers=(X_USER_ID, IDEMPOTENCY_KEY),
        errors=WRITE_ERRORS,
    )
    def post(self, request: Request) -> HttpResponse:
        return _resumed(request, "trading/resume")


class StartView(ApiView):
    @described(
        "The same two steps, as later clients say it: a success where nothing is halted, else a confirmation to send back",
        query=TargetFields,
        body=ResumeRequest,
        response=responses.Resumed,
        tag="Risk",
        headers=(X_USER_ID, IDEMPOTENCY_KEY),
        errors=WRITE_ERRORS,
    )
    def post(self, request: Request) -> HttpResponse:
        return _resumed(request, "start", START_REASON)


def _resumed(request: Request, route: str, default_reason: str = "") -> HttpResponse:
    """With a default reason, a call that finds nothing halted is a success: it asks for what is so already."""
    now = timezone.now()
    query, body = query_of(request, TargetFields), body_of(request, ResumeRequest, required=False)
    wanted = body.model_copy(update=query.model_dump(exclude_none=True))
    token = body.confirmation
    if token:
        require_own_pages(request)
        # the token says for whom: it was given to this caller, who was allowed to then. It answers no one else
        return answered_once(request, route, EVERYBODY, wanted, lambda: _confirmed(who(request), token, now), now=now)
    target = target_of(query, body)
    named = user_named(request, query.user_id, body.user_id)
    user_ids = accounts_of(request, target, named)
    reason = (wanted.reason or "").strip() or default_reason
    if not reason:
        raise Invalid([fault("missing", ["body", "reason"], "Say what has been put right", None)])

    def effect() -> dict[str, Any]:
        if default_reason and not halted_among(user_ids, target):
            return _resume_answer("success", "Trading is on already")
        return _asked(resuming.resume_ask(user_ids=user_ids, target=target, by=who(request), reason=reason))

    return answered_once(request, route, named or EVERYBODY, wanted, effect, now=now)


def _asked(asked: resuming.Asked) -> dict[str, Any]:
    checks = {"user_ids": asked.user_ids, "checks": [asdict(finding) for finding in asked.findings]}
    if asked.token is None:
        wrong = "; ".join(finding.detail for finding in asked.findings if not finding.passed)
        return _resume_answer("failed", "Trading stays halted", error_code="NOT_READY", reason=wrong, **checks)
    return _resume_answer(
        "confirmation_required",
        "Send the confirmation back to resume",
        confirmation=asked.token,
        expires_in_seconds=resuming.CONFIRM_SECONDS,
        **checks,
    )


def _confirmed(by: str, token: str, now: datetime) -> dict[str, Any]:
    try:
        resumed = resuming.resume_confirm(token=token, by=by, now=now)
    except resuming.NotConfirmed as error:
        message = f"{error} It is good for {resuming.CONFIRM_SECONDS} s, for whom it was given to"
        raise Invalid([fault("confirmation", ["body", "confirmation"], message, None)]) from None
    except resuming.NotReady as error:
        return _resume_answer("failed", "Trading stays halted", error_code="NOT_READY", reason=str(error))
    return _resume_answer("success", f"Trading resumed: {', '.join(resumed) or 'nothing was halted'}", user_ids=resumed)


def _resume_answer(status: str, message: str, **more: Any) -> dict[str, Any]:
    nothing = {"confirmation": None, "expires_in_seconds": None, "error_code": None, "reason": None}
    return {"status": status, "message": message, "user_ids": [], "checks": [], **nothing, **more}


def target_of(query: TargetFields, body: TargetFields) -> Target:
    scope = query.scope or body.scope or HaltScope.ACCOUNT
    name = query.name or body.name or ""
    try:
        return Target(scope, name.upper() if scope is HaltScope.SYMBOL else name)
    except ServiceError as error:
        raise Invalid([fault("target", ["body", "name"], str(error), name)]) from None


def accounts_of(request: Request, target: Target, named: str | None) -> list[str]:
    """Whom the target is about: the account named, or all that the caller may trade in. Everybody is for staff to stop."""
    if target.scope is HaltScope.GLOBAL:
        require_own_pages(request)
        require_staff(request)
        return list(Account.objects.values_list("user_id", flat=True))
    if target.scope is HaltScope.STRATEGY:
        return [_owner(request, target.name, named)]
    user_ids = acting_accounts(request, named, now=timezone.now())
    if not user_ids:
        raise NotFound("You have no account to act on")
    return user_ids


def _owner(request: Request, strategy_id: str, named: str | None) -> str:
    owner = Strategy.objects.filter(id=strategy_id).values_list("account_id", flat=True).first()
    user_id = acting_account(request, named or owner, now=timezone.now())
    if owner != user_id:
        raise NotFound(f"{user_id} has no strategy {strategy_id}")
    return user_id
