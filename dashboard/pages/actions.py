"""What a page can do: POSTs with CSRF. A script gets JSON, a plain form is led back to its page with a message."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from dashboard.pages.access import accounts_to_act_on, may_handle, scope_of, signed_in
from engine import alerts
from engine.models import Alert
from engine.services import trading
from engine.services.errors import ServiceError

STOP_WORD, RESUME_WORD = "STOP", "RESUME"
NOTE_LIMIT = 1000
REASON_LIMIT = 200


class NotDone(Exception):
    """The action was not carried out: its text says what happened, and what was not done."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


Action = Callable[..., str]
View = Callable[..., HttpResponse]


def signed_in_only(not_done: str) -> Callable[[View], View]:
    """Lead who is not signed in to the sign-in; what was sent with a plain form is said there not to have been done."""

    def decorate(act: View) -> View:
        @wraps(act)
        def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.user.is_authenticated:
                return act(request, *args, **kwargs)
            if request.method == "POST" and not _from_script(request):
                messages.error(request, f"Not done: you were signed out. {not_done}")
            return redirect_to_login(request.get_full_path() if request.method in ("GET", "HEAD") else reverse("overview"))

        return view

    return decorate


def action(act: Action) -> View:
    """Turn a function that acts, and says what it did, into a view. `back` names the page to return to."""

    @wraps(act)
    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            _one_account(request)
            return _answer(request, act(request, *args, **kwargs), 200)
        except NotDone as error:
            return _answer(request, str(error), error.status)
        except ServiceError as error:
            return _answer(request, f"Not done: {str(error).rstrip('.')}.", 400)

    return signed_in_only("Nothing was changed.")(require_POST(view))


@action
def acknowledge(request: HttpRequest, alert_id: str) -> str:
    alert = _alert(request, alert_id)
    try:
        alerts.alert_acknowledge(alert_id=alert.id, by=signed_in(request).get_username(), now=timezone.now())
    except alerts.AlertNotFound:
        raise NotDone("The alert was already resolved; nothing was changed.", 409) from None
    return f"“{alert.title}” is acknowledged."


@action
def resolve(request: HttpRequest, alert_id: str) -> str:
    alert = _alert(request, alert_id)
    note = _text(request, "note", NOTE_LIMIT)
    try:
        alerts.alert_resolve(alert_id=alert.id, by=signed_in(request).get_username(), note=note, now=timezone.now())
    except alerts.AlertNotFound:
        raise NotDone("The alert was already resolved; nothing was changed.", 409) from None
    return f"“{alert.title}” is resolved."


@action
def stop(request: HttpRequest) -> str:
    _typed(request, STOP_WORD, "Trading was not stopped")
    user_ids = _accounts(request, "Trading was not stopped")
    reason = _text(request, "reason", REASON_LIMIT) or "Emergency stop from the dashboard"
    trading.emergency_stop(user_ids=user_ids, by=signed_in(request).get_username(), reason=reason, now=timezone.now())
    return f"Emergency stop: trading is halted in {_named(user_ids)}."


@action
def resume(request: HttpRequest) -> str:
    _typed(request, RESUME_WORD, "Trading was not resumed")
    user_ids = _accounts(request, "Trading was not resumed")
    reason = _text(request, "reason", REASON_LIMIT)
    if not reason:
        raise NotDone("Trading was not resumed: say what has been put right.")
    trading.trading_resume(user_ids=user_ids, by=signed_in(request).get_username(), reason=reason, now=timezone.now())
    return f"Trading is resumed in {_named(user_ids)}."


@signed_in_only("Trading was not stopped.")
@require_http_methods(["GET", "HEAD", "POST"])
def emergency_stop(request: HttpRequest) -> HttpResponse:
    return stop(request) if request.method == "POST" else _confirmation(request, "stop", STOP_WORD)


@signed_in_only("Trading was not resumed.")
@require_http_methods(["GET", "HEAD", "POST"])
def trading_resume(request: HttpRequest) -> HttpResponse:
    return resume(request) if request.method == "POST" else _confirmation(request, "resume", RESUME_WORD)


def _confirmation(request: HttpRequest, what: str, word: str) -> HttpResponse:
    """Where the button leads without JavaScript."""
    return render(request, "confirm.html", {"page": "confirm", "scope": scope_of(request), "what": what, "word": word})


def _one_account(request: HttpRequest) -> None:
    """A page's address and its form name the same account. Where they do not, nobody can tell which was meant."""
    named = sorted({name for name in (*request.GET.getlist("account"), *request.POST.getlist("account")) if name})
    if len(named) > 1:
        raise NotDone(f"Nothing was done: the request names more than one account ({', '.join(named)[:200]}).")


def _alert(request: HttpRequest, alert_id: str) -> Alert:
    alert = Alert.objects.filter(id=alert_id).first() if alert_id.isprintable() else None
    if alert is None or not may_handle(signed_in(request), alert.account_id):
        raise NotDone("There is no such alert, or it is not yours to handle; nothing was changed.", 404)
    return alert


def _text(request: HttpRequest, name: str, limit: int) -> str:
    """What was written into a field, without what PostgreSQL cannot store."""
    return request.POST.get(name, "").replace("\0", "").strip()[:limit]


def _typed(request: HttpRequest, word: str, not_done: str) -> None:
    if request.POST.get("word", "").strip().upper() != word:
        raise NotDone(f"{not_done}: type the word {word} to confirm.")


def _accounts(request: HttpRequest, not_done: str) -> list[str]:
    user_ids = accounts_to_act_on(request, scope_of(request))
    if not user_ids:
        raise NotDone(f"{not_done}: you have no account to do that in.", 403)
    return user_ids


def _named(user_ids: list[str]) -> str:
    return ", ".join(user_ids) if len(user_ids) <= 3 else f"{len(user_ids)} accounts"


def _from_script(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "").startswith("application/json")


def _answer(request: HttpRequest, text: str, status: int) -> HttpResponse:
    if _from_script(request):
        return JsonResponse({"message": text, "done": status == 200}, status=status)
    messages.add_message(request, messages.SUCCESS if status == 200 else messages.ERROR, text)
    back = request.POST.get("back", "")
    safe = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return redirect(back if safe else "overview")
