"""What /health, /healthz and /readyz answer."""

from datetime import datetime
from typing import Any

import structlog
from django.conf import settings
from django.db import Error as DatabaseFault

from engine.domain.alerts import health_score, monitoring_status
from engine.health import verdict
from engine.health.fallbacks import fallback_health
from engine.health.probes import Findings, database_round_trip, is_migrated, look
from engine.health.reasons import reasons

logger = structlog.get_logger(__name__)


def report(*, now: datetime) -> dict[str, Any]:
    """The state of every part, each asked just now. Times are datetimes, ages and lags seconds."""
    try:
        found = look(now=now)
    except DatabaseFault as error:
        logger.warning("database_away", error=repr(error))
        return fallback_health(now=now)
    return {
        "status": verdict.status(found),
        "timestamp": now,
        "version": settings.VERSION,
        "service_level": verdict.service_level(found),
        "database": _database(found),
        "monitoring": {
            "status": monitoring_status(found.system_alerts),
            "active_alerts": found.open_alerts,
            "uptime_seconds": int(found.uptime.total_seconds()),
        },
        "event_bus": _event_bus(found),
        "components": verdict.components(found),
        "component_reasons": reasons(found),
        "system": _system(found),
        "lanes": _lanes(found),
        "prices": _prices(found),
        "broker": _broker(found),
        "channel_layer": {"status": "healthy" if found.layer_answers else "unhealthy"},
    }


def _database(found: Findings) -> dict[str, Any]:
    sound = found.migrated and not found.config_problems
    return {
        "status": "healthy" if sound else "degraded",
        "connection": "active",
        "latency_ms": found.database_ms,
        "migrations_applied": found.migrated,
        "config_valid": not found.config_problems,
        "config_issues": found.config_problems,
        "timestamp": found.at,
        "components": {
            "configuration": "degraded" if found.config_problems else "healthy",
            "logging": "healthy",
            "database": "healthy",
        },
    }


def _event_bus(found: Findings) -> dict[str, Any]:
    return {
        "running": any(lane.alive for lane in found.lanes.values()),
        "events_processed": found.counters["events_processed"],
        "events_failed": found.counters["events_failed"],
        "queue_size": found.waiting,
        "total_queue_size": found.waiting,
        "queue_sizes": {lane.value: state.waiting for lane, state in found.lanes.items()},
        "dead_letters": found.dead_letters,
    }


def _system(found: Findings) -> dict[str, Any]:
    return {
        "status": monitoring_status(found.system_alerts),
        "health_score": health_score(found.system_alerts),
        "alert_counts": {level.value: count for level, count in found.system_alerts.items()},
        "total_active_alerts": found.open_alerts,
        "performance_counters": found.counters,
        "last_updated": found.at,
    }


def _lanes(found: Findings) -> dict[str, dict[str, Any]]:
    return {
        lane.value: {"alive": state.alive, "waiting": state.waiting, "lag_seconds": round(state.lag.total_seconds(), 3)}
        for lane, state in found.lanes.items()
    }


def _broker(found: Findings) -> dict[str, Any]:
    """`paper` while no real orders are sent; then the breaker is always closed."""
    name = found.broker.name.lower() if found.broker else "paper"
    return {"name": name, "status": verdict.broker(found), "circuit_breaker": found.breaker.lower()}


def _prices(found: Findings) -> dict[str, Any]:
    prices = found.prices
    return {
        "status": prices.status,
        "source": prices.source,
        "received_at": prices.received_at,
        "age_seconds": None if prices.age is None else round(prices.age.total_seconds(), 3),
        "max_age_seconds": settings.PRICE_MAX_AGE_SECONDS,
    }


def live() -> tuple[bool, dict[str, Any]]:
    """The process answers: nothing else is asked, for no restart would cure it."""
    return True, {"status": "alive", "version": settings.VERSION}


def ready() -> tuple[bool, dict[str, Any]]:
    """Whether requests can be served: the database answers and has all its tables. Workers may be away: work waits."""
    try:
        database_round_trip()
        migrated = is_migrated()
    except DatabaseFault as error:
        logger.warning("database_away", error=repr(error))
        return False, {"status": "not ready", "database": "away", "migrations": "unknown"}
    return migrated, {
        "status": "ready" if migrated else "not ready",
        "database": "active",
        "migrations": "applied" if migrated else "missing",
    }
