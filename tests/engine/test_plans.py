"""No statement on a hot path reads the log from end to end: each is explained as it is executed, at 20,000 events."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from bench.inside import desk, history
from dashboard.live import registry
from dashboard.live.topics import EVERYBODY, Topic
from engine import log
from engine.domain.enums import Lane, SignalType
from engine.models import Event, Order
from engine.processing import run_lane, run_until_idle
from engine.selectors import symbols
from engine.services.signals import SignalInput, signals_submit
from tests.api.test_selectors import READS
from tests.support.api import Api
from tests.support.factories import token_of, user_named

pytestmark = pytest.mark.django_db
ACCOUNTS = SYMBOLS = 20
EVENTS = 20_000
LARGE = {"engine_event", "engine_order"}  # here; a small table is rightly read whole
WAITING = 200
BUY = SignalInput("S001", SignalType.BUY, Decimal("0.9"), position_size=Decimal(1))


@pytest.fixture(autouse=True)
def _past(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(symbols, "LOOKED_AT", EVENTS // 100)  # half of the few orders here would rightly be a scan
    desk.open_desk(accounts=ACCOUNTS, symbols=SYMBOLS, now=timezone.now())
    history.write(EVENTS, accounts=ACCOUNTS, symbols=SYMBOLS)


class Explained:
    """Explains each statement before it is executed; remembers the large tables that it would read from end to end."""

    def __init__(self) -> None:
        self.statements = 0
        self.scans: list[tuple[str, str]] = []

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if not many and sql.lstrip().lower().startswith(("select", "with", "update", "delete")):
            self.statements += 1
            explain = "explain (format json) " if connection.vendor == "postgresql" else "explain query plan "
            execute(explain + sql, params, many, context)
            rows = context["cursor"].fetchall()
            scanned = LARGE & set(tables_scanned(rows))
            self.scans += [(table, sql) for table in scanned if not is_walk_to_a_limit(sql)]
        return execute(sql, params, many, context)


def is_walk_to_a_limit(sql: str) -> bool:
    """SQLite calls it a scan, too, when it goes through a table by its key and stops in time."""
    return connection.vendor == "sqlite" and sql.rstrip().lower().rpartition(" limit ")[2].isdigit()


def tables_scanned(rows: Sequence[Any]) -> Iterator[str]:
    if connection.vendor == "sqlite":
        steps = [row[3].split() for row in rows]
        yield from (step[1] for step in steps if step[0] == "SCAN" and "USING" not in step)
        return
    (plans,) = rows[0]
    waiting = [found["Plan"] for found in (json.loads(plans) if isinstance(plans, str) else plans)]
    while waiting:
        node = waiting.pop()
        waiting += node.get("Plans", [])
        if node["Node Type"] == "Seq Scan":
            yield node["Relation Name"]


@contextmanager
def explained() -> Iterator[Explained]:
    watch = Explained()
    with connection.execute_wrapper(watch):
        yield watch
    assert watch.statements
    assert watch.scans == []


def test_a_scan_would_be_seen() -> None:
    with pytest.raises(AssertionError, match="engine_event"), explained():
        list(Event.objects.filter(error="nobody has an index for this"))


def test_accepting_a_signal() -> None:
    with explained():
        signals_submit(user_id="bench-001", signals=[BUY], now=timezone.now())


@pytest.mark.slow
def test_a_round_of_each_lane_with_much_that_waits() -> None:
    for number in range(WAITING):
        signals_submit(user_id=desk.account_named(number % ACCOUNTS), signals=[BUY], now=timezone.now())
    with connection.cursor() as cursor:
        cursor.execute("analyze")
    with explained() as watch:
        done = sum(run_lane(lane) for lane in Lane)
        run_until_idle()
    assert done
    assert watch.statements > 20


def test_folding_goes_on_from_its_place() -> None:
    with explained():
        assert len(log.handled_events("bench-001", after=100, limit=500)) == 500


def test_what_pages_show() -> None:
    one = Event.objects.first()
    order = Order.objects.first()
    assert one
    assert order
    share = [("symbol", "S001"), ("interval", "minute")]
    about = {"trace": [("correlation", str(one.correlation_id))], "symbol": share, "traded": share}
    about["order"] = [("id", str(order.id))]
    about["strategy"] = [("id", "none-such")]
    for kind, scope in product(registry.VIEW_MODELS, ["bench-001", EVERYBODY]):
        with explained():
            registry.compute(Topic.of(kind, scope, about.get(kind, [])))


def test_what_the_api_reads() -> None:
    with explained():
        for read in READS.values():
            read()


def test_what_is_polled() -> None:
    chief = Api(token_of(user_named("chief", is_staff=True)))
    with explained():
        for name in ("health", "metrics", "alerts", "events/history?limit=100"):
            chief.get(f"/{name}")
