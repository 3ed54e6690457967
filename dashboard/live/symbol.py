"""One share: its price, what is held of it, its latest bars; and, apart, what was ordered and filled in it."""

from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse

from dashboard.figures import price as in_rupees
from dashboard.live import orders as order_rows
from dashboard.live.names import named
from dashboard.live.positions import desk_row
from dashboard.live.state import Row, State, wire
from dashboard.live.topics import Topic
from engine.domain.intervals import bar_start, interval_length
from engine.models import Position
from engine.selectors.candles import CHART_INTERVALS, ChartBar, candles_of, intervals_stored, source_of
from engine.selectors.positions import position_dict
from engine.selectors.prices import UNQUOTED, Quote, quotes_of
from engine.selectors.symbols import symbol_fills, symbol_orders
from engine.selectors.units import percent, price

BARS_SENT = 2  # the last closed ones: a page that slept for longer asks for all of them
ORDERS, FILLS = 20, 200


def state(topic: Topic, now: datetime) -> State:
    """Empty for a symbol or an interval that is none."""
    filters = dict(topic.filters)
    symbol, interval = filters.get("symbol", ""), filters.get("interval", "")
    quotes = quotes_of({symbol}) if symbol else {}
    held = positions(symbol, topic, quotes)
    return {
        "quote": {"all": quote_row(symbol, quotes.get(symbol, UNQUOTED), interval)} if symbol in quotes else {},
        "held": held,
        "levels": {level["id"]: level for row in held.values() for level in levels(row)},
        "bars": last_bars(symbol, interval),
    }


def traded(topic: Topic, now: datetime) -> State:
    """The symbol's latest orders, and its fills by the bar of the chart that they fall into."""
    filters = dict(topic.filters)
    symbol, interval = filters.get("symbol", ""), filters.get("interval", "")
    found = symbol_orders(symbol, topic.user_ids, limit=ORDERS) if symbol else []
    fills = symbol_fills(symbol, topic.user_ids, limit=FILLS) if symbol and interval in CHART_INTERVALS else []
    return {
        "orders": {str(order["id"]): order_rows.brief_row(order) for order in found},
        "fills": {str(fill["id"]): fill_row(fill, interval) for fill in fills},
    }


def positions(symbol: str, topic: Topic, quotes: dict[str, Quote]) -> dict[str, Row]:
    rows = Position.objects.open().filter(symbol=symbol)
    if topic.user_ids is not None:
        rows = rows.filter(account__in=topic.user_ids)
    held = [desk_row(position_dict(row, quotes), topic.scope) for row in rows.order_by("account_id", "strategy_id")]
    return {row["id"]: row for row in named(held)}


def quote_row(symbol: str, quote: Quote, interval: str) -> Row:
    """The price, how it moved since the close before, and which bar of the chart it belongs to."""
    last, before = quote.last_price, quote.previous_close
    moved = None if last is None or before is None else last - before
    bar = bar_start(quote.priced_at, interval_length(interval)) if quote.priced_at and interval in CHART_INTERVALS else None
    return wire(
        {
            "symbol": symbol,
            "sector": quote.sector,
            "last_price": price(last),
            "previous_close": price(before),
            "move": price(moved),
            "move_percent": None if moved is None or before is None else percent(moved, before),
            "priced_at": quote.priced_at,
            "received_at": quote.received_at,
            "source": quote.source,
            "bar": int(bar.timestamp()) if bar else None,
        }
    )


def levels(row: Row) -> list[Row]:
    """The lines that a position draws into the chart."""
    whose = f"{row['side']} {row['quantity']}"
    named = {"average": row["average_price"], "stop": row["stop_loss"], "target": row["take_profit"]}
    return [
        {"id": f"{row['id']}:{kind}", "kind": kind, "price": level, "title": f"{kind} {whose}"}
        for kind, level in named.items()
        if level is not None
    ]


def last_bars(symbol: str, interval: str) -> dict[str, Row]:
    source = source_of(interval, intervals_stored(symbol)) if symbol and interval in CHART_INTERVALS else None
    if source is None:
        return {}
    return {str(bar["at"]): bar for bar in map(bar_row, candles_of(symbol, interval, source=source, limit=BARS_SENT))}


def bar_row(bar: ChartBar) -> Row:
    """Prices in rupees; `at` in Unix seconds, as the chart wants it."""
    return bar._asdict() | {"at": int(bar.at.timestamp())}


def fill_row(fill: dict[str, Any], interval: str) -> Row:
    at = bar_start(fill["executed_at"], interval_length(interval) if interval else timedelta(minutes=1))
    return {
        "at": int(at.timestamp()),
        "side": fill["side"],
        "text": f"{fill['side']} {fill['quantity']} at {in_rupees(fill['price'])}",
        "order_id": str(fill["order_id"]),
    }


def chart_url(symbol: str) -> str:
    return reverse("symbol-bars", args=[symbol])
