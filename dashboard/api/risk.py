"""The routes of control and risk. Each parses, asks who may, and calls one service or selector."""

from dataclasses import asdict

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from dashboard.api import responses
from dashboard.api.base import ApiView, body_of, query_of
from dashboard.api.describe import X_USER_ID, described
from dashboard.api.errors import Invalid, NotFound, fault
from dashboard.api.identity import acting_account, acting_accounts, require_own_pages, require_staff, user_named, who
from dashboard.api.schemas.risk import EmergencyStopQuery, EmergencyStopRequest, ResumeRequest, TargetFields
from engine.domain.enums import HaltScope
from engine.models import Account, Strategy
from engine.services import resuming
from engine.services.errors import ServiceError
from engine.services.trading import Target, emergency_stop

DEFAULT_REASON = "Manual emergency stop"


class EmergencyStopView(ApiView):
    @described(
        "Halt trading: cancels working orders and pauses strategies",
        query=EmergencyStopQuery,
        body=EmergencyStopRequest,
        response=responses.Stopped,
        tag="Risk",
        headers=(X_USER_ID,),
        errors=(400, 401, 403, 404, 422),
    )
    def post(self, request: Request) -> Response:
        now = timezone.now()
        query = query_of(request, EmergencyStopQuery)
        body = body_of(request, EmergencyStopRequest, required=False)
        reason = query.reason or body.reason or DEFAULT_REASON
        target = target_of(query, body)
        user_ids = accounts_of(request, target, user_named(request, query.user_id, body.user_id))
        result = emergency_stop(
            user_ids=user_ids,
            by=who(request),
            reason=reason,
            now=now,
            target=target,
            flatten=bool(body.flatten if query.flatten is None else query.flatten),
            drill=bool(body.drill if query.drill is None else query.drill),
        )
        return Response(
            {
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
        )


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
        headers=(X_USER_ID,),
        errors=(400, 401, 403, 404, 422),
    )
    def post(self, request: Request) -> Response:
        query, body = query_of(request, TargetFields), body_of(request, ResumeRequest, required=False)
        if body.confirmation:
            return self._confirm(request, body.confirmation)
        target = target_of(query, body)
        user_ids = accounts_of(request, target, user_named(request, query.user_id, body.user_id))
        reason = (query.reason or body.reason or "").strip()
        if not reason:
            raise Invalid([fault("missing", ["body", "reason"], "Say what has been put right", None)])
        asked = resuming.resume_ask(user_ids=user_ids, target=target, by=who(request), reason=reason)
        ready = asked.token is not None
        wrong = "; ".join(finding.detail for finding in asked.findings if not finding.passed)
        return Response(
            {
                "status": "confirmation_required" if ready else "failed",
                "message": "Send the confirmation back to resume" if ready else "Trading stays halted",
                "user_ids": asked.user_ids,
                "checks": [asdict(finding) for finding in asked.findings],
                "confirmation": asked.token,
                "expires_in_seconds": resuming.CONFIRM_SECONDS if ready else None,
                "error_code": None if ready else "NOT_READY",
                "reason": wrong or None,
            }
        )

    @staticmethod
    def _confirm(request: Request, token: str) -> Response:
        """The token says for whom: it was given to this caller, who was allowed to then. It answers no one else."""
        require_own_pages(request)
        code, reason, resumed = None, None, list[str]()
        try:
            resumed = resuming.resume_confirm(token=token, by=who(request), now=timezone.now())
        except resuming.NotConfirmed as error:
            message = f"{error} It is good for {resuming.CONFIRM_SECONDS} s, for whom it was given to"
            raise Invalid([fault("confirmation", ["body", "confirmation"], message, None)]) from None
        except resuming.NotReady as error:
            code, reason = "NOT_READY", str(error)
        return Response(
            {
                "status": "failed" if code else "success",
                "message": "Trading stays halted" if code else f"Trading resumed: {', '.join(resumed) or 'nothing was halted'}",
                "user_ids": resumed,
                "checks": [],
                "confirmation": None,
                "expires_in_seconds": None,
                "error_code": code,
                "reason": reason,
            }
        )


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
