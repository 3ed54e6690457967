"""`make screenshots`: run the demo for a minute on a database of its own, and take the pictures that the documents show."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.support.browser import FLAGS
from tests.support.reach import BASE_DIR, find_chromium
from tests.support.server import Server

PAGES = {"overview": "/", "orders": "/orders/", "positions": "/positions/", "alerts": "/alerts/", "events": "/events/"}
WIDTHS = {"": 1440, "-narrow": 390}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=BASE_DIR / "docs" / "images", help="the folder for the pictures")
    parser.add_argument(
        "--all", action="store_true", help="every page, light and dark, wide and narrow; else only the README's"
    )
    parser.add_argument("--after", type=float, default=60, help="seconds of trading before the first picture")
    options = parser.parse_args()
    executable = find_chromium()
    if executable is None:
        sys.exit("There is no Chromium on this machine: no picture was taken.")
    options.into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        server = demo_server(Path(folder))
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
                time.sleep(options.after)
                for scheme in ("light", "dark") if options.all else ("light",):
                    context = browser.new_context(color_scheme=scheme, locale="en-IN", timezone_id="Asia/Kolkata")
                    page = context.new_page()
                    sign_in(page, server)
                    take(page, server, options.into, "-dark" if scheme == "dark" else "", every=options.all)
                    context.close()
                browser.close()
        finally:
            server.close()


def demo_server(folder: Path) -> Server:
    environment = {"DATABASE_URL": f"sqlite:///{folder}/demo.sqlite3", "SECRET_KEY": "only-for-pictures", "REDIS_URL": ""}
    server = Server(folder, environment, ("--demo",))
    for command in (["migrate", "-v0"], ["load_instruments"]):
        server.manage(*command)
    return server.start()


def sign_in(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/sign-in/")
    page.fill("[name=username]", "demo")
    page.fill("[name=password]", "demo")
    page.press("[name=password]", "Enter")
    page.wait_for_url(f"{server.url}/")


def take(page: Page, server: Server, into: Path, suffix: str, *, every: bool) -> None:
    for name, path in PAGES.items() if every else [("overview", "/")]:
        for width_name, width in WIDTHS.items() if every else [("", 1440)]:
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(server.url + path)
            page.wait_for_timeout(3000)  # for the socket's first messages and the charts
            target = into / f"{name}{width_name}{suffix}.png"
            page.screenshot(path=target, full_page=every)
            print(target)


if __name__ == "__main__":
    main()
