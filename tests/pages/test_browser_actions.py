"""What else is done on the pages, in Chromium against a server where nobody trades: deploying, closing, hearing, filtering."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.pages.test_browser_orders import desk, trader
from tests.support.browser import sign_in_as
from tests.support.server import Server, wait_for

__all__ = ["desk", "trader"]

SOON = 5_000  # ms
RAISE = """
from django.utils import timezone
from engine.alerts import alerts_raise
from engine.domain.alerts import AlertRaised
from engine.domain.enums import AlertLevel
raised = AlertRaised(AlertLevel({level!r}), {name!r}, "for a test", "risk_engine", {name!r}, user_id="asha")
alerts_raise([raised], now=timezone.now())
"""
SET = """
from django.utils import timezone
from engine.config import config_update
config_update({{"max_concurrent_orders": {value}}}, by="root", now=timezone.now())
"""
# an ear in the place of the loudspeaker: it writes down each tone's pitch
EAR = """
    window.heard = [];
    const quiet = {connect: (next) => next ?? quiet, start: () => {}, stop: () => {}};
    window.AudioContext = class { state = "running"; currentTime = 0; destination = quiet; };
    window.GainNode = class { gain = {setTargetAtTime: () => {}}; connect = () => quiet; };
    window.OscillatorNode = class {
        constructor(_, {frequency}) { window.heard.push(frequency); }
        connect = () => quiet; start() {} stop() {}
    };
"""
HELD = "[data-rows=positions] > tbody[data-key]"


def live(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator("body")).to_have_attribute("data-feed", "live", timeout=15_000)


@pytest.fixture
def staff(desk: Server, chromium: Browser) -> Iterator[Page]:
    if not desk.rows("select 1 from auth_user where username = 'root'"):
        desk.add_user("root", staff=True)
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    sign_in_as(page, desk, "root")
    yield page
    context.close()


def test_a_strategy_is_deployed_paused_and_retired_by_its_word(desk: Server, trader: Page, page_problems: list[str]):
    live(trader, f"{desk.url}/strategies/")
    trader.get_by_role("link", name="Deploy").first.click()
    form = trader.locator("main form").last
    form.get_by_label("Name").fill("Morning breaker")
    form.get_by_label("Symbols, separated by commas").fill("TCS, NOTHING")
    form.get_by_role("button", name="Deploy").click()
    expect(trader.get_by_text("It was not deployed")).to_be_visible()
    page_problems.clear()  # Chromium logs the answer 422
    form.get_by_label("Symbols, separated by commas").fill("TCS")
    form.get_by_role("button", name="Check only").click()
    expect(trader.get_by_text("Nothing is wrong with it")).to_be_visible()
    form.get_by_role("button", name="Deploy").click()
    expect(trader.get_by_text("Morning breaker is deployed")).to_be_visible()
    stages = trader.locator("[data-rows=stages] > [data-key]")
    begun = stages.count()
    trader.get_by_role("link", name="Pause").click()
    trader.get_by_role("dialog").get_by_role("button", name="Pause").click()
    expect(stages).to_have_count(begun + 1, timeout=SOON)
    trader.get_by_role("link", name="Retire").click()
    dialog = trader.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("it was a test")
    dialog.get_by_label("Type RETIRE to confirm").fill("retired")
    dialog.get_by_role("button", name="Retire the strategy").click()
    expect(dialog).to_be_visible()  # another word does nothing
    dialog.get_by_label("Type RETIRE to confirm").fill("RETIRE")
    dialog.get_by_role("button", name="Retire the strategy").click()
    expect(stages).to_have_count(begun + 2, timeout=SOON)
    for action in ("Pause", "Resume", "Stop", "Retire"):
        expect(trader.get_by_role("link", name=action, exact=True)).to_be_hidden()
    trader.goto(f"{desk.url}/strategies/")
    row = trader.locator("[data-rows=strategies] > tbody[data-key]", has_text="Morning breaker")
    expect(row).to_have_count(0)
    trader.goto(f"{desk.url}/strategies/?retired=yes")
    expect(row).to_contain_text("Retired")


def test_a_target_is_set_in_place_and_all_positions_are_closed_by_a_word(desk: Server, trader: Page, page_problems: list[str]):
    client = desk.client(desk.manage("create_token", "asha").split()[-1])
    for symbol in ("RELIANCE", "TCS"):
        order = {"symbol": symbol, "side": "BUY", "quantity": 4, "order_type": "MARKET"}
        client.post("/api/trading-engine/orders", params={"user_id": "asha"}, json=order).raise_for_status()
    live(trader, f"{desk.url}/positions/")
    other = trader.context.new_page()
    live(other, f"{desk.url}/positions/")
    row = trader.locator(HELD).filter(has=trader.get_by_role("link", name="TCS", exact=True))
    expect(row).to_be_visible(timeout=SOON)
    row.locator("details.exits > summary").click()
    row.get_by_label("Target", exact=True).fill("90")
    row.get_by_role("button", name="Set").click()
    expect(trader.get_by_text("is reached")).to_be_visible()
    page_problems.clear()  # Chromium logs the answer 409
    row.get_by_label("Target", exact=True).fill("140")
    row.get_by_role("button", name="Set").click()
    seen = other.locator(HELD).filter(has=other.get_by_role("link", name="TCS", exact=True))
    expect(seen.locator("[data-f=take_profit]")).to_have_text("140.00", timeout=SOON)
    trader.get_by_role("link", name="Close all").click()
    dialog = trader.get_by_role("dialog")
    expect(dialog).to_contain_text("Positions")
    dialog.get_by_label("Type CLOSE to confirm").fill("CLOSE")
    dialog.get_by_role("button", name="Close all").click()
    for page in (trader, other):
        expect(page.locator(HELD)).to_have_count(0, timeout=SOON)
    expect(trader.locator("[data-rows=closed] > tbody[data-key]").first).to_be_visible()


def test_a_price_that_moves_flashes_and_for_whom_motion_disturbs_it_does_not(desk: Server, trader: Page):
    client = desk.client(desk.manage("create_token", "asha").split()[-1])
    order = {"symbol": "RELAXO", "side": "BUY", "quantity": 3, "order_type": "MARKET"}
    client.post("/api/trading-engine/orders", params={"user_id": "asha"}, json=order).raise_for_status()
    calm = trader.context.new_page()
    calm.emulate_media(reduced_motion="reduce")
    cells = []
    for page in (trader, calm):
        live(page, f"{desk.url}/positions/")
        row = page.locator(HELD).filter(has=page.get_by_role("link", name="RELAXO", exact=True))
        cells.append(row.locator("[data-f=current_price]"))
        expect(cells[-1]).to_have_text("100.00", timeout=SOON)
        cells[-1].evaluate("""cell => {
            window.flashes = [];
            new MutationObserver(() => window.flashes.push(cell.dataset.flash))
                .observe(cell, {attributeFilter: ["data-flash"]});
        }""")
    desk.set_prices({"RELAXO": "Consumer goods"}, price=103)
    for cell in cells:
        expect(cell).to_have_text("103.00", timeout=SOON)
    wait_for(lambda: trader.evaluate("window.flashes") == ["up", "up-out", ""], "it flashes up, and fades", 5)
    assert calm.evaluate("window.flashes") == []
    desk.set_prices({"RELAXO": "Consumer goods"})


def test_an_alert_is_heard_once_and_only_by_who_wants_to(desk: Server, trader: Page):
    trader.context.add_init_script(EAR)
    deaf = trader.context.new_page()
    for page in (trader, deaf):
        live(page, f"{desk.url}/orders/")
    desk.shell(RAISE.format(level="ERROR", name="unheard"))
    bell = trader.locator("[data-rows=bell] > [data-key]")
    expect(bell.filter(has_text="unheard")).to_have_count(1, timeout=SOON)
    assert trader.evaluate("window.heard") == []
    trader.keyboard.press("b")
    trader.get_by_label("Sound for warnings and worse").check()
    wait_for(lambda: trader.evaluate("window.heard") == [660, 880], "switched on, it sounds", 5)
    trader.keyboard.press("Escape")
    deaf.close()
    for level, name in (("INFO", "quiet"), ("WARNING", "loud")):
        desk.shell(RAISE.format(level=level, name=name))
        expect(bell.filter(has_text=name)).to_have_count(1, timeout=SOON)
    wait_for(lambda: trader.evaluate("window.heard") == [660, 880] * 2, "the warning sounds, and the note does not", 5)


def test_the_newest_alert_is_resolved_with_a_note_and_leaves_for_the_history(desk: Server, trader: Page):
    """It is the list's first row: what looks after the list's size must not miss it."""
    desk.shell(RAISE.format(level="CRITICAL", name="to be mended"))
    live(trader, f"{desk.url}/alerts/")
    alert = trader.locator("[data-rows=alerts] > li[data-key]").first
    expect(alert).to_contain_text("to be mended")
    alert.get_by_text("Resolve", exact=True).first.click()
    alert.get_by_label("Note").fill("it is mended")
    alert.get_by_role("button", name="Resolve").click()
    row = trader.locator("[data-rows=alerts] > li[data-key]", has_text="to be mended")
    expect(row).to_have_count(0, timeout=SOON)
    trader.get_by_role("link", name="History").click()
    expect(trader.get_by_role("cell", name="it is mended")).to_be_visible()


def test_filters_stand_in_the_address(desk: Server, trader: Page):
    live(trader, f"{desk.url}/orders/")
    side, symbol = (trader.locator(f".filters [name={name}]") for name in ("side", "symbol"))
    side.select_option("SELL")
    expect(trader).to_have_url(re.compile("side=SELL"))
    symbol.fill("tcs")
    symbol.press("Enter")
    expect(trader).to_have_url(re.compile("symbol=tcs"))
    expect(symbol).to_have_value("TCS")
    trader.get_by_role("link", name="Clear").click()
    expect(side).to_have_value("")


def test_a_changed_setting_shows_with_who_changed_it(desk: Server, staff: Page):
    live(staff, f"{desk.url}/system/")
    changes = staff.locator("[data-rows=changes] > tbody[data-key]")
    before = changes.count()
    for value in (21, 22):
        desk.shell(SET.format(value=value))
    expect(changes).to_have_count(before + 2, timeout=SOON)
    expect(changes.first).to_contain_text("Max concurrent orders")
    expect(changes.first.locator("td")).to_contain_text(["", "", "21", "22", "root"])
    desk.shell(SET.format(value=10))
