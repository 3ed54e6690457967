"""Strategies with their lifecycle logs; paused, resumed and stopped through the services, as everywhere."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from dashboard.admin.halting import Aim, HaltingAdmin
from dashboard.admin.operations import _each
from engine.domain.enums import HaltScope
from engine.models import Strategy, StrategyStage
from engine.services.strategies import REASON_LENGTH, strategy_pause, strategy_resume, strategy_stop
from engine.services.trading import Target


class ReasonForm(ActionForm):
    reason = forms.CharField(required=False, max_length=REASON_LENGTH, widget=forms.TextInput(attrs={"placeholder": "reason"}))


class StageInline(admin.TabularInline):  # type: ignore[type-arg]
    """The lifecycle log, newest first."""

    model = StrategyStage
    fields = readonly_fields = ("at", "stage", "previous_stage", "triggered_by", "reason", "metadata")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Strategy)
class StrategyAdmin(HaltingAdmin):
    list_display = (
        "id",
        "name",
        "account",
        "strategy_type",
        "rule",
        "status",
        "status_reason",
        "trades",
        "wins",
        "net_pnl",
        "open_positions",
        "errors",
        "updated_at",
    )
    list_filter = ("status", "strategy_type")
    list_select_related = ("account",)
    find_by = ("id", "account")
    inlines = (StageInline,)
    actions = ("pause", "resume", "stop_and_close", "stop_and_keep", "halt", "halt_and_close", "resume_trading")
    action_form = ReasonForm

    def aims(self, rows: QuerySet[Strategy]) -> list[Aim]:
        return [([row.account_id], Target(HaltScope.STRATEGY, row.id)) for row in rows]

    def has_halt_permission(self, request: HttpRequest) -> bool:
        return self.has_command_permission(request)

    def has_command_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("engine.change_strategy")

    @admin.action(description="Pause, for the reason", permissions=["command"])
    def pause(self, request: HttpRequest, strategies: QuerySet[Strategy]) -> None:
        _send(request, strategies, strategy_pause, "paused")

    @admin.action(description="Resume, for the reason", permissions=["command"])
    def resume(self, request: HttpRequest, strategies: QuerySet[Strategy]) -> None:
        _send(request, strategies, strategy_resume, "resumed")

    @admin.action(description="Stop and close the positions", permissions=["command"])
    def stop_and_close(self, request: HttpRequest, strategies: QuerySet[Strategy]) -> None:
        _send(request, strategies, strategy_stop, "stopped, with their positions")

    @admin.action(description="Stop and keep the positions", permissions=["command"])
    def stop_and_keep(self, request: HttpRequest, strategies: QuerySet[Strategy]) -> None:
        _send(request, strategies, strategy_stop, "stopped", close_positions=False)


def _send(request: HttpRequest, strategies: QuerySet[Strategy], step: Callable[..., object], done: str, **more: object) -> None:
    by, reason, now = request.user.get_username(), request.POST.get("reason", "")[:REASON_LENGTH], timezone.now()
    _each(request, strategies, lambda row: step(strategy_id=row.id, by=by, reason=reason, now=now, **more), done)
