"""Django admin: the engine's records to look at, and what an operator may do, each through a service that leaves a trace."""

from django.contrib import admin

from dashboard.admin import halting, operations, records, settings, strategies

__all__ = ["halting", "operations", "records", "settings", "strategies"]

admin.site.site_header = "QuantumLeap administration"
admin.site.site_title = "QuantumLeap"
admin.site.index_title = "Records and operations"
