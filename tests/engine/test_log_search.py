"""The log is searched by type, account, symbol, chain and time: through an index each, whatever it weighs."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from bench.inside import desk, history
from engine.domain.events import EventType
from engine.models import Event
from engine.selectors.events import events_history
from engine.selectors.log_times import id_at
from engine.services.signals import signals_submit
from tests.engine.test_plans import BUY, tables_scanned

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 2, 6, 30, tzinfo=UTC)


def minute(number: int) -> datetime:
    return NOON + timedelta(minutes=number)


def an_event(at: datetime, symbol: str | None = None) -> int:
    return Event.objects.create(
        uid=uuid4(),
        type="user_action",
        stream="$system",
        data={},
        symbol=symbol,
        priority=1,
        correlation_id=uuid4(),
        created_at=at,
    ).id


def test_where_a_moment_is_in_a_log_with_gaps():
    ids = [an_event(minute(number)) for number in range(0, 40, 2)]
    Event.objects.filter(id__in=ids[3:9] + ids[:1]).delete()
    left = dict(Event.objects.values_list("id", "created_at"))
    for number in range(-1, 41):
        assert {id for id in left if id >= id_at(minute(number))} == {id for id, at in left.items() if at >= minute(number)}


def test_an_empty_log_has_no_moment():
    assert events_history(since=NOON, until=minute(5)) == []


def test_events_of_a_time_are_found_also_where_they_were_stored_late():
    late = [an_event(minute(number)) for number in (0, 10, 20)] and an_event(minute(10) + timedelta(seconds=1))
    found = events_history(since=minute(5), until=minute(10) + timedelta(seconds=2))
    assert [event["timestamp"] for event in found] == [minute(10)]
    assert events_history(since=minute(5), until=minute(20) + timedelta(seconds=1))[0]["log_id"] == late
    assert len(events_history(since=datetime.min.replace(tzinfo=UTC))) == 4
    assert len(events_history(until=datetime.max.replace(tzinfo=UTC))) == 4


def test_each_event_knows_its_symbol():
    desk.open_desk(accounts=1, symbols=2, now=timezone.now())
    signals_submit(user_id=desk.account_named(0), signals=[BUY], now=timezone.now())
    assert {event["event_type"] for event in events_history(symbol=BUY.symbol)} == {"signal_received"}
    assert events_history(symbol="NOBODY") == []


ACCOUNT, KIND = {"user_id": "bench-003"}, {"event_type": EventType.ORDER_EXECUTED}
SYMBOL, TIME = (
    {"symbol": "S007"},
    {"since": datetime(2026, 1, 5, 4, 30, tzinfo=UTC), "until": datetime(2026, 1, 5, 5, tzinfo=UTC)},
)
SEARCHES: dict[str, tuple[dict[str, Any], set[str]]] = {
    "type": (KIND, {"event_type_latest"}),
    "account": (ACCOUNT, {"event_stream_latest"}),
    "symbol": (SYMBOL, {"event_symbol_latest"}),
    "chain": ({"correlation_id": uuid4()}, {"event_correlation"}),
    "nobody's symbol": ({"symbol": "NOBODY"}, {"event_symbol_latest"}),
    "type and symbol": (KIND | SYMBOL, {"event_type_latest", "event_symbol_latest"}),
    "time": (TIME, set()),
    "type and time": (KIND | TIME, {"event_type_latest"}),
    "account and time": (ACCOUNT | TIME, {"event_stream_latest"}),
    "everything": (ACCOUNT | KIND | SYMBOL | TIME, {"event_type_latest", "event_symbol_latest", "event_stream_latest"}),
}


@pytest.mark.slow
def test_no_search_reads_the_log_from_end_to_end():
    desk.open_desk(accounts=20, symbols=20, now=timezone.now())
    history.write(100_000, accounts=20, symbols=20)
    plans: list[tuple[str, list[Any]]] = []

    def explain(execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        how = "explain (format json) " if connection.vendor == "postgresql" else "explain query plan "
        execute(how + sql, params, many, context)
        plans.append((sql, context["cursor"].fetchall()))
        return execute(sql, params, many, context)

    for name, (search, indexes) in SEARCHES.items():
        plans.clear()
        with connection.execute_wrapper(explain):
            events_history(limit=50, **search)
        *bounds, (_, plan) = plans
        assert len(bounds) == (2 if "since" in search else 0)
        assert all("engine_event" not in tables_scanned(rows) for _, rows in bounds), name
        used = str(plan)
        assert "Seq Scan" not in used
        # what every twentieth event has, PostgreSQL rather finds by going back through the key until it has fifty
        walk = "engine_event_pkey" if connection.vendor == "postgresql" else "PRIMARY KEY (rowid>? AND rowid<?)"
        frequent = bool({"event_type", "symbol", "user_id"} & set(search)) and search.get("symbol") != "NOBODY"
        allowed = indexes | ({walk} if not indexes or (frequent and connection.vendor == "postgresql") else set())
        assert any(index in used for index in allowed), (name, used)
