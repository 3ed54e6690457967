"""The page of one share: its bars, what is held and ordered of it, and what the chart is given to draw."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from engine.domain.bars import Bar
from engine.market.history import candles_save
from engine.models import Instrument, Position
from tests.support import factories

NOW = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)


def store_bars(interval: str = "1m", count: int = 40) -> None:
    first, high, low, close = map(Decimal, (100, 103, 98, 101))
    times = [NOW + timedelta(minutes=place) for place in range(count)]
    candles_save(interval, [Bar("RELIANCE", at, first, high, low, close, 10) for at in times])


def test_a_share_without_bars_and_positions_says_so(visitors):
    factories.instrument()
    page = visitors["owner"].get("/symbols/RELIANCE/").content.decode()
    assert "No bar of RELIANCE is stored yet" in page
    assert "Nothing is held of RELIANCE" in page
    assert "No order in RELIANCE" in page


def test_the_chart_is_given_bars_fills_and_levels(visitors, signal):
    store_bars()
    signal()
    context = visitors["owner"].get("/symbols/RELIANCE/").context
    assert [len(context["chart"]["bars"]), len(context["table"])] == [40, 30]
    assert context["chart"]["bars"][0] == {
        "at": int(NOW.timestamp()), "open": 100.0, "high": 103.0, "low": 98.0, "close": 101.0, "volume": 10,
    }  # fmt: skip
    [fill] = context["state"]["fills"].values()
    assert fill["side"] == "BUY"
    assert fill["at"] % 60 == 0
    kinds = {level["kind"] for level in context["state"]["levels"].values()}
    assert kinds >= {"average"}
    held = Position.objects.get()
    Position.objects.filter(id=held.id).update(stop_loss=90, take_profit=120)
    levels = visitors["owner"].get("/symbols/RELIANCE/").context["state"]["levels"].values()
    assert {(level["kind"], level["price"]) for level in levels} >= {("stop", 90.0), ("target", 120.0)}


def test_bars_are_added_up_as_the_address_asks_and_the_page_says_so(visitors):
    factories.instrument()
    store_bars()
    page = visitors["owner"].get("/symbols/RELIANCE/?interval=5m")
    assert len(page.context["chart"]["bars"]) == 8
    assert "added up from the stored ones of 1m" in page.content.decode()
    assert "as the feed brought them" in visitors["owner"].get("/symbols/RELIANCE/?interval=5s").content.decode()


def test_without_a_script_the_bars_stand_in_a_table(visitors):
    factories.instrument()
    store_bars(count=3)
    page = visitors["owner"].get("/symbols/RELIANCE/").content.decode()
    assert page.count('<td class="n">103.00</td>') == 3
    assert "The chart needs JavaScript" in page


def test_the_bars_are_fetched_anew(visitors):
    factories.instrument()
    store_bars(count=3)
    answer = visitors["owner"].get("/symbols/RELIANCE/bars/?interval=1m").json()
    assert (answer["interval"], answer["source"], len(answer["bars"])) == ("1m", "1m", 3)


@pytest.mark.parametrize("symbol", ["NOBODY", "reliance%00", "a b", "x" * 60])
def test_a_symbol_that_is_not_listed_is_not_found(visitors, symbol):
    assert visitors["owner"].get(f"/symbols/{symbol}/").status_code == 404
    assert visitors["owner"].get(f"/symbols/{symbol}/bars/").status_code == 404


def test_a_symbol_is_found_in_small_letters_and_with_an_ampersand(visitors):
    Instrument.objects.create(symbol="M&M")
    for address in ("/symbols/m&m/", "/symbols/M%26M/"):
        assert visitors["owner"].get(address).status_code == 200


def test_what_others_hold_and_ordered_is_not_shown(visitors, signal):
    store_bars()
    signal()
    seen = {who: visitors[who].get("/symbols/RELIANCE/").context["state"] for who in ("owner", "outsider")}
    for section in ("held", "orders", "fills", "levels"):
        assert seen["owner"][section], section
        assert not seen["outsider"][section], section
    assert visitors["outsider"].get("/symbols/RELIANCE/?account=asha").status_code == 404
