"""Figures as a person in India reads them. static/js/format.js writes the very same text; a test holds the two together."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

IST = ZoneInfo("Asia/Kolkata")
NONE = "–"
MINUS = "\N{MINUS SIGN}"


def grouped(value: Any, places: int) -> str:
    """12,34,567.50: the last three digits, then pairs. Rounds half up, as the browser does."""
    rounded = Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    whole, _, fraction = f"{abs(rounded):f}".partition(".")
    head, tail = whole[:-3], whole[-3:]
    pairs = [head[max(0, end - 2) : end] for end in range(len(head), 0, -2)][::-1]
    text = ",".join([*pairs, tail]) + (f".{fraction}" if fraction else "")
    return f"{MINUS}{text}" if rounded < 0 else text


def money(value: Any) -> str:
    text = grouped(value, 2)
    return f"{MINUS}₹{text[1:]}" if text.startswith(MINUS) else f"₹{text}"


def pnl(value: Any) -> str:
    return _plus(value, money(value))


def price(value: Any) -> str:
    return grouped(value, 2)


def quantity(value: Any) -> str:
    return grouped(value, 0)


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


def utc(value: Any) -> str:
    return parsed(value).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def words(value: Any) -> str:
    """PARTIALLY_FILLED: Partially filled."""
    text = str(value).replace("_", " ").strip()
    return text[:1].upper() + text[1:].lower()


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
    "text": str,
    "note": str,  # the only one that stays empty where there is nothing to say
}
SIGNED = frozenset({"pnl", "change"})
TIMES = frozenset({"clock", "moment"})


def shown(value: Any, form: str) -> str:
    """The text of a value in one of FORMATS; a dash for none."""
    if value is None or value == "":
        return "" if form == "note" else NONE
    return FORMATS[form](value)
