"""What people do about alerts: acknowledge, silence, resolve, one or many at once. The commands are the pages' own."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from pydantic import BaseModel
from rest_framework.request import Request

from dashboard.api import responses
from dashboard.api.base import ApiView, body_of
from dashboard.api.describe import IDEMPOTENCY_KEY, described
from dashboard.api.errors import Invalid, NotFound, PermissionDenied, echo, fault
from dashboard.api.identity import is_open_to, require_own_pages, require_signed_in, scope_of, user_of, who
from dashboard.api.repeats import answered_once
from dashboard.api.schemas import (
    AlertsRequest,
    AlertsResolveRequest,
    AlertsSilenceRequest,
    Nothing,
    ResolveRequest,
    SilenceRequest,
)
from dashboard.api.wire import is_storable
from engine import alerts
from engine.selectors.alerts import alert_found, alert_owners
from engine.services import inbox
from engine.services.errors import SilenceTooLong

ERRORS = (401, 403, 404, 409)
ID_LENGTH = 40

Act = Callable[[Sequence[str], str, datetime], inbox.Handled]  # to these alerts, by whom, and when


def described_act(summary: str, body: type[BaseModel] | None, response: Any = responses.AlertsHandled) -> Callable[[Any], Any]:
    return described(summary, body=body, response=response, tag="Alerts", headers=(IDEMPOTENCY_KEY,), errors=ERRORS)


class AlertResolveView(ApiView):
    @described_act("Resolve an alert", ResolveRequest, responses.Resolved)
    def post(self, request: Request, alert_id: str) -> HttpResponse:
        body, now = _body(request, ResolveRequest, required=False), timezone.now()
        _named(request, alert_id)

        def effect() -> dict[str, Any]:
            try:
                alerts.alert_resolve(alert_id=alert_id, by=who(request), note=body.note, now=now)
            except alerts.AlertNotFound as error:
                raise NotFound(str(error)) from None
            return {"status": "success", "message": f"Alert {alert_id} resolved successfully"}

        return answered_once(request, f"alerts/{alert_id}/resolve", "", body, effect, now=now)


class AlertAcknowledgeView(ApiView):
    @described_act("Say that somebody has the alert in hand", None)
    def post(self, request: Request, alert_id: str) -> HttpResponse:
        return _to_one(request, alert_id, "acknowledge", Nothing, lambda _: _acknowledge)


class AlertUnacknowledgeView(ApiView):
    @described_act("Take an acknowledgement back", None)
    def post(self, request: Request, alert_id: str) -> HttpResponse:
        return _to_one(request, alert_id, "unacknowledge", Nothing, lambda _: _unacknowledge)


class AlertSilenceView(ApiView):
    @described_act("Let the alert call for nobody's attention for a time, unless it grows worse", SilenceRequest)
    def post(self, request: Request, alert_id: str) -> HttpResponse:
        return _to_one(request, alert_id, "silence", SilenceRequest, _silence)


class AlertUnsilenceView(ApiView):
    @described_act("Let the alert call for attention again", None)
    def post(self, request: Request, alert_id: str) -> HttpResponse:
        return _to_one(request, alert_id, "unsilence", Nothing, lambda _: _unsilence)


class AlertsAcknowledgeView(ApiView):
    @described_act("Acknowledge many alerts at once, all or none", AlertsRequest)
    def post(self, request: Request) -> HttpResponse:
        return _to_many(request, "acknowledge", AlertsRequest, lambda _: _acknowledge)


class AlertsUnacknowledgeView(ApiView):
    @described_act("Take many acknowledgements back at once, all or none", AlertsRequest)
    def post(self, request: Request) -> HttpResponse:
        return _to_many(request, "unacknowledge", AlertsRequest, lambda _: _unacknowledge)


class AlertsSilenceView(ApiView):
    @described_act("Silence many alerts at once, all or none", AlertsSilenceRequest)
    def post(self, request: Request) -> HttpResponse:
        return _to_many(request, "silence", AlertsSilenceRequest, _silence)


class AlertsUnsilenceView(ApiView):
    @described_act("End the silence of many alerts at once, all or none", AlertsRequest)
    def post(self, request: Request) -> HttpResponse:
        return _to_many(request, "unsilence", AlertsRequest, lambda _: _unsilence)


class AlertsResolveView(ApiView):
    @described_act("Resolve many alerts at once, all or none, with one note", AlertsResolveRequest)
    def post(self, request: Request) -> HttpResponse:
        return _to_many(request, "resolve", AlertsResolveRequest, _resolve)


# --- the commands ----------------------------------------------------------------------------------------------------------
def _acknowledge(alert_ids: Sequence[str], by: str, now: datetime) -> inbox.Handled:
    return inbox.alerts_acknowledge(alert_ids=alert_ids, by=by, now=now)


def _unacknowledge(alert_ids: Sequence[str], by: str, now: datetime) -> inbox.Handled:
    return inbox.alerts_unacknowledge(alert_ids=alert_ids, by=by, now=now)


def _unsilence(alert_ids: Sequence[str], by: str, now: datetime) -> inbox.Handled:
    return inbox.alerts_unsilence(alert_ids=alert_ids, by=by, now=now)


def _silence(body: Any) -> Act:
    def act(alert_ids: Sequence[str], by: str, now: datetime) -> inbox.Handled:
        try:
            return inbox.alerts_silence(alert_ids=alert_ids, length=timedelta(minutes=body.minutes), by=by, now=now)
        except SilenceTooLong as error:
            raise Invalid([fault("silence_too_long", ["body", "minutes"], str(error), body.minutes)]) from None

    return act


def _resolve(body: Any) -> Act:
    return lambda alert_ids, by, now: inbox.alerts_resolve(alert_ids=alert_ids, by=by, note=body.note, now=now)


# --- to whom, and may they? ------------------------------------------------------------------------------------------------
def _to_one(request: Request, alert_id: str, what: str, model: type[BaseModel], act_of: Callable[[Any], Act]) -> HttpResponse:
    body = _body(request, model, required=False)
    return _done(request, f"alerts/{alert_id}/{what}", body, act_of(body), [_named(request, alert_id)])


def _to_many(request: Request, what: str, model: type[AlertsRequest], act_of: Callable[[Any], Act]) -> HttpResponse:
    body = _body(request, model)
    wanted = sorted(set(body.alert_ids))
    owners = alert_owners(wanted)
    _require_own(request, set(owners.values()), unknown=len(owners) < len(wanted), said="One of the alerts is unknown")
    return _done(request, f"alerts/{what}", body, act_of(body), wanted)


def _body(request: Request, model: type[Any], *, required: bool = True) -> Any:
    require_own_pages(request)
    require_signed_in(request)
    return body_of(request, model, required=required)


def _done(request: Request, route: str, body: BaseModel, act: Act, alert_ids: Sequence[str]) -> HttpResponse:
    now = timezone.now()

    def effect() -> dict[str, Any]:
        handled = act(alert_ids, who(request), now)
        left = f", {len(handled.left)} left as before" if handled.left else ""
        return {
            "status": "success",
            "message": f"{len(handled.done)} changed{left}",
            "done": handled.done,
            "left": handled.left,
        }

    return answered_once(request, route, "", body, effect, now=now)


def _named(request: Request, alert_id: str) -> str:
    """The alert's own id. An account's alerts are its members' to handle, the system's are staff's."""
    said = f"Alert {echo(alert_id)} not found or already resolved"
    found = alert_found(alert_id) if len(alert_id) <= ID_LENGTH and is_storable(alert_id) else None
    if found is None:
        raise NotFound(said)
    _require_own(request, {found[1]}, unknown=False, said=said)
    return found[0]


def _require_own(request: Request, owners: set[str | None], *, unknown: bool, said: str) -> None:
    if unknown:
        raise NotFound(said)
    if is_open_to(request) or user_of(request).is_staff:
        return
    if owners - {None} - set(scope_of(request) or ()):
        raise NotFound(said)
    if None in owners:
        raise PermissionDenied("Only staff may handle the system's alerts")
