"""A closed position as a round trip: what its shares cost to enter, told from its fills."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class TripFill:
    """A fill of the position's symbol and strategy. The one that opened a position has the position's id."""

    id: UUID
    side: str
    quantity: int
    price: Decimal


def entry_value(position_id: UUID, realized_pnl: Decimal, fills: Sequence[TripFill]) -> Decimal | None:
    """Rupees that the position's shares were worth when they were bought (or sold short). None where its fills are not known.

    `fills` are in order, up to the one that closed it. The first and the last may each be flips, of which only a part
    belongs to it. How large the parts are follows from what is known: shares in are shares out, and
    realised P&L = +-(out x price - in x price), exactly, for it is before charges.
    """
    begin = next((n for n, fill in enumerate(fills) if fill.id == position_id), None)
    if begin is None:
        return None
    first, rest = fills[begin], fills[begin + 1 :]
    sign = 1 if first.side == "BUY" else -1
    exits = [fill for fill in rest if fill.side != first.side]
    if not exits:
        return None
    last, earlier = exits[-1], exits[:-1]
    entries = [fill for fill in rest[: rest.index(last)] if fill.side == first.side]
    more, left = _shares(entries), _shares(earlier)
    opened = min(first.quantity, last.quantity + left - more)  # shares of the first fill, where prices do not tell
    if last.price != first.price:
        gain = sign * realized_pnl - _value(earlier) + _value(entries) - (more - left) * last.price
        opened = round(gain / (last.price - first.price))
    return opened * first.price + _value(entries)


def holding_days(opened_at: datetime, closed_at: datetime) -> int:
    """Whole days that it was held."""
    return max(0, (closed_at - opened_at).days)


def annualized_percent(total_percent: float, opened_at: datetime, closed_at: datetime) -> float | None:
    """(1 + return) ^ (365 days / holding period) - 1, in percent; None for less than a day, which is no basis for a year."""
    held = closed_at - opened_at
    growth = 1 + total_percent / 100
    if held < timedelta(days=1) or growth <= 0:
        return None
    exponent = math.log(growth) * (YEAR / held)
    return math.expm1(exponent) * 100 if exponent < 50 else None  # a lucky day is no yearly figure


def _shares(fills: Sequence[TripFill]) -> int:
    return sum(fill.quantity for fill in fills)


def _value(fills: Sequence[TripFill]) -> Decimal:
    return sum((fill.quantity * fill.price for fill in fills), Decimal(0))
