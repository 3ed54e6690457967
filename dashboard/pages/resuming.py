"""Trading again after a halt, at every scope: a reason first, then what was looked at, and the word within a minute."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from dashboard.pages.access import scope_of, signed_in
from dashboard.pages.actions import NotDone, require_word
from dashboard.pages.confirmations import Confirmation, confirmed, next_step, require_reason
from dashboard.pages.halts import fields_of, named, wanted, whose
from engine.domain.enums import HaltScope
from engine.services.resuming import Asked, NotConfirmed, NotReady, resume_ask, resume_confirm
from engine.services.trading import Target

RESUME_WORD = "RESUME"
NOT_RESUMED = "Trading was not resumed"
GOES_ON = (
    "Signals and orders are carried out again at once, as far as the limits allow, and strategies that the stop paused go on. "
    "Cancelled orders do not come back."
)
TOO_LATE = "the look is older than a minute, or trading was stopped since. Look again"


def ask(request: HttpRequest) -> Confirmation:
    target, user_ids = wanted(request, request.GET, HaltScope.ACCOUNT)
    return Confirmation(
        title=f"Resume {named(target, user_ids)}?",
        text=f"{GOES_ON} Positions, orders and strategies are looked at first; you confirm what was found.",
        button="Look and go on",
        icon="eye",
        back=_risk_page(request),
        not_done=f"{NOT_RESUMED}.",
        hidden=fields_of(target),
        reason="What has been put right?",
        reason_required=True,
    )


def act(request: HttpRequest) -> str | HttpResponse:
    by, token = signed_in(request).get_username(), request.POST.get("confirmation", "")
    if token:
        require_word(request, RESUME_WORD, NOT_RESUMED)
        return _resumed(token, by)
    target, user_ids = wanted(request, request.POST, HaltScope.ACCOUNT)
    reason = require_reason(request, NOT_RESUMED)
    asked = resume_ask(user_ids=user_ids, target=target, by=by, reason=reason)
    message = "Look at what was found, and confirm." if asked.token else "Trading stays halted: see what is not well."
    return next_step(request, _second(request, asked, target, reason), message)


trading_resume = confirmed(f"{NOT_RESUMED}.", ask, act)


def _second(request: HttpRequest, asked: Asked, target: Target, reason: str) -> Confirmation:
    """What was found; and, where all is well, the word that confirms it."""
    about, token = named(target, asked.user_ids), asked.token
    return Confirmation(
        title=f"Resume {about}?" if token else f"Halted still: {about}",
        text=GOES_ON if token else "Put right what is not well, then look again. Nothing was changed.",
        button="Resume" if token else "Look again",
        icon="play" if token else "eye",
        back=_risk_page(request),
        not_done=f"{NOT_RESUMED}.",
        facts=[("Reason", reason)],
        findings=asked.findings,
        hidden=[*fields_of(target), ("confirmation", token) if token else ("reason", reason)],
        word=RESUME_WORD if token else "",
        word_hint="within a minute",
    )


def _resumed(token: str, by: str) -> str:
    try:
        resumed = resume_confirm(token=token, by=by, now=timezone.now())
    except NotConfirmed:
        raise NotDone(f"{NOT_RESUMED}: {TOO_LATE}.", 409) from None
    except NotReady as error:
        raise NotDone(f"{NOT_RESUMED}: {error}.", 409) from None
    return f"Trading is resumed in {whose(resumed)}." if resumed else "Nothing was halted there: trading was on already."


def _risk_page(request: HttpRequest) -> str:
    return f"{reverse('risk')}?{scope_of(request).query}"
