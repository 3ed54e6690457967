"""Django's SQLite backend, with the threads of one process queueing for the database's single place to write.

SQLite itself makes a second writer sleep and look again, each time longer, up to a tenth of a second: a write then waits many
times as long as the other takes. A lock wakes it at once. Other processes still meet SQLite's own.
"""

from threading import Lock
from typing import Any

from django.db.backends.sqlite3 import base

_writing = Lock()
LONGEST_WAIT = 20.0  # seconds, as long as SQLite's own time-out


class DatabaseWrapper(base.DatabaseWrapper):
    """Holds the process's write lock from BEGIN IMMEDIATE to the end of the transaction."""

    _is_writing = False

    def _start_transaction_under_autocommit(self) -> None:
        # when it does not come in time, BEGIN meets SQLite's own lock and says "database is locked", as ever
        self._is_writing = not self.is_in_memory_db() and _writing.acquire(timeout=LONGEST_WAIT)
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._stop_writing()
            raise

    def _commit(self) -> Any:
        result = super()._commit()  # type: ignore[misc]
        self._stop_writing()
        return result

    def _rollback(self) -> Any:
        try:
            return super()._rollback()  # type: ignore[misc]
        finally:
            self._stop_writing()

    def _close(self) -> Any:
        try:
            return super()._close()  # type: ignore[misc]
        finally:
            self._stop_writing()

    def _stop_writing(self) -> None:
        if self._is_writing:
            self._is_writing = False
            _writing.release()
