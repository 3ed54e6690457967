"""Draw the icons of the installed application from our own mark: `python -m scripts.make_icons`. The pictures are committed."""

import re

from playwright.sync_api import sync_playwright

from tests.support.browser import FLAGS
from tests.support.reach import BASE_DIR, find_chromium

INTO = BASE_DIR / "static" / "icons"
ICONS = {"icon-192": (192, 1.0), "icon-512": (512, 1.0), "maskable-512": (512, 0.62)}  # pixels, the mark's share of the side


def main() -> None:
    mark = (BASE_DIR / "static" / "favicon.svg").read_text()
    INTO.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        for name, (side, share) in ICONS.items():
            page = browser.new_page(viewport={"width": side, "height": side})
            page.set_content(drawing(mark, share))
            page.screenshot(path=INTO / f"{name}.png", omit_background=True)
        browser.close()


def drawing(mark: str, share: float) -> str:
    """A maskable icon fills its square, and keeps the mark within the circle that any mask leaves."""
    sized = re.sub("<svg ", f'<svg width="{share:.0%}" height="{share:.0%}" ', mark, count=1)
    ground = "#2b4acb" if share < 1 else "transparent"
    return f'<body style="margin:0;height:100vh;display:grid;place-items:center;background:{ground}">{sized}</body>'


if __name__ == "__main__":
    main()
