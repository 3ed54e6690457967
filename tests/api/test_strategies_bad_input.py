"""Strategies asked for in every wrong way: refused with what is wrong, and nothing is stored."""

import json
from typing import Any

import pytest

from engine.models import Strategy
from tests.api.contract import PROBLEM, differences
from tests.api.test_strategies import WANTED, deploy, stored
from tests.support.api import PREFIX, Api

WRONG: dict[str, list[Any]] = {
    "name": [None, 5, [], "\x00", "\ud800"],
    "description": [None, 5, "\x00"],
    "strategy_type": [None, "", "ASTROLOGY", 5],
    "symbols": [None, "RELIANCE", [""], ["<script>"], [5], ["A" * 33], ["RELIANCE"] * 1001],
    "parameters": [None, 5, [], "x"],
    "rule": [5, "r" * 65],
    "max_positions": [None, "many", 1.5, 10**30, []],
    "max_daily_trades": [None, "x", 2**31],
    "max_drawdown_percent": [None, "x", "nan", -1, 101],
    "capital": ["x", "inf", -1, 1e300],
    "user_id": [5, "a b", "../asha"],
}
REFUSED: dict[str, list[Any]] = {
    "name": ["", " ", "n" * 121],
    "description": ["d" * 2_001],
    "symbols": [[], ["NOSUCH"], ["RELIANCE", "reliance"], ["RELIANCE"] * 501],
    "rule": ["astrology", "<script>alert(1)</script>"],
    "parameters": [
        {"length": -0.0},
        {"length": True},
        {"length": 10**400},
        {"length": "x" * 100_000},
        {"x" * 10_000: 1},
        {f"p{n}": n for n in range(51)},
        {"length": {"a": [[[]]]}},
    ],
    "max_positions": [0, -1, -0, 10_001],
    "max_daily_trades": [0, 100_001],
    "max_drawdown_percent": [0, 30.1],
    "max_errors": [0],
}


@pytest.mark.parametrize("field", WRONG)
def test_a_wrong_deployment_is_422_and_stores_nothing(chief: Api, field: str) -> None:
    before = stored()
    for value in WRONG[field]:
        answer = chief.post("/strategies/asha/deploy", WANTED | {field: value}, status=422)
        assert differences(answer, PROBLEM) == []
        assert len(json.dumps(answer)) < 50_000
    assert stored() == before


@pytest.mark.parametrize("field", REFUSED)
def test_a_deployment_that_makes_no_sense_is_refused_and_stores_nothing(chief: Api, field: str) -> None:
    before = stored()
    for value in REFUSED[field]:
        answer = chief.post("/strategies/asha/deploy", WANTED | {field: value})
        assert answer["status"] == "failed", value
        assert field in {problem["field"] for problem in answer["details"]}
        assert len(json.dumps(answer)) < 50_000
    assert stored() == before


def test_parameters_of_a_strategy_that_runs_elsewhere_are_its_own_within_bounds(chief: Api) -> None:
    own: dict[str, Any] = {
        "rule": None,
        "parameters": {"note": "<script>alert(1)</script>", "levels": [1, 2.5, None], "deep": {"a": [1]}},
    }
    strategy_id = deploy(chief, **own)
    assert Strategy.objects.get(id=strategy_id).parameters == own["parameters"]
    for odd in ({"x": 10**16}, {"x": [-(10**300)]}, {"x": [[[[[[1]]]]]]}):
        assert chief.post("/strategies/asha/deploy", WANTED | {"rule": None, "parameters": odd})["status"] == "failed"


ODD_BODIES = [b"", b"[]", b"null", b"7", b'{"action_type": "STOP", "reason": 5}', b'{"action_type": "PAUSE"}', b"[" * 100_000,
    b'{"action_type": "MODIFY", "reason": "x", "parameters": {"max_positions": 1e400}}',
    b'{"action_type": "MODIFY", "reason": "x", "parameters": {"capital": "nan"}}',
    b'{"action_type": "STOP", "reason": "x", "parameters": {"close_positions": "perhaps"}}',
    b'{"action_type": "PAUSE", "reason": "\\u0000"}', b'{"action_type": "PAUSE", "reason": "\\ud800"}',
    b'{"action_type": "PAUSE", "reason": "' + b"x" * 201 + b'"}']  # fmt: skip


@pytest.mark.parametrize("raw", ODD_BODIES, ids=lambda raw: raw[:40].decode())
@pytest.mark.slow
def test_an_odd_control_is_4xx_and_changes_nothing(chief: Api, raw: bytes) -> None:
    strategy_id = deploy(chief)
    before = stored()
    answer = chief.client.post(
        f"{PREFIX}/strategies/{strategy_id}/control", raw, content_type="application/json", headers=chief.headers
    )
    assert 400 <= answer.status_code < 500
    assert differences(answer.json(), PROBLEM) == []
    assert stored() == before
