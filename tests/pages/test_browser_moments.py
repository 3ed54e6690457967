"""The pages in Chromium at awkward moments: rows that come before the script does, a session that ends, a cut line."""

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from tests.pages.test_browser import SIGNALS, demo, sign_in, texts, the_stop_is_done
from tests.support.browser import sign_in_as
from tests.support.server import Server, wait_for

__all__ = ["demo"]

HELD_BACK = 2_000  # ms that the pages' script is late


def send_signal(server: Server, symbol: str, signal_type: str = "BUY") -> str:
    body = {"symbol": symbol, "signal_type": signal_type, "confidence_score": 0.95, "strategy_id": "by-hand"}
    answer = httpx.post(server.url + SIGNALS, params={"user_id": "demo"}, json=body, timeout=10)
    return str(answer.json()["correlation_id"])


@pytest.mark.parametrize("path", ["/orders/?account=demo", "/events/?account=demo", "/?account=demo"])
def test_rows_that_came_before_the_script_stand_at_the_top(demo: Server, page: Page, path: str):
    sign_in(page, demo)
    expect(page.locator("[data-row='status/all'] [data-f=prices]")).to_have_text("SIMULATED PRICES", timeout=20_000)
    orders = page.locator("[data-rows=orders] > tbody[data-key]")
    for symbol in ("RELIANCE", "TCS"):
        chain = send_signal(demo, symbol)
        expect(page.locator(f"[data-rows=orders] a[href*='{chain}']")).to_be_visible(timeout=10_000)
    assert orders.count() >= 2

    def late(route: Route) -> None:
        page.wait_for_timeout(HELD_BACK)
        route.continue_()

    page.route("**/static/js/app*.js", late)
    page.goto(demo.url + path, wait_until="commit")
    rows = page.locator("[data-rows=orders] > tbody[data-key], [data-rows=events] > tbody[data-key]")
    expect(rows.first).to_be_attached(timeout=10_000)
    rendered = rows.evaluate_all("rows => rows.map((row) => row.dataset.key)")
    for symbol in ("INFY", "RELIANCE"):
        send_signal(demo, symbol)
    expect(page.locator("body")).to_have_attribute("data-feed", "live", timeout=15_000)

    def keys() -> list[str]:
        return rows.evaluate_all("rows => rows.map((row) => row.dataset.key)")

    wait_for(lambda: len(set(keys()) - set(rendered)) >= 2, "the new rows")
    shown = keys()
    first_known = next(place for place, key in enumerate(shown) if key in rendered)
    assert first_known >= 2
    assert [key for key in shown[first_known:] if key not in rendered] == []  # nothing new beneath what was there


def test_a_stop_without_a_session_says_that_trading_goes_on(demo: Server, page: Page):
    sign_in(page, demo)
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("link", name="Emergency stop").click()
    dialog = page.get_by_role("dialog", name="Emergency stop")
    dialog.get_by_label("Type STOP to confirm").fill("STOP")
    dialog.get_by_role("button", name="Stop trading").click()
    note = page.get_by_text("Not done: you were signed out. Trading was not stopped.")
    expect(note).to_be_visible()
    expect(note).to_be_in_viewport()
    page.wait_for_timeout(1_000)
    expect(note).to_be_visible()  # it stays
    assert demo.rows("select trading_state from engine_account where user_id = 'demo'") == [("ACTIVE",)]
    page.get_by_role("link", name="Sign in").click()
    expect(page).to_have_url(re.compile(r"/sign-in/\?next=%2F"))


def test_another_tools_theme_is_not_ours(demo: Server, page: Page):
    page.emulate_media(color_scheme="dark")
    page.goto(f"{demo.url}/sign-in/")
    for key, value, theme in [
        ("theme", "auto", "dark"),
        ("quantumleap-theme", "auto", "dark"),
        ("quantumleap-theme", "light", "light"),
    ]:
        page.evaluate("([key, value]) => localStorage.setItem(key, value)", [key, value])
        page.reload()
        assert page.locator("html").get_attribute("data-bs-theme") == theme


def test_a_cut_line_is_said_at_once(demo: Server, page: Page):
    sockets: list[Any] = []
    page.route_web_socket(re.compile("/ws/live/"), lambda socket: sockets.append((socket, socket.connect_to_server())))
    sign_in(page, demo)
    sockets[-1][0].close(code=1012)
    expect(page.locator("[data-feed-text]")).to_have_text("Reconnecting…", timeout=2_000)
    expect(page.locator("body")).to_have_attribute("data-feed", "live", timeout=15_000)


def test_the_throughput_is_drawn_before_the_socket_tells(demo: Server, page: Page):
    sign_in(page, demo)
    send_signal(demo, "RELIANCE")
    page.wait_for_timeout(1_000)
    page.route_web_socket(re.compile("/ws/live/"), lambda _: None)  # it opens, and says nothing
    page.goto(f"{demo.url}/?account=demo")
    expect(page.locator("[data-chart=throughput] canvas")).to_be_visible(timeout=5_000)


def test_a_halted_desk_offers_no_stop_and_a_long_reason_moves_nothing(demo: Server, page: Page):
    sign_in(page, demo)
    page.get_by_role("link", name="Emergency stop").click()
    dialog = page.get_by_role("dialog", name="Emergency stop")
    reason = ("the prices of the feed jumped_about and nobody knows why " * 4)[:200].strip()
    dialog.get_by_label("Reason").fill(reason)
    dialog.get_by_label("Type STOP to confirm").fill("STOP")
    dialog.get_by_role("button", name="Stop trading").click()
    expect(page.locator(".statusbar")).to_have_attribute("data-trading-state", "HALTED", timeout=5_000)
    expect(page.get_by_role("link", name="Resume trading")).to_be_visible()
    expect(page.get_by_role("link", name="Emergency stop")).to_be_hidden()
    expect(page.locator(".state-reason")).to_have_attribute("title", reason)
    box = page.locator(".statusbar").bounding_box()
    assert box is not None
    assert box["height"] < 48  # one line
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.querySelector('.state').getBoundingClientRect().right <= innerWidth")
    page.goto(f"{demo.url}/events/?account=demo")
    assert any("jumped_about" in text for text in texts(page, "[data-rows=events] [data-f=summary]"))


def test_no_figure_of_the_overview_is_cut_off(serve_process: Any, page: Page):
    server: Server = serve_process("--demo")
    server.add_user("root", staff=True)
    sign_in_as(page, server, "root")
    page.goto(f"{server.url}/?account=*")
    expect(page.locator("[data-rows=positions] > tbody[data-key]").first).to_be_visible(timeout=50_000)
    tiles, table = ".tile, .tile .under", ".span-8 > .table-responsive"
    cut = """(which) => [...document.querySelectorAll(which)]
        .filter((place) => place.scrollWidth > place.clientWidth + 1).map((place) => place.innerText)"""
    for width in (1440, 1280, 1024, 720, 390):
        page.set_viewport_size({"width": width, "height": 900})
        # what a busy desk's widest figures take
        page.evaluate("""() => {
            const widest = {charges: "₹12,345.67", day_pnl_percent: "−12.34%", unrealized_pnl: "−₹12,345.67"};
            for (const [name, text] of Object.entries(widest))
                for (const cell of document.querySelectorAll(`[data-f=${name}]`)) cell.textContent = text;
        }""")
        assert page.evaluate(cut, tiles if width == 720 else f"{tiles}, {table}") == [], width  # at 200 % the table scrolls


def test_the_dialog_takes_both_steps_of_resuming(demo: Server, page: Page):
    sign_in(page, demo)
    demo.manage("halt", "--account", "demo", "--reason", "feed away")
    the_stop_is_done(demo)
    page.get_by_role("link", name="Resume trading").click(timeout=15_000)
    dialog = page.get_by_role("dialog", name="Resume all trading of demo?")
    dialog.get_by_label("Reason").fill("feed is back")
    dialog.get_by_role("button", name="Look and go on").click()
    expect(dialog.get_by_text("The stop has done its work")).to_be_visible()
    page.keyboard.press("Escape")  # left: it begins with the first step again
    page.get_by_role("link", name="Resume trading").click()
    dialog.get_by_label("Reason").fill("feed is back")
    dialog.get_by_role("button", name="Look and go on").click()
    dialog.get_by_label("Type RESUME to confirm").fill("resume")
    dialog.get_by_role("button", name="Resume").click()
    expect(page.locator("[data-trading-state=ACTIVE]").first).to_be_attached(timeout=10_000)
    expect(dialog).not_to_be_visible()


def test_the_emergency_stop_is_in_reach_whatever_the_bar_has_to_say(serve_process: Any, page: Page):
    server = serve_process("--no-engine")
    server.add_user("asha", accounts="asha")
    sign_in_as(page, server, "asha")
    expect(page.get_by_text("The engine is not running")).to_be_visible()
    for width in (1440, 1280, 1180, 1024, 768, 390):
        page.set_viewport_size({"width": width, "height": 800})
        stop = page.get_by_role("link", name="Emergency stop").bounding_box()
        assert stop, width
        assert 0 <= stop["x"] <= width - stop["width"], width
