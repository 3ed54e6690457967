"""The pure core alone: signals decided in memory, with the full list of risk rules, and neither a database nor JSON."""

from datetime import UTC, datetime
from decimal import Decimal
from time import perf_counter

from bench.inside import desk
from engine import collector, tariff
from engine.domain.book import Book, Changes, Context, Limits
from engine.domain.events import Event
from engine.domain.quotes import Quote
from engine.handlers.decide import decide

LIMITS = Limits(Decimal("0.6"), True, Decimal(10), Decimal(80), Decimal(25), 10, True)


def books(accounts: int) -> dict[str, Book]:
    today = datetime.now(UTC).date()
    names = [desk.account_named(number) for number in range(accounts)]
    return {name: Book(name, desk.CASH, LIMITS, today, desk.CASH, desk.CASH) for name in names}


def context(symbols: int) -> Context:
    now = datetime.now(UTC)
    quotes = {
        f"S{number:03d}": Quote(
            f"S{number:03d}", desk.SECTORS[number % len(desk.SECTORS)], Decimal("0.05"), 1, Decimal(100 + number), now
        )
        for number in range(symbols)
    }
    return Context(now, quotes, 86_400, 5, tariff.current())


def seconds(signals: list[Event], by_account: dict[str, Book], world: Context, batch: int) -> tuple[float, int]:
    """What the decisions take, and how many events they are. The changes are dropped after each batch, as when saved."""
    decided, started = 0, perf_counter()
    for first in range(0, len(signals), batch):
        for event in signals[first : first + batch]:
            decided += len(decide(by_account[event.stream], event, world, lambda: world.now))
        for book in by_account.values():
            book.changes = Changes()
    return perf_counter() - started, decided


if __name__ == "__main__":
    given = desk.options(signals=20_000, accounts=50, symbols=50, batch=200)
    size = {"accounts": given.accounts, "symbols": given.symbols}
    collector.settle()
    events = desk.signal_events(0, given.signals, **size, now=datetime.now(UTC))
    took, decided = seconds(events, books(given.accounts), context(given.symbols), given.batch)
    desk.answer(seconds=took, events=decided, signals=given.signals)
