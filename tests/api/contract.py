"""The old API's answers, key by key. New keys may stand beside these; none may go, or change its type."""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

Check = Callable[[Any], bool]


def is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_text(value: Any) -> bool:
    return isinstance(value, str)


def is_switch(value: Any) -> bool:
    return isinstance(value, bool)


def is_time(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", value) is not None


def is_uuid(value: Any) -> bool:
    return isinstance(value, str) and str(UUID(value)) == value


def is_null(value: Any) -> bool:
    return value is None


def is_object(value: Any) -> bool:
    return isinstance(value, dict)


def matches(pattern: str) -> Check:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def among(*words: Any) -> Check:
    return lambda value: value in words


def optional(check: Check) -> Check:
    return lambda value: value is None or check(value)


class ListOf:
    def __init__(self, item: Any) -> None:
        self.item = item


class MapOf:
    def __init__(self, value: Any) -> None:
        self.value = value


def differences(value: Any, shape: Any, where: str = "") -> list[str]:
    """Where the value is not what the shape says."""
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return [f"{where} is no object"]
        missing = [f"{where}.{key} is missing" for key in shape if key not in value]
        return missing + [
            found for key in shape if key in value for found in differences(value[key], shape[key], f"{where}.{key}")
        ]
    if isinstance(shape, ListOf):
        if not isinstance(value, list):
            return [f"{where} is no list"]
        return [found for n, item in enumerate(value) for found in differences(item, shape.item, f"{where}[{n}]")]
    if isinstance(shape, MapOf):
        if not isinstance(value, dict):
            return [f"{where} is no object"]
        return [found for key, item in value.items() for found in differences(item, shape.value, f"{where}.{key}")]
    return [] if shape(value) else [f"{where} is {value!r}"]


UPTIME = matches(r"\d+h \d+m")
COMPONENTS = (
    "configuration",
    "monitoring",
    "event_bus",
    "order_executor",
    "risk_engine",
    "position_manager",
    "strategy_manager",
)
LANES = ("high_priority", "order_processing", "position_management", "risk_monitoring", "market_data", "system_events")
FEATURES = (
    "event_bus",
    "event_coordination",
    "monitoring",
    "configuration",
    "signal_processing",
    "alert_management",
    "state_management",
)

HEALTH = {
    "status": among("healthy", "degraded", "critical", "error"),
    "timestamp": is_time,
    "database": {
        "status": among("healthy", "degraded", "unhealthy"),
        "config_valid": is_switch,
        "config_issues": ListOf(is_text),
        "timestamp": is_time,
        "components": {"configuration": is_text, "logging": is_text, "database": is_text},
        "connection": is_text,
    },
    "monitoring": {
        "status": among("HEALTHY", "WARNING", "DEGRADED", "CRITICAL"),
        "active_alerts": is_integer,
        "uptime_seconds": is_integer,
    },
    "event_bus": {"running": is_switch, "events_processed": is_integer, "queue_size": is_integer},
    "components": dict.fromkeys(COMPONENTS, among("operational", "degraded", "unknown")),
    "system": is_object,
    "version": is_text,
}
FLAT_METRICS = {
    "orders_processed": is_number,
    "signals_processed": is_number,
    "active_strategies": is_number,
    "system_uptime": UPTIME,
    "errors_count": is_number,
    "api_calls_count": is_number,
    "last_updated": is_time,
    "time_window_minutes": is_integer,
}
METRICS = {
    "status": among("success"),
    "metrics": FLAT_METRICS,
    "component_metrics": {
        "trading_engine": {
            "status": among("operational"),
            "version": among("1.0.0"),
            "uptime": is_text,
            "events_processed": is_integer,
        },
        "order_processing": {
            "orders_today": is_number,
            "success_rate": matches(r"N/A|\d+(\.\d+)?%"),
            "success_rate_percent": optional(is_number),
            "avg_processing_time": matches(r"N/A|\d+ms"),
            "avg_processing_time_ms": optional(is_number),
            "failed_orders": is_number,
        },
        "risk_management": {
            "active_monitors": is_integer,
            "alerts_today": is_number,
            "risk_score": among("LOW", "MEDIUM", "HIGH"),
        },
        "event_system": {
            "events_published": is_integer,
            "events_failed": is_integer,
            "handlers_registered": is_integer,
            "queue_size": is_integer,
        },
    },
    "timing_metrics": MapOf(
        {
            "avg_duration_ms": is_number,
            "min_duration_ms": is_number,
            "max_duration_ms": is_number,
            "count": is_integer,
            "last_updated": is_time,
        }
    ),
    "timings": MapOf({"count": is_integer, "avg_ms": is_number, "latest_ms": is_number}),
    "timestamp": is_time,
}
ALERT = {
    "id": matches(r"alert_\d{13}_[0-9a-z]{6}"),
    "level": among("INFO", "WARNING", "ERROR", "CRITICAL"),
    "title": is_text,
    "message": is_text,
    "component": is_text,
    "user_id": optional(is_text),
    "data": is_object,
    "created_at": is_time,
    "resolved_at": is_null,
}
ALERTS = {
    "status": among("success"),
    "alerts": ListOf(ALERT),
    "alert_count": is_integer,
    "total_count": is_integer,
    "last_updated": is_time,
    "filters": {"level": optional(is_text), "component": optional(is_text)},
}
RESOLVED = {"status": among("success"), "message": matches(r"Alert alert_\w+ resolved successfully")}
CONFIG = {
    "status": among("success"),
    "config": {
        "max_concurrent_orders": is_integer,
        "order_timeout_seconds": is_integer,
        "risk_check_enabled": is_switch,
        "emergency_stop_enabled": is_switch,
        "max_position_size_percent": is_number,
        "max_portfolio_exposure_percent": is_number,
        "max_sector_exposure_percent": is_number,
        "default_stop_loss_percent": is_number,
        "market_data_refresh_seconds": is_integer,
        "database_pool_size": is_integer,
        "log_level": is_text,
        "kite_api_key": is_null,
        "kite_api_secret": is_null,
    },
}
CONFIG_UPDATED = {
    "status": among("success", "partial"),
    "updated_keys": ListOf(is_text),
    "failed_keys": ListOf(is_text),
    "message": matches(r"Updated \d+ configuration keys"),
}
EVENT = {
    "id": is_uuid,
    "event_type": is_text,
    "data": is_object,
    "user_id": optional(is_text),
    "priority": among(1, 2, 3, 4),
    "correlation_id": is_uuid,
    "timestamp": is_time,
    "processed": is_switch,
    "processing_time": optional(is_number),
    "error": optional(is_text),
    # the full router's
    "created_at": is_time,
    "processed_at": optional(is_time),
    "retry_count": is_integer,
    "max_retries": is_integer,
}
EVENTS = {
    "status": among("success"),
    "events": ListOf(EVENT),
    "total_count": is_integer,
    "filters": {"user_id": optional(is_text), "event_type": optional(is_text), "limit": is_integer},
}
SIGNAL_ACCEPTED = {
    "status": among("success"),
    "signal_id": is_uuid,
    "message": among("Signal processed and published to event bus"),
    "event_id": is_uuid,
    "accepted": among(True),
    "processing_status": is_text,
    "correlation_id": is_uuid,
}
COORDINATION = {
    "running": is_switch,
    "system_status": among("INITIALIZING", "RUNNING", "STOPPING", "STOPPED"),
    "queue_sizes": dict.fromkeys(LANES, is_integer),
    "active_workflows": is_integer,
    "state_summary": {
        "system_status": is_text,
        "active_orders_count": is_integer,
        "active_positions_count": is_integer,
        "active_strategies_count": is_integer,
        "active_users_count": is_integer,
        "last_updated": is_time,
    },
    "worker_tasks": dict.fromkeys(LANES, is_switch),
}
COORDINATION_STATUS = {"status": among("success"), "timestamp": is_time, "coordination": COORDINATION}
STATUS = {
    "status": among("operational"),
    "operational_state": among("running", "paused", "emergency_stopped", "degraded"),
    "timestamp": is_time,
    "health": HEALTH,
    "metrics": FLAT_METRICS,
    "alerts": {"count": is_integer, "active": ListOf(ALERT)},
    "coordination": COORDINATION,
    "version": among("1.0.0"),
    "features": dict.fromkeys(FEATURES, among(True)),
}
SYSTEM_STATUS = {
    "status": among("operational"),
    "timestamp": is_time,
    "components": {
        "risk_monitor": {
            "monitoring_active": is_switch,
            "active_alerts_count": is_integer,
            "users_with_alerts": is_integer,
            "stop_loss_orders_count": is_integer,
            "users_with_stop_losses": is_integer,
            "emergency_stops_active": is_integer,
            "risk_thresholds": is_object,
        },
        "strategy_manager": {
            "monitoring_active": is_switch,
            "total_strategies": is_integer,
            "active_strategies": is_integer,
            "paused_strategies": is_integer,
            "stopped_strategies": is_integer,
            "performance_thresholds": is_object,
        },
        "strategy_controller": {
            "auto_control_enabled": is_switch,
            "total_control_actions": is_integer,
            "strategies_with_actions": is_integer,
            "total_performance_alerts": is_integer,
            "active_performance_alerts": is_integer,
            "strategies_with_alerts": is_integer,
            "alert_thresholds": is_object,
            "auto_control_rules": is_object,
        },
        "lifecycle_manager": {
            "total_strategies_tracked": is_integer,
            "total_analyses_performed": is_integer,
            "total_optimization_suggestions": is_integer,
            "retirement_candidates": is_integer,
            "lifecycle_settings": is_object,
        },
    },
}
ORDER = {
    "id": is_uuid,
    "user_id": is_text,
    "symbol": is_text,
    "order_type": among("MARKET", "LIMIT", "STOP_LOSS", "STOP_LIMIT"),
    "side": among("BUY", "SELL"),
    "quantity": is_integer,
    "price": optional(is_number),
    "stop_price": optional(is_number),
    "status": is_text,
    "broker_order_id": optional(is_text),
    "strategy_id": optional(is_text),
    "signal_id": optional(is_uuid),
    "filled_quantity": is_integer,
    "average_fill_price": optional(is_number),
    "commission": is_number,
    "error_message": optional(is_text),
    "created_at": is_time,
    "updated_at": is_time,
    "submitted_at": optional(is_time),
    "filled_at": optional(is_time),
}
ORDERS = {"status": among("success"), "orders": ListOf(ORDER), "count": is_integer}
POSITION = {
    "id": is_uuid,
    "user_id": is_text,
    "symbol": is_text,
    "quantity": is_integer,
    "average_price": is_number,
    "current_price": optional(is_number),
    "unrealized_pnl": is_number,
    "realized_pnl": is_number,
    "strategy_id": optional(is_text),
    "status": among("OPEN", "CLOSED"),
    "opened_at": is_time,
    "updated_at": is_time,
    "closed_at": optional(is_time),
    "market_value": is_number,
    "cost_basis": is_number,
    "unrealized_pnl_percent": is_number,
    "is_profitable": is_switch,
}
POSITIONS = {"status": among("success"), "positions": ListOf(POSITION), "count": is_integer}
BATCH_ACCEPTED = {
    "status": among("success"),
    "accepted": is_integer,
    "signal_ids": ListOf(is_uuid),
    "correlation_ids": ListOf(is_uuid),
}
STOPPED = {
    "status": among("success"),
    "message": is_text,
    "reason": is_text,
    "stop_id": is_uuid,
    "orders_cancelled": is_integer,
    "strategies_paused": is_integer,
    "positions_closing": is_integer,
    "scope": among("account"),
    "drill": among(False),
}
PROBLEM = {"message": is_text, "error": is_text, "code": matches("[A-Z_]+"), "needs_reauth": among(False)}
READS = {
    "/health": HEALTH,
    "/metrics": METRICS,
    "/alerts": ALERTS,
    "/config": CONFIG,
    "/events/history": EVENTS,
    "/event-history": EVENTS,
    "/coordination/status": COORDINATION_STATUS,
    "/status": STATUS,
    "/system/status": SYSTEM_STATUS,
    "/orders": ORDERS,
    "/positions": POSITIONS,
}
