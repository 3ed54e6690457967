"""A part that is not operational says why, and one that is has nothing to say."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.config import Config
from engine.domain.enums import Lane
from engine.health import verdict
from engine.health.probes import Findings, LaneState, Prices, look
from engine.health.reasons import reasons

NOW = datetime(2026, 3, 2, 6, 30, tzinfo=UTC)
WELL = {lane: LaneState(alive=True, waiting=0, lag=timedelta(0)) for lane in Lane}
FRESH = Prices("simulated", NOW, timedelta(seconds=1))
FAULTS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "a lane without a worker": {"lanes": WELL | {Lane.RISK_MONITORING: LaneState(False, 3, timedelta(0))}},
    "a lane that is behind": {"lanes": WELL | {Lane.ORDER_PROCESSING: LaneState(True, 9, timedelta(seconds=40))}},
    "no worker at all": {"lanes": {lane: LaneState(False, 0, timedelta(0)) for lane in Lane}},
    "no layer": {"layer_answers": False},
    "a dead letter": {"dead_letters": 1},
    "a setting that does not hold": {"config_problems": ["max_leverage must be more than 0 and at most 100"]},
    "switched off": {"config": Config(risk_check_enabled=False, emergency_stop_enabled=False)},
    "no price": {"prices": Prices()},
    "stale prices": {"prices": Prices("simulated", NOW, timedelta(hours=1))},
    "a strategy in error": {"strategies_failed": 2},
}


def found(**faults: Any) -> Findings:
    well: dict[str, Any] = {"lanes": WELL, "prices": FRESH, "layer_answers": True, "config": Config(), "config_problems": []}
    return replace(look(now=NOW), **(well | faults))


@pytest.mark.django_db
@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS.keys())
def test_what_is_not_operational_says_why(faults: dict[str, Any]) -> None:
    findings = found(**faults)
    said = reasons(findings)
    assert {name: bool(words) for name, words in said.items()} == {
        name: state != verdict.OPERATIONAL for name, state in verdict.components(findings).items()
    }
    assert bool(faults) == any(said.values())
