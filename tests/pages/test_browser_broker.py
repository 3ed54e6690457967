"""An order at a real broker, on its page: each call as it was made, in the broker's own words, while one looks on."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.broker import ACCESS_TOKEN, API_KEY, REJECT, RESET, StandIn, stand_in
from tests.support.browser import sign_in_as
from tests.support.server import Server

SOON = 15_000  # ms: a second send waits for one or two seconds


@pytest.fixture
def broker() -> Iterator[StandIn]:
    with stand_in() as running:
        yield running


@pytest.fixture
def order(serve_process: Callable[..., Server], broker: StandIn, page: Page) -> Callable[[], None]:
    """Place one at the broker and look at its page."""
    server = serve_process(
        BROKER_LIVE="true",
        BROKER_ACCOUNT="asha",
        BROKER_URL=broker.url,
        BROKER_API_KEY=API_KEY,
        BROKER_ACCESS_TOKEN=ACCESS_TOKEN,
        BROKER_TIMEOUT_SECONDS="1",
        BROKER_POLL_SECONDS="0.2",
        BROKER_BREAKER_FAILURES="1000",
        PRICE_MAX_AGE_SECONDS="3600",
    )
    client = server.client(server.add_user("asha", accounts="asha"))
    server.set_prices({"RELIANCE": "Energy"})
    sign_in_as(page, server, "asha")

    def place() -> None:
        wanted = {"symbol": "RELIANCE", "side": "BUY", "quantity": 10, "order_type": "MARKET"}
        placed = client.post("/api/trading-engine/orders", params={"user_id": "asha"}, json=wanted).json()
        page.goto(f"{server.url}/orders/{placed['order_id']}/?account=asha")

    return place


def attempts(page: Page) -> Locator:
    return page.locator("[data-rows=attempts] > tbody[data-key]")


def said(page: Page, *lines: str) -> None:
    """These words stand in the calls, one line each, and no other call does."""
    expect(attempts(page)).to_have_count(len(lines), timeout=SOON)
    said_first(page, *lines)


def said_first(page: Page, *lines: str) -> None:
    """The same; more calls may follow."""
    for place, words in enumerate(lines):
        for word in words.split(" | "):
            expect(attempts(page).nth(place)).to_contain_text(word)


@pytest.mark.slow
def test_each_call_to_the_broker_stands_on_the_orders_page(order: Callable[[], None], broker: StandIn, page: Page):
    status = page.locator(".order-head [data-f=status]")

    # told to come again, it is sent once more, and filled
    broker.next_up.append(503)
    order()
    expect(page.locator(".stamp[data-ribbon=money]")).to_have_text("LIVE MONEY")
    said(page, "Place 1 | 503 | Not reached | told to answer 503", "Place 2 | 200 | Accepted")
    broker.fill(10, 100.2)
    expect(status).to_have_text("Filled", timeout=SOON)
    expect(page.locator("[data-rows=fills] > tbody[data-key]")).to_contain_text("100.20")

    # the broker will not have it, and what it repeats of our secrets is not shown
    broker.next_up.append(REJECT)
    order()
    expect(status).to_have_text("Rejected", timeout=SOON)
    said(page, "Place 1 | 400 | Rejected | Insufficient funds for •••:•••")
    expect(page.locator(".why-not")).to_have_text("Insufficient funds for •••:•••")

    # its answer is lost: nobody knows what became of it, until the broker is asked and answers
    broker.next_asks.extend([503] * 5_000)  # it is asked each second, and its orders five times a second
    broker.next_up.append(RESET)
    order()
    expect(status).to_have_text("Unknown", timeout=SOON)
    for action in ("Modify", "Cancel the order"):
        expect(page.get_by_role("link", name=action)).to_be_hidden()
    expect(page.locator(".why-not")).to_have_text("The broker's answer did not come: no answer after it was sent: ReadError.")
    expect(attempts(page).nth(1)).to_contain_text("503", timeout=SOON)
    said_first(page, "Place 1 | – | Unknown | no answer after it was sent", "Ask 1 | 503 | Not reached")
    broker.next_asks.clear()
    expect(status).to_have_text("Submitted", timeout=SOON)
    expect(page.get_by_role("link", name="Cancel the order")).to_be_visible()
    assert broker.sent.total() == 4, "of the three orders only the first was sent twice"
