"""How large an order could be: for each limit, the most shares that would pass it as things stand."""

from dataclasses import replace
from typing import Any

from engine.domain.book import Book, Context
from engine.domain.orders import Order
from engine.domain.risk import LIMITS, SAFETY, Check, Rule, Situation

MOST_SHARES = 10**9


def verdict_with_room(book: Book, order: Order, context: Context) -> list[dict[str, Any]]:
    """Each rule's answer, with the most shares that it would let pass: `room_shares`, None where size is not its matter."""
    situation = Situation(book, order, context)
    rules = SAFETY + LIMITS if book.limits.risk_check_enabled else SAFETY
    return [
        {**check, "room_shares": _room(rule, book, order, context) if rule in LIMITS else None}
        for rule in rules
        if (check := rule(situation)) is not None
    ]


def _room(rule: Rule, book: Book, order: Order, context: Context) -> int | None:
    """By halving: a larger order of the same kind never passes where a smaller one does not."""

    def passes(lots: int) -> bool:
        check: Check | None = rule(Situation(book, replace(order, quantity=lots * lot), context))
        return check is None or check["passed"]

    quote = context.quotes.get(order.symbol)
    lot = quote.lot_size if quote else 1
    most = MOST_SHARES // lot
    if passes(most):
        return None
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if passes(middle) else (low, middle)
    return low * lot


def room_of(checks: list[dict[str, Any]]) -> int | None:
    """The most shares that all the limits of size let pass; None where none of them binds."""
    rooms = [check["room_shares"] for check in checks if check["room_shares"] is not None]
    return min(rooms, default=None)
