"""docs/benchmarks.json keeps what each row measured last; docs/benchmarks.md is written from it, whole, each time."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.result import NotMeasured, Result

HEAD = """# Benchmarks

Written by `make bench`; the same figures with every single run are in [benchmarks.json](benchmarks.json). Do not edit by hand.

Each figure is the median of 5 runs. Its limit is what the machine itself can do: the least code with the same outward effect,
measured in turn with ours in the same run. Nothing was traded for speed: PostgreSQL's `fsync` and `synchronous_commit` are on,
SQLite's `synchronous` is FULL. A goal that was not reached says **missed**. `make bench ONLY=reads,core` repeats single rows.
"""


def merged(path: Path, measured: Mapping[str, Sequence[Result | NotMeasured]], machine: Mapping[str, str]) -> dict[str, Any]:
    """The last report with these rows replaced, each with the machine that it was measured on."""
    report: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {"rows": {}}
    for name, results in measured.items():
        report["rows"][name] = {"machine": dict(machine), "results": [as_json(result) for result in results]}
    return report


def as_json(result: Result | NotMeasured) -> dict[str, Any]:
    if isinstance(result, NotMeasured):
        return asdict(result)
    return asdict(result) | {"ours": result.ours, "limit": result.limit, "ratio": result.ratio}


def markdown(report: Mapping[str, Any], order: Sequence[str]) -> str:
    rows = [(name, report["rows"][name]) for name in order if name in report["rows"]]
    machines = {json.dumps(row["machine"], sort_keys=True): row["machine"] for _, row in rows}
    numbers = {key: number for number, key in enumerate(machines, 1)}
    lines = ["| row | what | ours | limit measured beside it | ours / limit | goal |", "|---|---|---|---|---|---|"]
    for name, row in rows:
        mark = f" [{numbers[json.dumps(row['machine'], sort_keys=True)]}]" if len(machines) > 1 else ""
        lines += [_line(f"`{name}`{mark}", result) for result in row["results"]]
    notes = [f"- {result['what']}: {result['note']}" for _, row in rows for result in row["results"] if result.get("note")]
    parts = [HEAD, *(_machine(number, machine, len(machines)) for number, machine in enumerate(machines.values(), 1))]
    parts += ["## Figures\n", "\n".join(lines) + "\n"]
    if notes:
        parts += ["## Notes\n", "\n".join(notes) + "\n"]
    return "\n".join(parts)


def _machine(number: int, machine: Mapping[str, str], count: int) -> str:
    title = f"## Measured on [{number}]" if count > 1 else "## Measured on"
    return "\n".join([f"{title}\n", "| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in machine.items()), ""])


def _line(name: str, result: Mapping[str, Any]) -> str:
    if "why" in result:
        return f"| {name} | {result['what']} | not measured: {result['why']} | | | |"
    unit = result["unit"]
    ours = f"**{figure(result['ours'])} {unit}**"
    limit = f"{figure(result['limit'])} {unit}: {result['limit_is']}" if result["limit"] is not None else "–"
    ratio = f"{result['ratio']:.2f}" if result["ratio"] is not None else "–"
    goals = "; ".join(f"{goal['text']}: {'met' if goal['is_met'] else '**missed**'}" for goal in result["goals"])
    return f"| {name} | {result['what']} | {ours} | {limit} | {ratio} | {goals or '–'} |"


def figure(value: float) -> str:
    """In as many digits as mean something."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
