"""`python -m bench [--only row,row] [--quick]`: measure, print, and write docs/benchmarks.md and docs/benchmarks.json."""

import argparse
import json
import sys
from collections.abc import Sequence

from bench import machine, report
from bench.places import NotHere
from bench.result import NotMeasured, Result, Scale
from bench.rows import ROWS
from tests.support.reach import BASE_DIR


def wanted(text: str) -> list[str]:
    names = [name for name in text.replace(",", " ").split() if name]
    if unknown := set(names) - set(ROWS):
        raise argparse.ArgumentTypeError(f"no such rows: {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}")
    return names or list(ROWS)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def run(name: str, scale: Scale) -> Sequence[Result | NotMeasured]:
    try:
        results = ROWS[name](scale)
    except NotHere as error:
        return [NotMeasured(name, str(error))]
    for result in results:
        beside = f", limit {report.figure(result.limit)} ({result.ratio:.2f})" if result.limit and result.ratio else ""
        goals = "; ".join(f"{goal.text} {'met' if goal.is_met else 'MISSED'}" for goal in result.goals)
        say(f"{name}: {result.what}: {report.figure(result.ours)} {result.unit}{beside}  {goals}  {result.note}")
    return results


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description="Measure, each figure beside its limit.")
    parser.add_argument("--only", type=wanted, default=list(ROWS), help=f"rows, with commas between: {', '.join(ROWS)}")
    parser.add_argument("--quick", action="store_true", help="only see that each row runs; writes nothing")
    given = parser.parse_args()
    described = machine.description()
    measured = {name: run(name, Scale(given.quick)) for name in given.only}
    if given.quick:
        return
    docs = BASE_DIR / "docs"
    merged = report.merged(docs / "benchmarks.json", measured, described)
    (docs / "benchmarks.json").write_text(json.dumps(merged, indent=1, ensure_ascii=False) + "\n")
    (docs / "benchmarks.md").write_text(report.markdown(merged, list(ROWS)))
    say("written: docs/benchmarks.md, docs/benchmarks.json")


if __name__ == "__main__":
    main()
