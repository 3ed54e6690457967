"""Accept signals that nobody handles yet."""

from bench.inside import desk, drain

from engine import bus  # isort: skip

if __name__ == "__main__":
    given = desk.options(signals=20_000, accounts=50, symbols=50)
    with bus.bus.muted():
        drain.accept(given.signals, given.accounts, given.symbols)
    desk.answer(signals=given.signals)
