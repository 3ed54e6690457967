"""Prices of a past instant: the closing prices of a market minute, which the log keeps (`market_data_update`)."""

from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal

from engine.domain.events import MARKET_STREAM, EventType
from engine.domain.values import as_decimal, as_time
from engine.models import Event, Instrument, Stream
from engine.selectors.prices import UNQUOTED, Quote

SOURCE = "minute close"
MOST_MARKS = 400  # looked back through for a symbol: a trading day's minutes
MARKS_AT_A_TIME = 10


def marks_at(symbols: Collection[str], at: datetime) -> Mapping[str, Quote]:
    """Each symbol with the last price of its last minute that had closed by then; without one where none is on record."""
    sectors = dict(Instrument.objects.filter(symbol__in=symbols).values_list("symbol", "sector"))
    found: dict[str, Quote] = {}
    wanted, below = set(symbols), _last_mark(at) + 1 if symbols else 0
    for _ in range(MOST_MARKS // MARKS_AT_A_TIME):
        marks = _marks(below) if wanted else []
        if not marks:
            break
        below = marks[-1].seq or 0
        for mark in marks:
            for symbol in wanted & mark.data["prices"].keys():
                price = mark.data["prices"][symbol]
                found[symbol] = _quote(sectors.get(symbol, UNQUOTED.sector), as_decimal(price), mark)
            wanted -= found.keys()
    return found | {symbol: Quote(sectors.get(symbol, UNQUOTED.sector), None, None, None, None, "") for symbol in wanted}


def _quote(sector: str, price: Decimal, mark: Event) -> Quote:
    return Quote(sector, price, None, as_time(mark.data["at"]), mark.created_at, SOURCE)


def _marks(below: int) -> list[Event]:
    rows = Event.objects.filter(stream=MARKET_STREAM, seq__lt=below, type=EventType.MARKET_DATA_UPDATE)
    return list(rows.order_by("-seq")[:MARKS_AT_A_TIME])


def _last_mark(at: datetime) -> int:
    """The market's last number by then, found by halving: its times rise with its numbers."""
    low, high = 0, Stream.objects.filter(name=MARKET_STREAM).values_list("seq", flat=True).first() or 0
    while low < high:
        middle = (low + high + 1) // 2
        rows = Event.objects.filter(stream=MARKET_STREAM, seq__lte=middle)
        mark = rows.order_by("-seq").values_list("seq", "created_at").first()
        if mark is None or mark[1] <= at:
            low = middle
        else:
            high = (mark[0] or 1) - 1
    return low
