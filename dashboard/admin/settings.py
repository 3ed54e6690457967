"""The nine settings on one page, and the history of their changes."""

from dataclasses import fields
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from dashboard.admin.base import RecordAdmin
from engine.config import Config, config_update, current
from engine.models import ConfigChange, ConfigEntry

LATEST = 20  # changes shown beside the form


class ConfigForm(forms.Form):
    """A field per setting. Ranges are config_update's to judge."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for setting in fields(Config):
            self.fields[setting.name] = _field(setting.name, setting.default)


def _field(name: str, default: Any) -> forms.Field:
    label = name.replace("_", " ")
    if isinstance(default, bool):
        return forms.BooleanField(label=label, required=False, help_text=f"default: {'on' if default else 'off'}")
    if default is None:
        return forms.DecimalField(label=label, decimal_places=4, required=False, help_text="default: no limit")
    if isinstance(default, Decimal):
        return forms.DecimalField(label=label, decimal_places=4, help_text=f"default: {default}")
    return forms.IntegerField(label=label, help_text=f"default: {default}")


@admin.register(ConfigEntry)
class ConfigAdmin(RecordAdmin):
    """The list is the form: settings are there from the start, whether or not one was ever changed."""

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        may_change = request.user.has_perm("engine.change_configentry")
        now_in_force = current()
        values = {setting.name: getattr(now_in_force, setting.name) for setting in fields(Config)}
        form = ConfigForm(request.POST or None, initial=values)
        if request.method == "POST":
            if not may_change:
                raise PermissionDenied
            if form.is_valid() and self._save(request, form):
                return redirect(request.path)
        context = {
            **self.admin_site.each_context(request),
            "title": "Settings",
            "opts": self.opts,
            "form": form,
            "may_change": may_change,
            "changes": ConfigChange.objects.all()[:LATEST],
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/engine/configentry/change_list.html", context)

    def _save(self, request: HttpRequest, form: ConfigForm) -> bool:
        wanted = {name: form.cleaned_data[name] for name in form.changed_data}
        result = config_update(wanted, by=request.user.get_username(), now=timezone.now())
        for name, error in result.errors.items():
            form.add_error(name, error)
        if result.updated_keys:
            messages.success(request, f"Changed: {', '.join(result.updated_keys)}.")
        return not result.errors


@admin.register(ConfigChange)
class ConfigChangeAdmin(RecordAdmin):
    list_display = ("at", "key", "old", "new", "by")
    find_by = ("key", "by")
