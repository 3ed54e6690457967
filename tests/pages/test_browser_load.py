"""A page with 200 positions whose prices move four times a second: smooth, cheap for its reader's machine, and right."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.pages.moving_server import HZ, POSITIONS
from tests.support.browser import sign_in_as
from tests.support.server import Server, wait_for

WINDOWS, SECONDS = 5, 3
SHARE = 0.10  # of a core, by the renderer's processor time, all its threads together
LONGEST = 50.0  # ms of one task, by processor time: the machine has others to serve, too
QUIET = (
    0.035  # of a core: what PLAIN takes on a machine of which it has a core to itself; a slower one is allowed in proportion
)
PRICES = "[data-rows=positions] > tbody[data-key] [data-f=current_price]"
# The least that such a page could do: a bare table of as many rows, a screenful of it written four times a second.
PLAIN = """([rows, hz]) => {
    const table = document.body.appendChild(document.createElement("table"));
    for (let row = 0; row < rows; row += 1) {
        const line = table.insertRow();
        for (let column = 0; column < 14; column += 1) line.insertCell().append(`${row} ${column}`);
    }
    let move = 0;
    const write = () => {
        move += 1;
        const cells = [...table.rows].slice(0, 40).flatMap((line) => [...line.cells].slice(4, 9));
        for (const cell of cells) cell.firstChild.data = `${1000 + move}`;
    };
    setInterval(() => requestAnimationFrame(write), 1000 / hz);
}"""
WATCHED = """() => {
    window.moved = 0;
    new MutationObserver((list) => { window.moved += list.length; })
        .observe(document.querySelector("[data-rows=positions] > tbody [data-f=current_price]"),
            {childList: true, characterData: true, subtree: true});
    window.shifted = 0;
    new PerformanceObserver((list) => { for (const shift of list.getEntries()) window.shifted += shift.value; })
        .observe({type: "layout-shift"});
}"""


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory, migrated_database: Path) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("busy")
    shutil.copy(migrated_database, folder / "server.sqlite3")
    environment = {"DATABASE_URL": f"sqlite:///{folder / 'server.sqlite3'}", "SECRET_KEY": "only-for-tests", "REDIS_URL": ""}
    server = Server(folder, environment, program=("-m", "tests.pages.moving_server"))
    server.add_user("asha", accounts="asha")
    yield server.start()
    server.close()


@pytest.mark.process
@pytest.mark.slow
def test_two_hundred_positions_that_move_are_no_burden(busy: Server, page: Page, chromium: Browser):
    open_positions(page, busy)
    page.wait_for_timeout(2_000)  # past the first rows
    page.evaluate(WATCHED)
    spent = [processor_share(page) for _ in range(WINDOWS)]
    assert page.evaluate("window.moved") >= WINDOWS * SECONDS * HZ * 0.6  # it did move
    assert page.evaluate("window.shifted") < 0.02
    slow = max(1.0, plain_share(chromium) / QUIET)
    assert median(spent) <= SHARE * slow, (spent, slow)
    assert longest_task(chromium, page) <= LONGEST * slow, slow


@pytest.mark.process
def test_a_hidden_tab_draws_nothing_and_catches_up(busy: Server, page: Page):
    open_positions(page, busy)
    page.evaluate(WATCHED)
    other = page.context.new_page()
    other.bring_to_front()
    if not page.evaluate("document.hidden"):  # headless Chromium shows all tabs at once
        page.evaluate("""() => {
            window.heldBack = [];
            window.requestAnimationFrame = (draw) => window.heldBack.push(draw);
        }""")
    page.wait_for_timeout(200)
    page.evaluate("window.moved = 0")
    page.wait_for_timeout(1_500)
    assert page.evaluate("window.moved") == 0
    page.bring_to_front()
    page.evaluate("for (const draw of window.heldBack ?? []) draw()")
    wait_for(lambda: page.evaluate("window.moved") > 0, "the page catches up", 5)


def open_positions(page: Page, server: Server) -> None:
    sign_in_as(page, server, "asha")
    page.goto(f"{server.url}/positions/?account=asha")
    expect(page.locator(PRICES)).to_have_count(POSITIONS, timeout=20_000)


def processor_share(page: Page) -> float:
    """What the page's process takes of a core, for some seconds."""
    cdp = page.context.new_cdp_session(page)
    cdp.send("Performance.enable")
    before = metrics(cdp)
    page.wait_for_timeout(SECONDS * 1000)
    after = metrics(cdp)
    cdp.detach()
    return (after["ProcessTime"] - before["ProcessTime"]) / (after["Timestamp"] - before["Timestamp"])


def plain_share(chromium: Browser) -> float:
    """The same of a bare page on this machine, now."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    bare = context.new_page()
    bare.evaluate(PLAIN, [POSITIONS, HZ])
    bare.wait_for_timeout(1_000)
    share = median(processor_share(bare) for _ in range(WINDOWS))
    context.close()
    return share


def longest_task(chromium: Browser, page: Page) -> float:
    """Milliseconds of processor time of the longest task of the page's main thread, in some seconds."""
    chromium.start_tracing(page=page, categories=["toplevel"])
    page.wait_for_timeout(SECONDS * 1000)
    events = json.loads(chromium.stop_tracing())["traceEvents"]
    main = {(event["pid"], event["tid"]) for event in events if event.get("args", {}).get("name") == "CrRendererMain"}
    tasks = [event["tdur"] / 1000 for event in events if "tdur" in event and (event["pid"], event["tid"]) in main]
    assert len(tasks) > SECONDS * HZ  # it was traced
    return max(tasks)


def metrics(cdp: CDPSession) -> dict[str, float]:
    return {metric["name"]: metric["value"] for metric in cdp.send("Performance.getMetrics")["metrics"]}
