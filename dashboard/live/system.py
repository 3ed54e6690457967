"""The engine's own figures: what waits in each lane, how each component is, how fast it goes."""

from datetime import datetime
from typing import Any

from dashboard.live.state import Row, State, wire
from dashboard.live.topics import Topic
from engine import health, metrics
from engine.selectors.lanes import dead_letters, lanes_alive, queue_depths

CHART_MINUTES = 60


def state(topic: Topic, now: datetime) -> State:
    minutes = metrics.throughput(now=now, minutes=CHART_MINUTES)
    return {
        "lanes": lanes(now),
        "components": components(now),
        "speed": {"all": speed(minutes, now)},
        "throughput": {wire(minute)["at"]: wire(minute) for minute in minutes},
    }


def lanes(now: datetime) -> dict[str, Row]:
    alive = lanes_alive(now=now)
    return {
        lane: {"lane": lane.replace("_", " "), "waiting": waiting, "status": "UP" if alive[lane] else "DOWN", "sort": place}
        for place, (lane, waiting) in enumerate(queue_depths().items())
    }


def components(now: datetime) -> dict[str, Row]:
    report = health.report(now=now)
    return {
        name: {"name": name.replace("_", " "), "status": str(status).upper(), "sort": place}
        for place, (name, status) in enumerate(report["components"].items())
    }


def speed(minutes: list[dict[str, Any]], now: datetime) -> Row:
    """Signals per second over this minute and the one before; p50 and p99 from signal to position, in ms, over an hour."""
    recent = minutes[-2:]
    seconds = 60 * (len(recent) - 1) + now.second + now.microsecond / 1e6
    signals = sum(minute["signals"] for minute in recent)
    latency = metrics.timings(now=now, window_minutes=CHART_MINUTES).get("signal_to_position")
    return {
        "signals_per_second": round(signals / seconds, 2) if recent and seconds else 0.0,
        "latency_p50_ms": round(latency.p50, 2) if latency else None,
        "latency_p99_ms": round(latency.p99, 2) if latency else None,
        "dead_letters": len(dead_letters()),
    }
