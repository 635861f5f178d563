"""How every database of the project is opened.

One process writes a database, over one connection; everyone else opens it read-only. Durability
is `synchronous=FULL`: with NORMAL, a power cut loses commits that were already acted on.
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3 as dbapi2  # pysqlite3 is the same module over a newer library, without types
else:
    from pysqlite3 import dbapi2

Connection = dbapi2.Connection
SqliteError = dbapi2.Error

WAL_RESET_FIRST = (3, 7, 0)
WAL_RESET_MENDED = (3, 51, 3)
"""From 3.7.0 until 3.51.3 SQLite could corrupt a WAL database (sqlite.org, release log 3.51.3)."""


class SqliteTooOldError(Exception):
    """The SQLite library in this process has the WAL-reset bug."""


def refuse_wal_reset_bug(version: tuple[int, ...] = dbapi2.sqlite_version_info) -> None:
    """Raise SqliteTooOldError if `version` of the SQLite library can corrupt a WAL database."""
    if WAL_RESET_FIRST <= version < WAL_RESET_MENDED:
        found, wanted = (".".join(map(str, v)) for v in (version, WAL_RESET_MENDED))
        raise SqliteTooOldError(
            f"SQLite {found} can corrupt a WAL database; {wanted} or newer is needed. "
            "Install the locked dependencies again: they bring pysqlite3 with its own SQLite."
        )


def connect(path: Path, *, read_only: bool = False, cache_mib: int = 16) -> Connection:
    """Open `path`, which must exist unless it is opened for writing.

    Statements commit one by one until BEGIN. Raises SqliteTooOldError, or `SqliteError` when the
    file cannot be opened.
    """
    refuse_wal_reset_bug()
    mode = "ro" if read_only else "rwc"
    connection = dbapi2.connect(
        f"file:{_escape(path)}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA busy_timeout = 5000")
        connection.execute(f"PRAGMA cache_size = {-1024 * cache_mib}")
        if not read_only:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
    except SqliteError:
        connection.close()
        raise
    return connection


def _escape(path: Path) -> str:
    return str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
