"""What an operator does: handle alerts, set limits, requeue dead letters. All through the services, which audit it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from dashboard.admin.base import RecordAdmin
from dashboard.admin.halting import Aim, HaltingAdmin
from engine.alerts import AlertNotFound, alert_acknowledge, alert_resolve
from engine.models import Account, Alert, AlertAction, PendingEvent
from engine.models.alerts import AlertQuerySet
from engine.selectors.brokers import is_live
from engine.services.accounts import LIMITS, account_update_limits
from engine.services.dead_letters import requeue
from engine.services.errors import ServiceError
from engine.services.inbox import alerts_silence, alerts_unsilence
from engine.services.trading import THE_ACCOUNT


def _each(request: HttpRequest, rows: QuerySet[Any], act: Callable[[Any], object], done: str) -> None:
    """Do it to each, and say how often it worked; what was taken care of in the meantime is said too."""
    count = 0
    for row in rows:
        try:
            act(row)
            count += 1
        except (AlertNotFound, ServiceError) as error:
            messages.warning(request, str(error))
    messages.success(request, f"{count} {done}.")


class NoteForm(ActionForm):
    note = forms.CharField(required=False, max_length=1000, widget=forms.TextInput(attrs={"placeholder": "note"}))


class AlertActionInline(admin.TabularInline):  # type: ignore[type-arg]
    """The alert's track history."""

    model = AlertAction
    fields = readonly_fields = ("at", "action", "by", "note")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Alert)
class AlertAdmin(RecordAdmin):
    list_display = (
        *("id", "first_seen", "level", "title", "component", "account", "count", "status", "silenced", "acknowledged_by"),
    )
    list_filter = ("status", "level")
    list_select_related = ("account",)
    find_by = ("id", "component", "fingerprint", "correlation_id", "account")
    inlines = (AlertActionInline,)
    actions = ("acknowledge", "silence", "unsilence", "resolve")
    action_form = NoteForm

    def get_queryset(self, request: HttpRequest) -> QuerySet[Alert]:
        return cast("AlertQuerySet", super().get_queryset(request)).with_silence(now=timezone.now())

    @admin.display(description="silenced until")
    def silenced(self, alert: Any) -> datetime | None:
        return cast("datetime | None", alert.silenced_until)

    def has_handle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("engine.change_alert")

    @admin.action(description="Acknowledge", permissions=["handle"])
    def acknowledge(self, request: HttpRequest, alerts: QuerySet[Alert]) -> None:
        by, now = request.user.get_username(), timezone.now()
        _each(request, alerts, lambda alert: alert_acknowledge(alert_id=alert.id, by=by, now=now), "acknowledged")

    @admin.action(description="Silence for an hour", permissions=["handle"])
    def silence(self, request: HttpRequest, alerts: QuerySet[Alert]) -> None:
        handled = alerts_silence(alert_ids=_ids(alerts), length=timedelta(hours=1), **_by(request))
        messages.success(request, f"{len(handled.done)} silenced for an hour.")

    @admin.action(description="Silence no longer", permissions=["handle"])
    def unsilence(self, request: HttpRequest, alerts: QuerySet[Alert]) -> None:
        handled = alerts_unsilence(alert_ids=_ids(alerts), **_by(request))
        messages.success(request, f"{len(handled.done)} silenced no longer.")

    @admin.action(description="Resolve, with the note", permissions=["handle"])
    def resolve(self, request: HttpRequest, alerts: QuerySet[Alert]) -> None:
        by, now, note = request.user.get_username(), timezone.now(), request.POST.get("note", "")
        _each(request, alerts, lambda alert: alert_resolve(alert_id=alert.id, by=by, note=note, now=now), "resolved")


def _ids(alerts: QuerySet[Alert]) -> list[str]:
    return list(alerts.values_list("id", flat=True))


def _by(request: HttpRequest) -> dict[str, Any]:
    return {"by": request.user.get_username(), "now": timezone.now()}


@admin.register(PendingEvent)
class DeadLetterAdmin(RecordAdmin):
    """Events that were given up. What merely waits is not listed: that is the engine's, not the operator's."""

    list_display = ("event", "dead_at", "stream", "lane", "attempts", "last_error")
    list_filter = ("lane",)
    list_select_related = ("event",)
    ordering = ("-dead_at",)
    find_by = ("event", "stream")
    actions = ("send_back",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[PendingEvent]:
        return super().get_queryset(request).filter(dead_at__isnull=False)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"title": "Dead letters", **(extra_context or {})})

    def has_requeue_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("engine.change_pendingevent")

    @admin.action(description="Send back to work", permissions=["requeue"])
    def send_back(self, request: HttpRequest, letters: QuerySet[PendingEvent]) -> None:
        by, now = request.user.get_username(), timezone.now()
        _each(request, letters, lambda letter: requeue(event_id=letter.pk, by=by, now=now), "sent back to work")


class AccountForm(forms.ModelForm):  # type: ignore[type-arg]
    """Limits are shares of equity: more than nothing, at most all of it."""

    class Meta:
        model = Account
        fields = ("members", *LIMITS)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        for name, value in list(values.items()):
            if name.endswith("_percent") and value is not None and not 0 < value <= Decimal(100):
                self.add_error(name, "More than 0, at most 100.")
        if values.get("max_concurrent_orders") == 0:
            self.add_error("max_concurrent_orders", "At least 1. To stop trading, use the emergency stop.")
        return values


@admin.register(Account)
class AccountAdmin(HaltingAdmin):
    form = AccountForm
    actions = ("halt", "halt_and_close", "resume_trading")
    list_display = ("user_id", "trading_state", "cash", "money", "trading_day", "updated_at")
    list_filter = ("trading_state",)
    find_by = ("user_id",)
    filter_horizontal = ("members",)
    readonly_fields = (
        "user_id",
        "money",
        "cash",
        "initial_cash",
        "trading_state",
        "trading_state_reason",
        "trading_day",
        "day_start_equity",
        "peak_equity",
        "created_at",
        "updated_at",
    )
    fieldsets = (
        (None, {"fields": ("user_id", "money", "trading_state", "trading_state_reason", "members")}),
        ("Limits", {"fields": LIMITS, "description": "What is left empty follows the configuration."}),
        ("Money", {"fields": ("cash", "initial_cash", "trading_day", "day_start_equity", "peak_equity")}),
        ("Times", {"fields": ("created_at", "updated_at")}),
    )

    @admin.display(description="money")
    def money(self, account: Account) -> str:
        return "LIVE" if is_live(account.user_id) else "PAPER"

    def aims(self, rows: QuerySet[Any]) -> list[Aim]:
        return [(list(rows.values_list("user_id", flat=True)), THE_ACCOUNT)]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("engine.change_account")

    def save_model(self, request: HttpRequest, obj: Account, form: AccountForm, change: bool) -> None:
        """Only the limits, and only those that were touched: the engine moves the rest while this page is open."""
        limits = {name: form.cleaned_data[name] for name in form.changed_data if name in LIMITS}
        account_update_limits(user_id=obj.user_id, limits=limits, by=request.user.get_username(), now=timezone.now())
