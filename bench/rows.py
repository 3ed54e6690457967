"""All rows of the report by name, in its order."""

from collections.abc import Callable, Sequence

from bench.result import Result, Scale
from bench.subjects import accept, core, growth, halt, pages, push, reads, scaling, strategies, throughput

Measure = Callable[[Scale], Sequence[Result]]

ROWS: dict[str, Measure] = {
    "engine-postgres": throughput.postgres,
    "engine-sqlite": throughput.sqlite,
    "core": core.measure,
    "halt": halt.measure,
    "latency-embedded": push.embedded,
    "latency-scaled": push.across_processes,
    "signals-process": accept.one_by_one,
    "signals-batch": accept.in_batches,
    "reads": reads.measure,
    "pages-sqlite": pages.sqlite,
    "pages-postgres": pages.postgres,
    "fan-out": push.fan_out,
    "growth": growth.reads,
    "acknowledge": growth.acknowledgement,
    "memory": growth.memory,
    "two-engines": scaling.measure,
    "strategies": strategies.measure,
}
