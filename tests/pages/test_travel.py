"""Time travel as a page: marked as the past, without anything live or to press; and what changed between two instants."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from dashboard.pages.instants import NoInstant, full, read_instant
from engine.domain.enums import SignalType
from engine.domain.intervals import IST
from engine.models import Account, Event, Order
from engine.processing import run_until_idle
from engine.services.accounts import account_open
from engine.services.trading import emergency_stop
from tests.support import factories

MICROSECOND = timedelta(microseconds=1)
NOW = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)


def at(when: datetime, **more: str) -> str:
    return f"/time/?{urlencode({'account': 'asha', 'at': when.astimezone(IST).isoformat(), **more})}"


def placed(chain: str) -> datetime:
    return Order.objects.get(correlation_id=chain).created_at


@pytest.mark.parametrize(("text", "said"), [
    ("2026-11-24T11:30:00+05:30", "Tue 24 Nov 2026, 11:30:00 IST"),
    ("2026-11-24T11:30:00 05:30", "Tue 24 Nov 2026, 11:30:00 IST"),
    ("2026-11-24T06:00:00Z", "Tue 24 Nov 2026, 11:30:00 IST"),
    ("2026-11-24T11:30", "Tue 24 Nov 2026, 11:30:00 IST"),
    ("2026-11-24", "Tue 24 Nov 2026, 00:00:00 IST"),
    ("2026-11-24T11:30:00.000250", "Tue 24 Nov 2026, 11:30:00.000250 IST"),
])  # fmt: skip
def test_an_instant_is_read_as_people_write_it(text, said):
    assert full(read_instant(text, NOW)) == said


@pytest.mark.parametrize("text", ["", "yesterday", "24/11/2026", "2026-11-24T25:00", "0001-01-01", "9999-12-31", "\0"])
def test_nonsense_and_the_future_are_no_instants(text):
    with pytest.raises(NoInstant, match=r"is no instant\. Write it like|is in the future: the log ends now"):
        read_instant(text, NOW)


def test_before_an_order_it_is_absent_and_after_it_there(visitors, signal):
    chain = signal()
    before = visitors["owner"].get(at(placed(chain) - MICROSECOND))
    assert (before.context["orders"], before.context["positions"], before.context["counts"]) == ([], [], [])
    assert "There was no order yet" in before.content.decode()
    after = visitors["owner"].get(at(datetime.now(UTC)))
    assert [row["status"] for row in after.context["orders"]] == ["FILLED"]
    assert [row["symbol"] for row in after.context["positions"]] == ["RELIANCE"]


@pytest.mark.parametrize("show", ["overview", "orders", "positions"])
def test_the_past_is_marked_and_nothing_on_it_is_live_or_acts(visitors, signal, show):
    signal()
    page = visitors["owner"].get(at(datetime.now(UTC), show=show)).content.decode()
    assert "As it stood" in page
    assert "nothing can be traded" in page
    for live in ("data-live", "Emergency stop", 'method="post" action="/orders', "data-rows"):
        assert live not in page
    assert "RELIANCE" in page


def test_a_halt_is_in_force_from_its_instant_on(visitors, signal):
    signal()
    emergency_stop(user_ids=["asha"], by="chief", reason="a drill", now=datetime.now(UTC))
    stop = Event.objects.get(type="emergency_stop")
    instants = (stop.created_at - MICROSECOND, stop.created_at)
    states = [visitors["owner"].get(at(when)).context["sum"]["trading_state"] for when in instants]
    assert states == ["ACTIVE", "HALTED"]


def test_the_last_halts_are_offered(visitors, signal):
    signal()
    emergency_stop(user_ids=["asha"], by="chief", reason="a drill", now=datetime.now(UTC))
    run_until_idle()
    offered = {name: visitors[name].get("/time/").context["suggestions"] for name in ("owner", "outsider")}
    assert ["Before the last halt" in [found.label for found in offered[name]] for name in offered] == [True, False]


def test_no_step_leads_before_the_log_or_into_the_future(db):
    opened = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
    vani = factories.user_named("vani")
    account_open(user_id="vani", now=opened, members=[vani])
    client = Client()
    client.force_login(vani)

    def offered(minutes: int) -> list[str]:
        then = urlencode({"account": "vani", "at": opened + timedelta(minutes=minutes)})
        return [step.label for step in client.get(f"/time/?{then}").context["steps"]]

    assert offered(0) == ["1 min later", "5 min later", "1 h later"]
    assert offered(2) == ["1 min earlier", "1 min later", "5 min later", "1 h later"]
    assert offered(119) == ["1 h earlier", "5 min earlier", "1 min earlier", "1 min later"]


@pytest.mark.parametrize(("query", "said"), [
    ("at=nonsense", "“nonsense” is no instant"),
    ("at=2999-01-01T00:00", "is in the future"),
    ("at=2001-01-01T00:00", "There was nothing at Mon 1 Jan 2001"),
    ("at=%00", "is no instant"),
])  # fmt: skip
def test_an_instant_that_cannot_be_shown_is_said_so(visitors, query, said):
    response = visitors["owner"].get(f"/time/?{query}")
    assert (response.status_code, said in response.content.decode()) == (400, True)
    assert visitors["owner"].get(f"/time/compare/?from={query.removeprefix('at=')}").status_code == 400


@pytest.mark.parametrize("path", ["/time/?at={}", "/time/compare/?from={}"])
@pytest.mark.parametrize(("who", "account", "status"), [
    ("owner", "asha", 200), ("teammate", "asha", 200), ("outsider", "asha", 404), ("staff", "*", 200), ("owner", "*", 404),
])  # fmt: skip
def test_the_past_is_shown_to_whom_the_present_is(visitors, signal, path, who, account, status):
    signal()
    address = path.format(urlencode({"": datetime.now(UTC).isoformat()})[1:])
    assert visitors[who].get(f"{address}&account={account}").status_code == status
    assert Client().get(f"{address}&account={account}").status_code == 302


def test_older_orders_of_then_are_a_page_away(visitors, signal, monkeypatch):
    from dashboard.live import orders

    monkeypatch.setattr(orders, "PAGE", 2)
    for kind in (SignalType.BUY, SignalType.SELL) * 2:
        signal(signal_type=kind)
    then, seen, last = datetime.now(UTC), [], ""
    signal()
    while True:
        context = visitors["owner"].get(at(then, show="orders", before=str(last))).context
        seen += [row["id"] for row in context["orders"]]
        last = context["last"]
        if not last:
            break
    assert len(seen) == len(set(seen)) == 4


def test_two_instants_differ_by_what_was_done_in_between(visitors, signal):
    begin = datetime.now(UTC)
    signal()
    query = urlencode({"from": begin.isoformat(), "to": datetime.now(UTC).isoformat()})
    response = visitors["owner"].get(f"/time/compare/?{query}")
    context = response.context
    figures = {row["name"]: row for row in context["figures"]}
    assert figures["Open positions"]["difference"] == "+1"
    assert figures["Cash"]["difference"].startswith("\u2212₹")
    assert (figures["P&L booked, net of charges"]["sign"], figures["Cash"]["sign"]) == (-1, 0)
    assert {row["name"]: row["difference"] for row in context["orders"]} == {"Filled": "+1", "All orders": "+1"}
    assert [(row["symbol"], row["change"]) for row in context["positions"]] == [("RELIANCE", "opened")]
    assert {row["name"]: row["number"] for row in context["events"]} == {
        "Signal received": 1, "Order created": 1, "Order submitted": 1, "Order executed": 1, "Position opened": 1,
    }  # fmt: skip


def test_the_earlier_instant_comes_first_however_they_are_given(visitors, signal):
    signal()
    opened, now = Account.objects.get(user_id="asha").created_at, datetime.now(UTC)
    ways = [{"from": opened.isoformat(), "to": now.isoformat()}, {"from": now.isoformat(), "to": opened.isoformat()}]
    pages: list[Any] = [visitors["owner"].get(f"/time/compare/?{urlencode(way)}").context["figures"] for way in ways]
    assert pages[0] == pages[1]


def test_more_accounts_than_can_be_folded_are_said_so(visitors, monkeypatch):
    from engine.selectors import moments

    monkeypatch.setattr(moments, "MOST_ACCOUNTS", 2)
    factories.account("third")
    response = visitors["staff"].get(f"/time/?{urlencode({'account': '*', 'at': datetime.now(UTC).isoformat()})}")
    assert "these are more than 2 accounts: choose one of them" in response.content.decode()


def test_an_event_leads_to_the_desk_just_after_it(visitors, signal):
    signal()
    page = visitors["owner"].get("/events/")
    rows = list(page.context["state"]["events"].values())
    assert all(visitors["owner"].get(row["time_url"]).status_code == 200 for row in rows)
