"""The inbox, the log's tail, the trace and the engine room in Chromium, against one real server."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.pages.test_browser import sign_in
from tests.pages.test_browser_moments import send_signal
from tests.support.server import Server

pytestmark = pytest.mark.process

RAISE = """
from django.utils import timezone
from engine.alerts import alerts_raise
from engine.domain.alerts import AlertRaised
from engine.domain.enums import AlertLevel
alerts_raise([AlertRaised(AlertLevel.ERROR, name, "for a test", "risk_engine", name, user_id="demo") for name in {names!r}],
             now=timezone.now())
"""
DEAD = """
from uuid import uuid4
from django.utils import timezone
from engine.models import Event, PendingEvent
now = timezone.now()
event = Event.objects.create(uid=uuid4(), type="user_action", stream="$system", data={"action": "poison"}, priority=2,
                             correlation_id=uuid4(), created_at=now, attempts=3, error="KeyError: 'charges'")
PendingEvent.objects.create(event=event, lane="system_events", stream="$system", priority=2, due_at=now, attempts=3,
                            last_error="KeyError: 'charges'", dead_at=now)
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, migrated_database: Path) -> Iterator[Server]:
    """One demo server for all of them: each has alerts and symbols of its own."""
    folder = tmp_path_factory.mktemp("desk")
    shutil.copy(migrated_database, folder / "server.sqlite3")
    environment = {"SECRET_KEY": "only-for-tests", "REDIS_URL": "", "DATABASE_URL": f"sqlite:///{folder / 'server.sqlite3'}"}
    server = Server(folder, environment, ("--demo",)).start()
    yield server
    server.close()


def alert(page: Page, title: str) -> Locator:
    return page.locator("[data-rows=alerts] > li[data-key]").filter(has=page.get_by_text(title, exact=True))


def inbox(page: Page, desk: Server) -> None:
    page.goto(f"{desk.url}/alerts/?account=demo")
    expect(page.locator("body")).to_have_attribute("data-feed", "live", timeout=15_000)


def test_a_selection_is_acknowledged_before_another_browsers_eyes_and_taken_back(desk: Server, page: Page, chromium: Browser):
    desk.shell(RAISE.format(names=["first", "second", "third"]))
    sign_in(page, desk)
    inbox(page, desk)
    other = chromium.new_context().new_page()
    sign_in(other, desk)
    inbox(other, desk)
    bulk = page.locator("[data-bulk]")
    acknowledge = bulk.get_by_role("button", name="Acknowledge")
    expect(acknowledge).to_be_disabled()
    for title in ("first", "second"):
        alert(page, title).get_by_role("checkbox").check()
    expect(page.locator("[data-picked]")).to_have_text("2 selected:")
    acknowledge.click()
    for title, state in (("first", "ACKNOWLEDGED"), ("second", "ACKNOWLEDGED"), ("third", "ACTIVE")):
        expect(alert(other, title)).to_have_attribute("data-status", state, timeout=3_000)
    expect(page.get_by_text("2 alerts acknowledged.")).to_be_visible()
    expect(acknowledge).to_be_disabled()
    page.get_by_role("button", name="Undo").click()
    for title in ("first", "second"):
        expect(alert(other, title)).to_have_attribute("data-status", "ACTIVE", timeout=3_000)
    other.context.close()


def test_a_silenced_alert_leaves_the_bell_and_stays_in_the_inbox(desk: Server, page: Page):
    desk.shell(RAISE.format(names=["loud"]))
    sign_in(page, desk)
    inbox(page, desk)
    bell = page.locator("[data-row='status/all'] [data-f=open_alerts]").first
    calling = int(bell.inner_text())
    row = alert(page, "loud")
    row.get_by_text("Silence", exact=True).first.click()
    row.get_by_label("For how long").select_option(label="15 minutes")
    row.locator(".silence form").get_by_role("button", name="Silence").click()
    expect(row).to_have_attribute("data-is-silenced", "true", timeout=3_000)
    expect(row).to_contain_text("silenced until")
    expect(bell).to_have_text(str(calling - 1), timeout=3_000)
    row.get_by_role("button", name="End silence").click()
    expect(bell).to_have_text(str(calling), timeout=3_000)


def test_the_tail_stands_still_while_it_is_paused_and_says_what_waits(desk: Server, page: Page):
    sign_in(page, desk)
    page.goto(f"{desk.url}/events/?account=demo&symbol=WIPRO")
    expect(page.locator("body")).to_have_attribute("data-feed", "live", timeout=15_000)
    rows = page.locator("[data-rows=events] > tbody[data-key]")
    before = rows.count()
    page.get_by_role("button", name="Pause").click()
    read_out = page.locator(".tail [role=status]")
    expect(read_out).to_have_text("Paused: the list stands still.")
    send_signal(desk, "WIPRO")
    expect(page.locator("[data-tail-said]")).to_have_text(re.compile(r"[1-9]\d* events? waits?"), timeout=5_000)
    assert rows.count() == before
    expect(read_out).to_have_text("Paused: the list stands still.")  # not each second how many wait
    page.get_by_role("button", name="Go on").click()
    expect(rows.first).to_be_visible(timeout=3_000)
    assert rows.count() > before
    expect(page.locator("[data-tail-said]")).to_have_text("")


def test_the_trace_is_a_waterfall_that_is_read_both_ways(desk: Server, page: Page):
    sign_in(page, desk)
    chain = send_signal(desk, "INFY")
    page.goto(f"{desk.url}/trace/{chain}/")
    hops = page.locator("[data-rows=trace] > tbody[data-key]")
    expect(hops.nth(2)).to_be_visible(timeout=10_000)
    ends = hops.locator(".bar").evaluate_all("bars => bars.map((bar) => bar.x.baseVal.value)")
    assert ends == sorted(ends)
    hops.nth(1).get_by_role("link").first.click()
    expect(hops.nth(0)).to_have_attribute("data-relation", "cause")
    expect(hops.nth(1)).to_have_attribute("data-relation", "focus")
    page.get_by_role("link", name="What led to it", exact=True).click()
    expect(hops).to_have_count(2)
    hops.nth(0).locator(".more").click()
    page.get_by_role("link", name="As it is stored").first.click()
    expect(page.locator(".raw")).to_contain_text('"symbol": "INFY"')


def test_a_dead_letter_is_sent_back_after_a_question(desk: Server, page: Page):
    desk.shell(DEAD)
    sign_in(page, desk)
    page.goto(f"{desk.url}/system/")
    letter = page.locator("[data-rows=dead_letters] > tbody[data-key]").first
    expect(letter).to_contain_text("KeyError: 'charges'", timeout=5_000)
    letter.get_by_role("link", name="Requeue").click()
    dialog = page.get_by_role("dialog", name="Requeue a dead letter")
    expect(dialog).to_contain_text("KeyError: 'charges'")
    dialog.get_by_role("button", name="Requeue").click()
    expect(dialog).to_be_hidden()
    expect(letter).to_have_count(0, timeout=5_000)
    expect(page.locator("[data-rows=parts]")).not_to_contain_text("dead letter", timeout=5_000)
    assert desk.rows("select count(*) from engine_pendingevent where dead_at is not null") == [(0,)]
