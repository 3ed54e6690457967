"""The exchange's hours, and what they do to live prices: waiting, refusing, expiring, squaring off. Others ignore them."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine import processing
from engine.domain.enums import HaltScope, OrderType, Product, Side, SignalType, Validity
from engine.domain.intervals import IST
from engine.folding import snapshot_take
from engine.market.feeds import prices_publish
from engine.market.sessions import hours_at, last_session, session_at, session_on
from engine.models import Event, Order, Position, Signal
from engine.processing import run_until_idle
from engine.services.accounts import account_open, account_update_limits
from engine.services.order_changes import OrderTerms, order_modify
from engine.services.orders import OrderInput, order_cancel, order_place
from engine.services.signals import SignalInput, signals_submit
from engine.services.trading import Target, emergency_stop
from engine.shelf import shelf
from engine.verification import verify
from tests.market.market_table import set_up


def ist(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=IST)


@pytest.mark.parametrize(
    ("day", "trades"),
    [
        ("2025-01-06", True),  # a Monday
        ("2025-01-04", False),  # a Saturday
        ("2025-01-05", False),
        ("2025-02-26", False),  # Maha Shivaratri
        ("2025-08-15", False),  # Independence Day
        ("2025-12-25", False),
        ("2025-12-24", True),
    ],
)
def test_when_the_exchange_trades(day: str, trades: bool) -> None:
    assert (session_on(date.fromisoformat(day)) is not None) == trades


@pytest.mark.parametrize(
    ("now", "is_open", "opens_at", "last"),
    [
        ("2025-01-06T09:14:59", False, "2025-01-06T09:15", "2025-01-03T09:15"),
        ("2025-01-06T09:15:00", True, "2025-01-06T09:15", "2025-01-06T09:15"),
        ("2025-01-06T15:29:59", True, "2025-01-06T09:15", "2025-01-06T09:15"),
        ("2025-01-06T15:30:00", False, "2025-01-07T09:15", "2025-01-06T09:15"),
        ("2025-01-03T18:00:00", False, "2025-01-06T09:15", "2025-01-03T09:15"),  # over a weekend
        ("2025-02-25T18:00:00", False, "2025-02-27T09:15", "2025-02-25T09:15"),  # over a holiday
        ("2025-04-09T16:00:00", False, "2025-04-11T09:15", "2025-04-09T09:15"),
    ],
)
def test_the_hours_of_an_instant(now: str, is_open: bool, opens_at: str, last: str) -> None:
    hours = hours_at(ist(now))
    assert (hours.is_open, hours.opens_at) == (is_open, ist(opens_at))
    assert last_session(ist(now)).opens == ist(last)
    assert session_at(ist(now)).opens == ist(opens_at)


# --- with live prices ------------------------------------------------------------------------------------------------------
class Floor:
    """The exchange's floor at a time of our choosing."""

    def __init__(self) -> None:
        self.at = ist("2025-01-06T10:00")
        set_up("INFY")

    def now(self) -> datetime:
        return self.at

    def price(self, price: float, at: str, *, source: str = "live") -> None:
        self.at = ist(at)
        prices_publish(at=self.at, source=source, interval="1m", prices={"INFY": price}, now=self.at)
        self.work()

    def work(self) -> None:
        run_until_idle(now=self.now)
        shelf.clear()  # as after a restart
        assert verify().differences == []

    def wake(self, at: str) -> None:
        """A process begins, without any price."""
        processing._closing_looked_at.clear()
        self.at = ist(at)
        self.work()

    def place(self, side: Side = Side.BUY, quantity: int = 10, *, price: Any = None, **fields: Any) -> Order:
        kind = OrderType.LIMIT if price else OrderType.MARKET
        limit = Decimal(price) if price else None
        wanted = OrderInput("INFY", side, quantity, order_type=kind, price=limit, **fields)
        order = order_place(user_id="desk", order=wanted, now=self.at, by="asha")
        self.work()
        order.refresh_from_db()
        return order


@pytest.fixture
def floor(db: None) -> Floor:
    processing._closing_looked_at.clear()
    return Floor()


def again(order: Order) -> tuple[str, int]:
    order.refresh_from_db()
    return order.status, order.filled_quantity


def test_an_order_for_a_closed_market_waits_for_the_open(floor: Floor) -> None:
    floor.price(100, "2025-01-03T15:00")
    floor.at = ist("2025-01-03T18:00")
    order = floor.place()
    assert (order.status, order.waits_until) == ("PENDING", ist("2025-01-06T09:15"))
    floor.price(101, "2025-01-06T09:00")  # before the open: an auction's price sets nothing off
    assert again(order) == ("PENDING", 0)
    floor.price(102, "2025-01-06T09:15")
    assert again(order) == ("FILLED", 10)
    assert order.waits_until is None
    assert Event.objects.filter(type="order_deferred").count() == 1


def test_a_signal_waits_as_an_order(floor: Floor) -> None:
    floor.price(100, "2025-01-03T15:00")
    floor.at = ist("2025-01-03T18:00")
    signals_submit(
        user_id="desk",
        signals=[SignalInput("INFY", SignalType.BUY, Decimal("0.9"), position_size=Decimal(5))],
        now=floor.at,
    )
    floor.work()
    order = Order.objects.get()
    assert again(order) == ("PENDING", 0)
    floor.price(100, "2025-01-06T09:15")
    assert again(order) == ("FILLED", 5)


def test_an_account_may_have_it_refused_instead(floor: Floor) -> None:
    account_update_limits(user_id="desk", limits={"when_closed": "REFUSE"}, by="chief", now=floor.at)
    floor.price(100, "2025-01-03T15:00")
    floor.at = ist("2025-01-03T15:30")
    order = floor.place()
    assert (order.status, order.rejected_by) == ("REJECTED", "RISK")
    assert "the market is closed until 06 Jan 09:15 IST" in order.reason
    floor.price(100, "2025-01-06T09:15")
    assert floor.place().status == "FILLED"


def test_what_waits_can_be_cancelled(floor: Floor) -> None:
    floor.price(100, "2025-01-03T15:00")
    floor.at = ist("2025-01-03T18:00")
    order = floor.place()
    order_cancel(order_id=order.id, now=floor.at, by="asha")
    floor.work()
    floor.price(100, "2025-01-06T09:15")
    assert again(order) == ("CANCELLED", 0)


def test_immediate_or_cancel_waits_for_nothing(floor: Floor) -> None:
    floor.price(100, "2025-01-03T15:00")
    floor.at = ist("2025-01-03T18:00")
    assert floor.place(validity=Validity.IOC).status == "REJECTED"


@pytest.mark.parametrize("source", ["simulated", "replay"])
def test_a_market_with_its_own_clock_is_open_whenever_it_moves(floor: Floor, source: str) -> None:
    floor.price(100, "2025-01-05T03:00", source=source)
    assert floor.place().status == "FILLED"
    resting = floor.place(price=90)
    floor.wake("2025-01-05T16:00")
    assert again(resting) == ("SUBMITTED", 0)
    assert Position.objects.get().status == "OPEN"


@pytest.mark.parametrize("woken", ["2025-01-06T15:30", "2025-01-06T23:00", "2025-01-07T09:10", "2025-01-07T09:20"])
def test_day_orders_expire_at_the_close_however_late_somebody_looks(floor: Floor, woken: str) -> None:
    floor.price(100, "2025-01-06T10:00")
    day, kept = floor.place(price=90), floor.place(price=90, validity=Validity.GTC)
    floor.wake("2025-01-06T15:29")
    assert again(day) == ("SUBMITTED", 0)
    floor.wake(woken)
    assert [again(day)[0], again(kept)[0]] == ["EXPIRED", "SUBMITTED"]
    assert Event.objects.filter(type="order_expired").count() == 1


def test_resting_orders_do_not_fill_after_the_close(floor: Floor) -> None:
    floor.price(100, "2025-01-06T10:00")
    kept = floor.place(price=90, validity=Validity.GTC)
    floor.price(85, "2025-01-06T15:45")
    assert again(kept) == ("SUBMITTED", 0)
    floor.price(85, "2025-01-07T09:15")
    assert again(kept) == ("FILLED", 10)


def test_intraday_positions_are_squared_off_and_the_others_carried(floor: Floor) -> None:
    floor.price(100, "2025-01-06T15:00")
    floor.place(quantity=10)
    floor.place(quantity=7, product=Product.CNC, strategy_id="hold")
    floor.price(101, "2025-01-06T15:19")
    assert Position.objects.filter(status="OPEN").count() == 2
    floor.price(101, "2025-01-06T15:20")
    (left,) = Position.objects.filter(status="OPEN")
    assert (left.product, left.quantity) == ("CNC", 7)
    sold = Order.objects.get(side="SELL")
    assert (sold.product, sold.sizing) == ("MIS", "square off at 101: closes the whole position")


def test_slept_through_the_close_it_is_squared_off_at_the_open(floor: Floor) -> None:
    floor.price(100, "2025-01-06T15:00")
    floor.place()
    floor.wake("2025-01-06T20:00")
    waiting = Order.objects.get(side="SELL")
    assert (waiting.status, waiting.waits_until) == ("PENDING", ist("2025-01-07T09:15"))
    floor.wake("2025-01-06T21:00")
    assert Order.objects.filter(side="SELL").count() == 1
    floor.price(99, "2025-01-07T09:15")
    assert not Position.objects.filter(status="OPEN").exists()


def test_a_new_days_position_is_left_alone_until_its_own_square_off(floor: Floor) -> None:
    floor.price(100, "2025-01-06T09:20")
    floor.place()
    floor.price(100, "2025-01-06T09:25")
    assert Position.objects.get().status == "OPEN"


@pytest.mark.parametrize(("product", "status"), [("MIS", "REJECTED"), ("CNC", "FILLED")])
def test_no_intraday_position_is_opened_once_they_are_being_closed(floor: Floor, product: str, status: str) -> None:
    floor.price(100, "2025-01-06T15:21")
    order = floor.place(product=Product(product))
    assert order.status == status
    assert ("until 15:20 IST" in order.reason) == (status == "REJECTED")


def test_out_of_an_intraday_position_one_gets_until_the_close(floor: Floor) -> None:
    floor.price(100, "2025-01-06T15:00")
    floor.place(quantity=10)
    processing._closing_looked_at["$market"] = ist("2025-01-06T15:21")  # nobody has looked yet
    floor.price(100, "2025-01-06T15:21")
    assert floor.place(Side.SELL, 11).status == "REJECTED"
    assert floor.place(Side.SELL, 10).status == "FILLED"


def test_the_square_off_time_can_be_set(floor: Floor, settings: Any) -> None:
    settings.MIS_SQUARE_OFF = "15:10"
    floor.price(100, "2025-01-06T15:00")
    floor.place()
    floor.price(100, "2025-01-06T15:11")
    assert not Position.objects.filter(status="OPEN").exists()


@pytest.mark.parametrize("target", [
    Target(HaltScope.GLOBAL), Target(), Target(HaltScope.SYMBOL, "INFY"), Target(HaltScope.STRATEGY, "trend"),
])  # fmt: skip
def test_what_is_halted_is_not_asked_each_minute(floor: Floor, target: Target) -> None:
    floor.price(100, "2025-01-06T15:00")
    floor.place(strategy_id="trend")
    emergency_stop(user_ids=["desk"], by="chief", reason="a drill", target=target, now=floor.at)
    floor.work()
    processing._closing_looked_at.clear()
    floor.at = ist("2025-01-06T15:25")
    run_until_idle(now=floor.now)
    assert not Event.objects.filter(type="stop_loss_executed").exists()


def test_who_refuses_orders_while_the_market_is_closed_is_squared_off_at_the_open(floor: Floor) -> None:
    floor.price(100, "2025-01-03T15:00")
    floor.place()
    account_update_limits(user_id="desk", limits={"when_closed": "REFUSE"}, by="chief", now=floor.at)
    floor.wake("2025-01-04T11:00")
    assert not Event.objects.filter(type="stop_loss_executed").exists()
    floor.price(99, "2025-01-06T09:15")
    floor.wake("2025-01-06T09:16")
    assert not Position.objects.filter(status="OPEN").exists()
    assert not Order.objects.filter(status="REJECTED").exists()


# --- products --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("held", "side", "quantity", "product", "rule"),
    [
        (0, Side.SELL, 1, "CNC", "held to be delivered"),
        (10, Side.SELL, 11, "CNC", "10 shares are held"),
        (10, Side.SELL, 10, "CNC", ""),
        (10, Side.BUY, 5, "MIS", "held or ordered as CNC"),
        (10, Side.SELL, 5, "MIS", "held or ordered as CNC"),
        (10, Side.BUY, 5, "CNC", ""),
        (0, Side.SELL, 5, "MIS", ""),
    ],
)
def test_delivery_is_not_sold_short_and_products_are_not_mixed(
    floor: Floor, held: int, side: Side, quantity: int, product: str, rule: str
) -> None:
    floor.price(100, "2025-01-06T10:00")
    if held:
        floor.place(quantity=held, product=Product.CNC)
    order = floor.place(side, quantity, product=Product(product))
    assert (order.status == "FILLED") == (not rule)
    assert rule in order.reason


def test_shares_that_are_on_sale_already_are_not_sold_twice(floor: Floor) -> None:
    floor.price(100, "2025-01-06T10:00")
    floor.place(quantity=10, product=Product.CNC)
    floor.place(Side.SELL, 6, price=110, product=Product.CNC)
    assert floor.place(Side.SELL, 4, product=Product.CNC).status == "FILLED"
    assert "0 shares are held" in floor.place(Side.SELL, 1, product=Product.CNC).reason


def test_a_signal_against_a_delivery_position_closes_it_as_one(floor: Floor) -> None:
    floor.price(100, "2025-01-06T10:00")
    floor.place(quantity=10, product=Product.CNC)
    signals_submit(user_id="desk", signals=[SignalInput("INFY", SignalType.SELL, Decimal("0.9"))], now=floor.at)
    floor.work()
    assert not Position.objects.filter(status="OPEN").exists()
    assert Order.objects.get(side="SELL").product == "CNC"


def test_two_accounts_have_their_own_rule(floor: Floor) -> None:
    account_open(user_id="other", now=floor.at, cash=Decimal(1_000_000))
    account_update_limits(user_id="other", limits={"when_closed": "REFUSE"}, by="chief", now=floor.at)
    floor.price(100, "2025-01-03T15:00")
    floor.at = ist("2025-01-03T18:00") + timedelta(minutes=1)
    for user_id in ("desk", "other"):
        order_place(user_id=user_id, order=OrderInput("INFY", Side.BUY, 1), now=floor.at, by="asha")
    floor.work()
    assert dict(Order.objects.values_list("account", "status")) == {"desk": "PENDING", "other": "REJECTED"}


# --- while it waits --------------------------------------------------------------------------------------------------------
def test_a_waiting_order_takes_new_terms_and_opens_with_them(floor: Floor) -> None:
    floor.price(100, "2025-01-03T15:00")
    floor.at = ist("2025-01-03T18:00")
    order = floor.place(price=95)
    terms = OrderTerms(price=Decimal(103), quantity=4, trailing_stop=Decimal(3))
    order_modify(order_id=order.id, terms=terms, now=floor.at, by="asha")
    floor.work()
    order.refresh_from_db()
    assert (order.status, order.price, order.quantity, order.trailing_stop) == ("PENDING", 103, 4, 3)
    floor.price(102, "2025-01-06T09:15")
    assert again(order) == ("FILLED", 4)
    assert Position.objects.get().trailing_stop == 3


@pytest.mark.parametrize("snapshot", [False, True])
def test_a_waiting_signal_that_is_denied_at_the_open_is_refused(floor: Floor, snapshot: bool, tmp_path: Path) -> None:
    floor.price(100, "2025-01-03T15:00")
    floor.at = ist("2025-01-03T18:00")
    signals_submit(
        user_id="desk", signals=[SignalInput("INFY", SignalType.BUY, Decimal("0.9"), position_size=Decimal(10))], now=floor.at
    )
    floor.work()
    assert Signal.objects.get().decision == "ORDERED"
    if snapshot:
        snapshot_take(stream="desk", now=floor.at)
    account_update_limits(user_id="desk", limits={"max_position_size_percent": Decimal("0.01")}, by="asha", now=floor.at)
    floor.price(102, "2025-01-06T09:15")
    signal, order = Signal.objects.get(), Order.objects.get()
    assert (order.status, order.rejected_by) == ("REJECTED", "RISK")
    assert (signal.decision, signal.order_id) == ("REFUSED", order.id)
    assert signal.reason == order.reason != ""
    assert verify(archive=tmp_path).differences == []
