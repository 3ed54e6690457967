"""What an operator should know: alerts before they are stored, and what the open ones say about the system."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from engine.domain.enums import AlertLevel

COMPONENT_LENGTH = 40
TITLE_LENGTH = 200
MESSAGE_LENGTH = 1000
FINGERPRINT_LENGTH = 200

RANKS = {AlertLevel.INFO: 0, AlertLevel.WARNING: 1, AlertLevel.ERROR: 2, AlertLevel.CRITICAL: 3}
LONGEST_SILENCE = {
    AlertLevel.INFO: timedelta(days=7),
    AlertLevel.WARNING: timedelta(days=7),
    AlertLevel.ERROR: timedelta(days=1),
    AlertLevel.CRITICAL: timedelta(hours=1),  # whoever silences one has to look again soon
}
PENALTIES = {AlertLevel.CRITICAL: 30, AlertLevel.ERROR: 10, AlertLevel.WARNING: 5}
ID_SUFFIXES = 36**6
OLD_ID = re.compile(r"alert_\d{13}", re.ASCII)  # without a suffix: it means the first alert of its millisecond
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class AlertRaised:
    """A reason to tell the operator. Alerts of one fingerprint are the same alert: repeats are counted, not listed again.

    `component` is the part that noticed it; `user_id` the account that it concerns, None for the system itself.
    """

    level: AlertLevel
    title: str
    message: str
    component: str
    fingerprint: str
    user_id: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    correlation_id: UUID | None = None
    count: int = 1


def alerts_merged(raised: Iterable[AlertRaised]) -> list[AlertRaised]:
    """One alert per fingerprint, in the fingerprints' order: the latest text, the highest level, the counts added up.

    The order is the same in every process, so that two that raise the same alerts never wait for each other in a circle.
    """
    merged: dict[str, AlertRaised] = {}
    for alert in raised:
        key = fingerprint_stored(alert.fingerprint)
        before = merged.get(key)
        if before is None:
            merged[key] = replace(alert, fingerprint=key)
        else:
            level = max(before.level, alert.level, key=RANKS.__getitem__)
            merged[key] = replace(alert, fingerprint=key, level=level, count=before.count + alert.count)
    return [merged[key] for key in sorted(merged)]


def fingerprint_stored(fingerprint: str) -> str:
    """The fingerprint as it is stored: one that is too long keeps its beginning and gets a digest of the whole."""
    text = storable(fingerprint, len(fingerprint))
    if len(text) <= FINGERPRINT_LENGTH:
        return text
    digest = sha256(text.encode()).hexdigest()
    return f"{text[: FINGERPRINT_LENGTH - len(digest) - 1]}#{digest}"


def storable(text: str, length: int) -> str:
    """The text without what a database refuses (NUL, lone surrogates), cut to `length` characters."""
    clean = text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()
    return clean if len(clean) <= length else clean[: length - 1] + "…"


def storable_data(data: Any) -> Any:
    """The same of every text in it."""
    match data:
        case str():
            return storable(data, MESSAGE_LENGTH)
        case Mapping():
            return {storable_data(str(key)): storable_data(value) for key, value in data.items()}
        case list() | tuple():
            return [storable_data(value) for value in data]
    return data


def alert_id(at: datetime, suffix: int) -> str:
    """`alert_<13 digits of epoch milliseconds>_<6 digits of base 36>`: sorts by time."""
    milliseconds = int(at.timestamp() * 1000)
    return f"alert_{milliseconds:013d}_{_base36(suffix % ID_SUFFIXES)}"


def _base36(number: int) -> str:
    digits = ""
    for _ in range(6):
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits


def health_score(open_counts: Mapping[AlertLevel, int]) -> int:
    """100 less 30 for each open CRITICAL alert, 10 for each ERROR and 5 for each WARNING; never below 0."""
    return max(0, 100 - sum(PENALTIES.get(level, 0) * count for level, count in open_counts.items()))


def monitoring_status(open_counts: Mapping[AlertLevel, int]) -> str:
    """HEALTHY, WARNING, DEGRADED or CRITICAL: the health score in a word."""
    score = health_score(open_counts)
    for least, word in ((90, "HEALTHY"), (70, "WARNING"), (50, "DEGRADED")):
        if score >= least:
            return word
    return "CRITICAL"
