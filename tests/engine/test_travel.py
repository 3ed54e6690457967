"""The desk rebuilt as it stood at an instant is what the tables said at that instant, whatever happened in between."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from dashboard.live.state import wire
from engine import travel
from engine.domain.enums import OrderType, Product, Side, Validity
from engine.folding import snapshot_take
from engine.models import Account, Event, Landmark, Order, Position
from engine.processing import run_until_idle
from engine.selectors.accounts import account_summary
from engine.selectors.moments import (
    first_instant,
    moment_at,
    moment_closed,
    moment_order_counts,
    moment_orders,
    moment_positions,
    moment_summary,
)
from engine.selectors.orders import order_dict
from engine.selectors.positions import position_dict
from engine.services.orders import OrderInput, order_place
from engine.travel import CannotTravelError
from tests.engine import test_random_sequence as random_desk
from tests.engine.conftest import roomy
from tests.engine.flow import a_signal, place, rest, send

NOT_KEPT = ("current_price", "previous_close", "priced_at", "received_at", "price_source", "sector")  # of the prices of then
USERS = random_desk.USERS


class Desk(random_desk.Desk):
    """The random desk by one clock, with time between its acts: a batch's own clock goes on while it works."""

    def act(self) -> None:
        self.clock.pass_seconds(5)
        super().act()
        self.clock.pass_seconds(5)

    def order(self) -> None:
        pick = self.random.choice
        price = Decimal(self.random.randint(1880, 2120)) / 20
        kind = pick((OrderType.MARKET, OrderType.LIMIT))
        order = OrderInput(
            symbol=pick(random_desk.SYMBOLS),
            side=pick(list(Side)),
            quantity=self.random.randint(1, 500),
            order_type=kind,
            price=price if kind is OrderType.LIMIT else None,
            validity=pick(list(Validity)),
            product=Product.MIS,
        )
        order_place(user_id=pick(USERS), order=order, now=self.clock.at, by="asha")


def tables(user_id: str) -> dict[str, Any]:
    """What the tables say now of an account."""
    account = Account.objects.get(user_id=user_id)
    positions = Position.objects.filter(account=account)
    return {
        "account": [getattr(account, name) for name in ("cash", "day_start_equity", "peak_equity", "trading_state")],
        "orders": {row.id: order_dict(row) for row in Order.objects.filter(account=account)},
        "open": {row.id: position_dict(row, {}) for row in positions.open()},
        "closed": {row.id: position_dict(row, {}) for row in positions.closed()},
    }


def rebuilt(user_id: str, at: datetime) -> dict[str, Any]:
    moment = moment_at([user_id], at, now=at + timedelta(days=1))
    account = moment.accounts[0].account
    orders = {row["id"]: row for row in moment_orders(moment, limit=10_000)}
    assert moment_order_counts(moment).total() == len(orders)
    for status in {row["status"] for row in orders.values()}:
        assert moment_order_counts(moment)[status] == sum(row["status"] == status for row in orders.values())
    return {
        "account": [getattr(account, name) for name in ("cash", "day_start_equity", "peak_equity", "trading_state")],
        "orders": orders,
        "open": {row.id: position_dict(row, {}) for row in moment.positions},
        "closed": {row["id"]: row for row in moment_closed(moment, limit=10_000)},
    }


def differences(found: dict[str, Any], wanted: dict[str, Any]) -> list[Any]:
    """Where the two differ: the part, the row, the field and both values."""
    facts = [
        {
            (part, id, name): value
            for part in ("orders", "open", "closed")
            for id, row in side[part].items()
            for name, value in wire(row).items()
        }
        | {("account", place, ""): value for place, value in enumerate(side["account"])}
        for side in (found, wanted)
    ]
    return [
        (key, facts[0].get(key), facts[1].get(key)) for key in facts[0] | facts[1] if facts[0].get(key) != facts[1].get(key)
    ]


@pytest.mark.parametrize("seed", range(3))
def test_any_instant_is_rebuilt_as_the_tables_stood(desk, seed, monkeypatch, settings):
    settings.PRICE_MAX_AGE_SECONDS = 7200
    monkeypatch.setattr(travel, "LANDMARK_EVERY", 40)
    monkeypatch.setattr(travel, "CHUNK", 7)
    for name in USERS[1:]:
        roomy(name, max_position_size_percent=20)
    acting, seen = Desk(seed), []
    for _ in range(120):
        acting.act()
        if acting.random.random() < 0.3:
            user_id = acting.random.choice(USERS)
            seen.append((user_id, acting.clock.at, tables(user_id)))
    run_until_idle(now=acting.clock)
    acting.clock.pass_seconds(5)
    seen += [(user_id, acting.clock.at, tables(user_id)) for user_id in USERS]
    acting.random.shuffle(seen)
    for user_id, at, then in seen:
        assert differences(rebuilt(user_id, at), then) == []
    assert Landmark.objects.exists()
    travel._remembered.clear()
    for user_id, at, then in seen:  # from the landmarks
        assert differences(rebuilt(user_id, at), then) == []


def test_a_snapshot_of_a_long_run_shows_nobody_the_future(desk):
    """Who prunes takes many snapshots at one `now`: a trade may be handled before its account's turn comes."""
    began = datetime.now(UTC)
    between = began + timedelta(microseconds=1)
    send(a_signal(size=10))
    run_until_idle()
    snapshot_take(stream="asha", now=began)
    later = datetime.now(UTC) + timedelta(minutes=1)
    account = Account.objects.get(user_id="asha")
    assert [len(travel.book_at(account, at, now=later).book.positions) for at in (between, later)] == [0, 1]


def test_the_end_of_the_log_has_the_figures_of_now(desk):
    send(a_signal(size=10), a_signal("INFY", "SELL", 5), a_signal(confidence=0))
    run_until_idle()
    rest(price=90)
    now = datetime.now(UTC)
    then, today = moment_summary(moment_at(None, now, now=now)), account_summary(None, now=now)
    same = ("cash", "realized_pnl", "positions_count", "working_orders", "orders_today", "charges", "accounts_count")
    assert {name: then[name] for name in same} == {name: today[name] for name in same}
    assert then["at_cost"] == 2  # no minute has closed: nothing is on record but what was paid
    assert then["equity"] == then["cash"] + sum(row["cost_basis"] for row in moment_positions(moment_at(None, now, now=now)))


def test_every_event_is_an_instant_of_its_own(desk):
    send(a_signal(size=10))
    run_until_idle()
    counts = []
    for at in Event.objects.filter(stream="asha").order_by("seq").values_list("processed_at", flat=True):
        assert at is not None
        moment = moment_at(["asha"], at, now=at)
        counts.append((len(moment_orders(moment, limit=9)), len(moment.positions), moment_summary(moment)["charges"] > 0))
    assert counts == [(0, 0, False), (0, 0, False), (1, 0, False), (1, 0, False), (1, 1, True), (1, 1, True)]


def test_an_order_that_waits_for_the_engine_is_pending(desk):
    order = place()
    moment = moment_at(["asha"], order.created_at, now=order.created_at)
    assert [(row["id"], row["status"]) for row in moment_orders(moment, limit=9)] == [(order.id, "PENDING")]
    run_until_idle()
    moment = moment_at(["asha"], order.created_at, now=order.created_at)
    assert moment_order_counts(moment) == {"PENDING": 1}


def test_before_its_first_event_an_account_is_not_there(desk):
    opened = first_instant(["asha"])
    assert opened is not None
    assert moment_at(["asha"], opened - timedelta(microseconds=1), now=opened).accounts == []
    assert [then.user_id for then in moment_at(None, opened, now=opened).accounts] == ["asha"]


def test_a_log_with_a_hole_cannot_be_folded(desk):
    send(a_signal(size=10))
    run_until_idle()
    Event.objects.filter(stream="asha", seq=3).delete()
    now = datetime.now(UTC)
    with pytest.raises(CannotTravelError, match="asha: its event 3 is neither in the log nor in an archive at hand"):
        moment_at(["asha"], now, now=now)
