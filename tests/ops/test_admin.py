"""The admin: every list and page opens, nothing is changed but through a service, and a million rows do not slow it down."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from dashboard.admin.base import BoundedPaginator, RecordAdmin
from engine import config
from engine.alerts import alerts_raise
from engine.domain.alerts import AlertRaised
from engine.domain.enums import AlertLevel, Lane
from engine.models import (
    Account,
    Alert,
    ConfigChange,
    ConfigEntry,
    Event,
    Execution,
    Order,
    PendingEvent,
    Position,
    Signal,
    Strategy,
    Worker,
)
from tests.support.factories import account, instrument, user_named

NOW = datetime(2026, 3, 2, 6, 30, tzinfo=UTC)
OURS = [model for model, entry in admin.site._registry.items() if isinstance(entry, RecordAdmin)]

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(client: Client) -> Client:
    client.force_login(user_named("boss", is_staff=True))
    return client


def url(model: type[Any], page: str = "changelist", *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def an_alert(fingerprint: str = "limit") -> Alert:
    alerts_raise([AlertRaised(AlertLevel.WARNING, "A title", "A message", "risk_engine", fingerprint)], now=NOW)
    return Alert.objects.get(fingerprint=fingerprint)


def an_event(correlation_id: Any = None) -> Event:
    return Event.objects.create(
        uid=uuid4(),
        type="signal_received",
        stream="asha",
        data={"symbol": "TCS"},
        priority=3,
        correlation_id=correlation_id or uuid4(),
        created_at=NOW,
    )


def an_order(symbol: str = "TCS") -> Order:
    return Order.objects.create(
        id=uuid4(),
        account_id="asha",
        symbol=symbol,
        side="BUY",
        order_type="MARKET",
        quantity=10,
        correlation_id=uuid4(),
        created_at=NOW,
        updated_at=NOW,
    )


def one_of_each() -> None:
    account("asha")
    instrument("TCS")
    order = an_order()
    an_alert()
    a_dead_letter()
    trade = {"account_id": "asha", "symbol": "TCS", "id": uuid4()}
    Execution.objects.create(
        **trade, order=order, side="BUY", quantity=10, price=Decimal(100), broker_execution_id="x1", executed_at=NOW
    )
    Position.objects.create(**trade, quantity=10, cost=Decimal(1000), average_price=Decimal(100), opened_at=NOW, updated_at=NOW)
    Signal.objects.create(
        **trade, signal_type="BUY", confidence_score=Decimal("0.9"), decision="ORDERED", received_at=NOW, decided_at=NOW
    )
    Strategy.objects.create(id="cross", account_id="asha", name="Cross", deployed_at=NOW, updated_at=NOW)
    Worker.objects.create(id=uuid4(), host="here", pid=1, started_at=NOW, beat_at=NOW)
    config.config_update({"max_concurrent_orders": 11}, by="asha", now=NOW)


def a_dead_letter() -> PendingEvent:
    return PendingEvent.objects.create(
        event=an_event(),
        lane=Lane.ORDER_PROCESSING,
        stream="asha",
        priority=3,
        due_at=NOW,
        attempts=3,
        last_error="boom",
        dead_at=NOW,
    )


def run(client: Client, model: type[Any], action: str, *rows: Any, **fields: Any) -> str:
    """Choose rows and an action in the list, and return the page that follows."""
    chosen = {"action": action, "_selected_action": [str(row.pk) for row in rows], **fields}
    return client.post(url(model), chosen, follow=True).content.decode()


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
@pytest.mark.slow
def test_every_list_and_page_opens(boss: Client, model: type[Any]) -> None:
    one_of_each()
    assert boss.get(url(model)).status_code == 200
    assert boss.get(url(model), {"q": "TCS 7 \0"}).status_code == 200
    row = model.objects.first()
    assert boss.get(url(model, "change", row.pk)).status_code == 200


@pytest.mark.parametrize("model", [model for model in OURS if model is not Account], ids=lambda model: model.__name__)
def test_nothing_can_be_added_edited_or_deleted(boss: Client, model: type[Any]) -> None:
    one_of_each()
    row = model.objects.first()
    assert boss.post(url(model, "add")).status_code == 403
    assert boss.post(url(model, "change", row.pk)).status_code == 403
    assert boss.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert model.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_an_outsider_sees_nothing(client: Client, model: type[Any]) -> None:
    client.force_login(user_named("asha"))
    assert client.get(url(model)).status_code == 302


# --- many rows ------------------------------------------------------------------------------------------------------------
def test_the_number_of_statements_does_not_grow(boss: Client) -> None:
    account("asha")
    counts = []
    for _ in range(2):
        an_order()
        boss.get(url(Order))
        with CaptureQueriesContext(connection) as statements:
            boss.get(url(Order))
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 5


def test_counting_ends_where_nobody_pages_any_more() -> None:
    with CaptureQueriesContext(connection) as statements:
        assert BoundedPaginator(Event.objects.all(), 50).count == 0
    assert "LIMIT 10000" in statements[0]["sql"]


@pytest.mark.parametrize("by", ["id", "correlation_id", "symbol", "account"])
def test_an_order_is_found_by_what_is_known_of_it(boss: Client, by: str) -> None:
    account("asha")
    account("ravi")
    wanted, other = an_order("TCS"), an_order("INFY")
    Order.objects.filter(id=other.id).update(account="ravi")
    term = "asha" if by == "account" else str(getattr(wanted, by)).lower()
    page = boss.get(url(Order), {"q": term}).content.decode()
    assert str(wanted.id) in page
    assert str(other.id) not in page


def test_a_chain_of_events_is_one_search(boss: Client) -> None:
    correlation_id = uuid4()
    chain, other = [an_event(correlation_id), an_event(correlation_id)], an_event()
    found = boss.get(url(Event), {"q": str(correlation_id)}).context["cl"].result_list
    assert {event.id for event in found} == {event.id for event in chain}
    assert other.id not in {event.id for event in found}


# --- alerts ---------------------------------------------------------------------------------------------------------------
def test_alerts_are_acknowledged_in_the_name_of_who_did_it(boss: Client) -> None:
    rows = [an_alert("a"), an_alert("b")]
    assert "2 acknowledged." in run(boss, Alert, "acknowledge", *rows)
    assert set(Alert.objects.values_list("status", "acknowledged_by")) == {("ACKNOWLEDGED", "boss")}


def test_alerts_are_resolved_with_the_note(boss: Client) -> None:
    row = an_alert()
    run(boss, Alert, "resolve", row, note="Feed restarted.")
    row.refresh_from_db()
    assert (row.status, row.resolved_by, row.resolution_note) == ("RESOLVED", "boss", "Feed restarted.")
    assert Event.objects.get().data["action"] == "alert_resolved"
    assert f"Alert {row.id} not found or already resolved" in run(boss, Alert, "resolve", row)


def test_who_may_only_look_cannot_resolve(client: Client) -> None:
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_alert"))
    client.force_login(viewer)
    row = an_alert()
    assert client.get(url(Alert)).status_code == 200
    run(client, Alert, "resolve", row)
    row.refresh_from_db()
    assert row.status == "ACTIVE"


# --- accounts -------------------------------------------------------------------------------------------------------------
def save_limits(client: Client, **limits: object) -> Any:
    form = {"confidence_threshold": "0.6", "allow_short": "on", "when_closed": "WAIT", **limits}
    return client.post(url(Account, "change", "asha"), form)


def test_limits_are_set_through_the_service(boss: Client) -> None:
    account("asha")
    assert save_limits(boss, max_position_size_percent="12.5").status_code == 302
    assert Account.objects.get().max_position_size_percent == Decimal("12.5")
    assert Event.objects.latest("id").type == "account_updated"
    assert Event.objects.latest("id").data["by"] == "boss"


def test_money_cannot_be_edited(boss: Client) -> None:
    before = account("asha").cash
    save_limits(boss, cash="99999999", trading_state="HALTED")
    row = Account.objects.get()
    assert (row.cash, row.trading_state) == (before, "ACTIVE")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_position_size_percent", "0"),
        ("max_sector_exposure_percent", "101"),
        ("max_concurrent_orders", "0"),
        ("confidence_threshold", "2"),
    ],
)
def test_limits_out_of_range_are_refused(boss: Client, field: str, value: str) -> None:
    account("asha")
    before = Account.objects.values().get()
    assert save_limits(boss, **{field: value}).status_code == 200
    assert Account.objects.values().get() == before


# --- configuration --------------------------------------------------------------------------------------------------------
def save_config(client: Client, **values: object) -> Any:
    form = {key: value for key, value in config.public_view().items() if key in config.KEYS and value is not False}
    return client.post(url(ConfigEntry), form | values)


def test_settings_change_and_are_audited(boss: Client) -> None:
    assert save_config(boss, max_concurrent_orders="25", max_position_size_percent="12.5").status_code == 302
    assert (config.current().max_concurrent_orders, config.current().max_position_size_percent) == (25, Decimal("12.5"))
    assert set(ConfigChange.objects.values_list("key", "by")) == {
        ("max_concurrent_orders", "boss"),
        ("max_position_size_percent", "boss"),
    }
    assert "max_concurrent_orders" in boss.get(url(ConfigEntry)).content.decode()


def test_a_setting_out_of_range_is_explained(boss: Client) -> None:
    page = save_config(boss, max_position_size_percent="120").content.decode()
    assert "max_position_size_percent must be between 0 and 100" in page
    assert config.current() == config.Config()


def test_who_may_only_look_cannot_configure(client: Client) -> None:
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_configentry"))
    client.force_login(viewer)
    assert client.get(url(ConfigEntry)).status_code == 200
    assert save_config(client, max_concurrent_orders="25").status_code == 403
    assert config.current() == config.Config()


# --- dead letters ---------------------------------------------------------------------------------------------------------
def test_only_dead_letters_are_listed(boss: Client) -> None:
    dead, waits = a_dead_letter(), a_dead_letter()
    PendingEvent.objects.filter(pk=waits.pk).update(dead_at=None)
    assert [row.pk for row in boss.get(url(PendingEvent)).context["cl"].result_list] == [dead.pk]


def test_a_dead_letter_is_sent_back_to_work(boss: Client) -> None:
    letter = a_dead_letter()
    assert "1 sent back to work." in run(boss, PendingEvent, "send_back", letter)
    letter.refresh_from_db()
    assert (letter.dead_at, letter.attempts) == (None, 0)


def test_the_lists_are_called_by_what_they_show(admin_client: Client) -> None:
    page = admin_client.get("/admin/").content.decode()
    for shown in ("Dead letters", "Settings", "Changes of settings"):
        assert f">{shown}</a>" in page
    for hidden in ("Pending events", "Config entries", "Config changes", "Sign in attempts"):
        assert hidden not in page


def test_an_ordinary_user_is_made_in_the_admin(admin_client: Client) -> None:
    password = "a long enough password"
    form = {"username": "ravi", "password1": password, "password2": password, "usable_password": "true"}
    assert admin_client.post("/admin/auth/user/add/", form).status_code == 302
    ravi = User.objects.get(username="ravi")
    assert (ravi.is_staff, ravi.is_superuser) == (False, False)
    assert Client().post("/sign-in/", {"username": "ravi", "password": password}).status_code == 302
