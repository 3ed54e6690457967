"""Long work in Chromium: the button says that it is at work, nothing is begun twice, and each outcome is told."""

import re

from playwright.sync_api import Page, Route, expect

from tests.pages.test_browser_orders import SOON, desk, rests, trader
from tests.support.server import Server

__all__ = ["desk", "trader"]


def held_up(page: Page, address: str, method: str = "POST") -> list[Route]:
    """The requests to that address, which do not go on to the server until the test lets them."""
    routes: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.method == method:
            routes.append(route)
        else:
            route.continue_()

    page.route(re.compile(address), hold)
    return routes


def test_cancelling_all_is_at_work_once_and_tells_of_each(trader: Page):
    rests(trader, "71.50")
    rests(trader, "72.50")
    waiting = held_up(trader, "/orders/cancel-all/")
    trader.get_by_role("link", name="Cancel all").click()
    dialog = trader.get_by_role("dialog")
    press = dialog.get_by_role("button", name=re.compile(r"^Cancel \d+ orders$"))
    press.dblclick()
    at_work = dialog.get_by_role("button", name="Working…")
    expect(at_work).to_have_attribute("aria-busy", "true")
    expect(at_work).to_be_disabled()
    assert len(waiting) == 1
    waiting.pop().continue_()
    expect(dialog).to_have_count(0, timeout=SOON)
    toasts = trader.locator("[data-toasts]")
    expect(toasts).to_contain_text("orders are being cancelled")
    for price in ("71.50", "72.50"):
        expect(toasts.get_by_role("listitem").filter(has_text=price)).to_contain_text("being cancelled")
    toasts.get_by_role("button", name="Close").click()
    expect(toasts).to_have_text("")


def test_without_an_answer_the_form_can_be_used_again(trader: Page, page_problems: list[str]):
    rests(trader, "73.50")
    waiting = held_up(trader, "/cancel/")
    trader.locator("[data-rows=orders] > tbody[data-key]", has_text="73.50").get_by_role("link", name="Cancel").click()
    trader.get_by_role("button", name="Cancel the order").click()
    expect(trader.get_by_role("button", name="Working…")).to_be_visible()
    waiting.pop().abort()
    again = trader.get_by_role("button", name="Cancel the order")
    expect(again).to_be_enabled()
    expect(again).to_be_focused()
    expect(trader.get_by_text("it may or may not have been done")).to_be_visible()
    page_problems.clear()  # Chromium logs the request that failed


def test_a_form_that_leads_elsewhere_is_sent_once(trader: Page, desk: Server, page_problems: list[str]):
    trader.goto(f"{desk.url}/strategies/deploy/")
    waiting = held_up(trader, "/strategies/deploy/")
    at_work = trader.evaluate("""async () => {
        const press = document.querySelector("button[value=deploy]");
        document.querySelector("[name=name]").required = false;
        press.click();
        while (!press.getAttribute("aria-busy")) await new Promise(requestAnimationFrame);
        press.click();
        return [press.textContent, press.disabled];
    }""")
    assert at_work == ["Working…", True]
    [request] = waiting
    assert "act=deploy" in (request.request.post_data or "")  # a disabled button is not sent: it was disabled after
    request.continue_()
    expect(trader.get_by_role("alert").filter(has_text="It was not deployed")).to_be_visible()
    page_problems.clear()  # Chromium logs the answer 422


def test_a_file_is_asked_for_once_and_said_to_be_on_its_way(trader: Page):
    trader.evaluate("window.stopped = []; addEventListener('click', (event) => stopped.push(event.defaultPrevented))")
    file = trader.get_by_role("link", name="CSV")
    with trader.expect_download():
        file.dblclick()
    expect(file).to_have_attribute("aria-busy", "true")
    expect(trader.get_by_text("The file is on its way")).to_have_count(1)
    assert trader.evaluate("stopped") == [False, True]


def test_a_period_that_takes_long_says_so(trader: Page, desk: Server):
    trader.goto(f"{desk.url}/reports/")
    week = trader.get_by_role("link", name="Week", exact=True)
    assert week.evaluate("(link) => { link.click(); return link.getAttribute('aria-busy'); }") == "true"
    expect(trader.get_by_role("link", name="Week", exact=True)).to_have_attribute("aria-current", "page")
