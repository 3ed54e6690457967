"""The bodies of the system's reads, as plain dicts: what the old clients poll, with every key that any of their servers had."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from engine import config, health, metrics
from engine.domain.enums import TradingState
from engine.domain.metrics import COUNTERS, Timing
from engine.handlers import HANDLERS
from engine.selectors.alerts import alert_counts, alerts_list
from engine.selectors.lanes import lanes_alive, queue_depths, workflows_active
from engine.selectors.system import alerts_today, at_work, risk_watch, strategies_counted, trading_states
from engine.selectors.units import Scope

NOTHING_YET = "N/A"  # where a share or an average has nothing to be taken of
FINISHED = ("orders_executed", "orders_cancelled", "orders_rejected", "orders_expired")
FEATURES = (
    "event_bus",
    "event_coordination",
    "monitoring",
    "configuration",
    "signal_processing",
    "alert_management",
    "state_management",
)
HANDLERS_REGISTERED = sum((handling.apply is not None) + len(handling.then) for handling in HANDLERS.values())


# --- metrics ---------------------------------------------------------------------------------------------------------------
def metrics_answer(*, now: datetime, metric_name: str | None = None, window_minutes: int = 60) -> dict[str, Any]:
    totals, day = metrics.total_counters(), metrics.day_counters(now=now)
    timings = metrics.timings(now=now, window_minutes=window_minutes)
    return {
        "status": "success",
        "metrics": _one_metric(metric_name, totals, window_minutes)
        or flat_metrics(totals, now=now, window_minutes=window_minutes),
        "component_metrics": _component_metrics(totals, day, timings, now),
        "timing_metrics": {operation: _timing(timing) for operation, timing in timings.items()},
        "timings": {operation: _old_timing(timing) for operation, timing in timings.items()},
        "timestamp": now,
    }


def flat_metrics(totals: Mapping[str, int], *, now: datetime, window_minutes: int = 60) -> dict[str, Any]:
    """The counters since the system was first started; those of the window stand in `window`."""
    return {
        **totals,
        "active_strategies": strategies_counted()["ACTIVE"],
        "system_uptime": uptime_text(now),
        "last_updated": now,
        "time_window_minutes": window_minutes,
        "window": metrics.counters(now=now, window_minutes=window_minutes),
    }


def _one_metric(name: str | None, totals: Mapping[str, int], window_minutes: int) -> dict[str, Any] | None:
    known = name in totals or name in COUNTERS
    return {name: totals.get(name, 0), "time_window_minutes": window_minutes} if name and known else None


def _component_metrics(
    totals: Mapping[str, int], day: Mapping[str, int], timings: Mapping[str, Timing], now: datetime
) -> dict[str, Any]:
    finished = sum(day.get(name, 0) for name in FINISHED)
    success = round(day.get("orders_executed", 0) / finished * 100, 2) if finished else None
    took = timings["order_execution"].avg_ms if "order_execution" in timings else None
    waiting = sum(queue_depths().values())
    return {
        "trading_engine": {
            "status": "operational",
            "version": settings.VERSION,
            "uptime": uptime_text(now),
            "events_processed": totals.get("events_processed", 0),
        },
        "order_processing": {
            "orders_today": day.get("orders_created", 0),
            "success_rate": NOTHING_YET if success is None else f"{success:.4g}%",
            "success_rate_percent": success,
            "avg_processing_time": NOTHING_YET if took is None else f"{took:.0f}ms",
            "avg_processing_time_ms": took,
            "failed_orders": day.get("orders_rejected", 0),
        },
        "risk_management": {
            "active_monitors": sum(lanes_alive(now=now).values()),
            "alerts_today": alerts_today(now=now),
            "risk_score": risk_word(),
        },
        "event_system": {
            "events_published": totals.get("events_processed", 0) + waiting,
            "events_failed": totals.get("events_failed", 0),
            "handlers_registered": HANDLERS_REGISTERED,
            "queue_size": waiting,
        },
    }


def _timing(timing: Timing) -> dict[str, Any]:
    return {
        "avg_duration_ms": timing.avg_ms,
        "min_duration_ms": timing.min_ms,
        "max_duration_ms": timing.max_ms,
        "p50_ms": timing.p50,
        "p95_ms": timing.p95,
        "p99_ms": timing.p99,
        "count": timing.count,
        "last_updated": timing.last_at,
    }


def _old_timing(timing: Timing) -> dict[str, Any]:
    return {"count": timing.count, "avg_ms": timing.avg_ms, "latest_ms": timing.last}


def risk_word() -> str:
    """HIGH while an account is halted or a CRITICAL alert is open, MEDIUM while one only reduces or an ERROR is open."""
    states, alerts = trading_states(), alert_counts()
    if states[TradingState.HALTED] or alerts["critical"]:
        return "HIGH"
    return "MEDIUM" if states[TradingState.REDUCING] or alerts["error"] else "LOW"


def uptime_text(now: datetime) -> str:
    """How long the longest-running worker has been up, as "1h 15m"."""
    minutes = int(health.uptime(now=now) / timedelta(minutes=1))
    return f"{minutes // 60}h {minutes % 60}m"


# --- alerts ----------------------------------------------------------------------------------------------------------------
def alerts_answer(alerts: Sequence[Mapping[str, Any]], filters: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
    return {
        "status": "success",
        "alerts": alerts,
        "alert_count": len(alerts),
        "total_count": len(alerts),
        "last_updated": now,
        "filters": filters,
    }


# --- coordination and status -----------------------------------------------------------------------------------------------
def coordination(*, now: datetime) -> dict[str, Any]:
    alive = lanes_alive(now=now)
    running = all(alive.values())
    word = "RUNNING" if running else "STOPPED"
    return {
        "running": running,
        "system_status": word,
        "queue_sizes": queue_depths(),
        "active_workflows": workflows_active(),
        "state_summary": {"system_status": word, **at_work(), "last_updated": now},
        "worker_tasks": alive,
    }


def status_answer(scope: Scope, *, now: datetime) -> dict[str, Any]:
    """Everything at a glance. `status` is the word it always was; the truth is in `operational_state` and `health`."""
    report = health.report(now=now)
    alerts = alerts_list(user_ids=scope, limit=5)
    return {
        "status": "operational",
        "operational_state": operational_state(report, now=now),
        "timestamp": now,
        "health": report,
        "metrics": flat_metrics(metrics.total_counters(), now=now),
        "alerts": {"count": alert_counts(scope)["total"], "active": alerts},
        "coordination": coordination(now=now),
        "version": settings.VERSION,
        "features": dict.fromkeys(FEATURES, True),
    }


def operational_state(report: Mapping[str, Any], *, now: datetime) -> str:
    """running, paused (nobody trades, nobody is halted), emergency_stopped (an account is halted) or degraded."""
    states = trading_states()
    if states[TradingState.HALTED]:
        return "emergency_stopped"
    if report["status"] not in ("healthy", "warning"):
        return "degraded"
    trading = states[TradingState.ACTIVE] or not sum(states.values())
    return "running" if trading else "paused"


def system_status_answer(*, now: datetime) -> dict[str, Any]:
    """The full router's four components. Figures of what we have no part for are honest zeros."""
    alive, strategies = lanes_alive(now=now), strategies_counted()
    watching = alive["risk_monitoring"]
    return {
        "status": "operational",
        "timestamp": now,
        "version": settings.VERSION,
        "components": {
            "risk_monitor": {
                "monitoring_active": watching,
                **risk_watch(),
                "emergency_stops_active": trading_states()[TradingState.HALTED],
                "risk_thresholds": {key: value for key, value in config.public_view().items() if key.startswith("max_")},
            },
            "strategy_manager": {
                "monitoring_active": watching,
                "total_strategies": sum(strategies.values()),
                "active_strategies": strategies["ACTIVE"],
                "paused_strategies": strategies["PAUSED"],
                "stopped_strategies": strategies["STOPPED"],
                "performance_thresholds": {},
            },
            "strategy_controller": {
                "auto_control_enabled": False,
                "total_control_actions": 0,
                "strategies_with_actions": 0,
                "total_performance_alerts": 0,
                "active_performance_alerts": 0,
                "strategies_with_alerts": 0,
                "alert_thresholds": {},
                "auto_control_rules": {},
            },
            "lifecycle_manager": {
                "total_strategies_tracked": sum(strategies.values()),
                "total_analyses_performed": 0,
                "total_optimization_suggestions": 0,
                "retirement_candidates": 0,
                "lifecycle_settings": {},
            },
        },
    }
