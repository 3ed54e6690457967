"""Is it well? Every part is really asked: by /health for people, by the probes for machines, by the ticker for alerts."""

from engine.health.answers import live, ready, report
from engine.health.fallbacks import fallback_alerts, fallback_health, fallback_metrics
from engine.health.probes import uptime
from engine.health.watcher import watch

__all__ = ["fallback_alerts", "fallback_health", "fallback_metrics", "live", "ready", "report", "uptime", "watch"]
