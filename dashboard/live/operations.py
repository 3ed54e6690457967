"""What staff look after: workers, dead letters, settings with their history, and what the database holds."""

from datetime import datetime
from typing import Any

from django.urls import reverse

from dashboard import figures
from dashboard.live.health import setting_row, setting_text
from dashboard.live.state import Row, State, wire
from dashboard.live.topics import Topic
from engine import config
from engine.selectors.lanes import dead_letters, workers
from engine.selectors.storage import storage

CHANGES = 30
UNITS = ("B", "kB", "MB", "GB", "TB")


def state(topic: Topic, now: datetime) -> State:
    described = config.settings_described()
    return {
        "workers": {str(worker["id"]): _worker(worker, now) for worker in workers(now=now)},
        "dead_letters": {str(letter["log_id"]): letter_row(letter) for letter in dead_letters()},
        "all_settings": {row["key"]: setting_row(row, place) for place, row in enumerate(described)},
        "changes": {str(change["id"]): _change(change) for change in config.changes_latest(CHANGES)},
        "storage": {"all": _storage()},
    }


def letter_row(letter: dict[str, Any]) -> Row:
    return wire(letter) | {
        "sort": letter["log_id"],
        "whose": letter["user_id"] or "system",
        "requeue_url": reverse("dead-letter-requeue", args=[letter["log_id"]]),
        "event_url": reverse("event", args=[letter["log_id"]]),
        "trace_url": reverse("trace", args=[letter["correlation_id"]]),
    }


def _worker(worker: dict[str, Any], now: datetime) -> Row:
    rounds = worker["lanes"]
    return {
        "sort": wire({"at": worker["started_at"]})["at"],
        "name": f"{worker['host']}:{worker['pid']}",
        "status": "UP" if worker["alive"] else "DOWN",
        "started_at": wire({"at": worker["started_at"]})["at"],
        "beat_at": wire({"at": worker["beat_at"]})["at"],
        "up": figures.span((worker["beat_at"] - worker["started_at"]).total_seconds()),
        "lanes": ", ".join(lane.replace("_", " ") for lane in rounds) or "none yet",
        "round_ms": max((worker["beat_at"] - at).total_seconds() * 1000 for at in rounds.values()) if rounds else None,
    }


def _change(change: dict[str, Any]) -> Row:
    return wire(change) | {"sort": change["id"], "old": setting_text(change["old"]), "new": setting_text(change["new"])}


def _storage() -> Row:
    found = storage()
    sizes = {name: bytes_text(found.pop(name)) for name in ("database_bytes", "archive_bytes")}
    return wire(found) | {"database_size": sizes["database_bytes"], "archive_size": sizes["archive_bytes"]}


def bytes_text(count: int) -> str:
    """1.4 MB, in powers of 1,000."""
    value, unit = float(count), UNITS[0]
    for unit in UNITS:
        if value < 1000 or unit == UNITS[-1]:
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == UNITS[0] else f"{value:.1f} {unit}"
