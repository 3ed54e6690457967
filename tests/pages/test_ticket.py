"""The ticket and what is done to working orders: through the API's services, once, and for who may."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from dashboard.pages import ticket
from dashboard.pages.actions import AWAY
from dashboard.pages.order_forms import number_of
from engine.domain.enums import OrderType, Side
from engine.models import Event, Order
from engine.processing import run_until_idle
from engine.services.orders import OrderInput, order_place
from tests.support import factories

JSON = {"Accept": "application/json"}
TICKET = {"symbol": "RELIANCE", "side": "BUY", "order_type": "MARKET", "quantity": "10", "key": "k1"}


@pytest.fixture
def owner(visitors) -> Client:
    factories.instrument()
    return visitors["owner"]


@pytest.fixture
def resting(owner) -> UUID:
    order = OrderInput("RELIANCE", Side.BUY, 10, OrderType.LIMIT, Decimal(90))
    row = order_place(user_id="asha", order=order, now=datetime.now(UTC), by="owner")
    run_until_idle()
    return row.id


def send(client: Client, **terms: str) -> dict[str, Any]:
    return client.post("/orders/new/", TICKET | terms, headers=JSON).json()


def asked(client: Client, **terms: str) -> dict[str, Any]:
    return client.get("/orders/what-if/", TICKET | terms).json()


def test_an_order_is_placed_once_however_often_the_form_is_sent(owner):
    answers = [send(owner), send(owner)]
    run_until_idle()
    [order] = Order.objects.all()
    assert answers[0] == answers[1] == {
        "done": True, "message": "Sent: Buy 10 RELIANCE at the market.", "url": f"/orders/{order.id}/",
        "waits": AWAY,
    }  # fmt: skip
    assert (order.status, order.sizing, order.account_id) == ("FILLED", "as owner asked", "asha")


def test_a_form_that_was_sent_and_then_changed_is_no_second_order_by_accident(owner):
    send(owner)
    again = send(owner, quantity="20")
    assert not again["done"]
    assert "sent before" in again["message"]
    assert send(owner, quantity="20", key=again["key"])["done"]
    assert Order.objects.count() == 2


@pytest.mark.parametrize(("terms", "field", "text"), [
    ({"symbol": "NOSUCH"}, "symbol", "listed symbol"),
    ({"symbol": "\0"}, "symbol", "listed symbol"),
    ({"quantity": ""}, "quantity", "Whole shares"),
    ({"quantity": "1.5"}, "quantity", "Whole shares"),
    ({"quantity": "NaN"}, "quantity", "Whole shares"),
    ({"quantity": "-3"}, "quantity", "Whole shares"),
    ({"order_type": "LIMIT"}, "price", "in rupees"),
    ({"order_type": "STOP_LOSS", "stop_price": "x"}, "stop_price", "in rupees"),
    ({"order_type": "LIMIT", "price": "100.03"}, "price", "Limit price must be a positive multiple of the tick"),
    ({"order_type": "LIMIT", "price": f"0.{1:020}", "size_by": "rupees", "amount": "9" * 9}, "price", "four decimals"),
    ({"order_type": "STOP_LOSS", "stop_price": "99.00001"}, "stop_price", "four decimals"),
    ({"trail": "0.00001"}, "trail", "four decimals"),
    ({"size_by": "rupees", "amount": "50"}, "amount", "buys no share"),
    ({"trail": "120", "trail_by": "percent"}, "trail", "below 100"),
    ({"side": "UP"}, "side", "one of the list"),
    ({"for": "other"}, "for", "Choose the account"),
])  # fmt: skip
def test_what_is_wrong_is_said_beside_its_field(owner, terms, field, text):
    answer = send(owner, **terms)
    assert not answer["done"]
    assert text in answer["errors"][field]
    assert text in asked(owner, **terms)["errors"][field]
    assert not Order.objects.exists()


def test_an_amount_in_rupees_buys_whole_shares_for_at_most_that(owner):
    assert send(owner, size_by="rupees", amount="₹1,050", quantity="")["done"]
    assert Order.objects.get().quantity == 10


def test_the_bracket_and_the_trailing_stop_go_with_the_order(owner):
    send(
        owner,
        order_type="STOP_LIMIT",
        price="110",
        stop_price="105",
        stop_loss="95",
        take_profit="130",
        trail="2.5",
        trail_by="percent",
    )
    order = Order.objects.get()
    assert (order.price, order.stop_price, order.stop_loss, order.take_profit) == (110, 105, 95, 130)
    assert (order.trailing_stop, order.trailing_stop_percent) == (None, Decimal("2.5"))


def test_what_the_type_has_no_use_for_is_left_out(owner):
    assert send(owner, order_type="MARKET", price="110", stop_price="105")["done"]


def test_what_if_tells_the_verdict_and_the_charges_and_sends_nothing(owner):
    events = Event.objects.count()
    found = asked(owner)
    assert (found["would_pass"], found["label"], found["confirm"]) == (True, "Buy 10 RELIANCE at the market", [])
    assert "₹1,000.00" in found["html"]
    denied = asked(owner, quantity="100000")
    assert not denied["would_pass"]
    assert "of equity, " in denied["html"]
    assert (Order.objects.count(), Event.objects.count()) == (0, events)


def test_a_second_look_is_asked_for_before_what_is_large_or_will_be_refused(owner):
    first = send(owner, quantity="100000")
    assert (first["done"], len(first["confirm"])) == (False, 2)
    assert not Order.objects.exists()
    assert asked(owner, quantity="100000")["seen"] == first["seen"]
    assert send(owner, quantity="100000", confirmed="yes", seen=first["seen"])["done"]
    run_until_idle()
    assert Order.objects.get().status == "REJECTED"


def test_a_tick_confirms_the_order_that_it_was_set_for_at_any_price_and_no_other(owner):
    seen = send(owner, quantity="100000")["seen"]
    factories.instrument(price=Decimal("100.05"))
    assert asked(owner, quantity="100000")["seen"] == seen
    for other in ({"quantity": "100001"}, {"side": "SELL"}, {"order_type": "LIMIT", "price": "99"}, {"seen": ""}):
        answer = send(owner, **{"quantity": "100000", "confirmed": "yes", "seen": seen} | other)
        assert (answer["done"], answer["message"]) == (False, "Not sent yet: confirm it first.")
    assert not Order.objects.exists()


def test_a_tick_covers_no_reason_that_came_later(owner, monkeypatch):
    seen = send(owner, quantity="100000")["seen"]
    monkeypatch.setattr(ticket, "is_live", lambda user_id: True)
    answer = send(owner, quantity="100000", confirmed="yes", seen=seen)
    assert (answer["done"], answer["confirm"][0]) == (False, "This is real money.")


@pytest.mark.parametrize(("who", "may"), [("owner", True), ("teammate", True), ("staff", True), ("outsider", False)])
def test_an_order_is_placed_and_asked_about_in_ones_own_accounts(visitors, owner, who, may):
    for answer in (asked(visitors[who], **{"for": "asha"}), send(visitors[who], **{"for": "asha"})):
        assert ("for" not in answer["errors"] if "errors" in answer else True) is may
    assert Order.objects.filter(account="asha").exists() is may


def test_everybody_is_no_account_to_trade_in(visitors, owner):
    assert "for" in send(visitors["staff"])["errors"]


def test_without_a_script_the_form_comes_back_with_what_is_wrong_or_leads_to_the_order(owner):
    response = owner.post("/orders/new/", TICKET | {"quantity": "x"})
    page = response.content.decode()
    assert response.status_code == 422
    assert "Whole shares, 1 to" in page
    assert 'value="k1"' in page
    checked = owner.post("/orders/new/", TICKET | {"check": "yes"}).content.decode()
    assert "The risk check would let it pass" in checked
    assert not Order.objects.exists()
    assert owner.post("/orders/new/", TICKET)["Location"] == f"/orders/{Order.objects.get().id}/"


def test_a_link_fills_the_ticket_in(owner):
    page = owner.get("/orders/new/?symbol=reliance&side=sell").content.decode()
    assert 'name="symbol" value="RELIANCE"' in page
    assert 'value="SELL" checked' in page
    form = owner.get("/orders/new/?symbol=RELIANCE", headers={"X-Fragment": "form"}).content.decode()
    assert form.startswith("<form")


def test_symbols_are_found_by_symbol_and_name(owner):
    factories.instrument("RELAXO")
    factories.instrument("TCS").__class__.objects.filter(symbol="TCS").update(name="Tata Consultancy Services")
    found = {
        query: [row["symbol"] for row in owner.get(f"/orders/symbols/?q={query}").json()["symbols"]]
        for query in ("rel", "tata", "reliance", "%00")
    }
    assert found == {"rel": ["RELAXO", "RELIANCE"], "tata": ["TCS"], "reliance": ["RELIANCE"], "%00": found["%00"]}


# --- cancel and modify -----------------------------------------------------------------------------------------------------
def test_an_order_is_cancelled_from_its_row_or_by_a_page(owner, resting):
    assert "Buy 10 RELIANCE, limit at 90.00" in owner.get(f"/orders/{resting}/cancel/").content.decode()
    answer = owner.post(f"/orders/{resting}/cancel/", {"reason": "second thoughts"}, headers=JSON).json()
    run_until_idle()
    assert answer["done"]
    assert (Order.objects.get().status, Order.objects.get().reason) == ("CANCELLED", "second thoughts")
    again = owner.post(f"/orders/{resting}/cancel/", headers=JSON)
    assert (again.status_code, again.json()["message"]) == (
        409,
        "Not cancelled: the order is cancelled already. Nothing was changed.",
    )


def test_an_order_is_changed_past_the_risk_check(owner, resting):
    answer = owner.post(f"/orders/{resting}/modify/", {"quantity": "20", "price": "91.5"}, headers=JSON).json()
    run_until_idle()
    order = Order.objects.get()
    assert answer["done"]
    assert (order.quantity, order.price, order.status) == (20, Decimal("91.5"), "SUBMITTED")


@pytest.mark.parametrize(("terms", "field", "text"), [
    ({"quantity": "x"}, "quantity", "Whole shares"),
    ({"quantity": "10", "price": "90"}, "quantity", "Name at least one new term"),
    ({"price": "90.03"}, "price", "Limit price must be"),
])  # fmt: skip
def test_terms_that_cannot_be_are_said_beside_their_field(owner, resting, terms, field, text):
    response = owner.post(f"/orders/{resting}/modify/", terms, headers=JSON)
    assert not response.json()["done"]
    assert text in response.json()["errors"][field]
    plain = owner.post(f"/orders/{resting}/modify/", terms)
    assert (plain.status_code, text in plain.content.decode()) == (422, True)


@pytest.mark.parametrize("action", ["cancel", "modify"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_anothers_order_is_not_there(visitors, resting, action, method):
    response = getattr(visitors["outsider"], method)(f"/orders/{resting}/{action}/", {"quantity": "20"})
    assert response.status_code == 404
    run_until_idle()
    assert Order.objects.get().quantity == 10


def test_all_working_orders_are_cancelled_within_the_filters(visitors, owner, resting):
    sale = OrderInput("RELIANCE", Side.SELL, 10, OrderType.LIMIT, Decimal(200))
    order_place(user_id="asha", order=sale, now=datetime.now(UTC), by="owner")
    run_until_idle()
    assert "Cancel 1 working order?" in owner.get("/orders/cancel-all/?side=SELL").content.decode()
    answer = owner.post("/orders/cancel-all/", {"account": "asha", "side": "SELL"}, headers=JSON).json()
    run_until_idle()
    assert answer["message"] == "1 order is being cancelled."
    assert list(Order.objects.filter(status="SUBMITTED").values_list("id", flat=True)) == [resting]
    assert visitors["outsider"].post("/orders/cancel-all/", {"account": "asha"}, headers=JSON).status_code == 404
    assert owner.post("/orders/cancel-all/", headers=JSON).json()["message"] == "1 order is being cancelled."
    run_until_idle()
    assert owner.post("/orders/cancel-all/", headers=JSON).status_code == 409


@pytest.mark.parametrize("path", ["new", "cancel-all", "columns", f"{UUID(int=1)}/cancel", f"{UUID(int=1)}/modify"])
def test_nothing_is_done_without_the_forms_own_secret(visitors, path):
    guarded = Client(enforce_csrf_checks=True)
    guarded.cookies = visitors["owner"].cookies
    assert guarded.post(f"/orders/{path}/", TICKET).status_code == 403


@pytest.mark.parametrize("path", ["new", "cancel-all", "what-if", "symbols", "file", f"{UUID(int=1)}"])
def test_who_is_not_signed_in_is_led_to_the_sign_in(client, db, path):
    assert client.get(f"/orders/{path}/")["Location"].startswith("/sign-in/")


@pytest.mark.parametrize(
    ("written", "number"),
    [("12,34,567.50", "1234567.50"), ("1,234,567", "1234567"), (" ₹500 ", "500"), ("0.05", "0.05"), (".5", "0.5"), ("-3", "-3")]
    + [(odd, None) for odd in ("1,0", "1,00,0", "1e5", "1_0", "٣", "NaN", "Infinity", "9" * 16, "1 0", "")],
)
def test_a_number_is_read_only_as_people_write_it(written: str, number: str | None):
    assert number_of(written) == (number and Decimal(number))
