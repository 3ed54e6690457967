"""The write limit on PostgreSQL: the rows of a signal through psycopg and COPY, into the very tables, and nothing else."""

import argparse
import json
import sys
from collections.abc import Sequence
from time import perf_counter
from typing import Any
from uuid import uuid4

import psycopg

from bench.limits import signal_rows as rows
from bench.tables import TABLES

CLAIM = """
select head.event_id, e.uid, s.name, s.seq from unnest(%s::text[]) as wanted (name)
join engine_stream s on s.name = wanted.name
cross join lateral (select event_id from engine_pendingevent where lane = 'order_processing' and stream = s.name
    and dead_at is null order by priority desc, event_id limit %s) as head
join engine_event e on e.id = head.event_id
"""
UPDATE_ACCOUNTS = """
update engine_account set cash = cash - 1061, updated_at = %s from unnest(%s::text[]) as given (name) where user_id = given.name
"""
UPDATE_STREAMS = """
update engine_stream s set seq = given.seq from unnest(%s::text[], %s::bigint[]) as given (name, seq) where s.name = given.name
"""
UPDATE_EVENTS = """
update engine_event e set seq = given.seq, processed_at = given.at, duration_us = given.took
from unnest(%s::bigint[], %s::bigint[], %s::timestamptz[], %s::int[]) as given (id, seq, at, took) where e.id = given.id
"""


class Loop:
    connection: Any
    cursor: Any

    def __init__(self, url: str, batch: int) -> None:
        self.connection = psycopg.connect(url, options="-c timezone=UTC")
        self.cursor = self.connection.cursor()
        self.batch = batch
        self.process = uuid4().hex
        self.held: dict[object, object] = {}
        self.symbols: dict[int, str] = {}  # of the signals that wait, by the ids of their events
        self.accounts = self.column("select user_id from engine_account order by user_id")
        self.shares = len(self.column("select symbol from engine_instrument"))

    def column(self, query: str) -> list[str]:
        return [row[0] for row in self.connection.execute(query.encode())]

    def copy(self, table: str, columns: Sequence[str], values: Sequence[rows.Row]) -> None:
        with self.cursor.copy(f"copy {table} ({', '.join(columns)}) from stdin".encode()) as copy:
            for row in values:
                copy.write_row(row)

    def ids(self, count: int) -> list[int]:
        self.cursor.execute("select nextval('engine_event_id_seq') from generate_series(1, %s)", [count])
        return [row[0] for row in self.cursor]

    def append(self, first: int, count: int) -> None:
        ids = self.ids(count)
        events, pending = rows.appended(ids, self.accounts, first)
        self.symbols |= rows.symbols_of(ids, len(self.accounts), self.shares, first)
        self.copy("engine_event", rows.EVENT, events)
        self.copy("engine_pendingevent", rows.PENDING, pending)
        self.connection.commit()

    def handle(self, accounts: Sequence[str]) -> int:
        self.cursor.execute("select name, seq from engine_stream where name = any(%s) for update skip locked", [list(accounts)])
        seqs: dict[str, int] = dict(self.cursor.fetchall())
        self.cursor.execute(CLAIM, [list(seqs), max(1, self.batch // len(seqs))])
        claimed = [(id, uid.hex, stream, self.symbols.pop(id)) for id, uid, stream, _ in self.cursor]
        if claimed:
            self.write(rows.Batch(claimed, self.ids(4 * len(claimed)), seqs, self.held))
        self.connection.commit()
        return len(claimed)

    def write(self, batch: rows.Batch) -> None:
        self.copy("engine_order", rows.ORDER, batch.orders)
        self.copy("engine_execution", rows.EXECUTION, batch.executions)
        self.copy("engine_signal", rows.SIGNALS, batch.signals)
        self.copy("engine_event", rows.EVENT, batch.events)
        names, marks = ", ".join(rows.POSITIONS), ", ".join(["%s"] * len(rows.POSITIONS))
        position = f"insert into engine_position ({names}) values ({marks}) {rows.position_changes()}"
        self.cursor.executemany(position.encode(), list(batch.positions.values()))
        touched = sorted({stream for _, _, stream, _ in batch.claimed})
        self.cursor.execute(UPDATE_ACCOUNTS, [rows.AT, touched])
        self.cursor.execute(UPDATE_STREAMS, [touched, [batch.seqs[name] for name in touched]])
        self.cursor.execute(UPDATE_EVENTS, [list(column) for column in zip(*batch.done, strict=True)])
        ids = [id for id, *_ in batch.claimed]
        self.cursor.execute("delete from engine_pendingevent where event_id = any(%s)", [ids])
        names, marks = ", ".join(rows.BUCKET), ", ".join(["%s"] * len(rows.BUCKET))
        bucket = f"insert into engine_metricbucket ({names}) values ({marks}) {rows.bucket_changes()}"
        self.cursor.executemany(bucket.encode(), batch.buckets(self.process))

    def accept(self, signals: int) -> None:
        for first in range(0, signals, self.batch):
            self.append(first, min(self.batch, signals - first))

    def drain(self) -> None:
        groups = [self.accounts[i : i + rows.ACCOUNTS_A_BATCH] for i in range(0, len(self.accounts), rows.ACCOUNTS_A_BATCH)]
        while sum(self.handle(group) for group in groups):
            pass

    def counts(self) -> dict[str, int]:
        found = {}
        for table in TABLES:
            self.cursor.execute(f"select count(*) from {table}".encode())
            found[table] = (self.cursor.fetchone() or (0,))[0]
        self.connection.commit()
        return found


def seconds(loop: "Loop", signals: int) -> dict[str, object]:
    """One signal each unmeasured, then all."""
    loop.accept(len(loop.accounts))
    loop.drain()
    before, started = loop.counts(), perf_counter()
    loop.accept(signals)
    accepted = perf_counter()
    loop.drain()
    ended, after = perf_counter(), loop.counts()
    grown = {table: after[table] - before[table] for table in TABLES}
    return {"accept_seconds": accepted - started, "drain_seconds": ended - accepted, "rows": grown}


def main(make: type[Loop]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--signals", type=int, default=10_000)
    parser.add_argument("--batch", type=int, default=200)
    given = parser.parse_args()
    sys.stdout.write(json.dumps(seconds(make(given.url, given.batch), given.signals)) + "\n")


if __name__ == "__main__":
    main(Loop)
