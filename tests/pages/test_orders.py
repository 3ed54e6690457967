"""The blotter, its file and the page of one order, without any script."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from dashboard.live import order_life
from dashboard.live import orders as order_rows
from dashboard.live.checks import check_row
from dashboard.live.order_filters import OrderFilters
from dashboard.live.topics import Topic
from dashboard.pages import order_cursors, order_file
from dashboard.spreadsheets import harmless
from engine.domain.enums import OrderType, Side
from engine.domain.intervals import IST
from engine.models import Order
from engine.processing import run_until_idle
from engine.services.order_changes import OrderTerms, order_modify
from engine.services.orders import OrderInput, order_cancel, order_place
from engine.services.trading import emergency_stop
from tests.support import factories

Place = Callable[..., UUID]


@pytest.fixture
def place(visitors) -> Place:
    """Place an order in asha's account and let the engine finish."""
    factories.instrument()
    factories.instrument("TCS", sector="Information technology")

    def order(user_id: str = "asha", **terms: Any) -> UUID:
        given: dict[str, Any] = {"symbol": "RELIANCE", "side": Side.BUY, "quantity": 10} | terms
        row = order_place(user_id=user_id, order=OrderInput(**given), now=datetime.now(UTC), by="owner")
        run_until_idle()
        return row.id

    return order


def resting(place: Place, **terms: Any) -> UUID:
    return place(**{"order_type": OrderType.LIMIT, "price": Decimal(90)} | terms)


def shown(client, query: str = "") -> set[UUID]:
    return {UUID(key) for key in client.get(f"/orders/?{query}").context["state"]["orders"]}


def life(client, order_id: UUID) -> dict[str, Any]:
    return client.get(f"/orders/{order_id}/").context["state"]


# --- the blotter -----------------------------------------------------------------------------------------------------------
def test_orders_are_filtered_by_the_address(visitors, place):
    bought, sold = place(), resting(place, symbol="TCS", side=Side.SELL, price=Decimal(200), strategy_id="mean-1")
    refused = place(quantity=100_000)
    today = datetime.now(IST).date()
    yesterday = today - timedelta(days=1)
    for query, expected in {
        "": {bought, sold, refused},
        "status=ACTIVE": {sold},
        "status=REJECTED": {refused},
        "symbol=reliance": {bought, refused},
        "side=SELL": {sold},
        "type=LIMIT": {sold},
        "strategy=mean-1": {sold},
        "text=MEAN": {sold},
        "text=of+equity": {refused},
        f"text={str(sold)[:8]}": {sold},
        f"from={today}&to={today}": {bought, sold, refused},
        f"to={yesterday}": set(),
        "side=BUY&status=FILLED&symbol=RELIANCE": {bought},
        "status=nonsense&side=up&from=yesterday": {bought, sold, refused},
    }.items():
        assert shown(visitors["owner"], query) == expected, query


def test_a_reader_sees_the_orders_of_their_accounts(visitors, place):
    mine, theirs = place(), place("other")
    assert shown(visitors["owner"]) == {mine}
    assert shown(visitors["staff"]) == {mine, theirs}
    assert shown(visitors["staff"], "account=other") == {theirs}
    assert visitors["owner"].get("/orders/?account=other").status_code == 404


def test_older_orders_are_a_page_away_and_none_is_left_out(visitors, place, monkeypatch):
    monkeypatch.setattr(order_rows, "PAGE", 3)
    monkeypatch.setattr(order_cursors, "PAGE", 3)
    for _ in range(7):
        place()
    seen: list[UUID] = []
    address = "/orders/?account=asha"
    while address:
        response = visitors["owner"].get(address)
        rows = response.context.get("older") or response.context["state"]["orders"]
        seen += [UUID(key) for key in rows]
        last = response.context["last_id"]
        address = f"/orders/?account=asha&cursor={last}" if last else ""
    assert len(seen) == 7
    assert set(seen) == set(Order.objects.values_list("id", flat=True))


@pytest.mark.parametrize(("query", "status"), [
    ("cursor=nonsense", 400), ("cursor=WyJ4Il0", 400), ("cursor=", 200), ("to=9999-12-31", 200), ("text=" + "%25" * 50, 200),
    ("symbol=%00", 400), ("text=%00", 400), ("from=9999-99-99", 400), ("status=nonsense&side=up", 400),
])  # fmt: skip
def test_odd_addresses_of_orders_are_answered(visitors, query, status):
    assert visitors["owner"].get(f"/orders/?{query}").status_code == status


def test_a_filter_that_makes_no_sense_is_named_and_nothing_is_done_by_it(visitors, place):
    resting(place)
    page = visitors["owner"].get("/orders/?status=nonsense&side=SELL")
    assert "Status “nonsense” cannot be filtered by: all are shown." in page.content.decode()
    assert page.context["state"]["orders"] == {}  # the other one holds
    file = visitors["owner"].get("/orders/file/?side=up")
    assert (file.status_code, "No file was made: side “up” cannot be filtered by." in file.content.decode()) == (400, True)
    answer = visitors["owner"].post("/orders/cancel-all/", {"side": "up"}, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["done"]) == (400, False)
    assert Order.objects.working().count() == 1


def test_the_live_topic_shows_the_same_rows_as_the_page(visitors, place):
    sold = resting(place, symbol="TCS", side=Side.SELL, price=Decimal(200))
    place()
    response = visitors["owner"].get("/orders/?side=SELL&text=tcs")
    assert "orders/asha?side=SELL&amp;text=tcs" in response.content.decode()
    assert list(order_rows.state(Topic.parse("orders/asha?side=SELL&text=tcs"), datetime.now(UTC))["orders"]) == [str(sold)]


def test_filters_that_make_no_sense_leave_the_topic_empty():
    assert OrderFilters.read({"status": "x", "from": "2026-02-30"}) == OrderFilters()
    assert order_rows.state(Topic.parse("orders/asha?status=x"), datetime.now(UTC)) == {"orders": {}}


def test_columns_are_remembered_in_the_browser(visitors, place):
    place()
    client = visitors["owner"]
    assert 'data-hide="product validity updated broker"' in client.get("/orders/").content.decode()
    assert (
        client.post("/orders/columns/", {"column": ["type", "broker"], "back": "/orders/?side=BUY"})["Location"]
        == "/orders/?side=BUY"
    )
    page = client.get("/orders/").content.decode()
    assert 'data-hide="account product validity filled price trigger average charges strategy verdict reason updated"' in page
    client.cookies["quantumleap-columns"] = 'type."><script>'
    assert 'data-hide="type"' in client.get("/orders/").content.decode()


# --- the file --------------------------------------------------------------------------------------------------------------
def in_file(client, query: str = "") -> list[dict[str, str]]:
    response = client.get(f"/orders/file/?{query}")
    assert response.streaming
    assert response["Content-Disposition"].startswith('attachment; filename="orders-')
    return list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode())))


def test_the_file_has_all_orders_of_the_filters_with_all_columns(visitors, place, monkeypatch):
    monkeypatch.setattr(order_file, "PIECE", 2)
    bought = [place() for _ in range(5)]
    resting(place, side=Side.SELL, price=Decimal(200))
    place("other")
    rows = in_file(visitors["owner"], "side=BUY")
    assert [UUID(row["id"]) for row in rows] == bought[::-1]
    assert set(rows[0]) == {*order_file.COLUMNS, "risk_verdict"}
    assert (rows[0]["average_fill_price"], rows[0]["risk_verdict"][:10]) == ("100.05", "Passed all")


def test_no_cell_of_the_file_is_a_formula(visitors, place):
    resting(place, strategy_id="=HYPERLINK(1)")
    [row] = in_file(visitors["owner"])
    assert row["strategy_id"] == "'=HYPERLINK(1)"
    assert [harmless(value) for value in ("@x", "+1", "-1", "\tx", -1.5, "a-b", None)] == [
        "'@x", "'+1", "'-1", "'\tx", -1.5, "a-b", None,
    ]  # fmt: skip


# --- the order's page ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("who", "status"), [("owner", 200), ("teammate", 200), ("staff", 200), ("outsider", 404)])
def test_an_order_is_for_who_may_see_its_account(visitors, place, who, status):
    assert visitors[who].get(f"/orders/{place()}/").status_code == status


def test_there_is_no_page_of_no_order(visitors):
    assert visitors["owner"].get(f"/orders/{uuid4()}/").status_code == 404


def test_a_filled_order_tells_its_life_with_the_time_of_each_hop(visitors, place):
    state = life(visitors["owner"], place(stop_loss=Decimal(95), take_profit=Decimal(120)))
    steps = list(state["steps"].values())
    assert [step["step"] for step in steps] == ["order_created", "order_submitted", "order_executed", "position_opened"]
    assert steps[0]["after_ms"] is None
    assert all(step["after_ms"] >= 0 and step["total_ms"] >= step["after_ms"] for step in steps[1:])
    assert [step["tone"] for step in steps] == ["hop", "hop", "filled", "hop"]
    [fill] = state["fills"].values()
    parts = {name: row["amount"] for name, row in state["charges"].items()}
    assert round(sum(amount for name, amount in parts.items() if name != "total"), 2) == parts["total"] == fill["commission"]
    order = state["order"]["all"]
    assert (order["gross"], order["net"]) == (fill["total_value"], round(fill["total_value"] + parts["total"], 2))
    bracket = state["bracket"]["all"]
    assert (bracket["stop_loss_now"], bracket["take_profit_now"]) == (95, 120)


def test_a_signals_order_begins_with_the_signal(visitors, signal):
    signal()
    [order_id] = Order.objects.values_list("id", flat=True)
    assert next(iter(life(visitors["owner"], order_id)["steps"].values()))["step"] == "signal_received"


def test_the_verdict_says_limit_value_and_the_room_left(visitors, place):
    checks = life(visitors["owner"], place(quantity=100_000))["checks"]
    denied = checks["position_size"]
    assert (denied["outcome"], denied["value"], denied["room"].startswith("−"), denied["used"]) == (
        "Denied",
        "1,000.00%",
        True,
        100,
    )
    passed = checks["concurrent_orders"]
    assert (passed["outcome"], passed["value"], passed["limit"], passed["room"]) == (
        "Passed",
        "0",
        passed["room"],
        passed["limit"],
    )


@pytest.mark.parametrize(("check", "room", "used"), [
    ({"rule": "order_value", "passed": True, "limit": 500_000.0, "value": 125_000.5}, "₹3,74,999.50", 25.0),
    ({"rule": "minimum_balance", "passed": True, "limit": 1000.0, "value": 1500.0}, "₹500.00", 0),
    ({"rule": "price_fresh", "passed": True, "limit": 60, "value": 2.5}, "57.5 s", 4.2),
    ({"rule": "drawdown", "passed": False, "limit": 10.0, "value": 12.5}, "−2.50%", 100.0),
    ({"rule": "trading_state", "passed": True, "limit": "ACTIVE", "value": "ACTIVE"}, "", 0),
    ({"rule": "short_allowed", "passed": True, "limit": "long only", "value": 10}, "", 0),
])  # fmt: skip
def test_the_room_of_a_rule_is_in_its_unit(check, room, used):
    row = check_row(check)
    assert (row["room"], row["used"]) == (room, used)


def test_a_change_and_a_cancel_stand_in_the_orders_life(visitors, place):
    order_id = resting(place)
    now = datetime.now(UTC)
    order_modify(order_id=order_id, terms=OrderTerms(quantity=20), now=now, by="owner")
    run_until_idle()
    order_cancel(order_id=order_id, now=now, by="owner", reason="second thoughts")
    run_until_idle()
    steps = [step["step"] for step in life(visitors["owner"], order_id)["steps"].values()]
    assert steps == ["order_created", "order_submitted", "order_modify_requested", "order_modified", "order_cancelled"]
    assert life(visitors["owner"], order_id)["order"]["all"]["reason"] == "second thoughts"


def test_an_end_that_another_chain_brought_is_told_as_well(visitors, place):
    order_id = resting(place)
    emergency_stop(user_ids=["asha"], by="owner", reason="prices went mad", now=datetime.now(UTC))
    run_until_idle()
    last = list(life(visitors["owner"], order_id)["steps"].values())[-1]
    assert (last["step"], last["tone"]) == ("order_cancelled", "ended")
    assert last["summary"] == "emergency stop"


def test_an_exit_and_the_order_that_it_leaves_know_each_other(visitors, place):
    from engine.services.exits import positions_close

    opened = place()
    [leaving] = positions_close(user_id="asha", now=datetime.now(UTC), by="owner")
    run_until_idle()
    assert list(life(visitors["owner"], opened)["related"]) == [str(leaving.order_id)]
    exit_state = life(visitors["owner"], leaving.order_id)
    assert list(exit_state["related"]) == [str(opened)]
    assert exit_state["order"]["all"]["net_pnl"] < exit_state["order"]["all"]["gross_pnl"] < 0
    assert life(visitors["owner"], opened)["bracket"]["all"]["position"].startswith("Closed")


def test_the_topic_of_an_order_is_empty_for_anothers(place):
    order_id = place()
    now = datetime.now(UTC)
    assert order_life.state(Topic.parse(f"order/asha?id={order_id}"), now)["order"]
    for name in (f"order/other?id={order_id}", f"order/asha?id={uuid4()}", "order/asha?id=x", "order/asha"):
        assert order_life.state(Topic.parse(name), now) == order_life.NOTHING


@pytest.mark.parametrize(
    ("check", "outcome"),
    [
        ({"rule": "position_size", "passed": True, "limit": 10, "value": 9}, "Passed"),
        ({"rule": "position_size", "passed": True, "limit": 10, "value": 12}, "Let pass"),
        ({"rule": "position_size", "passed": False, "limit": 10, "value": 12}, "Denied"),
        ({"rule": "volatility", "passed": True, "limit": 2.0, "value": 1.1}, "Passed"),
        ({"rule": "volatility", "passed": True, "limit": 2.0, "value": 2.4}, "Unusual"),
    ],
)
def test_what_passes_beyond_a_limit_says_so(check, outcome):
    assert check_row(check)["outcome"] == outcome
