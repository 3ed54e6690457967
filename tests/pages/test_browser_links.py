"""From one page to the next in Chromium: the ticket from everywhere, an order's page, and the desk as it stood then."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.pages.test_browser_orders import SOON, desk, rests, sign_in, trader
from tests.support.browser import sign_in_as, watch
from tests.support.server import Server

__all__ = ["desk", "trader"]


def ticket_of(page: Page) -> dict[str, str]:
    dialog = page.get_by_role("dialog", name="New order")
    expect(dialog).to_be_visible()
    return {name: dialog.locator(f"[name={name}]").input_value() for name in ("symbol", "strategy_id", "for")}


def leave(page: Page) -> None:
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_ticket_is_one_key_away_on_every_page(trader: Page, desk: Server):
    for path in ("/", "/reports/", "/system/", "/time/"):
        trader.goto(desk.url + path)
        expect(trader.locator("body")).to_have_attribute("data-feed", "live", timeout=15_000)
        trader.keyboard.press("n")
        expect(trader.get_by_role("dialog", name="New order")).to_be_visible()
        leave(trader)
    trader.keyboard.press("Control+k")
    trader.get_by_role("combobox", name="Search pages").fill("new")
    trader.keyboard.press("Enter")
    assert ticket_of(trader)["for"] == "asha"
    leave(trader)
    trader.keyboard.press("?")
    expect(trader.get_by_role("dialog", name="Keyboard shortcuts")).to_contain_text("New order")


def test_a_position_leads_to_its_own_ticket(trader: Page, desk: Server):
    trader.keyboard.press("n")
    dialog = trader.get_by_role("dialog", name="New order")
    for name, text in {"symbol": "RELAXO", "quantity": "4", "strategy_id": "my-swing"}.items():
        dialog.locator(f"[name={name}]").fill(text)
    dialog.get_by_role("button", name=re.compile("^Buy 4 RELAXO")).click()
    expect(dialog).to_have_count(0)
    trader.goto(f"{desk.url}/positions/")
    row = trader.locator("[data-rows=positions] > tbody[data-key]", has_text="RELAXO")
    expect(row).to_contain_text("my-swing", timeout=SOON)
    row.get_by_role("link", name="Order RELAXO").click()
    assert ticket_of(trader) == {"symbol": "RELAXO", "strategy_id": "my-swing", "for": "asha"}
    trader.goto(f"{desk.url}/symbols/RELAXO/")
    trader.get_by_role("link", name="New order").click()
    assert ticket_of(trader)["symbol"] == "RELAXO"


def test_the_palette_leads_to_an_orders_page_and_that_to_the_desk_as_it_stood(trader: Page, desk: Server):
    rests(trader, "61.50")
    [(order_id,)] = desk.rows("select id from engine_order order by created_at desc limit 1")
    trader.keyboard.press("Control+k")
    trader.get_by_role("combobox", name="Search pages").fill(str(order_id)[:8])
    expect(trader.get_by_role("group", name="Orders").get_by_role("option")).to_have_count(1)
    trader.get_by_role("group", name="Orders").get_by_role("option").click()
    expect(trader.get_by_role("heading", level=1)).to_contain_text("TCS")
    trader.get_by_text("Order created").click()  # the step opens
    trader.get_by_role("link", name="As it stood then").first.click()
    expect(trader.get_by_role("region", name="This is the past")).to_be_visible()
    newest = trader.locator("tbody[data-key]").first
    expect(newest).to_contain_text("TCS")
    expect(newest).to_contain_text("Pending")


def test_on_a_phone_a_working_orders_row_can_be_acted_on(trader: Page):
    trader.set_viewport_size({"width": 390, "height": 844})
    row = rests(trader, "62.50")
    row.get_by_role("link", name="Modify").click()
    expect(trader.get_by_role("dialog", name="Modify the order")).to_be_visible()
    leave(trader)
    row.get_by_role("link", name="Cancel").click()
    trader.get_by_role("button", name="Cancel the order").click()
    expect(row.get_by_text("Cancelled", exact=True)).to_be_visible(timeout=SOON)
    expect(row.get_by_role("link", name="Modify")).to_be_hidden()
    assert trader.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.fixture
def overseer(chromium: Browser, desk: Server, page_problems: list[str]) -> Iterator[Page]:
    """Somebody of the staff, who sees several accounts."""
    if not desk.rows("select 1 from auth_user where username = 'root'"):
        desk.add_user("root", staff=True, accounts="second")
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    page = context.new_page()
    watch(page, page_problems)
    sign_in_as(page, desk, "root")
    yield page
    context.close()
    assert page_problems == []


def test_another_account_is_seen_at_the_same_instant_and_in_the_same_light(overseer: Page, desk: Server):
    [(at,)] = desk.rows("select max(created_at) from engine_event")
    overseer.goto(f"{desk.url}/time/?account=asha&show=positions&at={str(at).replace(' ', 'T')}%2B00:00")
    when = overseer.locator(".past-when").inner_text()
    overseer.get_by_role("button", name="Switch between light and dark").click()
    expect(overseer.locator("html")).to_have_attribute("data-bs-theme", "dark")
    overseer.get_by_label("Account", exact=True).select_option("second")
    expect(overseer).to_have_url(re.compile("account=second"))
    expect(overseer.locator(".past-when")).to_have_text(when)
    expect(overseer.get_by_role("link", name="Positions", exact=True).last).to_have_attribute("aria-current", "page")
    expect(overseer.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_another_account_keeps_the_period_of_the_report(overseer: Page, desk: Server):
    overseer.goto(f"{desk.url}/reports/?account=asha&period=week")
    title = overseer.get_by_role("heading", level=1).inner_text()
    overseer.get_by_label("Account", exact=True).select_option("second")
    expect(overseer).to_have_url(re.compile("account=second"))
    expect(overseer.get_by_role("heading", level=1)).to_have_text(title)


def test_who_comes_back_finds_the_ticket_without_javascript(desk: Server, chromium: Browser):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, desk, "/")
    page.get_by_role("link", name="New order").click()
    page.locator("[name=symbol]").fill("TCS")
    page.locator("[name=quantity]").fill("2")
    page.locator("[name=strategy_id]").fill("by-letter")
    page.get_by_role("button", name="Send the order").click()
    expect(page.get_by_text("Sent: Buy 2 TCS at the market.")).to_be_visible()
    expect(page.locator(".terms")).to_contain_text("by-letter")
    context.close()
