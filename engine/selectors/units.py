"""How figures are rounded before they leave: rupees to paise, prices to four decimals, percentages to four."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from engine.domain.intervals import IST

Scope = Sequence[str] | None

_PAISE = Decimal("0.01")
_PRICE = Decimal("0.0001")


def rupees(value: Decimal) -> Decimal:
    return value.quantize(_PAISE)


def price(value: Decimal | None) -> Decimal | None:
    return None if value is None else value.quantize(_PRICE)


def percent(part: Decimal, whole: Decimal) -> Decimal:
    """`part` in percent of `whole`; 0 where there is no whole to speak of."""
    return (part / whole * 100).quantize(_PRICE) if whole > 0 else Decimal("0.0000")


def milliseconds(span: timedelta) -> float:
    return round(span / timedelta(milliseconds=1), 3)


def day_start(now: datetime) -> datetime:
    """Midnight in India: when the trading day of `now` began."""
    return now.astimezone(IST).replace(hour=0, minute=0, second=0, microsecond=0)
