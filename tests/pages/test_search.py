"""What the command palette finds, and for whom."""

from datetime import UTC, datetime

import pytest

from dashboard.live import status
from dashboard.pages.navigation import KEYS, NAVIGATION
from engine import alerts
from engine.domain.alerts import AlertRaised
from engine.domain.enums import AlertLevel
from engine.models import Order, Strategy


def found(client, text, **more):
    response = client.get("/search/", {"q": text, **more})
    assert response.status_code == 200
    return [(row["kind"], row["label"]) for row in response.json()["results"]]


@pytest.mark.parametrize("who", ["owner", "teammate", "staff"])
def test_symbols_and_orders_are_found_by_their_first_letters(visitors, signal, who):
    signal()
    results = found(visitors[who], "rel")
    assert ("Symbols", "RELIANCE") in results
    assert [kind for kind, label in results if "RELIANCE" in label].count("Orders") == 1


def test_an_order_is_found_by_its_ids_first_digits(visitors, signal):
    signal()
    order = Order.objects.get()
    for digits in (str(order.id)[:8], str(order.id), order.id.hex[:12].upper()):
        assert [kind for kind, _ in found(visitors["owner"], digits)] == ["Orders"]
    assert found(visitors["owner"], "ffffffff") == []


def test_the_outsider_finds_no_order_of_others(visitors, signal):
    signal()
    order = Order.objects.get()
    assert found(visitors["outsider"], str(order.id)) == []
    assert found(visitors["outsider"], "reliance") == [("Symbols", "RELIANCE")]
    assert visitors["outsider"].get("/search/", {"q": "rel", "account": "asha"}).status_code == 404


@pytest.mark.parametrize("text", ["", "r", "\0\0", "%", "x" * 500, "—" * 40, "' or 1=1"])
def test_nonsense_finds_nothing(visitors, text):
    assert found(visitors["owner"], text) == []


def test_nobody_searches_without_a_sign_in(client, db):
    assert client.get("/search/", {"q": "rel"}).status_code == 302


def test_a_search_takes_few_statements(visitors, signal, django_assert_max_num_queries):
    for _ in range(3):
        signal()
    with django_assert_max_num_queries(10):
        found(visitors["owner"], "reliance")


def test_no_two_pages_have_the_same_letter():
    assert len(set(KEYS.values())) == len(KEYS)
    assert all(place.key for place in NAVIGATION)


def test_the_bell_rings_for_the_accounts_in_sight(visitors):
    raised = AlertRaised(AlertLevel.CRITICAL, "Refused", "too large", "risk_engine", "a", user_id="asha")
    alerts.alerts_raise([raised], now=datetime.now(UTC))
    assert [(row["level"], row["title"]) for row in status.bell(["asha"]).values()] == [("CRITICAL", "Refused")]
    assert status.bell(["other"]) == {}
    assert "Refused" in visitors["owner"].get("/orders/").content.decode()
    assert "Refused" not in visitors["outsider"].get("/orders/").content.decode()


@pytest.mark.parametrize(("who", "seen"), [("owner", True), ("teammate", True), ("outsider", False), ("staff", True)])
def test_a_strategy_is_found_by_who_may_see_it(visitors, who, seen):
    now = datetime.now(UTC)
    Strategy.objects.create(id="momentum-1", account_id="asha", name="Momentum", deployed_at=now, updated_at=now)
    assert found(visitors[who], "moment") == ([("Strategies", "Momentum")] if seen else [])
