import gzip
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.domain.bars import Bar
from engine.domain.intervals import interval_name
from engine.market.formats import bars_of
from engine.market.readers import bars_by_time, survey
from engine.market.sources import FeedError

PLAIN = "date,symbol,open,high,low,close,volume\n"
OLD_BHAVCOPY = (
    "SYMBOL,SERIES,OPEN,HIGH,LOW,CLOSE,LAST,PREVCLOSE,TOTTRDQTY,TOTTRDVAL,TIMESTAMP,TOTALTRADES,ISIN,\n"
    "INFY,EQ,1500,1520.5,1490,1510.05,1510,1495,1000,1510000,05-JUL-2024,90,INE000000000,\n"
    "INFY,BE,1,2,1,2,2,1,10,20,05-JUL-2024,1,INE000000000,\n"
    "SOMEBOND,GB,no,no,no,no,no,no,0,0,05-JUL-2024,1,INE000000001,\n"
)
UDIFF = (
    "TradDt,BizDt,Sgmt,Src,FinInstrmTp,FinInstrmId,ISIN,TckrSymb,SctySrs,OpnPric,HghPric,LwPric,ClsPric,LastPric,TtlTradgVol\n"
    "2024-07-08,2024-07-08,CM,NSE,STK,1594,INE0,INFY,EQ,1510.00,1530.00,1500.00,1505.50,1505.50,2000\n"
    "2024-07-08,2024-07-08,CM,NSE,STK,9999,INE1,OTHER,BE,1,1,1,1,1,5\n"
)


def kite(*candles: Any, **more: Any) -> str:
    return json.dumps({"status": "success", "data": {"candles": candles}} | more, indent=1)


def candle(close: float = 1505.0, at: str = "2024-07-08T09:15:00+0530") -> list[Any]:
    return [at, 1500.0, 1510.5, 1490, close, 1200]


@pytest.fixture
def write(tmp_path: Path):
    def write_file(text: str | bytes, name: str = "prices.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write_file


def read(path: Path) -> list[Bar]:
    return [bar for _, bar in bars_of(path)]


def test_a_plain_file_is_read_whatever_the_order_and_case_of_its_columns(write):
    path = write("Symbol,CLOSE,low,high,open,DATE\ninfy,1505,1490,1510,1500,2024-07-08\n")
    (bar,) = read(path)
    midnight = datetime(2024, 7, 7, 18, 30, tzinfo=UTC)  # in India
    assert bar == Bar("INFY", midnight, Decimal(1500), Decimal(1510), Decimal(1490), Decimal(1505), 0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-07-08", "2024-07-07 18:30"),
        ("08-JUL-2024", "2024-07-07 18:30"),
        ("2024-07-08T09:15:00+05:30", "2024-07-08 03:45"),
        ("2024-07-08T09:15:00+0530", "2024-07-08 03:45"),
        ("2024-07-08 09:15:00", "2024-07-08 03:45"),  # India's, where it does not say
        ("2024-07-08T03:45:00Z", "2024-07-08 03:45"),
    ],
)
def test_times_are_indias_where_they_do_not_say(write, text: str, expected: str):
    (bar,) = read(write(f"timestamp,symbol,open,high,low,close\n{text},INFY,1,1,1,1\n"))
    assert bar.start.astimezone(UTC).strftime("%Y-%m-%d %H:%M") == expected


def test_both_bhavcopies_give_equities_only(write):
    (old,), (new,) = read(write(OLD_BHAVCOPY, "old.csv")), read(write(UDIFF, "new.csv"))
    assert old.symbol == "INFY"
    assert [str(price) for price in (old.open, old.high, old.low, old.close)] == ["1500", "1520.5", "1490", "1510.05"]
    assert (old.volume, new.volume) == (1000, 2000)
    assert new.close == Decimal("1505.5")
    assert new.start - old.start == timedelta(days=3)


@pytest.mark.parametrize("name", ["INFY.json", "infy_day.json", "NSE_INFY_minute.json", "INFY.json.gz"])
def test_a_kite_answer_takes_its_symbol_from_the_files_name(write, name: str):
    (bar,) = read(write(kite(candle(1505.45)), name))
    assert (bar.symbol, bar.close, bar.volume) == ("INFY", Decimal("1505.45"), 1200)


def test_a_kite_answer_takes_its_symbol_from_a_key_first(write):
    (bar,) = read(write(kite(candle(), symbol="NSE:TCS"), "whatever.json"))
    assert bar.symbol == "TCS"


@pytest.mark.parametrize("text", [PLAIN + "2024-07-08,INFY,1,1,1,1,5\n", OLD_BHAVCOPY, UDIFF, kite(candle())])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_format_is_known_by_its_content_plain_or_gzipped(write, text: str, mark: bytes):
    plain, packed = write(mark + text.encode(), "INFY.txt"), write(gzip.compress(mark + text.encode()), "INFY.dat")
    assert read(plain) == read(packed) != []


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("2024-07-08,INFY,nan,1,1,1,5", "open 'nan' is no number"),
        ("2024-07-08,INFY,1,inf,1,1,5", "high 'inf' is no number"),
        ("2024-07-08,INFY,1,1,-1,1,5", "low -1 is no price in rupees"),
        ("2024-07-08,INFY,1,1,1,0,5", "close 0 is no price in rupees"),
        ("2024-07-08,INFY,1,1,1,1e400,5", "close 1e400 is no price"),
        ("2024-07-08,INFY,1,1,1,,5", "close '' is no number"),
        ("2024-07-08,INFY,10,9,11,10,5", "high 9 is below low 11"),
        ("2024-07-08,INFY,10,12,9,13,5", "close 13 is outside of low 9 to high 12"),
        ("2024-07-08,INFY,8,12,9,10,5", "open 8 is outside of low 9 to high 12"),
        ("2024-07-08,INFY,1,1,1,1,-5", "volume -5 is no number of shares"),
        ("2024-07-08,INFY,1,1,1,1,5.5", "volume 5.5 is no number of shares"),
        ("2024-07-08,INFY,1,1,1,1,many", "volume 'many' is no number"),
        ("2024-07-08,INFY,1,1,1,1,nan", "volume nan is no number of shares"),
        ("2024-07-08,,1,1,1,1,5", "'' is no symbol"),
        ("2024-07-08,<script>,1,1,1,1,5", "'<script>' is no symbol"),
        ("08/07/2024,INFY,1,1,1,1,5", "'08/07/2024' is no date or time"),
        ("0001-01-01,INFY,1,1,1,1,5", "'0001-01-01' is no day of this market"),
        ("2024-07-08,INFY,1,1", "4 columns, where the header has 7"),
        ('2024-07-08,"INFY\n', "no symbol"),
        ("2024-07-08,IN\0FY,1,1,1,1,5", ""),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(write, row: str, complaint: str):
    path = write(f"{PLAIN}2024-07-05,INFY,1,1,1,1,5\n\n{row}\n2024-07-09,INFY,1,1,1,1,5\n")
    with pytest.raises(FeedError) as caught:
        read(path)
    assert caught.value.line >= 4
    assert str(path) in str(caught.value)
    assert complaint in str(caught.value) or row.startswith('2024-07-08,"')


@pytest.mark.parametrize(
    ("content", "name", "complaint"),
    [
        ("", "a.csv", "the file is empty"),
        ("hello\n", "a.csv", "line 1: this is no format that is known"),
        (b"\xff\xfe\x00broken", "a.csv", "line 1: this is no UTF-8 text"),
        (b"date,symbol,open,high,low,close\n\xff\xfe\n", "a.csv", "line 2: this is no UTF-8 text"),
        (b"PK\x03\x04rest", "a.zip", "this is a zip archive: unpack it first"),
        (gzip.compress((PLAIN + "2024-07-08,INFY,1,1,1,1,5\n" * 500).encode())[:-12], "a.gz", "the file is damaged"),
        (b"\x1f\x8bnot gzip at all", "a.gz", "line 1: the file is damaged"),
        ("x" * 200_000, "a.csv", "line 1: a line of more than 100000 bytes is no price"),
        ('{"status": "success",\n "data": }', "a.json", "line 2: this is no JSON"),
        ("[" * 100_000, "a.json", "this is no JSON"),
        ("[]", "a.json", "it must be an object"),
        ('{"status": "error", "message": "Token is invalid"}', "a.json", "Kite answered 'error': Token is invalid"),
        ('{"status": "success", "data": {}}', "a.json", "no list of candles at data.candles"),
        (kite(candle()), "_.json", "is no symbol: give the file the symbol's name"),
        (kite(candle(), candle(close=99999)), "INFY.json", "line 13: close 99999 is outside of low 1490 to high 1510.5"),
        (kite(candle(), [1, 2]), "INFY.json", "line 13: a candle is [time, open, high, low, close, volume]"),
        (kite(candle(), candle(close="1505")), "INFY.json", "are not all numbers"),  # type: ignore[arg-type]
        (kite(candle(), candle(close=float("nan"))), "INFY.json", "NaN is no number"),
        (kite(["yesterday", 1, 1, 1, 1, 1]), "INFY.json", "'yesterday' is no date or time"),
    ],
)
def test_a_broken_file_is_named(write, content: str | bytes, name: str, complaint: str):
    path = write(content, name)
    with pytest.raises(FeedError) as caught:
        read(path)
    assert str(caught.value).startswith(str(path))
    assert complaint in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(FeedError, match="No such file"):
        survey([tmp_path / "missing.csv"])


def test_bars_of_one_time_come_together_from_all_files_whatever_their_order(write):
    by_symbol = write(PLAIN + "".join(f"2024-07-0{day},{symbol},1,1,1,1,5\n" for symbol in ("TCS", "INFY") for day in (8, 9)))
    other = write(kite(candle(at="2024-07-09T00:00:00+0530"), candle(at="2024-07-10T00:00:00+0530")), "WIPRO.json")
    found = survey([by_symbol, other])
    assert [[bar.symbol for bar in bars] for bars in bars_by_time(found.files)] == [
        ["INFY", "TCS"],
        ["INFY", "TCS", "WIPRO"],
        ["WIPRO"],
    ]
    assert (found.times, found.bars, found.symbols) == (3, 6, ["INFY", "TCS", "WIPRO"])
    assert interval_name(found.interval) == "1d"


def test_a_year_of_daily_files_is_read_one_after_the_other(write, monkeypatch):
    days = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(40)]
    paths = [write(f"{PLAIN}{day:%Y-%m-%d},INFY,1,1,1,1,5\n", f"{day:%d%b}.csv") for day in reversed(days)]
    starts = [bars[0].start.date() for bars in bars_by_time(survey(paths).files)]
    assert starts == sorted(starts)
    assert len(starts) == 40


def test_a_bar_that_is_there_twice_is_named(write):
    first = write(PLAIN + "2024-07-08,INFY,1,1,1,1,5\n", "first.csv")
    second = write(PLAIN + "2024-07-05,INFY,1,1,1,1,5\n2024-07-08,INFY,2,2,2,2,5\n", "second.csv")
    with pytest.raises(FeedError, match=r"line \d: a second bar of INFY at 2024-07-08"):
        survey([first, second])


def test_bars_of_different_lengths_do_not_go_together(write):
    daily = write(PLAIN + "2024-07-08,INFY,1,1,1,1,5\n2024-07-09,INFY,1,1,1,1,5\n", "daily.csv")
    minutes = write(kite(candle(), candle(at="2024-07-08T09:16:00+0530")), "INFY.json")
    with pytest.raises(FeedError, match=r"INFY\.json: bars of 0:01:00 cannot go with those of 1 day"):
        survey([daily, minutes])


def test_a_file_without_a_bar_is_named(write):
    with pytest.raises(FeedError, match="there is no bar in it"):
        survey([write(PLAIN)])


@pytest.mark.parametrize(
    ("name", "times", "symbols", "interval"),
    [
        ("nifty50_daily.csv.gz", 374, 50, "1d"),
        ("index_1min_2022_12.csv.gz", 8250, 2, "1m"),
    ],
)
def test_the_real_files_are_read_whole(real_data: Path, name: str, times: int, symbols: int, interval: str):
    found = survey([real_data / name])
    assert (found.times, len(found.symbols), interval_name(found.interval)) == (times, symbols, interval)
    assert found.files[0].in_order
