"""Instruments as somebody looks for them, by symbol or name."""

from typing import Any

from django.db.models import Case, Q, QuerySet, When

from engine.models import Instrument
from engine.selectors.units import price

Row = dict[str, Any]


def instruments_search(text: str = "", *, limit: int = 12) -> list[Row]:
    """Those whose symbol or name holds the text: the exact symbol first, then symbols that begin with it, then the rest."""
    rows = Instrument.objects.all()
    if text:
        place = Case(When(symbol__iexact=text, then=0), When(symbol__istartswith=text, then=1), default=2)
        rows = rows.filter(Q(symbol__icontains=text) | Q(name__icontains=text)).annotate(place=place)
        return _dicts(rows.order_by("place", "symbol")[:limit])
    return _dicts(rows.order_by("symbol")[:limit])


def instrument_get(symbol: str) -> Row | None:
    return next(iter(_dicts(Instrument.objects.filter(symbol=symbol))), None)


def _dicts(rows: QuerySet[Instrument]) -> list[Row]:
    """Prices in rupees."""
    return [
        {
            "symbol": row.symbol,
            "name": row.name,
            "sector": row.sector,
            "exchange": row.exchange,
            "tick_size": price(row.tick_size),
            "lot_size": row.lot_size,
            "last_price": price(row.last_price),
            "priced_at": row.priced_at,
        }
        for row in rows
    ]
