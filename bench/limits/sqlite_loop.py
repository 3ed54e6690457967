"""The write limit on SQLite, `synchronous=FULL`: the rows of a signal through `sqlite3` and executemany, and nothing else."""

from collections.abc import Sequence
from uuid import uuid4

from quantumleap.sqlite import prefer_sound_sqlite

prefer_sound_sqlite()  # the engine's own library: before sqlite3 is imported

import sqlite3

from bench.limits import signal_rows as rows
from bench.limits.copy_loop import Loop, main

PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "cache_size=-64000", "temp_store=MEMORY", "foreign_keys=ON")


class SqliteLoop(Loop):
    def __init__(self, url: str, batch: int) -> None:
        self.connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        self.cursor = self.connection.cursor()
        for pragma in PRAGMAS:
            self.cursor.execute(f"pragma {pragma}")
        self.batch = batch
        self.process = uuid4().hex
        self.held, self.symbols = {}, {}
        self.accounts = self.column("select user_id from engine_account order by user_id")
        self.shares = len(self.column("select symbol from engine_instrument"))

    def column(self, query: str) -> list[str]:
        return [row[0] for row in self.cursor.execute(query)]

    def insert(self, table: str, columns: Sequence[str], values: Sequence[rows.Row], ending: str = "") -> None:
        marks = ", ".join("?" * len(columns))
        self.cursor.executemany(f"insert into {table} ({', '.join(columns)}) values ({marks}) {ending}", values)

    def ids(self, count: int) -> list[int]:
        (last,) = self.cursor.execute("select seq from sqlite_sequence where name = 'engine_event'").fetchone()
        return list(range(last + 1, last + 1 + count))

    def append(self, first: int, count: int) -> None:
        self.cursor.execute("begin immediate")
        ids = self.ids(count)
        events, pending = rows.appended(ids, self.accounts, first)
        self.symbols |= rows.symbols_of(ids, len(self.accounts), self.shares, first)
        self.insert("engine_event", rows.EVENT, events)
        self.insert("engine_pendingevent", rows.PENDING, pending)
        self.connection.commit()

    def handle(self, accounts: Sequence[str]) -> int:
        self.cursor.execute("begin immediate")
        marks = ", ".join("?" * len(accounts))
        found = self.connection.execute(f"select name, seq from engine_stream where name in ({marks})", accounts)
        seqs: dict[str, int] = dict(found.fetchall())
        claimed: list[rows.Row] = []
        for name in seqs:
            claimed += self.cursor.execute(
                "select event_id, uid, p.stream from engine_pendingevent p join engine_event e on e.id = event_id where "
                "lane = 'order_processing' and p.stream = ? and dead_at is null order by p.priority desc, event_id limit ?",
                (name, max(1, self.batch // len(seqs))),
            ).fetchall()
        claimed = [(*signal, self.symbols.pop(signal[0])) for signal in claimed]
        if claimed:
            self.write(rows.Batch(claimed, self.ids(4 * len(claimed)), seqs, self.held))
        self.connection.commit()
        return len(claimed)

    def write(self, batch: rows.Batch) -> None:
        self.insert("engine_order", rows.ORDER, batch.orders)
        self.insert("engine_execution", rows.EXECUTION, batch.executions)
        self.insert("engine_signal", rows.SIGNALS, batch.signals)
        self.insert("engine_event", rows.EVENT, batch.events)
        self.insert("engine_position", rows.POSITIONS, list(batch.positions.values()), rows.position_changes())
        touched = sorted({stream for _, _, stream, _ in batch.claimed})
        self.cursor.executemany(
            "update engine_account set cash = cash - 1061, updated_at = ? where user_id = ?",
            [(rows.AT, name) for name in touched],
        )
        streams = [(batch.seqs[name], name) for name in touched]
        self.cursor.executemany("update engine_stream set seq = ? where name = ?", streams)
        done = [(seq, at, took, id) for id, seq, at, took in batch.done]
        self.cursor.executemany("update engine_event set seq = ?, processed_at = ?, duration_us = ? where id = ?", done)
        self.cursor.executemany("delete from engine_pendingevent where event_id = ?", [(id,) for id, *_ in batch.claimed])
        self.insert("engine_metricbucket", rows.BUCKET, batch.buckets(self.process), rows.bucket_changes())

    def counts(self) -> dict[str, int]:
        from bench.tables import TABLES

        return {table: self.cursor.execute(f"select count(*) from {table}").fetchone()[0] for table in TABLES}


if __name__ == "__main__":
    main(SqliteLoop)
