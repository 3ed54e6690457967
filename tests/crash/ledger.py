"""What was sent, what became of it, and whether the two agree."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tests.crash.processes import ACCOUNTS, SYMBOLS, Desk
from tests.support.server import wait_for


def signals(seed: int, symbols: tuple[str, ...] = tuple(SYMBOLS)) -> Iterator[dict[str, Any]]:
    """Without end, the same for the same seed: buys and sells, some held, some refused, each with an id of its own."""
    chance = random.Random(seed)
    while True:
        yield {
            "signal_id": str(UUID(int=chance.getrandbits(128), version=4)),
            "symbol": chance.choice(symbols),
            "signal_type": chance.choices(["BUY", "SELL", "HOLD"], [5, 5, 1])[0],
            "confidence_score": chance.choices([0.9, 0.3], [9, 1])[0],
            "position_size": chance.randint(1, 3),
        }


def account_of(signal: dict[str, Any]) -> str:
    """Always the same for the same signal: it may be sent again."""
    return ACCOUNTS[int(UUID(signal["signal_id"])) % len(ACCOUNTS)]


@dataclass
class Outcome:
    """What is wrong; nothing, when all is well."""

    handled: int = 0
    lost: int = 0
    twice: int = 0
    dead: int = 0
    differences: list[str] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        return not (self.lost or self.twice or self.dead or self.differences)

    def __str__(self) -> str:
        return (
            f"{self.handled} signals handled, {self.lost} lost, {self.twice} twice, {self.dead} dead letters, "
            f"verify finds {len(self.differences)} differences"
        )


LOST = """
    select count(*) from unnest(%s::uuid[]) as sent (id) where not exists (
        select 1 from engine_signal s where s.id = sent.id and (s.decision <> 'ORDERED' or exists (
            select 1 from engine_order o where o.signal_id = s.id)))
"""
TWICE = """
    select (select coalesce(sum(n - 1), 0) from (
            select count(*) as n from engine_event where type = 'signal_received' group by uid) as received)
         + (select coalesce(sum(n - 1), 0) from (
            select count(*) as n from engine_order where signal_id is not null group by signal_id) as ordered)
         + (select count(*) from engine_order o where filled_quantity <> (
            select coalesce(sum(quantity), 0) from engine_execution e where e.order_id = o.id))
"""

LAG = """
    select extract(epoch from processed_at - created_at) from engine_event
    where type = 'signal_received' and processed_at is not null
"""  # seconds


def settled(desk: Desk, accepted: list[str], *, seconds: float = 60, all_handled: bool = True) -> Outcome:
    """The outcome once nothing waits any more; `accepted` are the ids that were answered with 200."""
    if all_handled:
        wait_for(lambda: desk.waiting == 0, "all is handled", seconds)
    return Outcome(
        handled=desk.number("select count(*) from engine_signal"),
        lost=desk.number(LOST, accepted),
        twice=desk.number(TWICE),
        dead=desk.number("select count(*) from engine_pendingevent where dead_at is not null"),
        differences=desk.verify().strip().splitlines(),
    )
