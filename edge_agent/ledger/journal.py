"""The ledger's one writer.

Invariants
* `journal.seq` runs from 1 without gaps; each row's hash covers the row before it.
* The tree is projected in the transaction that appends the event: they are never apart.
* What `transaction` has committed is on disk (`synchronous=FULL`) before it returns.
* A transaction that failed left nothing, in the file or in memory.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

from sqlite_utils import Database

from edge_agent.core.body import from_body, to_body
from edge_agent.core.chain import GENESIS, link
from edge_agent.core.events import Event, Sighting
from edge_agent.core.history import Known, KnownContainer
from edge_agent.core.names import CodeKey, ContainerId, Seq
from edge_agent.core.tree import PutAlias, changes
from edge_agent.ledger import schema, tree
from edge_agent.ledger.errors import (
    LedgerBusyError,
    LedgerDamagedError,
    LedgerExistsError,
    LedgerMissingError,
    from_sqlite,
)
from edge_agent.ledger.reader import head, refuse_unknown_schema
from edge_agent.sqlite import Connection, SqliteError, connect

_CACHE_MIB = 40
"""Holds the inner pages of a tree of 10 M codes, so that finding one reads one leaf."""
FOLD_IDLE_EVENTS = 200
"""Events after which an idle writer folds the write-ahead log into the database."""
FOLD_BUSY_EVENTS = 20_000
"""Events after which even a busy writer does so: bounds the log and the next start."""


LOG_BYTES = 16 << 20
"""Of the write-ahead log, laid out before the first event. Far more than an idle writer fills."""


def create_ledger(path: Path) -> None:
    """Make a new, empty ledger. Raises LedgerExistsError rather than touch an old one."""
    if path.exists():
        raise LedgerExistsError(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = connect(path)
    try:
        schema.migrations.apply(Database(connection))
    finally:
        connection.close()


class Ledger:
    """The ledger at `path`, opened to append. One process, one instance.

    Raises LedgerMissingError, LedgerDamagedError or LedgerTooNewError when it cannot be used.
    """

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise LedgerMissingError(path)
        with ExitStack() as on_failure:
            self._lock = on_failure.enter_context(lock_ledger(path))
            _refuse_truncated(path)
            self._open(path, on_failure)
            on_failure.pop_all()

    def _open(self, path: Path, on_failure: ExitStack) -> None:
        try:
            self._connection = connect(path, cache_mib=_CACHE_MIB)
            on_failure.callback(self._connection.close)
            refuse_unknown_schema(self._connection, path)
            schema.migrations.apply(Database(self._connection))
            self._seq, self._hash = head(self._connection)
            _refuse_broken_tail(self._connection, path)
        except SqliteError as error:
            raise from_sqlite(error, path) from None
        # Folding the log in costs milliseconds; the line says when it has them (`fold_log`).
        self._connection.execute("PRAGMA wal_autocheckpoint = 0")
        self._connection.execute(f"PRAGMA journal_size_limit = {64 << 20}")
        self._path = path
        self._lay_out_log()
        self._unfolded_events = 0
        # Every new code is asked for: a line without second codes asks once for each, not twice.
        self._has_aliases = next(tree.aliases(self._connection), None) is not None

    def _lay_out_log(self) -> None:
        """Make the write-ahead log LOG_BYTES long, so that commits write over what is there.

        A commit that makes a file longer waits for a worker of the file system, which runs behind
        everything else on a busy PC: with ten browsers it took 100 ms every tenth time. SQLite
        takes zeros for no frames (walformat.html); it wants no log of a certain length, so a disk
        without room for it is told of at the first commit.
        """
        self._connection.execute("BEGIN IMMEDIATE")  # nobody else appends meanwhile
        try:
            with suppress(OSError), _log_of(self._path).open("r+b") as log:
                log.write(bytes(max(0, LOG_BYTES - log.seek(0, os.SEEK_END))))
                log.flush()
                os.fsync(log.fileno())
        finally:
            self._connection.execute("ROLLBACK")

    @property
    def head(self) -> tuple[Seq, bytes]:
        """The last event's number and hash."""
        return Seq(self._seq), self._hash

    def close(self) -> None:
        self._connection.close()
        self._lock.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything appended inside is on disk together when this returns, or not at all.

        Costs nothing when nothing is appended.

        Raises LedgerFullError when there is no room (may be tried again) and LedgerBrokenError
        when the disk did not confirm (must not be tried again over this connection).
        """
        before = self._seq, self._hash
        try:
            yield
            if self._connection.in_transaction:
                self._connection.execute("COMMIT")
            self._unfolded_events += self._seq - before[0]
        except BaseException as error:
            self._seq, self._hash = before
            self._roll_back()
            if isinstance(error, SqliteError):
                raise from_sqlite(error, self._path) from error
            raise

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def append(self, events: Sequence[Event]) -> None:
        """Append `events` and project them into the tree. Only inside `transaction`."""
        execute = self._connection.execute
        if events and not self._connection.in_transaction:
            execute("BEGIN IMMEDIATE")
        for event in events:
            body = to_body(event)
            self._seq += 1
            self._hash = link(self._hash, self._seq, body)
            execute("INSERT INTO journal VALUES (?, ?, ?)", (self._seq, body, self._hash))
            if changed := changes(event):
                tree.apply(self._connection, self._seq, changed)
                self._has_aliases |= type(changed[-1]) is PutAlias

    def find(self, key: CodeKey) -> Known | None:
        """What is known of `key`, including what this transaction appended (core.history)."""
        node = tree.node(self._connection, key)
        if node is None:
            if not self._has_aliases:
                return None
            own = tree.own_key(self._connection, key)
            return None if own == key else self.find(CodeKey(own))
        inside = None if node.inside is None else self._container(node.inside)
        body = self._body(node.first_seq)
        first = Sighting(node.first_seq, body["at"], body["station"])
        gtin, lot = body.get("gtin"), body.get("lot")
        return Known(key, node.level, node.state, first, inside, node.holds, gtin, lot)

    def container(self, container: ContainerId) -> KnownContainer | None:
        """What lies in a container, including what this transaction put there (core.history)."""
        found = tree.container(self._connection, container)
        if found is None:
            return None
        children = tuple(child.key for child in tree.children(self._connection, container))
        return KnownContainer(found.id, found.level, found.state, found.key, children)

    def _container(self, container_id: ContainerId) -> tuple[ContainerId, CodeKey | None]:
        found = tree.container(self._connection, container_id)
        return container_id, found.key if found else None

    def _body(self, seq: Seq) -> dict[str, Any]:
        row = self._connection.execute("SELECT body FROM journal WHERE seq = ?", (seq,)).fetchone()
        body: dict[str, Any] = json.loads(row[0])
        return body

    def save_snapshot(self, state: dict[str, Any]) -> None:
        """Keep the core's state as of the last event. Only inside `transaction`."""
        self._connection.execute(
            "INSERT OR REPLACE INTO snapshot VALUES (1, ?, ?)", (self._seq, json.dumps(state))
        )

    def load_snapshot(self, form: int) -> tuple[dict[str, Any] | None, list[Event]]:
        """The state last kept, and the events since then. A state of another form than `form`, as
        another version keeps it, is passed over: then these are all events."""
        row = self._connection.execute("SELECT seq, state FROM snapshot").fetchone()
        seq, state = (row[0], json.loads(row[1])) if row else (0, None)
        if state is not None and state.get("form") != form:
            seq, state = 0, None
        bodies = self._connection.execute(
            "SELECT body FROM journal WHERE seq > ? ORDER BY seq", (seq,)
        )
        return state, [from_body(body) for (body,) in bodies]

    def fold_log(self, *, busy: bool) -> None:
        """Fold the write-ahead log into the database if it has grown; a busy writer waits longer.

        PASSIVE: never waits for a reader, which only lets the log grow until it is done.
        """
        if self._unfolded_events < (FOLD_BUSY_EVENTS if busy else FOLD_IDLE_EVENTS):
            return
        try:
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except SqliteError as error:
            raise from_sqlite(error, self._path) from error
        self._unfolded_events = 0


def lock_ledger(path: Path) -> BinaryIO:
    """A file held locked for as long as it is open: the ledger has one writing process. Raises
    LedgerBusyError while another holds it."""
    lock = path.with_name(path.name + ".lock").open("wb")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise LedgerBusyError(path) from None
    return lock


def _refuse_truncated(path: Path) -> None:
    """An empty or cut file must never be taken for a new ledger.

    The header holds page size (offset 16) and page count (offset 28), SQLite file format 1.3.
    A file may be shorter than its header says only while a write-ahead log holds the rest.
    """
    with path.open("rb") as file:
        header = file.read(100)
    if len(header) < 100 or not header.startswith(b"SQLite format 3\0"):
        raise LedgerDamagedError(path, f"it is no SQLite file ({path.stat().st_size} bytes)")
    page_size = int.from_bytes(header[16:18], "big")
    page_size = 65_536 if page_size == 1 else page_size
    due = int.from_bytes(header[28:32], "big")
    there = path.stat().st_size // page_size
    if missing := set(range(there + 1, due + 1)) - _pages_in_log(path, page_size):
        raise LedgerDamagedError(
            path, f"{len(missing)} of its {due} pages of {page_size} bytes are missing"
        )


def _log_of(path: Path) -> Path:
    real = path.resolve()  # as SQLite does
    return real.with_name(real.name + "-wal")


def _pages_in_log(path: Path, page_size: int) -> set[int]:
    """Numbers of the pages that the write-ahead log holds (SQLite file format, section 4.1)."""
    pages: set[int] = set()
    try:
        with _log_of(path).open("rb") as log:
            header = log.read(32)
            salt = header[16:24]
            while any(header) and len(frame := log.read(24)) == 24:
                if frame[8:16] != salt:
                    break
                pages.add(int.from_bytes(frame[:4], "big"))
                log.seek(page_size, os.SEEK_CUR)
    except FileNotFoundError:
        pass
    return pages


def _refuse_broken_tail(connection: Connection, path: Path) -> None:
    """The last rows must chain; the whole journal is for `edge-agent ledger verify`."""
    rows = connection.execute(
        "SELECT seq, body, hash FROM journal ORDER BY seq DESC LIMIT 100"
    ).fetchall()
    rows.reverse()
    if rows and rows[0][0] == 1:
        rows.insert(0, (0, "", GENESIS))
    for (seq, _, before), (next_seq, body, found) in pairwise(rows):
        if next_seq != seq + 1 or link(before, next_seq, body) != found:
            raise LedgerDamagedError(path, f"event {next_seq} does not follow event {seq}")
