"""Lists by the page: each row once, in a stable order, whatever comes meanwhile; and no cursor breaks anything."""

import json
from base64 import urlsafe_b64encode
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from dashboard.api.paging import EVENT_CURSORS, ORDER_CURSORS
from engine import alerts
from engine.models import Order
from engine.processing import run_until_idle
from engine.selectors.pages import alerts_page, events_page, orders_page, positions_page
from tests.api.conftest import SYMBOLS, alert
from tests.api.test_selectors import NOW, statements
from tests.support.api import Api

LISTS = {
    "/orders": "orders",
    "/orders?ordering=created_at": "orders",
    "/positions?include_closed=true": "positions",
    "/alerts?status=all": "alerts",
    "/events/history": "events",
    "/event-history": "events",
    "/events/history?user_id=asha": "events",
}


@pytest.fixture
def full(busy: Api) -> Api:
    """Lists of some length, most of whose rows share their time with others: only the id tells them apart."""
    busy.signals([{"symbol": symbol, "position_size": n} for n in (1, 2, 3) for symbol in SYMBOLS])
    busy.signals([{"symbol": "M&M", "signal_type": "SELL", "position_size": 6}], user_id="asha")
    busy.signals([{"symbol": symbol, "position_size": 2} for symbol in SYMBOLS], user_id="bala")
    run_until_idle()
    Order.objects.update(created_at=NOW)
    alerts.alerts_raise([alert(f"more {n}") for n in range(8)], now=NOW)
    return busy


def pages(api: Api, path: str, limit: int = 3) -> list[list[dict[str, Any]]]:
    """All of a list's pages, each asked for with the cursor of the one before."""
    found, cursor = [], ""
    while len(found) < 500:
        answer = api.get(f"{path}{'&' if '?' in path else '?'}limit={limit}&cursor={cursor}")
        found.append(answer[LISTS.get(path, "orders")])
        cursor = answer["next_cursor"]
        if cursor is None:
            return found
    raise AssertionError("the list has no end")


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit", [1, 3])
@pytest.mark.slow
def test_pages_hold_each_row_once_in_the_lists_order(full: Api, path: str, limit: int) -> None:
    whole = [row["id"] for row in full.get(f"{path}{'&' if '?' in path else '?'}limit=1000")[LISTS[path]]]
    turned = pages(full, path, limit)
    if path == "/event-history":  # the last page of the log first, and each of them oldest first
        turned = turned[::-1]
    assert [row["id"] for page in turned for row in page] == whole
    assert len(whole) > 5
    assert {len(page) for page in turned[1:-1]} <= {limit}


def test_the_last_page_says_so_and_an_empty_one_too(full: Api) -> None:
    number = full.get("/orders")["count"]
    assert full.get("/orders", limit=number)["next_cursor"] is None
    assert full.get("/orders", limit=number - 1)["next_cursor"]
    assert full.get("/orders", limit=0)["next_cursor"] is full.get("/orders?symbol=NOPE")["next_cursor"] is None


def test_rows_that_come_meanwhile_move_no_page(full: Api) -> None:
    before = [row["id"] for row in full.get("/orders")["orders"]]
    first = full.get("/orders", limit=4)
    full.signals([{"symbol": "INFY", "position_size": 1}] * 5)
    run_until_idle()
    rest = full.get("/orders", cursor=first["next_cursor"])["orders"]
    assert [row["id"] for row in first["orders"] + rest] == before


def test_filters_hold_on_every_page(full: Api) -> None:
    turned = pages(full, "/orders?symbol=infy&side=buy&status=filled&user_id=asha", limit=2)
    assert [len(page) for page in turned] == [2, 2]
    assert {(row["symbol"], row["side"], row["status"]) for page in turned for row in page} == {("INFY", "BUY", "FILLED")}


def test_positions_are_filtered_by_side_symbol_and_strategy(full: Api) -> None:
    everything = full.get("/positions", include_closed="1")["positions"]
    assert {row["side"] for row in everything} == {"LONG", "FLAT"}
    full.signal("INFY", "SELL", position_size=50, user_id="bala")
    run_until_idle()
    assert [row["symbol"] for row in full.get("/positions", side="short", include_closed="1")["positions"]] == ["INFY"]
    assert {row["strategy_id"] for row in full.get("/positions", strategy_id="breakout")["positions"]} == {"breakout"}
    assert {row["symbol"] for row in full.get("/positions", symbol="m&m", include_closed="1")["positions"]} == {"M&M"}


def test_a_time_range_holds_its_beginning_and_not_its_end(full: Api) -> None:
    at = NOW.isoformat()
    assert full.get("/orders", since=at)["count"] == full.get("/orders")["count"] > 0
    assert full.get("/orders", until=at)["count"] == 0
    assert full.get("/alerts", until=at)["alert_count"] + full.get("/alerts", since=at)["alert_count"] == 11


def packed(value: Any) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).decode()


ORDERS = "orders -created_at"
UID = "00000000-0000-4000-8000-000000000001"
BAD_CURSORS = [
    "x",
    "%00",
    "%ff",
    "e30",
    "🦊",
    packed(5),
    packed([]),
    packed({}),
    packed(None),
    packed([ORDERS]),
    packed([ORDERS, "2026-11-22T04:15:00Z"]),
    packed([ORDERS, "2026-11-22T04:15:00Z", "no-id"]),
    packed([ORDERS, "2026-11-22T04:15:00Z", UID, 1]),
    packed([ORDERS, "0001-01-01T00:00:00+14:00", UID]),
    packed([ORDERS, "9999-12-31T23:59:59-14:00", UID]),
    packed([ORDERS, 1e308, UID]),
    packed([ORDERS, None, None]),
    packed([ORDERS, "\ud800", "\x00"]),
    packed(["orders created_at", "2026-11-22T04:15:00Z", UID]),
    "W" * 400,
    "A" * 401,
    urlsafe_b64encode(b"[" * 290).decode(),
]


def test_a_cursor_that_is_none_is_422(full: Api) -> None:
    for cursor in BAD_CURSORS:
        fault = full.get(f"/orders?cursor={cursor}", status=422)["detail"][0]
        assert fault["loc"] == ["query", "cursor"], cursor


def test_a_cursor_of_another_list_is_422(full: Api) -> None:
    cursors = {path: full.get(f"{path}{'&' if '?' in path else '?'}limit=1")["next_cursor"] for path in LISTS}
    for path, name in LISTS.items():
        for other, cursor in cursors.items():
            same = LISTS[other] == name and "ordering" not in path + other
            full.get(f"{path}{'&' if '?' in path else '?'}cursor={cursor}", status=200 if same or path == other else 422)


@pytest.mark.parametrize("number", [0, -1, 2**63, 10**30, 1.5, "one"])
@pytest.mark.slow
def test_a_place_in_the_log_that_is_none_is_422(full: Api, number: Any) -> None:
    full.get("/events/history", cursor=packed(["events", number]), status=422)


def test_a_cursor_shows_no_more_than_one_may_see(full: Api, caller: Any) -> None:
    cursor = full.get("/orders", limit=1)["next_cursor"]
    assert {row["user_id"] for row in caller("bala").get("/orders", cursor=cursor)["orders"]} <= {"bala"}


def test_an_order_that_is_unknown_has_nothing_before_it(full: Api) -> None:
    assert full.get("/orders", before=UID)["orders"] == []


def test_a_page_costs_as_much_at_the_end_as_at_the_beginning(full: Api) -> None:
    last_order = (NOW, Order.objects.order_by("id").first().id)  # type: ignore[union-attr] # there are some
    reads: dict[str, Any] = {
        "orders": lambda: orders_page(["asha"], after=last_order),
        "orders forwards": lambda: orders_page(["asha"], ordering="created_at", after=last_order),
        "orders of all": lambda: orders_page(after=last_order, side="BUY"),
        "working": lambda: orders_page(["asha"], status="ACTIVE", after=last_order),
        "open": lambda: positions_page(["asha"], after=("OPEN", "INFY", "asha", "")),
        "closed": lambda: positions_page(["asha"], include_closed=True, after=("CLOSED", NOW, last_order[1])),
        "alerts": lambda: alerts_page(["asha"], after=(NOW, "alert_1")),
        "every alert": lambda: alerts_page(status="ALL", after=(NOW, "alert_1")),
        "events": lambda: events_page("asha", after=(5,)),
    }
    assert {what: number for what, read in reads.items() if (number := len(statements(read))) > 3} == {}
    if connection.vendor == "sqlite":
        for what, read in reads.items():
            for sql, params in statements(read):
                with connection.cursor() as cursor:
                    cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
                    steps = [row[3] for row in cursor.fetchall()]
                assert not [step for step in steps if step.startswith("SCAN") and "USING INDEX" not in step], (what, sql, steps)


def test_cursors_carry_their_keys_whole() -> None:
    cursors, key = ORDER_CURSORS["created_at"], (NOW, UUID(UID))
    assert cursors.read(cursors.write(key)) == key
    assert EVENT_CURSORS.read(EVENT_CURSORS.write((7,))) == (7,)
    assert EVENT_CURSORS.read("") is EVENT_CURSORS.read(None) is EVENT_CURSORS.write(None) is None
