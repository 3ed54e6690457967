"""What a hand, a key or a moment too early must not do: in Chromium against a real server."""

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.pages.test_browser_orders import SOON, desk, rests, sign_in, ticket, trader
from tests.support.server import Server, wait_for

__all__ = ["desk", "trader"]

pytestmark = pytest.mark.process

ROWS = "[data-rows=orders] > tbody[data-key]"
RAISE = """
from django.utils import timezone
from engine.alerts import alerts_raise
from engine.domain.alerts import AlertRaised
from engine.domain.enums import AlertLevel
raised = [AlertRaised(AlertLevel.ERROR, name, "a test", "risk_engine", name, user_id=whose) for name, whose in {alerts!r}]
alerts_raise(raised, now=timezone.now())
"""
OF_BEFORE = """() => {
    const list = document.querySelector("[data-rows=orders]");
    list.prepend(list.querySelectorAll(":scope > tbody[data-key]")[1]);
    window.touched = [];
    const watcher = new MutationObserver((all) => window.touched.push(...all.map((one) => one.target.dataset.rows)));
    for (const each of document.querySelectorAll("[data-rows]")) watcher.observe(each, {childList: true});
}"""


def keys(page: Page) -> list[str]:
    return page.locator(ROWS).evaluate_all("rows => rows.map((row) => row.dataset.key)")


def held_back(page: Page, address: str) -> list[Route]:
    """What is asked for at the address, from now on: nobody answers it."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(address, hold)
    return held


def test_rows_whose_ranks_changed_before_the_script_came_are_put_right(trader: Page, desk: Server):
    for price in ("71.50", "72.50", "73.50"):
        rests(trader, price)
    trader.goto(f"{desk.url}/")
    right = keys(trader)
    held = held_back(trader, "**/static/js/app*.js")
    trader.goto(f"{desk.url}/", wait_until="commit")
    expect(trader.locator(ROWS)).to_have_count(len(right))
    trader.evaluate(OF_BEFORE)
    assert keys(trader) == [right[1], right[0], *right[2:]]
    for route in held:
        route.continue_()
    expect(trader.locator("body")).to_have_attribute("data-feed", "live", timeout=15_000)
    wait_for(lambda: keys(trader) == right, "each row stands by its rank")
    assert trader.evaluate("window.touched") == ["orders", "orders"]  # taken away and put in: one row, and no other list


def test_no_row_goes_under_a_hand_that_is_about_to_press(trader: Page, desk: Server):
    below, above = (rests(trader, price).get_attribute("data-key") for price in ("74.50", "75.50"))
    trader.goto(f"{desk.url}/orders/?status=ACTIVE")
    cancel = trader.locator(f"{ROWS}[data-key='{below}']").get_by_role("link", name="Cancel")
    going = trader.locator(f"{ROWS}[data-key='{above}']")
    cancel.hover()
    trader.evaluate("window.hand = setInterval(() => dispatchEvent(new PointerEvent('pointermove')), 100)")
    place = cancel.bounding_box()
    desk.client(desk.manage("create_token", "asha").split()[-1]).post(f"/api/trading-engine/orders/{above}/cancel")
    expect(going).to_have_attribute("inert", "", timeout=SOON)
    assert cancel.bounding_box() == place
    assert going.evaluate("row => Number(getComputedStyle(row).opacity)") < 1
    trader.evaluate("clearInterval(window.hand)")
    expect(going).to_have_count(0, timeout=SOON)
    assert cancel.bounding_box() != place


@pytest.mark.parametrize("key", ["Tab", "Enter"])
def test_a_suggestion_for_what_stood_there_before_is_not_taken(trader: Page, key: str):
    symbol = ticket(trader).locator("[name=symbol]")
    symbol.press_sequentially("rel")
    options = trader.locator(".suggestions [role=option]")
    expect(options).to_have_count(2)
    held = held_back(trader, "**/orders/symbols/**")
    with trader.expect_request("**/orders/symbols/**"):
        symbol.press_sequentially("ia")
        trader.keyboard.press(key)
    expect(symbol).to_have_value("relia")
    expect(trader.locator("[data-error-for=quantity]")).to_be_empty()  # nor was the form sent
    expect(trader.locator(".suggestions")).to_be_hidden()
    held[-1].continue_()
    if key == "Enter":  # the hand is still there
        expect(options).to_have_text([re.compile("RELIANCE")])
        trader.keyboard.press(key)
        expect(symbol).to_have_value("RELIANCE")


def test_a_tick_for_an_order_is_none_for_another(trader: Page):
    dialog = ticket(trader, symbol="TCS", quantity="50000")
    tick = dialog.get_by_label("Yes, send it")
    tick.check()
    dialog.locator("[name=quantity]").fill("60000")
    expect(dialog.locator("[data-send]")).to_have_text("Buy 60,000 TCS at the market", timeout=SOON)
    expect(tick).to_be_visible()
    expect(tick).not_to_be_checked()
    tick.check()
    dialog.locator("[name=quantity]").press("End")
    trader.keyboard.type("0")
    trader.keyboard.press("Enter")  # before the answer to what was typed
    expect(dialog.locator("[data-form-error]")).to_have_text("Not sent yet: confirm it first.", timeout=SOON)
    expect(tick).not_to_be_checked()
    tick.check()
    dialog.locator("[data-send]").click()
    expect(trader.get_by_text("Sent: Buy 6,00,000 TCS at the market.")).to_be_visible(timeout=SOON)


def alert(page: Page, title: str) -> Locator:
    return page.locator("[data-rows=alerts] > li[data-key]").filter(has=page.get_by_text(title, exact=True))


def open_alerts(desk: Server, *titles: str) -> int:
    names = ", ".join(f"'{title}'" for title in titles)
    return int(desk.rows(f"select count(*) from engine_alert where title in ({names}) and status = 'ACTIVE'")[0][0])


@pytest.mark.parametrize("scripts", [True, False])
def test_enter_on_a_checkbox_of_the_inbox_does_nothing(desk: Server, chromium: Browser, scripts: bool):
    titles = [f"{name} {scripts}" for name in ("one", "two")]
    desk.shell(RAISE.format(alerts=[(title, "asha") for title in titles]))
    context = chromium.new_context(java_script_enabled=scripts)
    page = context.new_page()
    sign_in(page, desk, "/alerts/")
    if scripts:
        expect(page.locator("body")).to_have_attribute("data-feed", "live", timeout=15_000)
        page.get_by_label("All", exact=True).check()
        page.get_by_label("All", exact=True).press("Enter")
    pick = alert(page, titles[0]).get_by_role("checkbox")
    pick.check()
    pick.press("Enter")
    page.wait_for_timeout(500)
    assert page.url.endswith("/alerts/")
    assert open_alerts(desk, *titles) == 2
    if scripts:  # in the note it is meant
        page.get_by_label("Note: what was done about them").press("Enter")
        wait_for(lambda: open_alerts(desk, *titles) == 0, "both are resolved")
    context.close()


def test_all_are_those_that_one_may_handle(trader: Page, desk: Server):
    desk.shell(RAISE.format(alerts=[("mine", "asha"), ("also mine", "asha"), ("the system's", None)]))
    trader.goto(f"{desk.url}/alerts/")
    expect(alert(trader, "the system's")).to_be_visible()
    trader.get_by_label("All", exact=True).check()
    assert not alert(trader, "the system's").locator(".pick").is_checked()
    trader.locator("[data-bulk]").get_by_role("button", name="Acknowledge").click()
    for title in ("mine", "also mine"):
        expect(alert(trader, title)).to_have_attribute("data-status", "ACKNOWLEDGED", timeout=SOON)
