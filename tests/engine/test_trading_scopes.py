"""The trading state of everybody, of an account, of a strategy and of a symbol: durable, and closed when in doubt."""

from datetime import UTC, datetime

import pytest
from django.db.models import Value

from engine import store
from engine.domain.enums import HaltScope, Side, TradingState
from engine.market.desk import Desk, Quotes
from engine.models import Account, Alert, DeskState, Event, Order, Position, Signal, Strategy
from engine.processing import run_until_idle
from engine.services.errors import ServiceError
from engine.services.trading import THE_ACCOUNT, Target, emergency_stop, trading_resume
from engine.shelf import shelf
from tests.engine.conftest import roomy
from tests.engine.flow import a_signal, assert_sound, held, rest, send, set_price

pytestmark = pytest.mark.usefixtures("desk")

EVERYBODY = Target(HaltScope.GLOBAL)
INFY = Target(HaltScope.SYMBOL, "INFY")
TREND = Target(HaltScope.STRATEGY, "trend")


def stop(target=THE_ACCOUNT, **options):
    found = emergency_stop(user_ids=["asha"], by="chief", reason="too hot", now=datetime.now(UTC), target=target, **options)
    run_until_idle()
    return found


def resume(target=THE_ACCOUNT):
    found = trading_resume(user_ids=["asha"], by="chief", reason="cooled down", now=datetime.now(UTC), target=target)
    run_until_idle()
    return found


def try_to_buy(symbol="INFY", **fields):
    """Whether a signal for the symbol becomes an order, and if not why."""
    send(a_signal(symbol, size=1, **fields))
    run_until_idle()
    latest = Signal.objects.latest("received_at")
    return latest.reason or latest.decision


@pytest.fixture
def trend():
    now = datetime.now(UTC)
    for id in ("trend", "other"):
        Strategy.objects.create(id=id, account_id="asha", name=id, deployed_at=now, updated_at=now)


@pytest.mark.parametrize(
    ("target", "stopped", "free", "reason"),
    [
        (INFY, {"symbol": "INFY"}, {"symbol": "RELIANCE"}, "the symbol INFY is HALTED"),
        (TREND, {"strategy_id": "trend"}, {"strategy_id": "other"}, "the strategy trend is HALTED; strategy is PAUSED"),
        (EVERYBODY, {"strategy_id": "other"}, None, "trading is HALTED everywhere; strategy is PAUSED"),
    ],
)
def test_a_stop_stops_what_it_is_about(trend, target, stopped, free, reason):
    resting = rest(symbol="INFY", strategy_id="trend")
    result = stop(target)
    assert result.orders_cancelled == 1
    resting.refresh_from_db()
    assert (resting.status, resting.reason) == ("CANCELLED", "emergency stop")
    shelf.clear()
    assert try_to_buy(**stopped) == reason
    if free:
        assert try_to_buy(**free) == "ORDERED"
    assert stop(target).user_ids == []
    assert Event.objects.filter(type="emergency_stop").count() == 1
    assert_sound()
    resume(target)
    assert try_to_buy(**stopped) == "ORDERED"
    assert set(Strategy.objects.values_list("status", flat=True)) == {"ACTIVE"}
    assert not Alert.objects.open().filter(fingerprint__startswith="halt:").exists()
    assert_sound()


def test_the_stop_of_everybody_is_for_accounts_opened_later_too():
    stop(EVERYBODY)
    roomy("ravi")
    send(user_id="ravi")
    run_until_idle()
    assert Signal.objects.get().reason == "trading is HALTED everywhere"
    assert Alert.objects.get(fingerprint="halt:everybody").level == "CRITICAL"


def test_resuming_everybody_leaves_an_account_halted_that_was(trend):
    stop()
    stop(EVERYBODY)
    resume(EVERYBODY)
    assert try_to_buy() == "trading is HALTED"
    resume()
    assert try_to_buy(strategy_id="trend") == "ORDERED"


@pytest.mark.parametrize("broken", ["missing", "unreadable"])
def test_a_state_that_cannot_be_read_is_a_halt(broken, monkeypatch):
    send(a_signal(size=5))
    run_until_idle()
    if broken == "missing":
        DeskState.objects.all().delete()
    else:
        monkeypatch.setattr(store, "DESK_STATE", Value("FINE"))
    Account.objects.update(updated_at=datetime.now(UTC))
    assert try_to_buy() == "trading is HALTED everywhere"
    assert held() == {"RELIANCE": 5}


def test_an_account_and_a_block_in_a_state_that_nobody_knows_are_halted():
    account = Account.objects.get()
    account.trading_state, account.trading_blocks = "FINE", {"symbol:INFY": "OPEN"}
    book = store._book(account)
    assert (book.trading_state, book.blocks) == (TradingState.HALTED, {"symbol:INFY": TradingState.HALTED})
    assert [store.state_named(word) for word in (None, "", "active", "ACTIVE")] == ["HALTED"] * 3 + ["ACTIVE"]


@pytest.mark.parametrize("target", [THE_ACCOUNT, INFY, EVERYBODY])
def test_flattening_closes_what_is_held_through_the_engine(target):
    send(a_signal("INFY", size=5), a_signal("RELIANCE", "SELL", 7))
    run_until_idle()
    result = stop(target, flatten=True)
    closed = 1 if target is INFY else 2
    assert (result.positions_closing, Position.objects.filter(status="CLOSED").count()) == (closed, closed)
    orders = Order.objects.filter(sizing="emergency stop: closes the whole position")
    assert set(orders.values_list("status", flat=True)) == {"FILLED"}
    assert "REDUCING" in try_to_buy("INFY")
    assert stop(target, flatten=True).user_ids == []
    assert_sound()


def test_reducing_lets_exits_stay_and_pass():
    send(a_signal("INFY", size=5))
    run_until_idle()
    entry, way_out = rest(symbol="INFY", price=90), rest(Side.SELL, symbol="INFY", price=110, quantity=5)
    stop(state=TradingState.REDUCING)
    entry.refresh_from_db()
    way_out.refresh_from_db()
    assert (entry.status, way_out.status) == ("CANCELLED", "SUBMITTED")
    assert try_to_buy() == "trading is REDUCING"
    assert stop(state=TradingState.REDUCING).user_ids == []
    assert stop().user_ids == ["asha"]  # a halt is more
    assert stop(state=TradingState.REDUCING).user_ids == []  # and is not made less
    assert_sound()


def test_a_drill_changes_nothing(trend):
    send(a_signal("INFY", size=5))
    rest()
    before = Event.objects.count()
    result = stop(EVERYBODY, flatten=True, drill=True)
    assert (result.orders_cancelled, result.strategies_paused, result.positions_closing) == (1, 2, 1)
    assert (result.user_ids, Event.objects.count(), DeskState.objects.get().state) == (["asha"], before, "ACTIVE")
    assert not Alert.objects.filter(fingerprint__startswith="halt:").exists()


@pytest.mark.parametrize(("scope", "name"), [(HaltScope.SYMBOL, ""), (HaltScope.GLOBAL, "INFY")])
def test_a_name_belongs_to_a_strategy_or_a_symbol(scope, name):
    with pytest.raises(ServiceError, match="a strategy or a symbol has a name"):
        Target(scope, name)


def test_no_stop_lets_trading_go_on():
    with pytest.raises(ServiceError, match="resume it"):
        stop(state=TradingState.ACTIVE)


def test_in_a_halted_symbol_a_price_sets_off_no_exit():
    send(a_signal("INFY", size=5, stop_loss=95))
    run_until_idle()
    set_price("INFY", 90)
    quotes = Quotes(store.quotes(["INFY"]))
    assert [event.type for event in Desk().reached(["INFY"], quotes, datetime.now(UTC))] == ["stop_loss_executed"]
    for target in (INFY, TREND, EVERYBODY):
        stop(target)
        exits = Desk().reached(["INFY"], quotes, datetime.now(UTC))
        assert bool(exits) is (target is TREND)
        resume(target)


@pytest.mark.parametrize("target", [THE_ACCOUNT, EVERYBODY, INFY])
@pytest.mark.parametrize("milder", [{"flatten": True}, {"state": TradingState.REDUCING}])
def test_a_full_halt_counts_while_a_milder_stop_waits_for_the_engine(target, milder):
    given = {"user_ids": ["asha"], "by": "chief", "target": target}
    emergency_stop(reason="out of it", now=datetime.now(UTC), **given, **milder)
    for expected in (["asha"], []):  # asked for twice, it is one
        assert emergency_stop(reason="all of it", now=datetime.now(UTC), **given).user_ids == expected
    run_until_idle()
    stop(target)
    assert Event.objects.filter(type="emergency_stop").count() == 2
    book = store.load_apart("asha")
    assert book
    assert book.state_for("INFY", "") is TradingState.HALTED
    assert_sound()
