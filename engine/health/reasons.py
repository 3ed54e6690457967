"""Why a part is not well: what `engine.health.verdict` judged by, in words. Nothing to say where it is operational."""

from collections.abc import Iterator

from engine.domain.brokers import BreakerState
from engine.domain.enums import Component, Lane
from engine.health.probes import Findings


def reasons(found: Findings) -> dict[str, list[str]]:
    """For each of the seven parts what is wrong with it."""
    said = {
        Component.CONFIGURATION: [*found.config_problems],
        Component.MONITORING: [] if any(lane.alive for lane in found.lanes.values()) else ["no worker goes through any lane"],
        Component.EVENT_BUS: [*_bus(found), *_lanes(found, *Lane)],
        Component.ORDER_EXECUTOR: [*_lanes(found, Lane.ORDER_PROCESSING), *_broker(found), *_prices(found)],
        Component.RISK_ENGINE: [*_lanes(found, Lane.RISK_MONITORING, Lane.HIGH_PRIORITY), *_switches(found)],
        Component.POSITION_MANAGER: [*_lanes(found, Lane.POSITION_MANAGEMENT)],
        Component.STRATEGY_MANAGER: [*_lanes(found, Lane.MARKET_DATA), *_strategies(found)],
    }
    return {component.value: words for component, words in said.items()}


def _bus(found: Findings) -> Iterator[str]:
    if not found.layer_answers:
        yield "the channel layer does not answer: pages and lanes poll"
    if found.dead_letters:
        yield (
            f"{found.dead_letters} dead letters wait to be requeued"
            if found.dead_letters > 1
            else "a dead letter waits to be requeued"
        )


def _lanes(found: Findings, *lanes: Lane) -> Iterator[str]:
    for lane in lanes:
        state, name = found.lanes[lane], lane.replace("_", " ")
        if not state.alive:
            yield f"no worker handles {name}, where {state.waiting} wait"
        elif state.is_late:
            yield f"{name} is behind: the oldest of {state.waiting} waits for {state.lag.total_seconds():.0f} s"


def _broker(found: Findings) -> Iterator[str]:
    if found.broker and found.breaker is not BreakerState.CLOSED:
        yield f"{found.broker.name} cannot be reached: the circuit breaker is {found.breaker.lower().replace('_', ' ')}"


def _prices(found: Findings) -> Iterator[str]:
    if found.prices.status == "none":
        yield "no price has come in yet: the paper broker fills at the last one"
    elif found.prices.status == "stale" and found.prices.age:
        yield f"the last price is {found.prices.age.total_seconds():.0f} s old: orders are refused"


def _switches(found: Findings) -> Iterator[str]:
    if not found.config.risk_check_enabled:
        yield "risk checks are switched off"
    if not found.config.emergency_stop_enabled:
        yield "emergency stops are switched off"


def _strategies(found: Findings) -> Iterator[str]:
    if found.strategies_failed:
        yield "a strategy is in ERROR" if found.strategies_failed == 1 else f"{found.strategies_failed} strategies are in ERROR"
