"""Undo in Chromium: the note that says what was done has a button, and the page shows what stood before."""

from playwright.sync_api import Page, expect

from tests.pages.test_browser_orders import SOON, desk, rests, trader
from tests.support.server import Server

__all__ = ["desk", "trader"]


def change_price(page: Page, old: str, new: str) -> None:
    page.locator("[data-rows=orders] > tbody[data-key]", has_text=old).get_by_role("link", name="Modify").click()
    dialog = page.get_by_role("dialog", name="Modify the order")
    dialog.locator("[name=price]").fill(new)
    dialog.get_by_role("button", name="Change the order").click()
    expect(page.locator("[data-rows=orders] > tbody[data-key]", has_text=new)).to_be_visible(timeout=SOON)


def test_new_terms_of_an_order_are_taken_back(trader: Page):
    rests(trader, "81.50")
    change_price(trader, "81.50", "82.50")
    trader.get_by_role("button", name="Undo").click()
    expect(trader.locator("[data-rows=orders] > tbody[data-key]", has_text="81.50")).to_be_visible(timeout=SOON)
    expect(trader.get_by_role("button", name="Undo")).to_have_count(0)


def test_an_undo_that_comes_too_late_says_that_nothing_was_undone(trader: Page, desk: Server):
    rests(trader, "83.50")
    change_price(trader, "83.50", "84.50")
    [(order_id,)] = desk.rows("select id from engine_order order by created_at desc limit 1")
    colleague = desk.client(desk.add_user("late", staff=True))
    assert colleague.post(f"/api/trading-engine/orders/{order_id}/cancel").status_code == 200
    trader.get_by_role("button", name="Undo").click()
    expect(trader.locator("[data-toasts]")).to_contain_text("The order was not changed")
