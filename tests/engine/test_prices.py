"""The market_data lane: prices are applied in order, and a slice that cannot be applied does not stop the next."""

from datetime import UTC, datetime
from typing import Any

import pytest

from engine import processing
from engine.domain.enums import Lane, Side
from engine.models import Account, Alert, Event, Instrument, PendingPrices, Stream
from engine.processing import run_lane, run_until_idle
from engine.services.trading import emergency_stop, trading_resume
from tests.engine.flow import a_signal, assert_sound, held, rest, send

pytestmark = pytest.mark.usefixtures("desk")


def tick(price: Any, symbol: str = "RELIANCE") -> None:
    now = datetime.now(UTC)
    PendingPrices.objects.create(at=now, source="replay", interval="1m", prices={symbol: price}, bars={}, created_at=now)


def last_price() -> Any:
    return Instrument.objects.get(symbol="RELIANCE").last_price


def test_a_resting_order_fills_when_its_price_comes():
    rest(Side.BUY, price=95)
    tick(96)
    run_until_idle()
    assert held() == {}
    tick(95)
    run_until_idle()
    assert held() == {"RELIANCE": 10}
    assert_sound()


def test_a_stop_loss_takes_a_position_out():
    send(a_signal(size=10, stop_loss=95, target_price=110))
    tick(100)
    run_until_idle()
    assert held() == {"RELIANCE": 10}
    tick("94.5")
    run_until_idle()
    assert held() == {}
    assert Event.objects.get(type="stop_loss_executed").data["kind"] == "stop_loss"
    assert_sound()


def test_halted_a_stop_loss_waits_without_filling_the_log():
    send(a_signal(size=10, stop_loss=95))
    run_until_idle()
    emergency_stop(user_ids=["asha"], by="chief", reason="too hot", now=datetime.now(UTC))
    run_until_idle()
    handled = Stream.objects.get(name="asha").seq
    for price in (94, 93, 92):
        tick(price)
        run_until_idle()
    assert (held(), Stream.objects.get(name="asha").seq) == ({"RELIANCE": 10}, handled)
    trading_resume(user_ids=["asha"], by="chief", reason="cooled down", now=datetime.now(UTC))
    run_until_idle()
    tick(91)
    run_until_idle()
    assert held() == {}
    assert_sound()


@pytest.mark.parametrize("bad", ["much", {"a": 1}, None])
def test_a_bad_slice_is_set_aside_with_an_alert_and_the_next_goes_on(bad):
    tick(101)
    tick(bad)
    tick(103)
    run_until_idle()
    assert (last_price(), PendingPrices.objects.count()) == (103, 0)
    alert = Alert.objects.get()
    assert (alert.level, alert.title) == ("ERROR", "A slice of prices was dropped")
    assert_sound()


def test_prices_count_as_the_markets_own_stream():
    for price in (101, 102, 103):
        tick(price)
    assert run_lane(Lane.MARKET_DATA) == 3
    assert Stream.objects.get(name="$market").seq >= 3
    assert processing.run_prices(now=lambda: datetime.now(UTC)) == 0


def test_a_new_day_starts_from_the_equity_of_the_last():
    Account.objects.update(trading_day="2020-01-01")
    send(a_signal(size=10))
    run_until_idle()
    tick(150)
    run_until_idle()
    account = Account.objects.get()
    assert account.trading_day.year > 2020
    assert account.day_start_equity < 1_000_000  # at the prices of just before
    assert_sound()
