"""The first look around in Chromium: once for each browser, by keyboard alone, beside what it explains and never over it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.pages.test_browser_orders import desk, sign_in
from tests.support.browser import newcomer, watch
from tests.support.server import Server

__all__ = ["desk"]
PLACES = ("state", "feed", "palette-button", "stop")  # by their classes


@pytest.fixture
def first_day(chromium: Browser, desk: Server, page_problems: list[str]) -> Iterator[Page]:
    """A browser that never saw us, at the Overview."""
    context = newcomer(chromium, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    watch(page, page_problems)
    sign_in(page, desk, "/")
    yield page
    context.close()
    assert page_problems == []


def tour(page: Page) -> Locator:
    return page.locator("#tour")


def explained(page: Page) -> str:
    """The class of the place that the tour is at. It must lie free, and the tour within the window."""
    place, own = page.locator("[data-tour-here]").bounding_box(), tour(page).bounding_box()
    assert place
    assert own
    assert own["y"] >= place["y"] + place["height"] or own["y"] + own["height"] <= place["y"]
    width = page.evaluate("document.documentElement.clientWidth")
    assert own["x"] >= 0
    assert own["x"] + own["width"] <= width
    assert own["y"] + own["height"] <= page.evaluate("innerHeight")
    classes = page.locator("[data-tour-here]").get_attribute("class") or ""
    return next(name for name in PLACES if name in classes.split())


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_four_steps_by_keyboard_each_beside_its_place(first_day: Page, width: int):
    first_day.set_viewport_size({"width": width, "height": 844})
    dialog = first_day.get_by_role("dialog", name="Is the desk trading?")
    expect(dialog).to_be_visible()
    expect(first_day.get_by_role("button", name="Next")).to_be_focused()
    seen = []
    for key in ("ArrowRight", "Enter", "Enter", "ArrowLeft"):
        seen.append(explained(first_day))
        first_day.keyboard.press(key)
    assert tuple(seen) == PLACES
    expect(tour(first_day)).to_contain_text("3 of 4")
    first_day.keyboard.press("Enter")
    expect(first_day.get_by_role("button", name="Done")).to_be_focused()
    first_day.keyboard.press("Enter")
    expect(tour(first_day)).to_be_hidden()
    expect(first_day.locator("[data-tour-here]")).to_have_count(0)


def test_it_comes_once_and_again_when_it_is_asked_for(first_day: Page, desk: Server):
    expect(tour(first_day)).to_be_visible()
    first_day.keyboard.press("Escape")
    expect(tour(first_day)).to_be_hidden()
    first_day.goto(f"{desk.url}/orders/")
    expect(first_day.locator("body")).to_have_attribute("data-feed", "live", timeout=15_000)
    expect(tour(first_day)).to_be_hidden()
    first_day.keyboard.press("?")
    first_day.get_by_role("button", name="Show the tour").click()
    expect(first_day.get_by_role("dialog", name="Is the desk trading?")).to_be_visible()
    first_day.get_by_role("button", name="End the tour").click()
    first_day.keyboard.press("Control+k")
    first_day.get_by_role("combobox", name="Search pages").fill("show tour")
    first_day.keyboard.press("Enter")
    expect(tour(first_day)).to_be_visible()


def test_the_page_goes_on_meanwhile(first_day: Page):
    expect(tour(first_day)).to_be_visible()
    first_day.get_by_role("link", name="Emergency stop").click()
    expect(first_day.get_by_role("dialog", name="Emergency stop")).to_be_visible()
    first_day.keyboard.press("Escape")
    expect(first_day.get_by_role("dialog", name="Emergency stop")).to_be_hidden()
    expect(tour(first_day)).to_be_visible()


def test_who_knows_the_pages_is_not_shown_around(page: Page, desk: Server):
    sign_in(page, desk, "/")
    expect(page.locator("body")).to_have_attribute("data-feed", "live", timeout=15_000)
    expect(tour(page)).to_be_hidden()
