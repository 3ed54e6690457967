"""Amounts in words for people in India: reasons, messages and pages group their digits alike."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

MINUS = "\N{MINUS SIGN}"
STEPS = [Decimal(1).scaleb(-places) for places in range(5)]  # what is rounded to, by the number of decimals


def grouped(value: Any, places: int) -> str:
    """12,34,567.50: the last three digits, then pairs. Rounds half up, a float as it is written, as the browser does."""
    exact = Decimal(repr(value) if isinstance(value, float) else value)
    rounded = exact.quantize(STEPS[places], ROUND_HALF_UP)
    whole, _, fraction = f"{abs(rounded):f}".partition(".")
    head, tail = whole[:-3], whole[-3:]
    pairs = [head[max(0, end - 2) : end] for end in range(len(head), 0, -2)][::-1]
    text = ",".join([*pairs, tail]) + (f".{fraction}" if fraction else "")
    return f"{MINUS}{text}" if rounded < 0 else text


def money(value: Any) -> str:
    """₹12,34,567.50."""
    text = grouped(value, 2)
    return f"{MINUS}₹{text[1:]}" if text.startswith(MINUS) else f"₹{text}"
