"""The frame that every page stands in."""

import gzip
import re
from datetime import datetime

import pytest
from django.utils import timezone

from dashboard.live import status
from dashboard.pages.navigation import NAVIGATION, ON_A_PHONE, Place, Places
from dashboard.templatetags.figures import source
from engine.market.sessions import NoSession
from engine.models import Account
from tests.support.reach import BASE_DIR

TEN = tuple(Place(f"place-{number}", str(number)) for number in range(10))


@pytest.mark.parametrize(("page", "further"), [("place-0", False), ("place-3", False), ("place-4", True), ("none", False)])
def test_a_small_screen_says_that_the_page_is_behind_more(page, further):
    places = Places(page, TEN)
    assert (len(places.first), len(places.further)) == (ON_A_PHONE, 6)
    assert places.current_is_further is further


def test_each_place_has_an_icon():
    icons = set(re.findall(r'id="([a-z-]+)"', (BASE_DIR / "static" / "icons.svg").read_text()))
    assert {place.name for place in NAVIGATION} <= icons


def test_the_frame_leads_everywhere_and_says_where_one_is(visitors):
    for place in NAVIGATION:
        content = visitors["owner"].get("/" if place.name == "overview" else f"/{place.name}/").content.decode()
        assert re.findall(r'aria-current="page"[^>]*>.*?<span>(.+?)</span>', content)[:1] == [place.label]
        assert content.count('class="place"') >= len(NAVIGATION)


@pytest.mark.parametrize(("now", "market", "turns", "at"), [
    ("2026-01-05T09:14:59+05:30", "CLOSED", "opens in", "2026-01-05T03:45:00.000000Z"),
    ("2026-01-05T09:15:00+05:30", "OPEN", "closes in", "2026-01-05T10:00:00.000000Z"),
    ("2026-01-05T15:30:00+05:30", "CLOSED", "opens in", "2026-01-06T03:45:00.000000Z"),
    ("2026-01-24T12:00:00+05:30", "CLOSED", "opens in", "2026-01-27T03:45:00.000000Z"),  # a Saturday before Republic Day
])  # fmt: skip
def test_the_status_bar_counts_down_to_the_exchanges_next_turn(db, now, market, turns, at):
    row = status.row(None, datetime.fromisoformat(now))
    assert (row["market"], row["market_turns"], row["market_turns_at"]) == (market, turns, at)


def test_a_calendar_that_knows_no_session_costs_no_page(db, monkeypatch):
    def none(_: datetime) -> None:
        raise NoSession

    monkeypatch.setattr(status, "session_at", none)
    assert status.row(None, timezone.now())["market"] == "UNKNOWN"


@pytest.mark.parametrize("state", ["REDUCING", "HALTED"])
def test_the_worst_state_stands_at_the_top_of_every_page(visitors, state):
    Account.objects.filter(user_id="asha").update(trading_state=state, trading_state_reason="a drill")
    for place in NAVIGATION:
        content = visitors["owner"].get("/" if place.name == "overview" else f"/{place.name}/").content.decode()
        assert f'data-trading-state="{state}"' in content
        assert "a drill" in content


def test_a_figure_says_where_it_comes_from_and_how_old_its_prices_are():
    row = {"priced_at": "2026-11-22T19:22:27.031351Z"}
    assert source(row, "Cash", priced=True) == (
        'title="Cash. Prices of 23 Nov 00:52:27 IST." data-source="Cash" '
        'data-attrs="priced_at" data-priced-at="2026-11-22T19:22:27.031351Z"'
    )
    assert source(row, "Orders today") == 'title="Orders today." data-source="Orders today"'


@pytest.mark.parametrize(("path", "accepts", "encoding"), [
    ("/static/css/app.css", "gzip, br", "gzip"), ("/static/css/app.css", "", None),
    ("/static/manifest.webmanifest", "gzip", None),
    ("/static/icons.svg", "gzip", "gzip"), ("/static/icons/icon-192.png", "gzip", None),
])  # fmt: skip
def test_a_static_file_goes_compressed_to_who_takes_it(client, db, path, accepts, encoding):
    plain = b"".join(client.get(path))
    response = client.get(path, headers={"Accept-Encoding": accepts})
    assert response.status_code == 200
    assert response.headers.get("Content-Encoding") == encoding
    body = b"".join(response)
    assert (gzip.decompress(body) if encoding else body) == plain
    assert encoding is None or len(body) < len(plain) / 2
