from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from engine.models import Instrument

pytestmark = pytest.mark.django_db


def load(*arguments: str) -> str:
    out = StringIO()
    call_command("load_instruments", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def write(tmp_path: Path):
    def write_file(text: str) -> str:
        path = tmp_path / "instruments.csv"
        path.write_text(text)
        return str(path)

    return write_file


def test_the_nifty_50_are_loaded_once_and_their_prices_are_kept():
    assert "50 instruments: 50 new" in load()
    infy = Instrument.objects.get(symbol="INFY")
    assert (infy.name, infy.sector, infy.tick_size, infy.lot_size) == ("Infosys", "Information technology", Decimal("0.05"), 1)
    assert infy.last_price is None  # a rough price is no price
    Instrument.objects.filter(symbol="INFY").update(last_price=1500, previous_close=1490, source="live", name="old name")
    assert "0 new, 50 brought up to date" in load()
    infy.refresh_from_db()
    assert (infy.last_price, infy.previous_close, infy.source, infy.name) == (1500, 1490, "live", "Infosys")


def test_a_file_adds_and_updates(write):
    load()
    path = write("symbol,exchange,name,sector,isin,tick_size\nINFY,NSE,Infosys Ltd.,IT,INE0,0.1\nnew-co,BSE,New,,INE1,\n")
    assert "2 instruments: 1 new, 1 brought up to date" in load(path)
    infy, new = Instrument.objects.get(symbol="INFY"), Instrument.objects.get(symbol="NEW-CO")
    assert (infy.sector, infy.tick_size) == ("IT", Decimal("0.1"))
    assert (new.exchange, new.sector, new.tick_size) == ("BSE", "Unknown", Decimal("0.05"))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("name,sector\nInfosys,IT\n", "line 1: no column is named symbol"),
        ("symbol\nINFY\n\n<b>\n", "line 4: '<b>' is no symbol"),
        ("symbol\nINFY\nINFY\n", "line 3: INFY is there twice"),
        ("symbol,name\nINFY," + "x" * 121 + "\n", "line 2: name is longer than 120 characters"),
        ("symbol,exchange\nINFY,NATIONALSTOCK\n", "exchange is longer than 8 characters"),
        ("symbol,tick_size\nINFY,0\n", "tick_size and lot_size must be above 0"),
        ("symbol,tick_size\nINFY,nan\n", "tick_size and lot_size must be above 0"),
        ("symbol,lot_size\nINFY,one\n", "tick_size or lot_size is no number"),
        ("", "no column is named symbol"),
    ],
)
def test_what_cannot_be_read_is_named_and_nothing_is_loaded(write, text: str, complaint: str):
    with pytest.raises(CommandError) as caught:
        load(write(text))
    assert complaint in str(caught.value)
    assert str(caught.value).endswith("Nothing was loaded.")
    assert not Instrument.objects.exists()


def test_the_real_file_is_read(real_data: Path):
    assert "50 instruments" in load(str(real_data / "nifty50_instruments.csv"))
    assert Instrument.objects.exclude(sector="Unknown").count() == 50
