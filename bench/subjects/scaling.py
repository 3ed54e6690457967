"""One engine process, and two: the same backlog of 50 accounts, shared by stream."""

from contextlib import ExitStack
from dataclasses import replace

import psycopg

from bench.places import child, copy_of, desk_database, redis_server
from bench.result import Goal, Result, Scale, in_turn
from bench.servers import process
from tests.support.server import wait_for

RATE = """
select 0.8 * count(*) / extract(epoch from percentile_disc(0.9) within group (order by processed_at)
    - percentile_disc(0.1) within group (order by processed_at))
from engine_event where type = 'signal_received'
"""


def measure(scale: Scale) -> list[Result]:
    signals = scale.of(20_000, 1_000)
    with desk_database("postgres") as desk:
        child("bench.inside.backlog", "--signals", signals, database_url=desk.url)

        def rate(processes: int) -> float:
            with copy_of(desk, "postgres") as copy:
                return handled(copy.url, processes)

        runs, limits = in_turn(scale, lambda: rate(2), lambda: rate(1))
    result = Result("a backlog of 50 accounts, two engine processes", "signals/s", runs, (), "one engine process", limits)
    note = (
        "between the tenth and the ninetieth hundredth of the signals; two processes and PostgreSQL share this machine's cores"
    )
    return [replace(result.judged(Goal("faster than one", (result.ratio or 0) > 1)), note=note)]


def handled(url: str, processes: int) -> float:
    """Signals a second, by the times that the log itself has."""
    with ExitStack() as stack:
        connection = stack.enter_context(psycopg.connect(url, autocommit=True))
        for _ in range(processes):
            stack.enter_context(process("manage.py", "engine", database_url=url, REDIS_URL=redis_server()))
        done = "select not exists (select from engine_pendingevent)"
        wait_for(lambda: bool((connection.execute(done).fetchone() or (False,))[0]), "the backlog is handled", 300)
        return float((connection.execute(RATE).fetchone() or (0,))[0])
