"""Is it well? Every part is really asked: by /health for people, by the probes for machines, by the ticker for alerts."""

from engine.health.fallbacks import fallback_alerts, fallback_health, fallback_metrics
from engine.health.probes import uptime
from engine.health.report import live, ready, report
from engine.health.watch import watch

__all__ = ["fallback_alerts", "fallback_health", "fallback_metrics", "live", "ready", "report", "uptime", "watch"]
