"""What a page can do: POSTs with CSRF. A script gets JSON, a plain form is led back to its page with a message."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from dashboard.pages.access import may_handle, signed_in
from engine import alerts
from engine.domain.enums import AlertStatus
from engine.models import Alert
from engine.selectors.lanes import lanes_alive
from engine.services.errors import ServiceError

NOTE_LIMIT = 1000
REASON_LIMIT = 200
MOST_LINES = 30  # of what was done to each


class NotDone(Exception):
    """The action was not carried out: its text says what happened, and what was not done."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class Done:
    """What was done, and to each of many; and how it is undone.

    `undo` is there where another action puts back exactly what was before: its address as `url`, with the fields to post. Of
    those `still` says how it stands now: see `require_still`.
    """

    text: str
    undo: dict[str, Any] | None = None
    each: Sequence[str] = ()
    by_engine: bool = True  # what it asked for is carried out by the engine: where that is away, it waits


AWAY = "The engine is not running: what is left to it waits until it runs again."
Action = Callable[..., str | Done | HttpResponse]
View = Callable[..., HttpResponse]
Item = TypeVar("Item")


def signed_in_only(not_done: str) -> Callable[[View], View]:
    """Lead who is not signed in to the sign-in; what was sent with a plain form is said there not to have been done."""

    def decorate(act: View) -> View:
        @wraps(act)
        def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.user.is_authenticated:
                return act(request, *args, **kwargs)
            if request.method == "POST" and not from_script(request):
                messages.error(request, f"Not done: you were signed out. {not_done}")
            return redirect_to_login(request.get_full_path() if request.method in ("GET", "HEAD") else reverse("overview"))

        return view

    return decorate


def action(act: Action) -> View:
    """Turn a function that acts, and says what it did, into a view. `back` names the page to return to.

    One that answers itself has a next step to show.
    """

    @wraps(act)
    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            _one_account(request)
            done = act(request, *args, **kwargs)
            if isinstance(done, HttpResponse):
                return done
            return _answer(request, done if isinstance(done, Done) else Done(done), 200)
        except NotDone as error:
            return _answer(request, Done(str(error)), error.status)
        except ServiceError as error:
            return _answer(request, Done(f"Not done: {str(error).rstrip('.')}."), 400)

    return signed_in_only("Nothing was changed.")(require_POST(view))


@action
def acknowledge(request: HttpRequest, alert_id: str) -> Done:
    alert = _alert(request, alert_id)
    try:
        alerts.alert_acknowledge(alert_id=alert.id, by=signed_in(request).get_username(), now=timezone.now())
    except alerts.AlertNotFound:
        raise NotDone("The alert was already resolved; nothing was changed.", 409) from None
    undo = {"url": reverse("alerts-selected", args=["unacknowledge"]), "alert": alert.id}
    return Done(f"“{alert.title}” is acknowledged.", undo if alert.status == AlertStatus.ACTIVE else None, by_engine=False)


@action
def resolve(request: HttpRequest, alert_id: str) -> Done:
    alert = _alert(request, alert_id)
    note = text_of(request, "note", NOTE_LIMIT)
    try:
        alerts.alert_resolve(alert_id=alert.id, by=signed_in(request).get_username(), note=note, now=timezone.now())
    except alerts.AlertNotFound:
        raise NotDone("The alert was already resolved; nothing was changed.", 409) from None
    return Done(f"“{alert.title}” is resolved.", by_engine=False)


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


def text_of(request: HttpRequest, name: str, limit: int) -> str:
    """What was written into a field, without what PostgreSQL cannot store."""
    return request.POST.get(name, "").replace("\0", "").strip()[:limit]


def require_word(request: HttpRequest, word: str, not_done: str) -> None:
    """Raises NotDone where the word was not typed."""
    if request.POST.get("word", "").strip().upper() != word:
        raise NotDone(f"{not_done}: type the word {word} to confirm.")


def require_still(request: HttpRequest, stands: str) -> None:
    """An undo takes back one change, and no later one. Raises NotDone where it stands no longer as that change left it."""
    if request.POST.get("still", stands) != stands:
        raise NotDone("Not undone: the change is not carried out yet, or was followed by another. Nothing was changed.", 409)


def to_each(items: Sequence[Item], say: Callable[[Item], str]) -> list[str]:
    """What became of each, where there are several; of many the first ones, and how many more there are."""
    lines = [say(item) for item in items[:MOST_LINES]] if len(items) > 1 else []
    more = len(items) - MOST_LINES
    return [*lines, f"and {more} more"] if more > 0 else lines


def from_script(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "").startswith("application/json")


def engine_away() -> str:
    """A word for what was asked of the engine while it does not run; empty while it does."""
    return "" if all(lanes_alive(now=timezone.now()).values()) else AWAY


def _answer(request: HttpRequest, done: Done, status: int) -> HttpResponse:
    waits = engine_away() if status == 200 and done.by_engine else ""
    if from_script(request):
        more = {"undo": done.undo, "each": done.each, "waits": waits}
        answer = {"message": done.text, "done": status == 200} | {name: value for name, value in more.items() if value}
        return JsonResponse(answer, status=status)
    text = f"{done.text} {'; '.join(done.each)}." if done.each else done.text
    tone = messages.SUCCESS if status == 200 else messages.ERROR
    messages.add_message(request, tone, f"{text} {waits}" if waits else text)
    back = request.POST.get("back", "")
    safe = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return redirect(back if safe else "overview")
