"""Figures as a person in India reads them. static/js/format.js writes the very same text; a test holds the two together."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from engine.domain.amounts import MINUS, grouped, money
from engine.domain.intervals import IST

NONE = "–"


def pnl(value: Any) -> str:
    return _plus(value, money(value))


def short(value: Any) -> str:
    """+1.2 L, −34.5 k, +120: rupees where there is little room (L is a lakh, 100,000)."""
    size = abs(Decimal(value))
    divisor, unit = (100_000, " L") if size >= 100_000 else (1000, " k") if size >= 1000 else (1, "")
    return _plus(value, grouped(Decimal(value) / divisor, 1 if unit else 0)) + unit


def price(value: Any) -> str:
    return grouped(value, 2)


def quantity(value: Any) -> str:
    return grouped(value, 0)


def signed(value: Any) -> str:
    """A number of things more or fewer: +3."""
    return _plus(value, quantity(value))


def percent(value: Any) -> str:
    return f"{grouped(value, 2)}%"


def change(value: Any) -> str:
    return _plus(value, percent(value))


def rate(value: Any) -> str:
    return grouped(value, 1)


def milliseconds(value: Any) -> str:
    """12.4 ms, or in seconds or microseconds where that reads better."""
    value = float(value)
    if value >= 1000:
        return f"{grouped(value / 1000, 2)} s"
    if value < 1:
        return f"{grouped(value * 1000, 0)} µs"
    return f"{grouped(value, 1)} ms"


def clock(value: Any) -> str:
    """10:14:03, in IST."""
    return parsed(value).astimezone(IST).strftime("%H:%M:%S")


def moment(value: Any) -> str:
    """22 Nov 10:14:03, in IST."""
    at = parsed(value).astimezone(IST)
    return f"{at.day} {at:%b %H:%M:%S}"


def day(value: Any) -> str:
    """Tue 24 Nov 2026, in IST."""
    at = parsed(value).astimezone(IST)
    return f"{at:%a} {at.day} {at:%b %Y}"


def hour(value: Any) -> str:
    """10:00 – 11:00, in IST."""
    at = parsed(value).astimezone(IST)
    return f"{at:%H:%M} – {at + timedelta(hours=1):%H:%M}"


def duration(span: timedelta) -> str:
    """2 d 3 h, 1 h 12 min, 14 min 5 s, 9 s."""
    seconds = int(span.total_seconds())
    parts = ((seconds // 86_400, "d"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s"))
    begin = next((place for place, (number, _) in enumerate(parts) if number), len(parts) - 1)
    shown = [f"{number} {unit}" for number, unit in parts[begin : begin + 2] if number]
    return " ".join(shown) or "0 s"


def utc(value: Any) -> str:
    return parsed(value).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def words(value: Any) -> str:
    """PARTIALLY_FILLED: Partially filled."""
    text = str(value).replace("_", " ").strip()
    return text[:1].upper() + text[1:].lower()


def span(seconds: Any) -> str:
    """How long, as exactly as one wants to know: 45 s, 12 m 05 s, 13 h 08 m, 2 d 14 h."""
    whole = max(0, int(seconds))
    minutes, hours, days = whole // 60, whole // 3600, whole // 86_400
    if days:
        return f"{days} d {hours % 24} h"
    if hours:
        return f"{hours} h {minutes % 60:02d} m"
    return f"{minutes} m {whole % 60:02d} s" if minutes else f"{whole} s"


def parsed(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


def _plus(value: Any, text: str) -> str:
    return f"+{text}" if not text.startswith(MINUS) and sign(value, text) else text


def sign(value: Any, text: str) -> int:
    """-1, 0 or 1, of what is shown: what rounds to 0.00 has no sign."""
    shown = any(digit in text for digit in "123456789")
    return (value > 0) - (value < 0) if shown else 0


FORMATS: dict[str, Callable[[Any], str]] = {
    "money": money,
    "pnl": pnl,
    "price": price,
    "quantity": quantity,
    "percent": percent,
    "change": change,
    "rate": rate,
    "ms": milliseconds,
    "clock": clock,
    "moment": moment,
    "words": words,
    "span": span,
    "text": str,
    "day": day,
    "note": str,  # the only one that stays empty where there is nothing to say
}
SIGNED = frozenset({"pnl", "change"})
TIMES = frozenset({"clock", "moment"})


def shown(value: Any, form: str) -> str:
    """The text of a value in one of FORMATS; a dash for none."""
    if value is None or value == "":
        return "" if form == "note" else NONE
    return FORMATS[form](value)
