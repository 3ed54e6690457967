"""A SQLite without the WAL-reset corruption that versions before 3.51.3 can suffer with two writers."""

import sqlite3
import sys

FIRST_SOUND = (3, 51, 3)


def prefer_sound_sqlite() -> None:
    """Put the packaged SQLite in the place of the system's where that one is older. Call it before Django opens a database."""
    if sqlite3.sqlite_version_info >= FIRST_SOUND:
        return
    try:
        import pysqlite3  # noqa: PLC0415 - only where it is needed
    except ImportError:  # no package for this platform: the system's has to do
        return
    sys.modules["sqlite3"] = pysqlite3
    sys.modules["sqlite3.dbapi2"] = pysqlite3.dbapi2
