"""Halting and resuming from the admin's lists: what would happen is shown first, and confirmed with a reason and a word."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils import timezone

from dashboard.admin.base import RecordAdmin
from engine.domain.enums import HaltScope
from engine.models import DeskState
from engine.services.errors import ServiceError
from engine.services.resuming import CONFIRM_SECONDS, Finding, resume_ask, resume_confirm
from engine.services.trading import StopResult, Target, emergency_stop

REASON_LENGTH = 200
STOP_WORD, RESUME_WORD = "STOP", "RESUME"
Aim = tuple[list[str], Target]  # accounts, and what of them


class ReasonField(forms.CharField):
    def __init__(self) -> None:
        super().__init__(max_length=REASON_LENGTH, help_text="for the log")


class WordField(forms.CharField):
    """A word to type: no slip of the hand is one."""

    def __init__(self, word: str) -> None:
        super().__init__(label=f"Type {word} to confirm")
        self.word = word

    def clean(self, value: Any) -> str:
        if super().clean(value).strip().upper() != self.word:
            raise forms.ValidationError(f"Type the word {self.word}.")
        return self.word


class StopForm(forms.Form):
    reason = ReasonField()
    word = WordField(STOP_WORD)


class AskForm(forms.Form):
    reason = ReasonField()


class ConfirmForm(forms.Form):
    word = WordField(RESUME_WORD)


class HaltingAdmin(RecordAdmin):
    """A list whose rows can be halted and resumed, each time by a page of its own that asks."""

    def aims(self, rows: QuerySet[Any]) -> list[Aim]:
        """What these rows stand for."""
        raise NotImplementedError

    def has_halt_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("engine.change_account")

    @admin.action(description="Halt trading …", permissions=["halt"])
    def halt(self, request: HttpRequest, rows: QuerySet[Any]) -> TemplateResponse | None:
        return self._halt(request, rows, flatten=False)

    @admin.action(description="Halt trading and close the positions …", permissions=["halt"])
    def halt_and_close(self, request: HttpRequest, rows: QuerySet[Any]) -> TemplateResponse | None:
        return self._halt(request, rows, flatten=True)

    def _halt(self, request: HttpRequest, rows: QuerySet[Any], *, flatten: bool) -> TemplateResponse | None:
        form, aims = _form(request, StopForm), self.aims(rows)
        if not form.is_valid():
            would = [_told(_stop(request, aim, "", flatten, drill=True), aim) for aim in aims]
            title = "Halt trading and close the positions" if flatten else "Halt trading"
            return self._page(request, rows, form, title=title, lines=would, button="Stop trading")
        with transaction.atomic():
            done = [_told(_stop(request, aim, form.cleaned_data["reason"], flatten), aim) for aim in aims]
        messages.success(request, f"Trading is halted. {' '.join(done)}")
        return None

    @admin.action(description="Resume trading …", permissions=["halt"])
    def resume_trading(self, request: HttpRequest, rows: QuerySet[Any]) -> TemplateResponse | None:
        tokens = request.POST.getlist("confirmation")
        if tokens:
            return self._confirm(request, rows, tokens)
        form = _form(request, AskForm)
        if not form.is_valid():
            lines = ["Positions, orders and strategies are looked at first; what was found is confirmed on the next page."]
            return self._page(request, rows, form, title="Resume trading", lines=lines, button="Look and go on")
        by, reason = request.user.get_username(), form.cleaned_data["reason"]
        asked = [resume_ask(user_ids=user_ids, target=target, by=by, reason=reason) for user_ids, target in self.aims(rows)]
        tokens = [one.token for one in asked if one.token]
        findings = list(dict.fromkeys(finding for one in asked for finding in one.findings))
        if len(tokens) < len(asked):
            return self._page(request, rows, form, title="Trading stays halted", findings=findings, button="Look again")
        return self._second_page(request, rows, ConfirmForm(), tokens, findings)

    def _confirm(self, request: HttpRequest, rows: QuerySet[Any], tokens: list[str]) -> TemplateResponse | None:
        form = _form(request, ConfirmForm)
        if not form.is_valid():
            return self._second_page(request, rows, form, tokens, [])
        by, now = request.user.get_username(), timezone.now()
        try:
            with transaction.atomic():
                resumed = [user_id for token in tokens for user_id in resume_confirm(token=token, by=by, now=now)]
        except ServiceError as error:
            messages.error(request, f"Not resumed: {str(error).rstrip('.')}.")
        else:
            messages.success(request, f"Trading is resumed: {', '.join(sorted(set(resumed))) or 'nothing was halted'}.")
        return None

    def _second_page(
        self, request: HttpRequest, rows: QuerySet[Any], form: forms.Form, tokens: list[str], found: list[Finding]
    ) -> TemplateResponse:
        lines = [f"Confirm within {CONFIRM_SECONDS} s."]
        more = {"lines": lines, "findings": found, "tokens": tokens}
        return self._page(request, rows, form, title="Resume trading", button="Resume trading", **more)

    def _page(self, request: HttpRequest, rows: QuerySet[Any], form: Any, *, title: str, **shown: Any) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "form": form,
            "rows": rows,
            "action": request.POST["action"],
            "checkbox": ACTION_CHECKBOX_NAME,
            **shown,
        }
        return TemplateResponse(request, "admin/engine/command.html", context)


def _form(request: HttpRequest, kind: type[forms.Form]) -> forms.Form:
    """Filled in once the page that asks was sent; before that with the reason from the list, if there is one."""
    if "asked" in request.POST:
        return kind(request.POST)
    return kind(initial={"reason": request.POST.get("reason", "")})


def _stop(request: HttpRequest, aim: Aim, reason: str, flatten: bool, *, drill: bool = False) -> StopResult:
    user_ids, target = aim
    return emergency_stop(
        user_ids=user_ids,
        by=request.user.get_username(),
        reason=reason,
        now=timezone.now(),
        target=target,
        flatten=flatten,
        drill=drill,
    )


def _told(result: StopResult, aim: Aim) -> str:
    about = str(aim[1]) if aim[1].scope is not HaltScope.ACCOUNT else ", ".join(aim[0])
    closing = f", {result.positions_closing} positions to close" if result.positions_closing else ""
    return (
        f"{about.capitalize() if aim[1].scope is HaltScope.GLOBAL else about}: {len(result.user_ids)} accounts to halt, "
        f"{result.orders_cancelled} orders to cancel, {result.strategies_paused} strategies to pause{closing}."
    )


@admin.register(DeskState)
class DeskStateAdmin(HaltingAdmin):
    """The state of everybody together: one row."""

    list_display = ("name", "state", "reason", "changed_by", "changed_at")
    actions = ("halt", "halt_and_close", "resume_trading")

    @admin.display(description="of")
    def name(self, row: DeskState) -> str:
        return "everybody"

    def aims(self, rows: QuerySet[Any]) -> list[Aim]:
        return [([], Target(HaltScope.GLOBAL))]
