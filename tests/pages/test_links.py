"""No link leads nowhere: what can be reached is opened, as a trader and as staff, on a desk with something of everything."""

import re
from collections import Counter
from datetime import UTC, datetime
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin, urlsplit
from uuid import uuid4

import pytest
from django.conf import settings as project
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import Resolver404, resolve

from dashboard.pages.urls import named
from engine.alerts import alerts_raise
from engine.domain.alerts import AlertRaised
from engine.domain.deployment import StrategyInput
from engine.domain.enums import AlertLevel, StrategyType
from engine.models import Event, PendingEvent
from engine.processing import run_until_idle
from engine.services.strategies import strategy_deploy
from engine.services.trading import emergency_stop
from tests.support.factories import user_named
from tests.support.trading_days import trade_some_weeks

OF_EACH_KIND = 8  # pages opened of a kind, each with links of its own; their links are looked at all
PLACES = ("href", "src", "action", "formaction")
ELSEWHERE = {"https://www.tradingview.com/"}  # the chart's licence asks for this link
SAID_NOT_TO_BE = (
    403,
    409,
)  # the answers of a question that makes no sense now, or not for this visitor: in words, where it is asked
NOT_LINKED = {"trader": {"sign-in", "dead-letter-requeue"}, "staff": {"sign-in"}}


class Links(HTMLParser):
    """What a page leads to, and the names that its fragments may have."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.questions: set[str] = set()
        self.sent_to: set[str] = set()  # by forms
        self.ids: set[str] = set()
        self.in_template = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        fields = {name: value or "" for name, value in attrs}
        self.in_template += tag == "template"
        if "id" in fields:
            self.ids.add(fields["id"])
        if self.in_template:  # filled by a script
            return
        given = {fields[name] for name in PLACES if name in fields}
        if fields.get("method", "").lower() == "post" or "formaction" in fields or "data-ask" in fields:
            self.sent_to |= given
        elif "data-dialog" in fields:
            self.questions |= given
        else:
            self.found |= given
        self.found |= {
            value for name, value in fields.items() if name.startswith("data-") and re.match(r"/(?!ws/)[a-z]", value)
        }

    def handle_endtag(self, tag: str) -> None:
        self.in_template -= tag == "template"


@pytest.fixture
def people(db: None) -> dict[str, Client]:
    """Meera, whose account has traded for weeks; and staff. There are alerts, a halt, a strategy, a dead letter."""
    meera, now = user_named("meera"), datetime.now(UTC)
    trade_some_weeks(meera)
    rule = StrategyInput("Range breaker", strategy_type=StrategyType.MOMENTUM, symbols=["INFY"], rule="breakout")
    strategy_deploy(user_id="meera", strategy=rule, by="meera", now=now)
    alerts_raise(
        [AlertRaised(AlertLevel.ERROR, name, "for a test", "risk_engine", name, user_id="meera") for name in "ab"], now=now
    )
    run_until_idle()
    emergency_stop(user_ids=["bala"], by="chief", reason="a drill", now=now)
    run_until_idle()
    dead = Event.objects.create(
        uid=uuid4(),
        type="user_action",
        stream="$system",
        data={},
        priority=2,
        correlation_id=uuid4(),
        created_at=now,
        attempts=3,
    )
    PendingEvent.objects.create(
        event=dead, lane="system_events", stream="$system", priority=2, due_at=now, attempts=3, dead_at=now, last_error="a bug"
    )
    clients = {"trader": Client(), "staff": Client()}
    clients["trader"].force_login(meera)
    clients["staff"].force_login(user_named("chief", is_staff=True))
    return clients


class Crawl:
    def __init__(self, client: Client) -> None:
        self.client, self.waiting, self.seen = client, [("/", "the start")], set()
        self.opened: Counter[str] = Counter()
        self.faults: list[str] = []
        self.questions: set[str] = set()  # addresses that ask before something is done

    def run(self) -> "Crawl":
        while self.waiting:
            address, where = self.waiting.pop()
            path = urlsplit(address).path
            if address in self.seen:
                continue
            self.seen.add(address)
            kind = self.kind(path, where)
            if kind and self.opened[kind] < OF_EACH_KIND:
                self.opened[kind] += 1
                self.open(address, path, where)
        return self

    def kind(self, path: str, where: str) -> str:
        try:
            return resolve(path).view_name
        except Resolver404:
            self.faults.append(f"{where} leads to {path}, which nothing answers")
            return ""

    def open(self, address: str, path: str, where: str) -> None:
        response = self.client.get(address)
        known = {200, 302, *(SAID_NOT_TO_BE if address in self.questions else ())}
        if response.status_code not in known:
            self.faults.append(f"{where} leads to {address}: {response.status_code}")
        if not response.headers.get("Content-Type", "").startswith("text/html") or path.startswith(("/admin", "/api")):
            return
        links = Links()
        links.feed(response.content.decode())
        for action in links.sent_to:
            self.opened[self.kind(urlsplit(urljoin(address, action)).path, address)] += 0
        self.questions |= {urldefrag(urljoin(address, link)).url for link in links.questions}
        for link in sorted(links.found | links.questions):  # so that one run opens what another opened
            self.follow(address, link, links.ids)

    def follow(self, address: str, link: str, ids: set[str]) -> None:
        target, fragment = urldefrag(urljoin(f"http://desk{address}", link))
        parts = urlsplit(target)
        if parts.scheme not in ("http", "https") or parts.netloc != "desk":
            if link not in ELSEWHERE:
                self.faults.append(f"{address} leads away, to {link}")
        elif parts.path.startswith(project.STATIC_URL):
            if not finders.find(parts.path.removeprefix(project.STATIC_URL)):
                self.faults.append(f"{address} needs {parts.path}, which is no file")
        elif link.startswith("#") and fragment not in ids:
            self.faults.append(f"{address} has no #{fragment}")
        else:
            self.waiting.append((target.removeprefix("http://desk"), address))


@pytest.mark.parametrize("who", ["trader", "staff"])
@pytest.mark.slow
def test_every_link_leads_somewhere(people: dict[str, Client], who: str):
    crawl = Crawl(people[who]).run()
    assert crawl.faults == []
    assert {str(page.name) for page in named} - crawl.opened.keys() == NOT_LINKED[who]
