"""Chromium, driven by Playwright: the machine's own, with nothing of it talking to the outside."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request, sync_playwright

from tests.support.reach import find_chromium, unavailable
from tests.support.server import PASSWORD, Server

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-quic",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
]
SEEN_THE_TOUR = 'if (location.protocol.startsWith("http")) localStorage.setItem("quantumleap-tour", "seen")'
OUR_HOSTS = ("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:", "about:")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for the session. From its start on Playwright's loop runs in this thread: the tests that use it come last."""
    executable = find_chromium()
    if executable is None:
        unavailable("Chromium", "there is none on this machine")
    with sync_playwright() as playwright:
        browser = launched(playwright, executable)
        yield browser
        browser.close()


def launched(playwright: Playwright, executable: str) -> Browser:
    """A browser of somebody who knows the pages: in none of its contexts does the tour begin by itself."""
    browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)

    def new_context(**options: Any) -> BrowserContext:
        context = newcomer(browser, **options)
        context.add_init_script(SEEN_THE_TOUR)
        return context

    browser.new_context = new_context  # type: ignore[method-assign] # whoever asks for a context gets one of these
    return browser


def newcomer(browser: Browser, **options: Any) -> BrowserContext:
    """The context of somebody who opens the pages for the first time."""
    return Browser.new_context(browser, **options)


@pytest.fixture
def page_problems() -> list[str]:
    """What went wrong on the `page`: console errors, exceptions, calls to other hosts. A test that expects some clears them."""
    return []


@pytest.fixture
def page(chromium: Browser, page_problems: list[str]) -> Iterator[Page]:
    """A fresh page at 1440 x 900 that must not have had a problem in the end."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="en-IN", timezone_id="Asia/Kolkata")
    page = context.new_page()
    watch(page, page_problems)
    yield page
    context.close()
    assert page_problems == []


def sign_in_as(page: Page, server: Server, username: str, *, password: str = PASSWORD, then: str = "/") -> None:
    page.goto(f"{server.url}/sign-in/?next={then}")
    page.get_by_label("Name").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def watch(page: Page, problems: list[str]) -> None:
    """Write down each console error, uncaught exception and request to a foreign host."""

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error":
            problems.append(f"console: {message.text} ({message.location.get('url', '')})")

    def on_request(request: Request) -> None:
        if not request.url.startswith(OUR_HOSTS):
            problems.append(f"foreign host: {request.url}")

    page.on("console", on_console)
    page.on("pageerror", lambda error: problems.append(f"exception: {error}"))
    page.on("request", on_request)
