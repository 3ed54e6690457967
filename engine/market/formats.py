"""The price files that we read, recognised by what stands in them: each turns lines into bars, or says which line it cannot.

Plain OHLCV:   date or timestamp, symbol, open, high, low, close and maybe volume, in any order, by the header.
NSE bhavcopy:  the exchange's end-of-day file, in its old columns (until July 2024) and its new ones (UDiFF). Series EQ only.
Kite:          the JSON answer of its historical data, {"status": "success", "data": {"candles": [[time, o, h, l, c, v], ...]}}.
"""

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import Any

from engine.domain.bars import Bar
from engine.domain.intervals import IST
from engine.market.sources import FeedError, Source

Located = tuple[int, Bar]  # the line, and the bar that stands there

CENT_OF_PAISA = Decimal("0.0001")  # what the tables keep of a price
HIGHEST_PRICE = Decimal(10) ** 9  # rupees
MOST_VOLUME = 2**53  # shares
SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9&._ -]{0,31}")
CANDLES = re.compile(r'"candles"\s*:\s*\[\s*')
BETWEEN = re.compile(r"[\s,]*")
EXCHANGES = ("NSE", "BSE")
PRICES = ("open", "high", "low", "close")


@dataclass(frozen=True, slots=True)
class Layout:
    """Which column of a CSV file holds what."""

    symbol: str
    time: str
    prices: tuple[str, str, str, str]
    volume: str
    series: str = ""


BHAVCOPY = Layout("symbol", "timestamp", PRICES, "tottrdqty", "series")
UDIFF = Layout("tckrsymb", "traddt", ("opnpric", "hghpric", "lwpric", "clspric"), "ttltradgvol", "sctysrs")
PLAIN = [Layout("symbol", time, PRICES, "volume") for time in ("timestamp", "datetime", "date", "time")]
LAYOUTS = (BHAVCOPY, UDIFF, *PLAIN)


def bars_of(path: Path) -> Iterator[Located]:
    """The file's bars with their lines, in the file's order. Raises FeedError at the first that cannot be read."""
    with Source(path) as source:
        if source.is_json:
            yield from _kite_bars(source)
        else:
            yield from _csv_bars(source)


# --- CSV -------------------------------------------------------------------------------------------------------------------
def _csv_bars(source: Source) -> Iterator[Located]:
    rows = csv.reader(source)
    try:
        header = [name.strip().lower() for name in next(rows, [])]
        layout = _layout(source.path, header)
        columns = {name: place for place, name in enumerate(header)}
        for row in rows:
            if not any(row):
                continue
            if len(row) < len(header):
                raise ValueError(f"{len(row)} columns, where the header has {len(header)}")
            if layout.series and row[columns[layout.series]].strip() != "EQ":
                continue
            yield rows.line_num, _csv_bar(row, columns, layout)
    except (ValueError, csv.Error) as error:
        raise FeedError(source.path, rows.line_num, str(error)) from None


def _layout(path: Path, header: Sequence[str]) -> Layout:
    """The first layout that has all its columns there."""
    if not header:
        raise FeedError(path, 0, "the file is empty")
    for layout in LAYOUTS:
        wanted = {layout.symbol, layout.time, *layout.prices, *filter(None, [layout.series])}
        if wanted <= set(header):
            return layout
    raise FeedError(
        path,
        1,
        "this is no format that is known: a plain file has the columns date (or timestamp), symbol, open, high, low, close; "
        "NSE bhavcopy and Kite historical JSON are read too",
    )


def _csv_bar(row: Sequence[str], columns: Mapping[str, int], layout: Layout) -> Bar:
    volume = row[columns[layout.volume]] if layout.volume in columns else ""
    return checked_bar(
        symbol_of(row[columns[layout.symbol]]),
        time_of(row[columns[layout.time]]),
        [row[columns[name]] for name in layout.prices],
        volume.strip() or "0",
    )


# --- Kite ------------------------------------------------------------------------------------------------------------------
def _kite_bars(source: Source) -> Iterator[Located]:
    text = source.text()
    try:
        document = json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise FeedError(source.path, error.lineno, f"this is no JSON: {error.msg}") from None
    except (ValueError, RecursionError) as error:
        raise FeedError(source.path, 0, f"this is no JSON: {error}") from None
    candles, symbol = _candles(source.path, document)
    for candle, line in zip(candles, _lines_of_candles(text), strict=False):
        try:
            yield line, _kite_bar(candle, symbol)
        except ValueError as error:
            raise FeedError(source.path, line, str(error)) from None


def _candles(path: Path, document: Any) -> tuple[list[Any], str]:
    """The list of candles, and whose they are."""
    if not isinstance(document, dict):
        raise FeedError(path, 1, "this is no answer of Kite's: it must be an object")
    if document.get("status", "success") != "success":
        raise FeedError(path, 1, f"Kite answered {document['status']!r}: {document.get('message', '')}")
    data = document.get("data")
    if not isinstance(data, dict) or not isinstance(data.get("candles"), list):
        raise FeedError(path, 1, "there is no list of candles at data.candles")
    named = document.get("symbol") or data.get("symbol") or document.get("tradingsymbol") or data.get("tradingsymbol")
    try:
        return data["candles"], symbol_of(named if isinstance(named, str) else _symbol_in_name(path))
    except ValueError as error:
        raise FeedError(path, 1, f"{error}: give the file the symbol's name, or a key symbol") from None


def _kite_bar(candle: Any, symbol: str) -> Bar:
    if not isinstance(candle, list) or len(candle) < 5:
        raise ValueError("a candle is [time, open, high, low, close, volume]")
    time, *numbers = candle[:6]
    if not isinstance(time, str):
        raise ValueError(f"{time!r} is no time")
    if any(isinstance(number, bool) or not isinstance(number, int | Decimal) for number in numbers):
        raise ValueError(f"{candle[1:6]} are not all numbers")
    return checked_bar(
        symbol, time_of(time), [str(number) for number in numbers[:4]], str(numbers[4] if len(numbers) > 4 else 0)
    )


def _lines_of_candles(text: str) -> Iterator[int]:
    """The line on which each candle begins: the parser itself does not say."""
    decoder = json.JSONDecoder()
    begin = CANDLES.search(text)
    line, position = 1, 0
    next_position = begin.end() if begin else 0
    while True:
        line += text.count("\n", position, next_position)
        yield line
        position = next_position
        _, end = decoder.raw_decode(text, position)
        between = BETWEEN.match(text, end)
        next_position = between.end() if between else end


def _symbol_in_name(path: Path) -> str:
    """INFY of INFY.json, NSE_INFY_day.json or infy.json.gz."""
    parts = [part for part in path.name.split(".")[0].split("_") if part.upper() not in EXCHANGES]
    return parts[0] if parts else ""


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


# --- values ----------------------------------------------------------------------------------------------------------------
@lru_cache(maxsize=8192)
def symbol_of(text: str) -> str:
    """A symbol in capitals, without its exchange. Raises ValueError for what is none."""
    exchange, _, name = text.strip().upper().rpartition(":")
    if exchange not in ("", *EXCHANGES) or not SYMBOL.fullmatch(name):
        raise ValueError(f"{text[:60]!r} is no symbol")
    return name


@lru_cache(maxsize=8192)
def time_of(text: str) -> datetime:
    """A date or a time: ISO, or as the NSE writes dates (08-JUL-2024). India's, where it does not say. Raises ValueError."""
    text = text.strip()
    for parse in (datetime.fromisoformat, _nse_date):
        try:
            at = parse(text)
        except ValueError:
            continue
        if not 1990 <= at.year <= 2100:
            raise ValueError(f"{text!r} is no day of this market")
        return at if at.tzinfo else at.replace(tzinfo=IST)
    raise ValueError(f"{text[:60]!r} is no date or time")


def _nse_date(text: str) -> datetime:
    return datetime.strptime(text, "%d-%b-%Y").replace(tzinfo=IST)


def checked_bar(symbol: str, start: datetime, prices: Sequence[str], volume: str) -> Bar:
    """A bar from its texts. Raises ValueError for what cannot have been traded."""
    opened, high, low, close = (_price(name, text) for name, text in zip(PRICES, prices, strict=True))
    if high < low:
        raise ValueError(f"high {high} is below low {low}")
    for name, price in (("open", opened), ("close", close)):
        if not low <= price <= high:
            raise ValueError(f"{name} {price} is outside of low {low} to high {high}")
    return Bar(symbol, start, opened, high, low, close, _volume(volume))


def _price(name: str, text: str) -> Decimal:
    try:
        price = Decimal(text.strip())
    except InvalidOperation:
        raise ValueError(f"{name} {text[:60]!r} is no number") from None
    if not price.is_finite():
        raise ValueError(f"{name} {text[:60]!r} is no number")
    if not CENT_OF_PAISA <= price <= HIGHEST_PRICE:
        raise ValueError(f"{name} {text[:60]} is no price in rupees: it must be above 0 and at most {HIGHEST_PRICE:.0f}")
    return price if price.as_tuple().exponent in _STORED else price.quantize(CENT_OF_PAISA)


def _volume(text: str) -> int:
    try:
        volume = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"volume {text[:60]!r} is no number") from None
    if not volume.is_finite() or not 0 <= volume <= MOST_VOLUME or volume != int(volume):
        raise ValueError(f"volume {text[:60]} is no number of shares")
    return int(volume)


_STORED = frozenset(range(-4, 1))  # exponents of prices that the tables keep as they are
