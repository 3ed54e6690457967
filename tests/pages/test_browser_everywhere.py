"""Every page and dialog in Chromium, for everybody: nothing serious for axe-core, nothing too wide or cut off, at 200 % either,
every stop of the keyboard in sight, no console error, no other host."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest
from django.urls import resolve
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from tests.pages.test_browser_desk import DEAD, RAISE
from tests.pages.test_links import Links
from tests.support.browser import sign_in_as, watch
from tests.support.reach import BASE_DIR
from tests.support.server import Server, wait_for

pytestmark = pytest.mark.process

AXE = (BASE_DIR / "node_modules" / "axe-core" / "axe.min.js").read_text()
WIDTHS = (1440, 1024, 720, 390)  # 720 is 1440 at 200 %
MORE = [
    *("/orders/?status=ACTIVE", "/orders/new/?account=demo&symbol=TCS&side=BUY&quantity=500000", "/positions/?by=sector"),
    *("/strategies/?retired=yes", "/alerts/?show=history", "/reports/?period=month", "/reports/?period=week"),
    *("/risk/what-if/?account=demo&symbol=TCS&side=BUY&quantity=500", "/orders/?symbol=NOTHING"),
]
REFUSED = ["/time/?account=demo&at=nonsense", "/nothing/"]
TOUR = "[data-show-tour]"  # within the sheet of the keys
DIALOGS = {  # what opens it, on which page: a key, or a place to click
    "/?account=demo": "Control+k",
    "/orders/?account=demo": "?",
    "/alerts/?account=demo": "b",
    "/events/?account=demo": ".statusbar .stop",
    "/orders/?account=demo&status=ACTIVE": "[data-new-order]",
    "/orders/{resting}/?account=demo": ".order-head .row-actions .stop",
    "/orders/{resting}/": ".order-head .row-actions a",
    "/orders/?account=demo&type=LIMIT": ".page-actions .stop",
    "/positions/?account=demo": ".close-all",
    "/positions/?account=demo&by=sector": "tbody[data-kind=position] .close-one",
    "/strategies/breakout-demo/": ".can-stop",
    "/strategies/breakout-demo/?account=demo": ".can-retire",
    "/symbols/TCS/?account=demo": ".close-one",
    "/reports/?account=demo": TOUR,
    "/system/": "[data-rows=dead_letters] a:has-text('Requeue')",
}
KEYS = ("Control+k", "?", "b")
MOST_STOPS = 300
ORDERS: list[dict[str, Any]] = [
    {"order_type": "LIMIT", "price": 100, "quantity": 2},
    {"quantity": 500_000},  # denied
    {"quantity": 3},  # filled
]
TOO_WIDE = """() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll("body *")]
    .filter((one) => one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.outerHTML.slice(0, 120))"""
# text in a box that hides what does not fit, without a word of it; charts hide what is no text
CUT_OFF = """() => [...document.querySelectorAll("main *, .topbar *, .statusbar *")].filter((one) => {
    const style = getComputedStyle(one);
    const hides = ["hidden", "clip"].includes(style.overflowX) && style.textOverflow !== "ellipsis";
    const says = one.checkVisibility() && one.clientWidth > 1 && one.innerText?.trim() && !one.querySelector("canvas");
    return says && hides && one.scrollWidth > one.clientWidth + 1;
}).map((one) => `${one.className} ${one.scrollWidth} of ${one.clientWidth}: ${one.innerText.slice(0, 200)}`)"""
# the trading state cannot be missed, however far one reads
BAR_GONE = """() => {
    scrollTo(0, document.documentElement.scrollHeight);
    const bar = document.querySelector(".statusbar")?.getBoundingClientRect();
    return bar && (bar.top < 0 || bar.bottom > innerHeight) ? [`the status bar stands at ${bar.top}`] : [];
}"""
# where the keyboard's focus is, and what is the matter with how that is shown
FOCUS = """() => {
    const one = document.activeElement;
    if (!one || one === document.body) return null;
    const outlined = (part) => {
        const style = part && getComputedStyle(part);
        return style && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
    };
    const shape = one.closest(".segmented") ? one.nextElementSibling : one;
    const box = shape.getBoundingClientRect();
    const within = (share, from, to, end) => Math.min(Math.max(from + (to - from) * share, 0), end - 1);
    const covers = [0.05, 0.5, 0.95].map((share) => document.elementFromPoint(
        within(share, box.left, box.right, innerWidth), within(share, box.top, box.bottom, innerHeight)));
    const clear = (top) => !top || one.parentElement.contains(top) || top.contains(one);
    const faults = [];
    if (![one, shape, one.parentElement].some(outlined)) faults.push("no outline");
    if (box.bottom <= 0 || box.top >= innerHeight || box.right <= 0 || box.left >= innerWidth) faults.push("out of sight");
    else if (!covers.some(clear)) faults.push(`beneath ${covers[1].tagName} ${covers[1].className}`);
    one.dataset.stop ??= `${window.stops = (window.stops ?? 0) + 1}`;
    const inside = one.closest("dialog[open]") !== null;
    return {stop: one.dataset.stop, html: one.outerHTML.slice(0, 140), faults, inside};
}"""


@dataclass
class Desk:
    """A server, and an address of each kind of page on it."""

    server: Server
    addresses: list[str]
    resting: str  # an order that waits in the market


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, migrated_database: Path) -> Iterator[Desk]:
    """A demo with an order in each of three states, alerts and a dead letter."""
    folder = tmp_path_factory.mktemp("everywhere")
    database = folder / "server.sqlite3"
    database.write_bytes(migrated_database.read_bytes())
    environment = {"DATABASE_URL": f"sqlite:///{database}", "SECRET_KEY": "only-for-tests", "REDIS_URL": ""}
    server = Server(folder, environment, ("--demo",)).start()
    server.add_user("root", staff=True)
    server.shell(RAISE.format(names=["first", "second"]) + DEAD)
    priced, held = (
        "engine_instrument where symbol = 'TCS' and last_price is not null",
        "engine_position where strategy_id = 'by-hand'",
    )
    wait_for(lambda: bool(server.rows(f"select 1 from {priced}")), "prices")
    resting, *_ = [ordered(server, **fields) for fields in ORDERS]
    wait_for(lambda: bool(server.rows(f"select 1 from {held}")), "a fill")
    yield Desk(server, [*one_of_each_kind(server), *MORE], resting)
    server.close()


def ordered(server: Server, **fields: Any) -> str:
    body = {"symbol": "TCS", "side": "BUY", "order_type": "MARKET", "strategy_id": "by-hand", **fields}
    answer = server.client().post("/api/trading-engine/orders", params={"user_id": "demo"}, json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["order_id"])


def one_of_each_kind(server: Server) -> list[str]:
    """Followed from link to link; of orders, one in each state."""
    client = server.client()
    client.get("/sign-in/")
    token = client.cookies["csrftoken"]
    client.post("/sign-in/", data={"username": "root", "password": "correct-horse-9", "csrfmiddlewaretoken": token})
    waiting, found = ["/?account=demo", "/orders/?account=demo"], {}
    seen = set(waiting)
    for address in waiting:  # which grows meanwhile
        kind, answer = resolve(urlsplit(address).path).view_name, client.get(address)
        if kind == "order":
            kind += re.findall('data-status="([A-Z]+)"', answer.text)[0]
        if kind in found or answer.status_code != 200 or "<html" not in answer.text:  # a file, or what a script asks for
            continue
        found[kind] = address
        links = Links()
        links.feed(answer.text)
        near = {urldefrag(urljoin(address, link)).url for link in links.found | links.questions}
        fresh = sorted(link for link in near - seen if not link.startswith(("http", "/static/", "/api/", "/admin/")))
        waiting += fresh
        seen |= near
    return list(found.values())


def signed_in(context: BrowserContext, desk: Desk, problems: list[str]) -> Page:
    page = context.new_page()
    watch(page, problems)
    sign_in_as(page, desk.server, "root")
    expect(page.locator("body")).to_have_attribute("data-feed", "live", timeout=15_000)
    return page


@pytest.fixture
def visit(desk: Desk, chromium: Browser, scheme: Literal["light", "dark"], width: int) -> Iterator[Page]:
    """Staff in one theme and width, without the flashes of what has just changed: their colours are not read on."""
    problems: list[str] = []
    size: ViewportSize = {"width": width, "height": 900}
    context = chromium.new_context(bypass_csp=True, color_scheme=scheme, reduced_motion="reduce", viewport=size)
    yield signed_in(context, desk, problems)
    context.close()
    refused = [problem for problem in problems if re.search("status of 40[034]", problem)]
    assert [problem for problem in problems if problem not in refused] == []
    assert len(refused) <= len(REFUSED)


in_both_ways = pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])


@pytest.mark.slow
@in_both_ways
def test_every_page_is_for_everybody(desk: Desk, visit: Page, scheme: str, width: int):
    faults: list[Any] = []
    for address in [*desk.addresses, *REFUSED]:
        visit.goto(desk.server.url + address)
        assert visit.locator("html").get_attribute("data-bs-theme") == scheme
        faults += [(address, *fault) for fault in serious(visit)]
        for size in WIDTHS:
            visit.set_viewport_size({"width": size, "height": 900})
            faults += [(address, size, "too wide", part) for part in visit.evaluate(TOO_WIDE)[:2]]
            faults += [(address, size, "cut off", part) for part in visit.evaluate(CUT_OFF)[:2]]
            faults += [(address, size, part) for part in visit.evaluate(BAR_GONE)]
        visit.set_viewport_size({"width": width, "height": 900})
        faults += [(address, *fault) for fault in walked(visit)]
    assert len(desk.addresses) > 35
    assert not faults, "\n".join(map(str, faults))


@pytest.mark.slow
@in_both_ways
def test_every_dialog_is_for_everybody(desk: Desk, visit: Page):
    """It keeps the keyboard's focus, and Escape ends it."""
    faults: list[Any] = []
    for address, opener in DIALOGS.items():
        visit.goto(desk.server.url + address.format(resting=desk.resting))
        expect(visit.locator("body")).to_have_attribute("data-feed", "live", timeout=15_000)
        if opener in KEYS:
            visit.keyboard.press(opener)
        elif opener == TOUR:
            visit.locator(opener).dispatch_event("click")
        else:
            visit.locator(opener).first.click()
        box = visit.locator("dialog[open], [popover]:popover-open")
        expect(box).to_be_visible()
        faults += [(address, opener, *fault) for fault in serious(visit)]
        faults += [(address, opener, "too wide", part) for part in visit.evaluate(TOO_WIDE)[:2]]
        if visit.locator("dialog[open]").count():  # the bell and its like are left by Tab
            faults += [(address, opener, *fault) for fault in walked(visit, inside=True)]
        visit.keyboard.press("Escape")
        expect(box).to_have_count(0)
    assert not faults, "\n".join(map(str, faults))


@pytest.mark.slow
def test_who_is_not_signed_in_or_has_no_account_has_pages_for_everybody(desk: Desk, chromium: Browser):
    desk.server.add_user("newcomer")
    faults: list[Any] = []
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        context = chromium.new_context(bypass_csp=True, color_scheme=scheme)
        page = context.new_page()
        page.goto(f"{desk.server.url}/sign-in/")
        faults += [*serious(page), *walked(page)]
        page.get_by_label("Name").fill("newcomer")
        page.get_by_label("Password").fill("correct-horse-9")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_text("no account lists you as a member")).to_be_visible()
        faults += [*serious(page), *walked(page)]
        context.close()
    assert not faults, "\n".join(map(str, faults))


def walked(page: Page, *, inside: bool = False) -> list[Any]:
    """Tab from the top, or from where a dialog begins, until it goes round: each stop is seen, and none is a trap."""
    if not inside:
        page.evaluate("document.querySelector('.skip, a, input').focus()")
    faults: list[Any] = []
    stops: list[str] = []
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUS)
        if at is None or (
            at["stop"] in stops and at["stop"] != stops[-1]
        ):  # a date has a stop for its day, its month, its year
            return faults
        if at["stop"] not in stops:
            faults += [(fault, at["html"]) for fault in at["faults"]]
        if inside and not at["inside"]:
            faults.append(("out of the dialog", at["html"]))
        stops.append(at["stop"])
    return [*faults, ("no way out", stops[-1])]


def serious(page: Page) -> list[Any]:
    page.evaluate(AXE)
    found = page.evaluate("async () => (await axe.run(document, {resultTypes: ['violations']})).violations")
    return [
        (fault["id"], node["html"][:160], node["failureSummary"][:200])
        for fault in found
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]
