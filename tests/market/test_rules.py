"""Strategies on closed bars: the same signals whether their history comes from memory or from the candles."""

from collections.abc import Sequence
from typing import Any

import pytest
from django.db import transaction

from engine.market import step
from engine.market.demo import demo_strategies_deploy
from engine.market.history import History
from engine.models import Alert, PendingEvent, Strategy
from engine.processing import run_until_idle
from engine.services.accounts import account_open
from tests.market.bars import START
from tests.market.market_table import apply_all, events, publish, set_up, tick

pytestmark = pytest.mark.django_db

CLOSES = [100.0] * 6 + [99, 98, 97, 99, 104, 109, 103, 97, 92, 97, 104, 111, 104, 95]


def deploy(name: str = "cross", symbols: Sequence[str] = (), user_id: str = "desk", **fields: Any) -> Strategy:
    defaults: dict[str, Any] = {"rule": "moving_average_cross", "parameters": {"fast": 2, "slow": 4}} | fields
    return Strategy.objects.create(
        id=name, account_id=user_id, name=name, symbols=list(symbols), deployed_at=START, updated_at=START, **defaults
    )


def play(closes: Sequence[float], symbols: Sequence[str] = ("INFY",), first: int = 0, one_by_one: bool = True) -> None:
    """A five-second bar a close, for each symbol."""
    for place, close in enumerate(closes, start=first):
        bar = [close, close + 1, close - 1, close, 10]
        publish(dict.fromkeys(symbols, close), 5 * place + 4.5, bars=dict.fromkeys(symbols, bar))
        if one_by_one:
            apply_all()
    apply_all()


def said() -> list[tuple[str, str, str, str, float]]:
    """What was signalled: account, strategy, symbol, direction, and the stop, from which the bars before can be told."""
    return [
        (event.stream, data["strategy_id"], data["symbol"], data["signal_type"].removeprefix("STRONG_"), data["stop_loss"])
        for event in events("signal_received")
        for data in [event.data]
    ]


def test_a_strategy_signals_as_its_rule_says_and_only_while_it_is_active():
    set_up("INFY", "TCS")
    deploy()
    deploy("paused", status="PAUSED")
    deploy("elsewhere", rule="")
    play(CLOSES)
    assert [side for *_, side, _ in said()] == ["SELL", "BUY", "SELL", "BUY", "SELL"]
    assert {signal[:3] for signal in said()} == {("desk", "cross", "INFY")}


def test_a_strategy_judges_the_symbols_that_it_trades_and_all_where_it_names_none():
    set_up("INFY", "TCS", "ITC")
    deploy("some", symbols=["INFY", "ITC"])
    deploy("all")
    play(CLOSES[:11], symbols=["INFY", "TCS"])
    assert {signal[1:3] for signal in said()} == {("some", "INFY"), ("all", "INFY"), ("all", "TCS")}


def test_each_account_gets_its_own_strategies_signals():
    set_up("INFY")
    set_up(user_id="other")
    deploy("mine")
    deploy("theirs", user_id="other")
    play(CLOSES[:8])
    assert {signal[:2] for signal in said()} == {("desk", "mine"), ("other", "theirs")}


@pytest.mark.parametrize("one_by_one", [True, False])
@pytest.mark.parametrize("restart_at", [None, 3, 9, 12])
@pytest.mark.slow
def test_memory_and_candles_say_the_same(monkeypatch, one_by_one: bool, restart_at: int | None):
    set_up("INFY", "TCS")
    deploy()
    expected = _undisturbed()
    if restart_at:
        play(CLOSES[:restart_at], ["INFY", "TCS"], one_by_one=one_by_one)
        monkeypatch.setattr(step, "history", History())
        play(CLOSES[restart_at:], ["INFY", "TCS"], first=restart_at, one_by_one=one_by_one)
    else:
        play(CLOSES, ["INFY", "TCS"], one_by_one=one_by_one)
    assert [signal[2:] for signal in said()] == expected


def _undisturbed() -> list[tuple[Any, ...]]:
    """What the strategy says on its way through all closes, in a transaction that leaves no trace."""
    with transaction.atomic():
        play(CLOSES, ["INFY", "TCS"])
        found = [signal[2:] for signal in said()]
        transaction.set_rollback(True)
    return found


def test_what_another_process_applied_in_between_is_not_missed(monkeypatch):
    set_up("INFY")
    deploy()
    ours, theirs = History(), History()
    for place, close in enumerate(CLOSES):
        monkeypatch.setattr(step, "history", (ours, theirs)[place // 3 % 2])
        play([close], first=place)
    assert [side for *_, side, _ in said()] == ["SELL", "BUY", "SELL", "BUY", "SELL"]


def test_a_batch_that_was_rolled_back_leaves_nothing_in_the_memory():
    set_up("INFY")
    deploy()
    play(CLOSES[:9])
    before = said()
    with transaction.atomic():
        play([150, 50, 150], first=9)
        transaction.set_rollback(True)
    play(CLOSES[9:], first=9)
    assert said()[: len(before)] == before
    assert [side for *_, side, _ in said()] == ["SELL", "BUY", "SELL", "BUY", "SELL"]


@pytest.mark.slow
def test_a_replay_from_the_start_looks_back_on_its_own_past_only():
    set_up("INFY")
    deploy()
    play(CLOSES)
    first = said()
    play(CLOSES)
    assert said() == first * 2


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"parameters": {"fast": 9, "slow": 4}}, "fast must be shorter than slow"),
        ({"parameters": {"speed": 1}}, "has no parameter 'speed'"),
        ({"rule": "astrology"}, "astrology"),
    ],
)
def test_a_strategy_that_cannot_run_is_paused_and_the_others_go_on(fields: dict[str, Any], reason: str):
    set_up("INFY")
    deploy()
    deploy("broken", **fields)
    play(CLOSES[:7])
    run_until_idle()
    play(CLOSES[7:12], first=7)
    broken = Strategy.objects.get(id="broken")
    assert broken.status == "PAUSED"
    assert reason in broken.status_reason
    assert Alert.objects.get().fingerprint == "strategy:broken"
    assert [side for *_, side, _ in said()] == ["SELL", "BUY"]


def test_the_demo_strategies_are_deployed_once_for_each_account():
    set_up("INFY")
    longest = "x" * 64
    account_open(user_id=longest, now=START)
    assert len(demo_strategies_deploy("desk", now=START)) == 3
    assert demo_strategies_deploy("desk", now=START) == []
    assert len(demo_strategies_deploy(longest, now=START)) == 3
    run_until_idle()
    assert Strategy.objects.filter(status="ACTIVE").count() == 6
    assert len(events("strategy_started")) == 6
    assert not PendingEvent.objects.exists()
    tick({"INFY": 100}, 4.5, bars={"INFY": [100, 100, 100, 100, 1]})
