"""The pages in a real Chromium against a real server process: they live, go stale, recover, and see each other's actions."""

import re
import time
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import sign_in_as
from tests.support.server import Server, wait_for

SIGNALS = "/api/trading-engine/signals/process"


def the_stop_is_done(server: Server) -> None:
    """A desk is HALTED at once; what the stop has to cancel comes after. Who looks before that is told to look again."""
    left = "select 1 from engine_pendingevent p join engine_event e on e.id = p.event_id where e.type = 'emergency_stop'"
    wait_for(lambda: not server.rows(left), "the stop is done")


def sign_in(page: Page, server: Server) -> None:
    sign_in_as(page, server, "demo", password="demo")
    expect(page.locator("body")).to_have_attribute("data-feed", "live", timeout=15_000)


def texts(page: Page, selector: str) -> list[str]:
    return page.locator(selector).all_inner_texts()


@pytest.fixture
def demo(serve_process: Any) -> Server:
    server: Server = serve_process("--demo")
    return server


def test_within_a_minute_of_the_start_everything_moves(demo: Server, page: Page):
    begun = time.monotonic()
    sign_in(page, demo)
    positions = page.locator("[data-rows=positions] > tbody[data-key]")
    expect(positions.first).to_be_visible(timeout=50_000)
    expect(page.locator("[data-chart=equity] canvas")).to_be_visible(timeout=50_000)
    expect(page.locator("[data-chart=throughput] canvas")).to_be_visible()
    equity = page.locator("[data-row='summary/all'] [data-f=equity]").first
    before, prices = equity.inner_text(), texts(page, "[data-rows=positions] [data-f=current_price]")
    expect(equity).not_to_have_text(before, timeout=10_000)
    # a topic of its own, with a pace of its own
    wait_for(lambda: texts(page, "[data-rows=positions] [data-f=current_price]") != prices, "the prices move", 10)
    assert time.monotonic() - begun < 60
    expect(page.get_by_text("SIMULATED PRICES", exact=True)).to_be_visible()


def test_a_signal_shows_within_a_second_with_its_whole_chain(demo: Server, page: Page):
    sign_in(page, demo)
    expect(page.locator("[data-row='status/all'] [data-f=prices]")).to_have_text("SIMULATED PRICES", timeout=20_000)
    body = {"symbol": "RELIANCE", "signal_type": "BUY", "confidence_score": 0.95, "strategy_id": "by-hand"}
    page.wait_for_timeout(3_000)
    answer = httpx.post(demo.url + SIGNALS, params={"user_id": "demo"}, json=body, timeout=10)
    sent = time.monotonic()
    chain = answer.json()["correlation_id"]
    link = page.locator(f"[data-rows=orders] a[href*='{chain}']")
    expect(link).to_be_visible(timeout=1_000)
    assert time.monotonic() - sent < 1
    link.click()
    expect(page.locator("[data-rows=trace] [data-f=event_type]").first).to_have_text("Signal received")
    assert len(texts(page, "[data-rows=trace] > tbody[data-key]")) >= 4


@pytest.mark.slow
def test_a_dead_server_makes_the_page_stale_and_a_new_one_brings_it_back(demo: Server, page: Page, page_problems: list[str]):
    sign_in(page, demo)
    demo.kill()
    expect(page.locator("body")).to_have_attribute("data-feed", "stale", timeout=16_000)
    expect(page.locator("[data-feed-text]")).to_contain_text("STALE")
    demo.start()
    expect(page.locator("body")).to_have_attribute("data-feed", "live", timeout=20_000)
    equity = page.locator("[data-row='summary/all'] [data-f=equity]").first
    expect(equity).not_to_have_text(equity.inner_text(), timeout=20_000)
    page_problems.clear()  # Chromium logs each connection that was refused meanwhile


def test_what_one_browser_does_another_sees(demo: Server, page: Page, chromium: Browser):
    sign_in(page, demo)
    other = chromium.new_context().new_page()
    sign_in(other, demo)
    page.get_by_role("link", name="Emergency stop").click()
    dialog = page.get_by_role("dialog", name="Emergency stop")
    dialog.get_by_label("Reason").fill("a drill")
    dialog.get_by_label("Type STOP to confirm").fill("STOP")
    dialog.get_by_role("button", name="Stop trading").click()
    expect(dialog).to_be_hidden()
    for seen in (page, other):
        expect(seen.locator(".statusbar")).to_have_attribute("data-trading-state", "HALTED", timeout=3_000)
    alerts = other.locator("[data-rows=alerts] > li[data-key]")
    expect(alerts.first).to_be_visible(timeout=5_000)
    key = alerts.first.get_attribute("data-key")
    alert = other.locator(f"[data-rows=alerts] > li[data-key='{key}']")
    alert.get_by_text("Resolve").first.click()
    alert.get_by_label("Note").fill("only a drill")
    alert.locator("form").last.get_by_role("button", name="Resolve").click()
    expect(page.locator(f"[data-rows=alerts] > li[data-key='{key}']")).to_have_count(0, timeout=3_000)
    other.context.close()


def test_signing_out_ends_the_other_tabs_of_the_session(demo: Server, page: Page):
    sign_in(page, demo)
    tab = page.context.new_page()
    tab.goto(f"{demo.url}/orders/")
    expect(tab.locator("body")).to_have_attribute("data-feed", "live", timeout=10_000)
    page.get_by_role("button", name="Sign out").click()
    expect(tab).to_have_url(re.compile("/sign-in/"), timeout=5_000)


def test_without_javascript_the_pages_are_whole(demo: Server, chromium: Browser):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in_as(page, demo, "demo", password="demo")
    assert "₹" in page.locator(".tiles").inner_text()
    page.get_by_role("link", name="Emergency stop").click()
    page.get_by_label("Type STOP to confirm").fill("STOP")
    page.get_by_role("button", name="Stop trading").click()
    expect(page.get_by_text("trading is halted in demo")).to_be_visible()
    context.close()


def test_the_browser_writes_figures_as_the_server_does(demo: Server, page: Page):
    from tests.pages.test_figures import CASES

    page.goto(f"{demo.url}/sign-in/")
    cases = [[form, float(value) if not isinstance(value, str | None) else value, text] for form, value, text in CASES]
    script = """async (cases) => {
        const { shown } = await import("/static/js/format.js");
        return cases.map(([form, value]) => shown(value, form));
    }"""
    written = page.evaluate(script, cases)
    assert written == [text for _, _, text in cases]
