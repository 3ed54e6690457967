"""How the engine is, for whoever is signed in: what `/health` says to anybody, with the reasons, the lanes and their pace."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from dashboard import figures, sparks
from dashboard.live.state import Row, State, wire
from dashboard.live.system import speed
from dashboard.live.topics import Topic
from engine import config, health, metrics
from engine.domain.enums import Lane
from engine.measures import lane_timing
from engine.metrics import Timing

PACE_MINUTES, CHART_MINUTES = 5, 60
LAYERS = {"InMemoryChannelLayer": "in memory", "RedisPubSubChannelLayer": "Redis", "RedisChannelLayer": "Redis"}
LEVELS = {
    "production": "everything works",
    "full": "no channel layer: everything works, up to a second later",
    "simple": "no workers: signals are accepted and wait",
    "minimal": "no database: nothing can be read or accepted",
}


def state(topic: Topic, now: datetime) -> State:
    report = health.report(now=now)
    return {
        "health": {"all": _whole(report, now)},
        "parts": _parts(report),
        "lane_states": _lanes(report, now),
        "settings": {row["key"]: setting_row(row, place) for place, row in enumerate(_public())},
    }


def setting_row(row: dict[str, Any], place: int) -> Row:
    is_default = row["value"] == row["default"]
    return wire(row) | {
        "sort": place,
        "shown": setting_text(row["value"]),
        "shown_default": setting_text(row["default"]),
        "is_changed": not is_default,
    }


def setting_text(value: Any) -> str:
    match value:
        case bool():
            return "on" if value else "off"
        case None:
            return "no limit"
        case float():
            return f"{value:,.4f}".rstrip("0").rstrip(".")
    return str(value)


def _public() -> list[dict[str, Any]]:
    """The nine that GET /config shows to whoever is signed in; not who changed them."""
    return [
        {"key": row["key"], "value": row["value"], "default": row["default"]}
        for row in config.settings_described()
        if row["key"] in config.KEYS
    ]


def _whole(report: dict[str, Any], now: datetime) -> Row:
    database, prices, uptime = report["database"], report.get("prices", {}), report["monitoring"]["uptime_seconds"]
    broker = report.get("broker", {})
    layer = str(settings.CHANNEL_LAYERS["default"]["BACKEND"]).rpartition(".")[2]
    return wire(
        {
            "status": report["status"].upper(),
            "service_level": report["service_level"],
            "level_means": LEVELS[report["service_level"]],
            "attention": _attention(report),
            "version": report["version"],
            "up": span(timedelta(seconds=uptime)) if uptime else None,
            "database": connection.display_name,
            "database_status": database["status"].upper(),
            "database_ms": database.get("latency_ms"),
            "migrations": "applied" if database.get("migrations_applied") else "missing",
            "layer": LAYERS.get(layer, layer),
            "layer_status": report.get("channel_layer", {}).get("status", "unknown").upper(),
            "broker": broker.get("name", "paper"),
            "broker_status": broker.get("status", "unknown").upper(),
            "breaker": broker.get("circuit_breaker", "unknown"),
            "prices": prices.get("status", "none").upper(),
            "price_source": prices.get("source") or None,
            "received_at": prices.get("received_at"),
            "waiting": report["event_bus"]["queue_size"],
            "dead_letters": report["event_bus"].get("dead_letters", 0),
            **_pace(now),
        }
    )


def _attention(report: dict[str, Any]) -> str:
    """Why it is not healthy, in a line; the components say more."""
    unwell = [name.replace("_", " ") for name, status in report["components"].items() if status == "degraded"]
    if unwell:
        return f"Look at {', '.join(unwell)}."
    return "Every part is well." if report["status"] == "healthy" else "Open alerts of the system make it so."


def _pace(now: datetime) -> Row:
    found = speed(metrics.throughput(now=now, minutes=2), now)
    return {name: found[name] for name in ("signals_per_second", "latency_p50_ms", "latency_p99_ms")}


def _parts(report: dict[str, Any]) -> dict[str, Row]:
    reasons = report["component_reasons"]
    return {
        name: {
            "name": name,
            "status": str(status).upper(),
            "reason": sentence(reasons[name]),
            "sort": place,
        }
        for place, (name, status) in enumerate(report["components"].items())
    }


def _lanes(report: dict[str, Any], now: datetime) -> dict[str, Row]:
    timed = metrics.operations_by_minute({lane_timing(lane) for lane in Lane}, now=now, minutes=CHART_MINUTES)
    return {
        name: {
            "lane": name,
            "status": "DOWN" if not lane["alive"] else "UP",
            "waiting": lane["waiting"],
            "lag_ms": lane["lag_seconds"] * 1000 if lane["waiting"] else None,
            **_pace_of(timed[lane_timing(Lane(name))]),
            "sort": place,
        }
        for place, (name, lane) in enumerate(report["lanes"].items())
    }


def _pace_of(minutes: list[Timing | None]) -> Row:
    """A lane's last hour: events a minute and their latency as small curves, and what both were lately. Milliseconds."""
    counts = [timing.count if timing else 0 for timing in minutes]
    recent = [timing for timing in minutes[-PACE_MINUTES:] if timing]
    handled = sum(timing.count for timing in recent)
    return {
        "per_minute": round(sum(counts[-PACE_MINUTES:]) / PACE_MINUTES, 1),
        "latency_p50_ms": round(sum(timing.p50 * timing.count for timing in recent) / handled, 3) if handled else None,
        "latency_p99_ms": max((round(timing.p99, 3) for timing in recent), default=None),
        "most_per_minute": max(counts),
        "slowest_ms": max((round(timing.p99, 3) for timing in minutes if timing), default=None),
        "pace_line": sparks.path([float(count) for count in counts]),
        "latency_line": sparks.path([timing.p99 if timing else 0.0 for timing in minutes]),
    }


def sentence(parts: list[str]) -> str:
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}." if text else "Nothing is wrong with it."


def span(length: timedelta) -> str:
    return figures.span(length.total_seconds())
