"""Time travel and reports in a real Chromium: before an order it is absent, two instants differ, a report is saved."""

from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.pages.test_browser import SIGNALS, sign_in
from tests.support.server import Server, wait_for


@pytest.fixture
def traded(serve_process: Any) -> Server:
    """A demo desk in which one signal was sent by hand and filled."""
    server: Server = serve_process("--demo")
    body = {"symbol": "RELIANCE", "signal_type": "BUY", "confidence_score": 0.95, "strategy_id": "by-hand"}
    query = {"user_id": "demo"}
    wait_for(lambda: bool(server.rows("select 1 from engine_instrument where last_price is not null")), "there are prices")
    httpx.post(server.url + SIGNALS, params=query, json=body, timeout=10)
    wait_for(lambda: bool(server.rows("select 1 from engine_execution where strategy_id = 'by-hand'")), "the order is filled")
    return server


def test_one_travels_before_an_order_compares_and_prints(traded: Server, page: Page, tmp_path: Path):
    sign_in(page, traded)
    [(order_id, created_at)] = traded.rows("select id, created_at from engine_order where strategy_id = 'by-hand'")
    [(filled_at,)] = traded.rows("select max(processed_at) from engine_event where type = 'order_executed'")
    after = f"{filled_at.replace(' ', 'T')}+00:00"
    just_before = traded.rows("select max(processed_at) from engine_event where stream = 'demo' and processed_at < "
                              f"'{created_at}'")[0][0]  # fmt: skip
    before = f"{just_before.replace(' ', 'T')}+00:00"

    # before the order it is absent, and nothing can be pressed
    page.goto(f"{traded.url}/time/?{urlencode({'at': before, 'show': 'orders', 'account': 'demo'})}")
    expect(page.get_by_role("region", name="This is the past")).to_contain_text("As it stood")
    row = page.locator(f"tbody[data-key='{UUID(order_id)}']")
    expect(row).to_have_count(0)
    expect(page.get_by_role("link", name="Emergency stop")).to_have_count(0)
    assert page.locator("body").get_attribute("data-feed") == "off"

    # after its fill it is there
    page.goto(f"{traded.url}/time/?{urlencode({'at': after, 'show': 'orders', 'account': 'demo'})}")
    expect(row).to_be_visible()

    # compared with now, one more is there
    page.goto(f"{traded.url}/time/?{urlencode({'at': before, 'account': 'demo'})}")
    page.get_by_role("link", name="Compare with now").click()
    expect(page.get_by_role("heading", name="What changed")).to_be_visible()
    expect(page.locator("tbody[data-key='RELIANCE']").first).to_be_visible()
    expect(page.locator(".counts")).to_contain_text("Order executed")

    # the report, its file, and on paper
    page.goto(f"{traded.url}/reports/?period=day&account=demo")
    expect(page.locator("[data-chart=report] canvas")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV by symbol").click()
    assert "RELIANCE" in Path(download.value.path()).read_text()
    page.emulate_media(media="print")
    expect(page.locator(".print-head")).to_contain_text("demo (PAPER, ACTIVE)")
    expect(page.locator(".rail")).to_be_hidden()
    for table in page.locator(".table-responsive").all():
        assert table.evaluate("part => part.scrollHeight <= part.clientHeight + 1"), "nothing is cut"
    page.screenshot(path=tmp_path / "print.png", full_page=True)
