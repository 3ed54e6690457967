"""What we still answer when the database is away (service level `minimal`): the shapes that old clients know."""

from datetime import datetime
from typing import Any

from django.conf import settings

from engine.domain.enums import Component, Lane


def fallback_health(*, now: datetime) -> dict[str, Any]:
    return {
        "status": "fallback",
        "message": "The database does not answer. Nothing can be read or accepted until it does.",
        "error": "Database unavailable",
        "timestamp": now,
        "service_level": "minimal",
        "version": settings.VERSION,
        "database": {"status": "unhealthy", "connection": "error", "error": "Database unavailable", "timestamp": now},
        "monitoring": {"status": "CRITICAL", "active_alerts": 0, "uptime_seconds": 0},
        "event_bus": {"running": False, "events_processed": 0, "queue_size": 0},
        "components": dict.fromkeys((component.value for component in Component), "unknown"),
        "component_reasons": {component.value: ["the database does not answer"] for component in Component},
        "lanes": {lane.value: {"alive": False, "waiting": 0, "lag_seconds": 0.0} for lane in Lane},
    }


def fallback_metrics(*, now: datetime) -> dict[str, Any]:
    nothing = {"orders_processed": 0, "signals_processed": 0, "active_strategies": 0}
    return {"status": "fallback", "metrics": nothing | {"error": "Metrics service unavailable"}, "timestamp": now}


def fallback_alerts(*, now: datetime) -> dict[str, Any]:
    return {"status": "fallback", "alerts": [], "alert_count": 0, "error": "Alerts service unavailable", "last_updated": now}
