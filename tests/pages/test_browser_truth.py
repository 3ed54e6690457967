"""What a page shows is what the server says, or it says that it does not know: late, by another clock, without a server."""

import re
from functools import partial
from itertools import zip_longest
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from tests.pages.test_browser_orders import desk, rests, sign_in, ticket, trader
from tests.support.server import Server, ServerError, wait_for

__all__ = ["desk", "trader"]

HOUR = 3_600_000  # ms
STALE_AFTER = 12  # seconds, as live.js has it
# a browser whose clock is wrong; what measures how time passes is right in every browser
ANOTHER_CLOCK = """(() => {
    const Real = Date;
    window.Date = class extends Real {
        constructor(...given) { given.length ? super(...given) : super(Real.now() + SKEW); }
        static now() { return Real.now() + SKEW; }
    };
    window.feeds = [];
    addEventListener("DOMContentLoaded", () => new MutationObserver(() => window.feeds.push(document.body.dataset.feed))
        .observe(document.body, {attributeFilter: ["data-feed"]}));
})()"""
# all that is live and in sight: the rows in their order, what their cells say, and the attributes that follow them
LIVE_PARTS = """() => {
    const words = (text) => text?.split(" ") ?? [];
    const names = (part) => [
        ...words(part.dataset.attrs).map((name) => `data-${name.replaceAll("_", "-")}`),
        ...words(part.dataset.bind).map((pair) => pair.split(":")[0]), "data-sign", "data-key",
    ];
    const told = (part) => names(part).map((name) => (part.getAttribute(name) ?? "").replace(/\\.0$/, ""));
    const seen = (place, which) => [place, ...place.querySelectorAll(which)].filter((part) => part.checkVisibility());
    return [...document.querySelectorAll("[data-rows], [data-row]")].map((place) => [
        place.dataset.rows ?? place.dataset.row,
        seen(place, "[data-key], [data-attrs], [data-bind], [data-sign]").map(told).join(" "),
        seen(place, "[data-f]").slice(1).map((cell) => `${cell.dataset.f}: ${cell.innerText.trim()}`).join(", "),
    ]);
}"""
MADE = """
from datetime import UTC, datetime
from django.contrib.auth import get_user_model
from engine.alerts import alerts_raise
from engine.domain.alerts import AlertRaised
from engine.domain.deployment import StrategyInput
from engine.domain.enums import AlertLevel, StrategyType
from engine.models import Alert, Position
from engine.services import inbox
from engine.services.stop_losses import exit_levels_set
from engine.services.strategies import strategy_deploy, strategy_pause
now = datetime.now(UTC)
"""
DEPLOY = (
    MADE
    + """
rule = StrategyInput("Range breaker", strategy_type=StrategyType.MOMENTUM, symbols=["TCS"], rule="breakout")
print("ID", strategy_deploy(user_id="asha", strategy=rule, by="asha", now=now).id)
"""
)
ACT = (
    MADE
    + """
def error(name): return AlertRaised(AlertLevel.ERROR, name, "for a test", "risk_engine", name, user_id="asha")
alerts_raise([error("one"), error("two")], now=now)
inbox.alerts_acknowledge(alert_ids=[Alert.objects.get(title="one").id], by="asha", now=now)
strategy_pause(strategy_id={strategy!r}, by="asha", reason="a look", now=now)
held = Position.objects.open().get(symbol="RELIANCE")
exit_levels_set(position_id=held.id, stop_loss=91, take_profit=120, by="asha", now=now)
"""
)


@pytest.mark.slow
def test_after_many_pushes_a_page_is_what_a_reload_would_show(desk: Server, chromium: Browser, trader: Page):
    """The server's own rendering is read where no script runs."""
    strategy = desk.shell(DEPLOY).rsplit("ID ", 1)[1].split()[0]
    client = desk.client(desk.manage("create_token", "asha").split()[-1])
    order = order_sent(client, symbol="TCS", order_type="LIMIT", price=90)
    paths = [
        *("/", "/orders/", "/orders/?status=ACTIVE", f"/orders/{order}/", "/positions/", "/positions/?by=sector"),
        *("/symbols/RELIANCE/", "/strategies/", f"/strategies/{strategy}/", "/risk/", "/alerts/", "/events/"),
    ]
    opened = {path: trader.context.new_page() for path in paths}
    for path, page in opened.items():
        page.goto(desk.url + path)
        expect(page.locator("body")).to_have_attribute("data-feed", "live", timeout=15_000)
    order_sent(client, symbol="RELIANCE", quantity=7)
    order_sent(client, symbol="RELIANCE", quantity=500_000)
    order_sent(client, symbol="TCS", side="SELL", quantity=3)
    wait_for(lambda: desk.rows("select count(*) from engine_position where status = 'OPEN'") == [(2,)], "both are filled")
    desk.shell(ACT.format(strategy=strategy))
    posted(client, f"/orders/{order}/modify", price=92)
    posted(client, f"/orders/{order}/cancel", reason="enough")
    plain = chromium.new_context(viewport={"width": 1440, "height": 900}, java_script_enabled=False)
    plain.add_cookies(trader.context.cookies())  # type: ignore[arg-type] # what it gave, it takes
    reader = plain.new_page()
    for path, page in opened.items():
        try:
            wait_for(partial(is_as_told, reader, desk.url + path, page), f"{path} is as told")
        except ServerError as late:
            raise AssertionError(f"{late}: {differences(reader, desk.url + path, page)}") from None
    plain.close()


def is_as_told(reader: Page, address: str, page: Page) -> bool:
    return differences(reader, address, page) == []


def differences(reader: Page, address: str, page: Page) -> list[tuple[Any, Any]]:
    """What the page shows, beside what a reload would show."""
    reader.goto(address)
    shown, told = page.evaluate(LIVE_PARTS), reader.evaluate(LIVE_PARTS)
    return [pair for pair in zip_longest(shown, told) if pair[0] != pair[1]]


def order_sent(client: httpx.Client, **fields: Any) -> str:
    wanted = {"side": "BUY", "quantity": 2, "order_type": "MARKET", **fields}
    return str(posted(client, "/orders", **wanted)["order_id"])


def posted(client: httpx.Client, path: str, **body: Any) -> Any:
    answer = client.post(f"/api/trading-engine{path}", params={"user_id": "asha"}, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("skew", [HOUR, -HOUR])
@pytest.mark.slow
def test_a_browser_with_a_wrong_clock_tells_right_ages_and_is_not_stale(
    desk: Server, chromium: Browser, trader: Page, skew: int
):
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    context.add_init_script(ANOTHER_CLOCK.replace("SKEW", str(skew)))
    page = context.new_page()
    sign_in(page, desk, "/")
    trader.goto(desk.url)
    for right_or_wrong in (page, trader):
        expect(right_or_wrong.locator("body")).to_have_attribute("data-feed", "live", timeout=15_000)
    assert abs(page.evaluate("Date.now()") - trader.evaluate("Date.now()")) > HOUR / 2
    countdown = ".market time[data-countdown]"
    shown = [one.locator(countdown) for one in (page, trader)]
    wait_for(lambda: shown[0].inner_text() == shown[1].inner_text() != "", "both count down alike")
    figure = page.locator("[data-source]").first
    figure.hover()
    expect(figure).to_have_attribute("title", re.compile(r"confirmed it \d s ago"))
    page.wait_for_timeout((STALE_AFTER + 1) * 1000)  # nothing to wait for: it must not go stale meanwhile
    assert page.evaluate("window.feeds") == ["live"]
    context.close()


def test_a_message_that_was_lost_is_noticed_and_asked_for_anew(desk: Server, trader: Page):
    lost: list[str] = []
    asked: list[str] = []

    def relay(page_side: WebSocketRoute) -> None:
        server_side = page_side.connect_to_server()

        def down(message: str | bytes) -> None:
            if not lost and '"delta"' in str(message) and "orders/asha" in str(message):
                lost.append(str(message))
            else:
                page_side.send(message)

        def up(message: str | bytes) -> None:
            asked.extend([str(message)] if "resync" in str(message) else [])
            server_side.send(message)

        server_side.on_message(down)
        page_side.on_message(up)

    trader.route_web_socket(re.compile("/ws/live/"), relay)
    trader.goto(f"{desk.url}/orders/")
    expect(trader.locator("body")).to_have_attribute("data-feed", "live", timeout=15_000)
    client = desk.client(desk.manage("create_token", "asha").split()[-1])
    keys = [order_sent(client, symbol="TCS", order_type="LIMIT", price=price) for price in (80, 81)]
    for key in keys:
        expect(trader.locator(f"[data-rows=orders] > tbody[data-key='{key}']")).to_be_visible(timeout=5_000)
    assert lost
    assert "orders/asha" in asked[0]


@pytest.mark.slow
def test_without_a_server_the_page_says_so_offers_no_order_and_comes_back(desk: Server, trader: Page, page_problems: list[str]):
    resting = rests(trader, "89.50")
    dialog = ticket(trader, symbol="TCS", quantity="5")
    expect(dialog.locator("[data-send]")).to_be_enabled()
    desk.kill()
    try:
        chip = trader.locator("[data-feed-text]")
        expect(chip).to_have_text("Reconnecting…", timeout=2_000)
        expect(trader.locator("body")).to_have_attribute("data-feed", "stale", timeout=(STALE_AFTER + 3) * 1000)
        expect(chip).to_have_text(re.compile(r"^STALE · figures of \d\d:\d\d:\d\d IST$"))
        assert trader.locator("main").evaluate("main => getComputedStyle(main).filter") == "grayscale(1)"
        expect(dialog.locator("[data-send]")).to_be_disabled()
        expect(dialog.get_by_text("no order can be sent until the page is live again")).to_be_visible()
        trader.keyboard.press("Escape")
        for name in ("Modify", "Cancel"):
            action = resting.get_by_role("link", name=name)
            expect(action).to_have_attribute("aria-disabled", "true")
            action.click(force=True)
            expect(trader.get_by_text("Nothing was done: the server is not heard.")).to_be_visible()
        trader.get_by_role("link", name="New order").click()
        expect(trader.get_by_text("No answer from the server: nothing was done.")).to_be_visible()
        expect(trader.locator("dialog[open]")).to_have_count(0)
        expect(trader.get_by_role("link", name="Emergency stop")).to_be_enabled()  # that is always offered
    finally:
        desk.start()
    expect(trader.locator("body")).to_have_attribute("data-feed", "live", timeout=20_000)
    assert trader.locator("main").evaluate("main => getComputedStyle(main).filter") == "none"
    resting.get_by_role("link", name="Cancel").click()
    trader.get_by_role("button", name="Cancel the order").click()
    expect(resting.get_by_text("Cancelled", exact=True)).to_be_visible(timeout=5_000)
    page_problems.clear()  # Chromium logs each connection that was refused meanwhile
