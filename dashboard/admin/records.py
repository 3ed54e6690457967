"""What happened, to look at. Nothing here can be changed; a symbol can be halted."""

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.html import format_html
from django.utils.safestring import SafeString

from dashboard.admin.base import RecordAdmin
from dashboard.admin.halting import Aim, HaltingAdmin
from engine.domain.enums import HaltScope
from engine.models import Account, Event, Execution, Instrument, Order, Position, Signal, Worker
from engine.services.trading import Target


@admin.register(Order)
class OrderAdmin(RecordAdmin):
    list_display = ("id", "created_at", "account", "side", "quantity", "symbol", "order_type", "status", "reason")
    list_filter = ("status", "side", "order_type")
    list_select_related = ("account",)
    find_by = ("id", "correlation_id", "signal_id", "symbol", "account")


@admin.register(Execution)
class ExecutionAdmin(RecordAdmin):
    list_display = ("id", "executed_at", "account", "side", "quantity", "symbol", "price", "charges", "realized_pnl")
    list_filter = ("side",)
    list_select_related = ("account",)
    find_by = ("id", "order", "broker_execution_id", "symbol", "account")


@admin.register(Position)
class PositionAdmin(RecordAdmin):
    list_display = (
        "id",
        "account",
        "symbol",
        "strategy_id",
        "status",
        "quantity",
        "average_price",
        "realized_pnl",
        "opened_at",
    )
    list_filter = ("status",)
    list_select_related = ("account",)
    find_by = ("id", "symbol", "strategy_id", "account")


@admin.register(Signal)
class SignalAdmin(RecordAdmin):
    list_display = ("id", "received_at", "account", "signal_type", "symbol", "confidence_score", "decision", "reason")
    list_filter = ("decision", "signal_type")
    list_select_related = ("account",)
    find_by = ("id", "order_id", "symbol", "account")


@admin.register(Event)
class EventAdmin(RecordAdmin):
    list_display = ("id", "created_at", "type", "stream", "seq", "chain", "duration_us", "attempts", "error")
    list_filter = ("type",)
    find_by = ("id", "correlation_id", "stream")

    @admin.display(description="correlation id")
    def chain(self, event: Event) -> SafeString:
        """Leads to all events of the same signal."""
        return format_html('<a href="?q={0}">{0}</a>', event.correlation_id)


@admin.register(Instrument)
class InstrumentAdmin(HaltingAdmin):
    list_display = ("symbol", "name", "sector", "last_price", "previous_close", "received_at", "source")
    list_filter = ("exchange", "source")
    find_by = ("symbol",)
    actions = ("halt", "halt_and_close", "resume_trading")

    def aims(self, rows: QuerySet[Instrument]) -> list[Aim]:
        """In all accounts."""
        user_ids = list(Account.objects.values_list("user_id", flat=True))
        return [(user_ids, Target(HaltScope.SYMBOL, row.symbol)) for row in rows]


@admin.register(Worker)
class WorkerAdmin(RecordAdmin):
    list_display = ("id", "host", "pid", "started_at", "beat_at")
    find_by = ("id", "host")
