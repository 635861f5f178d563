"""A ledger that already holds many codes, made quickly but row for row a valid one.

It is kept for the next run. What a benchmark appends is taken out again, so every run begins with
the same rows; a file that cannot be brought back to them is made anew.
"""

import fcntl
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

from rich.progress import track

from benchmarks.child import BenchmarkError
from drivers.sim.codes import sscc
from edge_agent.core.chain import GENESIS, link
from edge_agent.core.names import LevelName
from edge_agent.core.packing import LevelPlan
from edge_agent.core.state import LineState
from edge_agent.ledger.errors import LedgerError
from edge_agent.ledger.journal import Ledger, create_ledger
from edge_agent.sqlite import Connection, SqliteError, connect

GTIN = "06971234567802"
AT = "2026-01-01T00:00:00.000Z"
CASE_UNITS = 24
_LEVELS = (LevelPlan(LevelName("unit")), LevelPlan(LevelName("case"), CASE_UNITS))
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRSTVWXYZ"
_COMMIT_ROWS = 200_000
_FILL_CACHE_MIB = 6_000
_RESTORE_CACHE_MIB = 500


def serial(number: int) -> str:
    """The `number`th serial: 12 characters, scattered as a printer's serials are."""
    value = int.from_bytes(blake2b(number.to_bytes(8, "big"), digest_size=8).digest(), "big")
    text = ""
    for _ in range(12):
        value, digit = divmod(value, len(_ALPHABET))
        text += _ALPHABET[digit]
    return text


def key(number: int) -> str:
    return f"01{GTIN}21{serial(number)}"


def packing(first: int) -> Iterator[str]:
    """What a packing bench scans, without end: the units from number `first` on, and after every
    `CASE_UNITS` of them the SSCC of their case."""
    for number in range(first, 10**9):
        yield key(number)
        packed = number - first + 1
        if packed % CASE_UNITS == 0:
            yield f"00{sscc(0, packed // CASE_UNITS)}"


@contextmanager
def filled_ledger(path: Path, codes: int) -> Iterator[None]:
    """Inside, `path` is a ledger of codes 0 to `codes` - 1, each commissioned by one event.

    Raises BenchmarkError if another process writes it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not _restored(path, codes):
        _build(path, codes)
    _read_once(path)
    try:
        yield
    finally:
        _restored(path, codes)


def _restored(path: Path, codes: int) -> bool:
    """Whether `path` is as it was filled, once what was appended since is taken out."""
    if not _complete(path).exists():
        return False
    try:
        with _locked(path):
            connection = connect(path, cache_mib=_RESTORE_CACHE_MIB)
            try:
                if not _same_tables(connection):
                    return False
                _take_out(connection, codes)
            finally:
                connection.close()
        ledger = Ledger(path)
        try:
            return ledger.head[0] == codes
        finally:
            ledger.close()
    except (SqliteError, LedgerError):
        return False


def _take_out(connection: Connection, codes: int) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(
        "DELETE FROM node WHERE key IN (SELECT body ->> '$.key' FROM journal WHERE seq > ?)",
        (codes,),
    )
    connection.execute("DELETE FROM container")
    connection.execute("DELETE FROM journal WHERE seq > ?", (codes,))
    _save_snapshot(connection, codes)
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _same_tables(connection: Connection) -> bool:
    """Whether the ledger has the tables that one made today would have."""
    with tempfile.TemporaryDirectory() as name:
        create_ledger(Path(name) / "ledger.db")
        fresh = connect(Path(name) / "ledger.db")
        try:
            found, due = (
                each.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall()
                for each in (connection, fresh)
            )
        finally:
            fresh.close()
    return bool(found == due)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keep line processes out (edge_agent.ledger.journal uses the same lock)."""
    with path.with_name(path.name + ".lock").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BenchmarkError(
                f"{path.name} is written by another process; wait for it, or name another --workdir"
            ) from None
        yield


def _build(path: Path, codes: int) -> None:
    for old in path.parent.glob(path.name + "*"):
        old.unlink()
    create_ledger(path)
    connection = connect(path, cache_mib=_FILL_CACHE_MIB)
    # Nobody else sees the file until it is complete; a crash begins anew.
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    starts = range(0, codes, _COMMIT_ROWS)
    for first in track(starts, f"filling a ledger with {codes:,} codes", transient=True):
        _fill(connection, first, min(first + _COMMIT_ROWS, codes))
    _save_snapshot(connection, codes)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    _complete(path).touch()


def _fill(connection: Connection, first: int, end: int) -> None:
    row = connection.execute("SELECT hash FROM journal WHERE seq = ?", (first,)).fetchone()
    before = row[0] if row else GENESIS
    keys = [key(number) for number in range(first, end)]

    def journal() -> Iterator[tuple[int, str, bytes]]:
        nonlocal before
        for seq, text in enumerate(keys, first + 1):
            body = (
                f'{{"kind":"commissioned","at":"{AT}","station":"bench","key":"{text}",'
                f'"level":"unit","text":"{text}","gtin":"{GTIN}","serial":"{text[18:]}"}}'
            )
            before = link(before, seq, body)
            yield seq, body, before

    connection.execute("BEGIN")
    connection.executemany("INSERT INTO journal VALUES (?, ?, ?)", journal())
    connection.executemany(
        "INSERT INTO node (key, level, state, first_seq, last_seq) "
        "VALUES (?1, 'unit', 'active', ?2, ?2)",
        ((text, seq) for seq, text in enumerate(keys, first + 1)),
    )
    connection.execute("COMMIT")


def _save_snapshot(connection: Connection, codes: int) -> None:
    state = LineState(_LEVELS).to_json() | {"tally": {"commissioned": codes}}
    connection.execute(
        "INSERT OR REPLACE INTO snapshot VALUES (1, ?, ?)", (codes, json.dumps(state))
    )


def _read_once(path: Path) -> None:
    """Into the page cache, where a running line has the ledger it works with."""
    with path.open("rb") as file:
        while file.read(1 << 24):
            pass


def _complete(path: Path) -> Path:
    return path.with_name(path.name + ".complete")
