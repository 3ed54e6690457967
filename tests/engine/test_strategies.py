"""Strategies in a real database: deployed, sent from state to state, limited; and the log tells the same story."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine import log
from engine.domain.deployment import StrategyInput
from engine.domain.enums import Lane
from engine.domain.events import EventType, new_event
from engine.domain.intervals import IST
from engine.folding import snapshot_take
from engine.models import Alert, Order, Position, Signal, Strategy, StrategyStage
from engine.processing import run_lane, run_until_idle
from engine.selectors.strategy_list import measured_by
from engine.services import strategies, trading
from engine.services.errors import ImpossibleStep, InvalidStrategy, UnknownAccount, UnknownStrategy
from engine.shelf import shelf
from engine.verification import verify
from tests.engine.flow import a_signal, assert_sound, held, rest, send, set_price

pytestmark = pytest.mark.usefixtures("desk")

WANTED: dict[str, Any] = {"name": "Dip buyer", "symbols": ["RELIANCE", "INFY", "BAD"]}


def now() -> datetime:
    return datetime.now(UTC)


def deploy(user_id: str = "asha", **fields: Any) -> Strategy:
    wanted = StrategyInput(**WANTED | fields)
    return strategies.strategy_deploy(user_id=user_id, strategy=wanted, by="asha", now=now())


def act(action: Callable[..., object], strategy: Strategy, **more: Any) -> None:
    action(strategy_id=strategy.id, by="asha", reason="because", now=now(), **more)


def trade(strategy: Strategy, bought: Any = 100, sold: Any = 100, symbol: str = "RELIANCE", size: int = 10) -> None:
    set_price(symbol, bought)
    send(a_signal(symbol, "BUY", size, strategy_id=strategy.id))
    run_until_idle()
    set_price(symbol, sold)
    send(a_signal(symbol, "SELL", size, strategy_id=strategy.id))
    run_until_idle()


def stages(strategy: Strategy) -> list[tuple[str, str, str]]:
    """Oldest first."""
    return list(strategy.stages.order_by("at", "number").values_list("stage", "previous_stage", "triggered_by"))


def status(strategy: Strategy) -> str:
    strategy.refresh_from_db()
    return strategy.status


def test_deployed_it_trades_and_its_log_says_how_it_came_about():
    strategy = deploy(rule="breakout", parameters={"length": 30})
    assert strategy.id.startswith("strategy_asha_20")
    assert strategy.parameters == {"length": 30, "stop_ranges": 2.0, "target_ranges": 3.0}
    trade(strategy, 100, 110)
    strategy.refresh_from_db()
    assert (strategy.signals, strategy.trades, strategy.wins, strategy.open_positions) == (2, 1, 1, 0)
    closed = Position.objects.get(strategy_id=strategy.id)
    assert strategy.net_pnl == closed.realized_pnl - closed.charges
    assert [stage for stage, _, _ in stages(strategy)] == ["CREATED", "VALIDATED", "DEPLOYED", "ACTIVE"]
    assert_sound()


def test_two_in_one_second_have_ids_of_their_own():
    assert len({deploy().id for _ in range(3)}) == 3


def test_everything_that_is_wrong_is_said_at_once_and_nothing_is_stored():
    wrong: dict[str, Any] = {
        "name": " ",
        "symbols": ["RELIANCE", "NOSUCH", ""],
        "rule": "moving_average_cross",
        "parameters": {"fast": 30, "speed": 1, "slow": 1},
        "max_positions": 0,
        "max_daily_trades": -1,
        "max_drawdown_percent": Decimal(31),
    }
    with pytest.raises(InvalidStrategy) as caught:
        deploy(**wrong)
    assert [field for field, _ in caught.value.problems] == [
        "name", "symbols", "symbols", "max_positions", "max_daily_trades", "max_drawdown_percent", "parameters", "parameters",
    ]  # fmt: skip
    assert not Strategy.objects.exists()
    with pytest.raises(UnknownAccount):
        deploy("nobody")


def test_validating_stores_nothing_and_warns_of_what_is_much():
    wanted = StrategyInput(**WANTED | {"max_positions": 51, "max_daily_trades": 201, "rule": "breakout"})
    verdict = strategies.strategy_validate(strategy=wanted)
    assert verdict.problems == []
    assert verdict.warnings == ["51 positions at once are many: more than 50", "201 trades a day are many: more than 200"]
    assert not Strategy.objects.exists()


def test_paused_it_trades_no_more_from_the_moment_that_the_call_returns():
    strategy = deploy()
    trade(strategy)
    act(strategies.strategy_pause, strategy)
    assert status(strategy) == "PAUSED"
    send(a_signal(strategy_id=strategy.id))  # its lane comes before the pause's
    run_until_idle()
    assert Signal.objects.order_by("-received_at")[0].reason == "strategy is PAUSED"
    act(strategies.strategy_resume, strategy)
    send(a_signal(strategy_id=strategy.id))
    run_until_idle()
    assert held() == {"RELIANCE": 10}
    assert status(strategy) == "ACTIVE"
    assert stages(strategy)[-2:] == [("PAUSED", "ACTIVE", "USER"), ("ACTIVE", "PAUSED", "USER")]
    assert_sound()


@pytest.mark.parametrize("closing", [True, False])
def test_stopped_it_leaves_the_market_or_keeps_what_it_holds(closing):
    strategy = deploy()
    send(a_signal(strategy_id=strategy.id), a_signal("INFY", "SELL", strategy_id=strategy.id), a_signal("INFY"))
    resting = rest(strategy_id=strategy.id)
    act(strategies.strategy_stop, strategy, close_positions=closing)
    run_until_idle()
    of_it = Position.objects.filter(strategy_id=strategy.id, status="OPEN").count()
    assert of_it == (0 if closing else 2)
    assert held()["INFY"] == (10 if closing else held()["INFY"])
    resting.refresh_from_db()
    assert (resting.status, resting.reason) == ("CANCELLED", "its strategy was stopped")
    assert status(strategy) == "STOPPED"
    assert_sound()


def test_retired_it_stays_so():
    strategy = deploy()
    act(strategies.strategy_retire, strategy)
    run_until_idle()
    for step in (strategies.strategy_resume, strategies.strategy_pause, strategies.strategy_stop, strategies.strategy_retire):
        with pytest.raises(ImpossibleStep, match="the strategy is RETIRED"):
            act(step, strategy)
    with pytest.raises(ImpossibleStep):
        act(strategies.strategy_modify, strategy, changes={"max_positions": 3})
    send(a_signal(strategy_id=strategy.id))
    run_until_idle()
    assert held() == {}
    with pytest.raises(UnknownStrategy):
        strategies.strategy_pause(strategy_id="nobody", by="asha", reason="", now=now())
    assert_sound()


def test_halted_nobody_resumes_a_strategy():
    strategy = deploy()
    trading.emergency_stop(user_ids=["asha"], by="chief", reason="drill", now=now())
    run_until_idle()
    assert stages(strategy)[-1] == ("PAUSED", "ACTIVE", "RISK")
    with pytest.raises(ImpossibleStep, match="trading is HALTED"):
        act(strategies.strategy_resume, strategy)
    trading.trading_resume(user_ids=["asha"], by="chief", reason="over", now=now())
    run_until_idle()
    assert status(strategy) == "ACTIVE"
    assert_sound()


def test_modified_its_new_limits_hold_for_new_trades_and_what_it_holds_stays():
    strategy = deploy(rule="breakout")
    send(a_signal(strategy_id=strategy.id), a_signal("INFY", strategy_id=strategy.id))
    run_until_idle()
    act(strategies.strategy_modify, strategy, changes={"max_positions": 2, "length": 40, "symbols": ["RELIANCE", "BAD"]})
    send(a_signal("BAD", strategy_id=strategy.id))
    run_until_idle()
    assert Signal.objects.order_by("-received_at")[0].reason == "the strategy holds 2 positions, 2 are allowed"
    assert held() == {"RELIANCE": 10, "INFY": 10}
    strategy.refresh_from_db()
    assert (strategy.parameters["length"], strategy.symbols, strategy.max_positions) == (40, ["RELIANCE", "BAD"], 2)
    step = strategy.stages.latest("at")
    assert (step.stage, step.previous_stage, step.metadata["changes"]["max_positions"]) == ("ACTIVE", "ACTIVE", 2)
    with pytest.raises(InvalidStrategy, match="nothing would change"):
        act(strategies.strategy_modify, strategy, changes={"max_positions": 2})
    with pytest.raises(InvalidStrategy, match="no parameter 'speed'"):
        act(strategies.strategy_modify, strategy, changes={"speed": 2})
    assert_sound()


def test_at_its_drawdown_it_is_stopped_with_its_positions_and_an_alert():
    strategy = deploy(capital=Decimal(2000), max_drawdown_percent=Decimal(10))
    send(a_signal("INFY", strategy_id=strategy.id))
    trade(strategy, 100, 75)
    assert status(strategy) == "STOPPED"
    assert strategy.status_reason.startswith("drawdown 12.5")
    assert held() == {}
    alert = Alert.objects.get(fingerprint=f"strategy:{strategy.id}")
    assert (alert.level, alert.data["limit_name"], alert.data["limit"]) == ("ERROR", "max_drawdown_percent", 10)
    assert stages(strategy)[-1] == ("STOPPED", "ACTIVE", "RISK")
    act(strategies.strategy_resume, strategy)
    run_until_idle()
    alert.refresh_from_db()
    assert alert.status == "RESOLVED"
    trade(strategy)
    assert status(strategy) == "ACTIVE"  # what it lost before was looked at
    assert_sound()


def test_what_it_did_is_the_same_after_a_restart_a_fold_and_a_snapshot():
    strategy = deploy(max_daily_trades=4)
    for _ in range(2):
        trade(strategy)
    shelf.clear()  # as after a restart
    trade(strategy)
    snapshot_take(stream="asha", now=now())
    assert_sound()
    trade(strategy)
    trade(strategy)
    strategy.refresh_from_db()
    assert (strategy.trades_today, strategy.trades, strategy.signals) == (4, 4, 10)
    assert Signal.objects.filter(reason="the strategy made 4 trades today, 4 are allowed").count() == 2
    assert_sound()


def test_verification_finds_a_count_that_the_log_does_not_know():
    strategy = deploy()
    trade(strategy)
    assert_sound()
    Strategy.objects.filter(id=strategy.id).update(trades_today=7)
    assert [difference.what for difference in verify().differences] == [f"strategy {strategy.id} trades_today"]


def test_one_deployed_before_there_were_limits_has_none_until_somebody_resumes_it():
    old = Strategy.objects.create(id="old", account_id="asha", name="old", deployed_at=now(), updated_at=now(), max_positions=1)
    send(a_signal(strategy_id="old"), a_signal("INFY", strategy_id="old"))
    run_until_idle()
    assert len(held()) == 2
    act(strategies.strategy_pause, old)
    act(strategies.strategy_resume, old)
    send(a_signal("BAD", strategy_id="old"))
    run_until_idle()
    assert len(held()) == 2
    old.refresh_from_db()
    assert old.open_positions == 2
    assert_sound()


def test_a_batch_with_strategies_costs_as_many_statements_for_many_as_for_one(django_assert_num_queries):
    from tests.engine.flow import count_statements

    one = deploy()
    many = [deploy() for _ in range(5)]
    run_until_idle()
    send(a_signal(strategy_id=one.id), a_signal("INFY", strategy_id=one.id))
    few = count_statements(lambda: run_lane(Lane.ORDER_PROCESSING))
    send(*(a_signal(symbol, strategy_id=strategy.id) for strategy in many for symbol in ("RELIANCE", "INFY")))
    assert count_statements(lambda: run_lane(Lane.ORDER_PROCESSING)) == few
    run_until_idle()
    assert Order.objects.count() == 12
    assert StrategyStage.objects.count() == 24


def test_the_days_trades_are_those_of_the_markets_day():
    strategy = deploy(max_daily_trades=1)
    trade(strategy)
    tomorrow = (now().astimezone(IST) + timedelta(days=1)).date().isoformat()
    log.append([new_event(EventType.TRADING_DAY_STARTED, "asha", now(), {"day": tomorrow, "equity": 10**6})], now=now())
    run_until_idle()
    trade(strategy)
    strategy.refresh_from_db()
    assert strategy.trades == 2
    assert_sound()


def test_the_day_that_a_strategys_figures_count_up_to_turns_at_midnight_in_india():
    strategy = Strategy.objects.select_related("account").get(id=deploy().id)
    evening = datetime(2026, 11, 24, 18, 29, tzinfo=UTC)
    before, after, still = (measured_by(strategy, evening + timedelta(hours=hours)) for hours in (0, 1, 7))
    assert before != after == still
