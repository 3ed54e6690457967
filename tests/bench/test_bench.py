"""The benchmarks in quick mode: every row runs, both sides of a comparison write the same rows, and the report says misses."""

import json

import pytest

from bench import report
from bench.places import NotHere
from bench.result import Goal, NotMeasured, Result, Scale, at_least, at_most
from bench.rows import ROWS
from bench.subjects import throughput
from tests.support.reach import unavailable

MACHINE = {"date": "2026-01-05", "machine": "2 × a processor"}
# what they need beside SQLite; they start real processes, which pytest's own marks cannot see
needs_services = [pytest.mark.process, pytest.mark.postgres, pytest.mark.redis]


@pytest.mark.parametrize("name", [pytest.param(name, marks=needs_services) for name in ROWS])
def test_every_row_runs(name: str) -> None:
    try:
        results = ROWS[name](Scale(quick=True))
    except NotHere as error:
        unavailable("benchmarks", str(error))
    assert results
    for result in results:
        assert result.ours > 0
        assert result.limit is None or (result.limit > 0 and result.limit_is)


def test_sides_that_write_different_rows_are_not_compared() -> None:
    ours = {"rows": {"engine_order": 5, "engine_metricbucket": 0}}
    throughput.check_rows(ours, {"rows": {"engine_order": 5, "engine_metricbucket": 2}})
    with pytest.raises(throughput.RowsDiffer):
        throughput.check_rows(ours, {"rows": {"engine_order": 4, "engine_metricbucket": 0}})


def test_a_figure_is_the_median_and_stands_beside_its_limit() -> None:
    result = Result("what", "/s", (3, 1, 2), (), "the limit", (4, 8, 2))
    assert (result.ours, result.limit, result.ratio) == (2, 4, 0.5)


@pytest.mark.parametrize(
    ("goal", "is_met"), [(at_least(5, 5, "/s"), True), (at_least(4, 5, "/s"), False), (at_most(6, 5, "ms"), False)]
)
def test_a_goal_is_met_or_not(goal: Goal, is_met: bool) -> None:
    assert goal.is_met is is_met


def test_the_report_tells_a_miss_as_a_miss(tmp_path) -> None:
    slow = Result("orders", "/s", (100,), (at_least(100, 200, "/s"),), "a loop", (300,), note="on a busy machine")
    told = report.merged(tmp_path / "none.json", {"core": [slow], "reads": [NotMeasured("reads", "no wrk")]}, MACHINE)
    text = report.markdown(told, list(ROWS))
    assert "| `core` | orders | **100 /s** | 300 /s: a loop | 0.33 | ≥ 200 /s: **missed** |" in text
    assert "not measured: no wrk" in text
    assert "on a busy machine" in text


def test_a_row_measured_anew_replaces_only_itself(tmp_path) -> None:
    path = tmp_path / "benchmarks.json"
    path.write_text(json.dumps(report.merged(path, {name: [Result("old", "", (1,))] for name in ("core", "reads")}, MACHINE)))
    told = report.merged(path, {"core": [Result("new", "", (2,))]}, MACHINE | {"date": "2026-01-06"})
    assert told["rows"]["core"]["results"][0]["what"] == "new"
    assert told["rows"]["reads"]["results"][0]["what"] == "old"
    assert "Measured on [2]" in report.markdown(told, list(ROWS))
