"""Acts that ask before they are done: a page where there is no script, and the same form in a dialog where there is one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_http_methods

from dashboard.pages import fragments
from dashboard.pages.access import scope_of
from dashboard.pages.actions import REASON_LIMIT, Action, NotDone, View, action, from_script, signed_in_only, text_of
from engine.services.resuming import Finding


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to decide in the form: a checkbox, or one of several radio buttons of one name."""

    name: str
    value: str
    label: str
    kind: str = "checkbox"
    checked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """What is asked. `facts` are labels with figures; `word` has to be typed; `reason` is its field's hint, if any.

    `findings` were looked at before: each is well or not.
    """

    title: str
    text: str
    button: str
    back: str
    not_done: str
    danger: bool = False
    icon: str = "check"
    facts: Sequence[tuple[str, str]] = ()
    choices: Sequence[Choice] = ()
    findings: Sequence[Finding] = ()
    hidden: Sequence[tuple[str, str]] = ()
    reason: str = ""
    reason_required: bool = False
    word: str = ""
    word_hint: str = ""
    onward: tuple[str, str] | None = None  # an address and its label, where the form itself does nothing


def confirmed(not_done: str, ask: Callable[..., Confirmation], act: Action) -> View:
    """A view that asks by GET and acts by POST. `ask` may raise NotDone: then there is nothing to confirm, and it is said."""
    acting = action(act)

    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "POST":
            return acting(request, *args, **kwargs)
        try:
            return asked(request, ask(request, *args, **kwargs))
        except NotDone as error:
            return asked(request, None, text=str(error), status=error.status)

    return signed_in_only(not_done)(require_http_methods(["GET", "HEAD", "POST"])(view))


def next_step(request: HttpRequest, confirmation: Confirmation, message: str) -> HttpResponse:
    """What an act answers that has more to ask: a script puts it in the place of the form that was sent."""
    if not from_script(request):
        return asked(request, confirmation)
    form = render_to_string("partials/confirmation.html", _context(request, confirmation), request)
    return JsonResponse({"message": message, "done": False, "next": form})


def _context(request: HttpRequest, confirmation: Confirmation | None, text: str = "") -> dict[str, Any]:
    account = request.POST.get("account") or request.GET.get("account", "")
    return {"page": "confirm", "scope": scope_of(request), "ask": confirmation, "text": text, "account": account}


def asked(request: HttpRequest, confirmation: Confirmation | None, *, text: str = "", status: int = 200) -> HttpResponse:
    """The form, in a page of its own or, for our script, alone."""
    name = "partials/confirmation.html" if fragments.is_wanted(request) else "confirmation.html"
    return fragments.answer(request, render(request, name, _context(request, confirmation, text), status=status))


def require_reason(request: HttpRequest, not_done: str) -> str:
    """Raises NotDone where no reason was given."""
    reason = text_of(request, "reason", REASON_LIMIT)
    if not reason:
        raise NotDone(f"{not_done}: say why.")
    return reason
