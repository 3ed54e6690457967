"""The shares of the NIFTY 50, and how instruments come into the table. Prices come from feeds alone, never from here."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from engine.domain.bars import TICK
from engine.domain.simulator import Listing
from engine.market.formats import symbol_of
from engine.market.sources import FeedError, Source
from engine.models import Instrument


@dataclass(frozen=True, slots=True)
class InstrumentInput:
    symbol: str
    name: str = ""
    sector: str = "Unknown"
    exchange: str = "NSE"
    tick_size: Decimal = TICK
    lot_size: int = 1


# symbol, name, a rough price in rupees for the simulator to start at; by sector
NIFTY_50: dict[str, tuple[tuple[str, str, int], ...]] = {
    "Automobile": (
        ("BAJAJ-AUTO", "Bajaj Auto", 9000),
        ("EICHERMOT", "Eicher Motors", 5500),
        ("HEROMOTOCO", "Hero MotoCorp", 4500),
        ("M&M", "Mahindra & Mahindra", 3000),
        ("MARUTI", "Maruti Suzuki India", 12500),
        ("TATAMOTORS", "Tata Motors", 700),
    ),
    "Banking": (
        ("AXISBANK", "Axis Bank", 1150),
        ("HDFCBANK", "HDFC Bank", 1800),
        ("ICICIBANK", "ICICI Bank", 1350),
        ("INDUSINDBK", "IndusInd Bank", 800),
        ("KOTAKBANK", "Kotak Mahindra Bank", 2000),
        ("SBIN", "State Bank of India", 800),
    ),
    "Financial services": (
        ("BAJAJFINSV", "Bajaj Finserv", 1900),
        ("BAJFINANCE", "Bajaj Finance", 900),
        ("HDFCLIFE", "HDFC Life Insurance", 750),
        ("JIOFIN", "Jio Financial Services", 300),
        ("SBILIFE", "SBI Life Insurance", 1750),
        ("SHRIRAMFIN", "Shriram Finance", 650),
    ),
    "Information technology": (
        ("HCLTECH", "HCL Technologies", 1600),
        ("INFY", "Infosys", 1600),
        ("TCS", "Tata Consultancy Services", 3500),
        ("TECHM", "Tech Mahindra", 1500),
        ("WIPRO", "Wipro", 250),
    ),
    "Consumer goods": (
        ("ASIANPAINT", "Asian Paints", 2400),
        ("HINDUNILVR", "Hindustan Unilever", 2400),
        ("ITC", "ITC", 420),
        ("NESTLEIND", "Nestle India", 1200),
        ("TATACONSUM", "Tata Consumer Products", 1100),
        ("TITAN", "Titan Company", 3400),
    ),
    "Retail and internet": (
        ("ETERNAL", "Eternal", 250),
        ("TRENT", "Trent", 5500),
    ),
    "Health care": (
        ("APOLLOHOSP", "Apollo Hospitals", 7000),
        ("CIPLA", "Cipla", 1500),
        ("DRREDDY", "Dr. Reddy's Laboratories", 1250),
        ("SUNPHARMA", "Sun Pharmaceutical", 1700),
    ),
    "Metals and mining": (
        ("ADANIENT", "Adani Enterprises", 2400),
        ("HINDALCO", "Hindalco Industries", 650),
        ("JSWSTEEL", "JSW Steel", 1000),
        ("TATASTEEL", "Tata Steel", 150),
    ),
    "Oil, gas and coal": (
        ("COALINDIA", "Coal India", 400),
        ("ONGC", "Oil and Natural Gas Corporation", 250),
        ("RELIANCE", "Reliance Industries", 1400),
    ),
    "Power": (
        ("NTPC", "NTPC", 350),
        ("POWERGRID", "Power Grid Corporation", 300),
    ),
    "Capital goods and construction": (
        ("ADANIPORTS", "Adani Ports", 1300),
        ("BEL", "Bharat Electronics", 350),
        ("GRASIM", "Grasim Industries", 2700),
        ("LT", "Larsen & Toubro", 3500),
        ("ULTRACEMCO", "UltraTech Cement", 11500),
    ),
    "Telecommunication": (("BHARTIARTL", "Bharti Airtel", 1800),),
}

NIFTY_50_INSTRUMENTS = [
    InstrumentInput(symbol, name, sector) for sector, shares in NIFTY_50.items() for symbol, name, _ in shares
]
NIFTY_50_LISTINGS = [
    Listing(symbol, sector, Decimal(price)) for sector, shares in NIFTY_50.items() for symbol, _, price in shares
]


def instruments_load(*, instruments: Sequence[InstrumentInput]) -> int:
    """Add the instruments, or bring their description up to date; returns how many are new. Prices stay as they are."""
    known = set(Instrument.objects.filter(symbol__in=[one.symbol for one in instruments]).values_list("symbol", flat=True))
    fields = ("exchange", "name", "sector", "tick_size", "lot_size")
    rows = [Instrument(symbol=one.symbol, **{field: getattr(one, field) for field in fields}) for one in instruments]
    Instrument.objects.bulk_create(rows, update_conflicts=True, unique_fields=["symbol"], update_fields=fields)
    return len({one.symbol for one in instruments} - known)


def instruments_add_unknown(*, symbols: Iterable[str]) -> int:
    """Instruments of sector Unknown for the symbols that we do not have; returns how many that were."""
    known = set(Instrument.objects.values_list("symbol", flat=True))
    new = sorted(set(symbols) - known)
    Instrument.objects.bulk_create([Instrument(symbol=symbol) for symbol in new], ignore_conflicts=True)
    return len(new)


def instruments_read(path: Path) -> list[InstrumentInput]:
    """The instruments of a CSV file with a header: symbol, and whatever it has of exchange, name, sector, tick_size, lot_size.

    Raises FeedError, naming file and line, for what it cannot read.
    """
    found: dict[str, InstrumentInput] = {}
    with Source(path) as source:
        rows = csv.DictReader(source)
        if "symbol" not in (rows.fieldnames or ()):
            raise FeedError(path, 1, "no column is named symbol")
        for row in rows:
            try:
                one = _instrument({name: (value or "").strip() for name, value in row.items() if isinstance(value, str)})
            except ValueError as error:
                raise FeedError(path, rows.line_num, str(error)) from None
            if one.symbol in found:
                raise FeedError(path, rows.line_num, f"{one.symbol} is there twice")
            found[one.symbol] = one
    return list(found.values())


def _instrument(row: dict[str, str]) -> InstrumentInput:
    symbol = symbol_of(row["symbol"])
    name, exchange = row.get("name", ""), row.get("exchange") or "NSE"
    sector = row.get("sector") or "Unknown"
    for column, value, longest in (("name", name, 120), ("exchange", exchange, 8), ("sector", sector, 60)):
        if len(value) > longest:
            raise ValueError(f"{column} is longer than {longest} characters")
    try:
        tick_size, lot_size = Decimal(row.get("tick_size") or TICK), int(row.get("lot_size") or 1)
    except (InvalidOperation, ValueError):
        raise ValueError("tick_size or lot_size is no number") from None
    if not (tick_size.is_finite() and 0 < tick_size <= 1000 and 0 < lot_size <= 1_000_000):
        raise ValueError("tick_size and lot_size must be above 0")
    return InstrumentInput(symbol, name, sector, exchange, tick_size, lot_size)


def load_nifty_50() -> int:
    """The NIFTY 50, as we describe them; returns how many are new."""
    return instruments_load(instruments=NIFTY_50_INSTRUMENTS)
