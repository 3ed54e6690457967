"""One engine, ever more events: what its process holds in memory, after few and after many. In MiB."""

from pathlib import Path

from bench.inside import desk, drain

from engine import bus  # isort: skip

EVENTS_A_SIGNAL = 5
LOT = 2_000  # signals accepted at a time, so that the work table stays small


def resident() -> float:
    pages = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(pages.split()[1]) / 1024


def work(events: int, accounts: int, symbols: int) -> float:
    left = events // EVENTS_A_SIGNAL
    while left > 0:
        drain.accept(min(LOT, left), accounts, symbols)
        drain.drain()
        left -= LOT
    return resident()


if __name__ == "__main__":
    given = desk.options(few=10_000, many=1_000_000, accounts=50, symbols=50)
    with bus.bus.muted():
        few = work(given.few, given.accounts, given.symbols)
        many = work(given.many - given.few, given.accounts, given.symbols)
    desk.answer(few=few, many=many)
