"""`make screenshots`: replay recorded prices through a desk at work, on a database of its own, and take pictures of its pages.

Every page, light and dark, at three widths. Those that the documents show go into docs/images.
"""

import argparse
import base64
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import django
from playwright.sync_api import Browser, Page, sync_playwright

from scripts.pictures.clock import STARTS_AT
from tests.support.browser import launched
from tests.support.reach import BASE_DIR, find_chromium
from tests.support.server import Server

WIDTHS = (1440, 1024, 390)
HEIGHTS = {1440: 900, 1024: 768, 390: 844}
SCHEMES = ("light", "dark")
IN_THE_DOCUMENTS = {  # at one width each, in both schemes, as much as a window shows
    "overview": 1440, "orders": 1440, "ticket": 1440, "order": 1440, "positions": 1440, "symbol": 1440, "strategy": 1440,
    "risk": 1440, "alerts": 1440, "trace": 1440, "time-travel": 1440, "reports": 1440, "system": 1440,
}  # fmt: skip
ON_A_PHONE = ("overview", "positions")
QUALITY = 76  # of the documents' WebP
SETTLED = 700  # ms, for the socket's first messages and the charts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=BASE_DIR / "var" / "screenshots", help="the folder for the pictures")
    parser.add_argument(
        "--prices", type=Path, nargs="*", help="price files, as manage.py replay takes them, in place of the demo's"
    )
    parser.add_argument("--only", nargs="*", help="names of pages")
    parser.add_argument("--keep", action="store_true", help="and put those that the documents show into docs/images")
    options = parser.parse_args()
    executable = find_chromium()
    if executable is None:
        sys.exit("There is no Chromium on this machine: no picture was taken.")
    options.into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, desk(Path(folder), options.prices) as server, sync_playwright() as playwright:
        browser = launched(playwright, executable)
        pages = paths(server)
        for scheme in SCHEMES:
            for width in WIDTHS:
                take(browser, server, pages, options, scheme=scheme, width=width)
        browser.close()


@contextmanager
def desk(folder: Path, prices: list[Path] | None) -> Iterator[Server]:
    """A server of a desk whose prices were replayed up to the moment of the pictures, and go on from there."""
    environment = {
        "DATABASE_URL": f"sqlite:///{folder}/pictures.sqlite3",
        "SECRET_KEY": "only-for-pictures",
        "REDIS_URL": "",
        "PAPER_VOLUME_PERCENT": "2",  # so that an order can be seen that fills in parts
        "DJANGO_SETTINGS_MODULE": "quantumleap.settings",
    }
    os.environ |= environment
    django.setup()
    from scripts.pictures import market

    found = market.read(folder, prices) if prices else market.recorded(folder)
    environment[STARTS_AT] = (found.now - timedelta(days=3650)).isoformat()
    server = Server(folder, environment, program=("-m", "scripts.pictures.manage"))
    for command in (["migrate", "-v0"], ["load_instruments"]):
        server.manage(*command)
    print("Replaying")
    subprocess.run([sys.executable, "-m", "scripts.pictures.replaying", found.known], env=os.environ | environment, check=True)
    environment[STARTS_AT] = found.now.isoformat()
    server.start()
    going_on = None if found.is_over else go_on(found.rest, environment)
    try:
        yield server
    finally:
        if going_on:
            going_on.terminate()
            going_on.wait()
        server.close()


def go_on(file: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "scripts.pictures.manage", "replay", str(file), "--speed", "1", "--no-engine"]
    return subprocess.Popen(command, env=os.environ | environment, stdout=subprocess.DEVNULL)


def paths(server: Server) -> dict[str, str]:
    """Every page, with what it shows chosen among what the desk did."""
    of_orders = "SELECT id, correlation_id FROM engine_order ORDER BY"
    ((order, _),) = server.rows(
        f"{of_orders} status = 'PARTIALLY_FILLED' DESC, filled_quantity > 0 DESC, created_at DESC LIMIT 1"
    )
    at_once = "quantity = (SELECT quantity FROM engine_execution WHERE order_id = engine_order.id LIMIT 1)"
    ((_, chain),) = server.rows(f"{of_orders} strategy_id != '' AND coalesce({at_once}, 0) DESC, created_at DESC LIMIT 1")
    event = server.rows("SELECT max(id) FROM engine_event WHERE type = 'order_executed'")[0][0]
    ((at,),) = server.rows("SELECT max(at) FROM engine_equitypoint")
    now = datetime.fromisoformat(at).replace(tzinfo=UTC)
    hour_before, now = (f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in (now - timedelta(hours=1), now))
    strategy = server.rows("SELECT id FROM engine_strategy ORDER BY name LIKE 'Mean%' DESC LIMIT 1")[0][0]
    return {
        "overview": "/",
        "orders": "/orders/",
        "order": f"/orders/{UUID(order)}/",
        "ticket": "/orders/new/?account=equities&symbol=RELIANCE&side=BUY&quantity=60",
        "positions": "/positions/?by=sector",
        "symbol": "/symbols/RELIANCE/",
        "strategies": "/strategies/",
        "strategy": f"/strategies/{strategy}/",
        "deploy": "/strategies/deploy/",
        "risk": "/risk/?account=equities",
        "alerts": "/alerts/",
        "events": "/events/",
        "event": f"/events/{event}/",
        "trace": f"/trace/{UUID(chain)}/",
        "reports": "/reports/?period=week",
        "time-travel": f"/time/?account=equities&at={hour_before}",
        "compare": f"/time/compare/?account=*&from={hour_before}&to={now}",
        "system": "/system/",
    }


def take(
    browser: Browser, server: Server, pages: dict[str, str], options: argparse.Namespace, *, scheme: str, width: int
) -> None:
    size = {"width": width, "height": HEIGHTS[width]}
    context = browser.new_context(color_scheme=scheme, locale="en-IN", timezone_id="Asia/Kolkata", viewport=size)
    page = context.new_page()
    sign_in(page, server)
    for name, path in pages.items():
        if options.only and name not in options.only:
            continue
        page.goto(server.url + path)
        page.wait_for_timeout(SETTLED)
        target = options.into / f"{name}-{width}-{scheme}.png"
        shoot(page, target)
        print(target)
        if not options.keep:
            continue
        page.set_viewport_size(size)
        page.wait_for_timeout(SETTLED)
        if IN_THE_DOCUMENTS.get(name) == width:
            keep(page, f"{name}-{scheme}")
        if name in ON_A_PHONE and width == min(WIDTHS):
            keep(page, f"{name}-phone-{scheme}")
    context.close()


def shoot(page: Page, target: Path) -> None:
    """The whole page, in a window that is as high: what is fixed to the window's edges would else stand amid the picture."""
    wide = page.viewport_size or {"width": max(WIDTHS), "height": 900}
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": wide["width"], "height": max(height, wide["height"])})
    page.wait_for_timeout(SETTLED // 2)
    page.screenshot(path=target)
    page.set_viewport_size(wide)


def keep(page: Page, name: str) -> None:
    """What the window shows, small enough for a repository: Playwright itself writes no WebP."""
    session = page.context.new_cdp_session(page)
    taken = session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    (BASE_DIR / "docs" / "images" / f"{name}.webp").write_bytes(base64.b64decode(taken["data"]))


def sign_in(page: Page, server: Server) -> None:
    from scripts.pictures.story import PASSWORD, USERNAME

    page.goto(f"{server.url}/sign-in/")
    page.fill("[name=username]", USERNAME)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url(f"{server.url}/")


if __name__ == "__main__":
    main()
