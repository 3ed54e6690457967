"""Orders in a real Chromium against a real server: placed by keyboard alone, changed and cancelled in place, seen by others."""

import csv
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.browser import sign_in_as, watch
from tests.support.server import Server
from tests.support.services import free_port

SOON = 5_000  # ms


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, migrated_database: Path) -> Iterator[Server]:
    """One server for the module, without a feed: prices stand still, and nobody else trades."""
    folder = tmp_path_factory.mktemp("orders")
    shutil.copy(migrated_database, folder / "server.sqlite3")
    environment = {
        "DATABASE_URL": f"sqlite:///{folder / 'server.sqlite3'}",
        "SECRET_KEY": "only-for-tests",
        "REDIS_URL": "",
        "PYTHONUNBUFFERED": "1",
        "PRICE_MAX_AGE_SECONDS": "3600",
    }
    server = Server(folder, environment, port=free_port())
    server.add_user("asha", accounts="asha")
    server.set_prices({"RELIANCE": "Energy", "RELAXO": "Consumer goods", "TCS": "Information technology"})
    server.start()
    yield server
    server.close()


def sign_in(page: Page, server: Server, then: str = "/orders/") -> None:
    sign_in_as(page, server, "asha", then=then)


@pytest.fixture
def trader(desk: Server, page: Page, page_problems: list[str]) -> Page:
    sign_in(page, desk)
    expect(page.locator("body")).to_have_attribute("data-feed", "live", timeout=15_000)
    return page


def ticket(page: Page, **fields: str) -> Locator:
    page.get_by_role("link", name="New order").click()
    dialog = page.get_by_role("dialog", name="New order")
    for name, text in fields.items():
        dialog.locator(f"[name={name}]").fill(text) if name not in {"order_type"} else dialog.locator(
            f"[name={name}]"
        ).select_option(text)
    return dialog


def rests(page: Page, price: str) -> Locator:
    """A limit order far from the market, and its row."""
    dialog = ticket(page, symbol="TCS", quantity="5", order_type="LIMIT", price=price)
    dialog.get_by_role("button", name=re.compile("^Buy 5 TCS")).click()
    expect(dialog).to_have_count(0)
    row = page.locator("[data-rows=orders] > tbody[data-key]", has_text=price)
    expect(row.get_by_text("Submitted")).to_be_visible(timeout=SOON)
    return row


def test_an_order_is_placed_by_the_keyboard_alone(trader: Page):
    trader.get_by_role("link", name="New order").focus()
    trader.keyboard.press("Enter")
    expect(trader.locator("dialog [name=symbol]")).to_be_focused()
    trader.keyboard.type("rel")
    options = trader.locator(".suggestions [role=option]")
    expect(options).to_have_count(2)
    trader.keyboard.press("ArrowDown")
    trader.keyboard.press("Enter")
    expect(trader.locator("dialog [name=symbol]")).to_have_value("RELIANCE")
    for _ in range(6):  # side, type, validity, product, size
        trader.keyboard.press("Tab")
    expect(trader.locator("dialog [name=quantity]")).to_be_focused()
    trader.keyboard.type("7")
    expect(trader.locator("dialog [data-send]")).to_have_text("Buy 7 RELIANCE at the market", timeout=SOON)
    trader.keyboard.press("Enter")
    row = trader.locator("[data-rows=orders] > tbody[data-key]", has_text="RELIANCE").first
    expect(row.get_by_text("Filled")).to_be_visible(timeout=SOON)
    expect(trader.get_by_text("Sent: Buy 7 RELIANCE at the market.")).to_be_visible()


def test_what_the_order_would_meet_changes_while_it_is_written(trader: Page):
    dialog = ticket(trader, symbol="TCS", quantity="5")
    expect(dialog.get_by_text("₹500.00")).to_be_visible(timeout=SOON)
    expect(dialog.get_by_text("would let it pass")).to_be_visible()
    dialog.locator("[name=quantity]").fill("50000")
    expect(dialog.get_by_text("would refuse it: 3 of")).to_be_visible(timeout=SOON)
    expect(dialog.get_by_label("Yes, send it")).to_be_visible()
    dialog.locator("[name=order_type]").select_option("LIMIT")
    dialog.locator("[name=price]").fill("90.03")
    dialog.locator("[name=price]").press("Tab")
    expect(dialog.locator("[data-error-for=price]")).to_contain_text("multiple of the tick", timeout=SOON)
    trader.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_the_ticket_as_a_page_of_its_own_does_the_same(trader: Page, desk: Server):
    trader.goto(f"{desk.url}/orders/new/?symbol=TCS&quantity=5")
    main = trader.get_by_role("main")
    expect(main.get_by_text("would let it pass")).to_be_visible(timeout=SOON)
    main.locator("[name=quantity]").fill("6")
    main.get_by_role("button", name="Buy 6 TCS at the market").click()
    expect(trader.get_by_role("heading", level=1)).to_contain_text("6 TCS", timeout=SOON)


def test_an_order_is_changed_and_cancelled_in_its_row_and_another_browser_sees_it(
    trader: Page, desk: Server, chromium: Browser, page_problems: list[str]
):
    other = chromium.new_context().new_page()
    watch(other, page_problems)
    sign_in(other, desk, "/orders/%3Fstatus=ACTIVE")
    row = rests(trader, "91.50")
    seen = other.locator("[data-rows=orders] > tbody[data-key]", has_text="91.50")
    expect(seen).to_be_visible(timeout=SOON)
    row.get_by_role("link", name="Modify").click()
    dialog = trader.get_by_role("dialog", name="Modify the order")
    dialog.locator("[name=price]").fill("0")
    dialog.get_by_role("button", name="Change the order").click()
    expect(dialog.locator("[data-error-for=price]")).to_contain_text("above 0")
    dialog.locator("[name=price]").fill("92.50")
    dialog.get_by_role("button", name="Change the order").click()
    changed = other.locator("[data-rows=orders] > tbody[data-key]", has_text="92.50")
    expect(changed).to_be_visible(timeout=SOON)
    changed.get_by_role("link", name="Cancel").click()
    other.get_by_role("button", name="Cancel the order").click()
    expect(changed).to_have_count(0, timeout=SOON)
    ended = trader.locator("[data-rows=orders] > tbody[data-key]", has_text="92.50")
    expect(ended.get_by_text("Cancelled", exact=True)).to_be_visible(timeout=SOON)
    expect(ended.get_by_role("link", name="Modify")).to_be_hidden()
    other.context.close()


def test_no_row_moves_under_a_hand_that_is_about_to_press(trader: Page, desk: Server, chromium: Browser):
    other = chromium.new_context().new_page()
    sign_in(other, desk)
    cancel = rests(trader, "61.50").get_by_role("link", name="Cancel")
    cancel.hover()
    trader.evaluate("window.hand = setInterval(() => dispatchEvent(new PointerEvent('pointermove')), 100)")
    place = cancel.bounding_box()
    rests(other, "62.50")
    came = trader.locator("[data-rows=orders] > tbody[data-key]", has_text="62.50")
    trader.wait_for_timeout(500)
    assert (came.count(), cancel.bounding_box()) == (0, place)
    trader.evaluate("clearInterval(window.hand)")
    expect(came).to_be_visible(timeout=SOON)
    assert cancel.bounding_box() != place
    other.context.close()


def test_all_orders_are_cancelled_with_one_confirmation(trader: Page):
    rows = [rests(trader, "93.50"), rests(trader, "94.50")]
    trader.get_by_role("link", name="Cancel all").click()
    trader.get_by_role("button", name=re.compile(r"^Cancel \d+ orders$")).click()
    for row in rows:
        expect(row.get_by_text("Cancelled", exact=True)).to_be_visible(timeout=SOON)


def test_an_orders_page_lives(trader: Page, desk: Server):
    rests(trader, "95.50").get_by_role("link", name="TCS").click()
    steps = trader.locator("[data-rows=steps] > li[data-key]")
    expect(steps).to_have_count(2)
    trader.get_by_role("link", name="Cancel the order").click()
    trader.locator("#cancel-reason").fill("second thoughts")
    trader.get_by_role("button", name="Cancel the order").click()
    expect(steps).to_have_count(3, timeout=SOON)
    expect(trader.get_by_role("heading", level=1)).to_contain_text("Cancelled")
    expect(trader.get_by_text("second thoughts").first).to_be_visible()
    expect(trader.get_by_role("link", name="Cancel the order")).to_be_hidden()


def test_columns_are_chosen_and_stay(trader: Page):
    rests(trader, "96.50")
    header = trader.get_by_role("columnheader", name="Product")
    expect(header).to_be_hidden()
    trader.get_by_text("Columns", exact=True).click()
    trader.locator("[name=column][value=product]").check()
    trader.locator("[name=column][value=type]").uncheck()
    for _ in range(2):
        expect(header).to_be_visible()
        expect(trader.get_by_role("columnheader", name="Type")).to_be_hidden()
        trader.reload()


def test_the_file_holds_what_the_page_shows(trader: Page, desk: Server):
    rests(trader, "97.50")
    trader.goto(f"{desk.url}/orders/?symbol=TCS")
    with trader.expect_download() as download:
        trader.get_by_role("link", name="CSV").click()
    with Path(download.value.path()).open() as file:
        rows = list(csv.DictReader(file))
    assert {row["symbol"] for row in rows} == {"TCS"}
    assert len(rows) == trader.locator("[data-rows=orders] > tbody[data-key]").count()


def test_on_a_phone_an_order_is_placed_and_cancelled(trader: Page, desk: Server):
    trader.set_viewport_size({"width": 390, "height": 800})
    rests(trader, "98.50").get_by_role("link", name="TCS").click()
    assert trader.evaluate("document.documentElement.scrollWidth <= innerWidth")
    trader.get_by_role("link", name="Cancel the order").click()
    trader.get_by_role("button", name="Cancel the order").click()
    expect(trader.get_by_role("heading", level=1)).to_contain_text("Cancelled", timeout=SOON)
    for path in ("/orders/", "/orders/new/?symbol=TCS&quantity=5", "/orders/cancel-all/"):
        trader.goto(desk.url + path)
        assert trader.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_without_javascript_an_order_is_placed_changed_and_cancelled(desk: Server, chromium: Browser):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, desk, "/orders/new/")
    page.locator("[name=symbol]").fill("TCS")
    page.locator("[name=order_type]").select_option("LIMIT")
    page.locator("[name=price]").fill("99.50")
    page.get_by_role("button", name="Send the order").click()
    expect(page.get_by_text("Whole shares, 1 to")).to_be_visible()
    page.locator("[name=quantity]").fill("3")
    page.get_by_role("button", name="Check risk and charges").click()
    expect(page.get_by_text("would let it pass")).to_be_visible()
    page.get_by_role("button", name="Send the order").click()
    expect(page.get_by_text("Sent: Buy 3 TCS at 99.50.")).to_be_visible()
    page.get_by_role("link", name="Modify").click()
    page.locator("[name=quantity]").fill("4")
    page.get_by_role("button", name="Change the order").click()
    page.get_by_role("link", name="Cancel the order").click()
    page.get_by_role("button", name="Cancel the order").click()
    expect(page.get_by_text("is being cancelled")).to_be_visible()
    context.close()
