"""Positions, charts, strategies and risk in a real Chromium against a real server: what is asked first, and seen elsewhere."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.pages.test_browser import sign_in, the_stop_is_done
from tests.support.server import Server

HELD = "[data-rows=positions] > tbody[data-kind=position][data-key]"


@pytest.fixture(scope="module")
def desk_server(tmp_path_factory: Any, migrated_database: Any) -> Iterator[Server]:
    """One demo for all of these: each test acts on something of its own."""
    import shutil

    folder = tmp_path_factory.mktemp("desks")
    shutil.copy(migrated_database, folder / "server.sqlite3")
    environment = {"DATABASE_URL": f"sqlite:///{folder / 'server.sqlite3'}", "SECRET_KEY": "only-for-tests", "REDIS_URL": ""}
    server = Server(folder, environment | {"PYTHONUNBUFFERED": "1"}, ("--demo",)).start()
    yield server
    server.close()


def buy(server: Server, symbol: str) -> None:
    body = {"symbol": symbol, "side": "BUY", "quantity": 5, "order_type": "MARKET", "strategy_id": "by-hand"}
    answer = server.client().post("/api/trading-engine/orders", params={"user_id": "demo"}, json=body)
    assert answer.status_code == 200, answer.text


def row_of(page: Page, symbol: str) -> Any:
    return page.locator(HELD).filter(has=page.get_by_role("link", name=symbol, exact=True)).filter(has_text="by-hand")


def opened(page: Page, server: Server, path: str) -> None:
    sign_in(page, server)
    expect(page.locator("[data-row='status/all'] [data-f=prices]")).to_have_text("SIMULATED PRICES", timeout=20_000)
    page.goto(server.url + path)
    expect(page.locator("body")).to_have_attribute("data-feed", "live", timeout=15_000)


def test_a_stop_is_edited_in_place_and_the_position_closed_after_asking(desk_server: Server, page: Page):
    opened(page, desk_server, "/positions/")
    buy(desk_server, "TITAN")
    row = row_of(page, "TITAN")
    expect(row).to_be_visible(timeout=10_000)
    row.locator("details.exits > summary").click()
    expect(row.get_by_label("Stop", exact=True)).to_be_focused()
    row.get_by_label("Stop", exact=True).fill("1,234.50")
    row.get_by_role("button", name="Set").press("Enter")
    expect(row.locator("details.exits > summary")).to_be_focused()
    expect(row.locator("[data-f=stop_loss]")).to_have_text("1,234.50", timeout=5_000)
    row.get_by_role("link", name="Close").click()
    dialog = page.get_by_role("dialog", name="Close 5 TITAN?")
    expect(dialog).to_be_visible()
    dialog.get_by_text("Keep as it is").click()
    expect(dialog).to_be_hidden()
    row.get_by_role("link", name="Close").click()
    page.get_by_role("dialog").get_by_role("button", name="Close the position").click()
    expect(row).to_have_count(0, timeout=5_000)
    expect(page.locator("[data-rows=closed] > tbody[data-key]").first).to_contain_text("TITAN")


def test_the_chart_draws_and_its_last_bar_follows_the_price(desk_server: Server, page: Page):
    opened(page, desk_server, "/symbols/RELIANCE/")
    buy(desk_server, "RELIANCE")
    expect(page.locator("[data-candles] canvas").first).to_be_visible(timeout=15_000)
    readout = page.locator("[data-candles] .readout")
    before = readout.inner_text()
    expect(readout).not_to_have_text(before, timeout=10_000)
    expect(page.locator("[data-rows=orders] > tbody[data-key]").first).to_contain_text("BUY", timeout=10_000)
    page.locator("[data-theme-toggle]").click()
    expect(page.locator("[data-candles] canvas").first).to_be_visible()
    page.get_by_role("link", name="1m", exact=True).click()
    expect(page.get_by_text("added up from the stored ones of 5s")).to_be_visible()


def test_a_strategy_paused_in_one_browser_is_resumed_in_another(desk_server: Server, page: Page, chromium: Browser):
    opened(page, desk_server, "/strategies/")
    other = chromium.new_context().new_page()
    opened(other, desk_server, "/strategies/")
    rows = [seen.locator("[data-rows=strategies] > tbody[data-key='breakout-demo']") for seen in (page, other)]
    rows[0].get_by_role("link", name="Pause").click()
    page.get_by_role("dialog").get_by_label("Reason").fill("a look at it")
    page.get_by_role("dialog").get_by_role("button", name="Pause").click()
    for row in rows:
        expect(row).to_have_attribute("data-status", "PAUSED", timeout=5_000)
    rows[1].get_by_role("link", name="Resume").click()
    other.get_by_role("dialog").get_by_role("button", name="Resume").click()
    for row in rows:
        expect(row).to_have_attribute("data-status", "ACTIVE", timeout=5_000)
    other.context.close()


def test_a_symbol_is_drilled_halted_and_resumed_from_the_risk_page(desk_server: Server, page: Page):
    opened(page, desk_server, "/risk/?account=demo")
    page.locator(".halt-form [name=symbol]").fill("WIPRO")
    page.get_by_role("button", name="Drill").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Drill: halt the symbol WIPRO in demo")
    halts = page.locator("[data-rows=halts] > tbody[data-key='symbol:demo:WIPRO']")
    expect(halts).to_have_count(0)
    dialog.get_by_role("link", name="Halt…").click()
    dialog = page.get_by_role("dialog", name="Halt the symbol WIPRO in demo?")
    dialog.get_by_label("Reason").fill("a rumour")
    dialog.get_by_label("Type HALT to confirm").fill("halt")
    dialog.get_by_role("button", name="Halt").click()
    expect(dialog).to_be_hidden(timeout=5_000)
    expect(halts).to_have_attribute("data-state", "HALTED", timeout=5_000)
    the_stop_is_done(desk_server)
    halts.get_by_role("link", name="Resume").click()
    dialog = page.get_by_role("dialog", name="Resume the symbol WIPRO in demo?")
    dialog.get_by_label("Reason").fill("it was none")
    dialog.get_by_role("button", name="Look and go on").click()
    expect(dialog.get_by_role("list", name="What was looked at")).to_contain_text("The stop has done its work")
    dialog.get_by_label("Type RESUME to confirm").fill("RESUME")
    dialog.get_by_role("button", name="Resume").click()
    expect(halts).to_have_count(0, timeout=10_000)


def test_what_if_answers_while_one_types(desk_server: Server, page: Page):
    opened(page, desk_server, "/risk/?account=demo")
    page.locator("#wi-symbol").fill("TCS")
    page.locator("#wi-quantity").fill("5000")
    expect(page.locator("[data-what-if-result]")).to_contain_text("It would be denied by", timeout=5_000)
    page.locator("#wi-quantity").fill("1")
    expect(page.locator("[data-what-if-result]")).to_contain_text("BUY 1 TCS", timeout=5_000)
