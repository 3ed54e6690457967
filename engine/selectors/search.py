"""What somebody looks for by a few letters. Each list is short, and read by an index or from a small table."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Q

from engine.models import Instrument, Order, Strategy
from engine.selectors.pages import in_scope
from engine.selectors.units import Scope

FEWEST = 6  # hexadecimal digits that look for an order


def orders_named(text: str, user_ids: Scope, *, limit: int) -> Sequence[Order]:
    """The newest orders of the symbols that begin with the text, and those whose id does."""
    rows = Order.objects.filter(in_scope(user_ids))
    ids = _ids_beginning(text)
    if ids:
        return list(rows.filter(id__range=ids)[:limit])
    symbols = Instrument.objects.filter(symbol__istartswith=text).values_list("symbol", flat=True)[:limit]
    return list(rows.filter(symbol__in=list(symbols)).order_by("-created_at", "-id")[:limit])


def strategies_named(text: str, user_ids: Scope, *, limit: int) -> Sequence[Strategy]:
    found = Strategy.objects.filter(in_scope(user_ids)).filter(Q(id__icontains=text) | Q(name__icontains=text))
    return list(found.order_by("id")[:limit])


def _ids_beginning(text: str) -> tuple[UUID, UUID] | None:
    digits = text.replace("-", "").lower()
    if not FEWEST <= len(digits) <= 32 or set(digits) - set("0123456789abcdef"):
        return None
    return UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
