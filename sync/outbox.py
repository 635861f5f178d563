"""What sync remembers of its own, in `sync.db`. The journal itself is the outbox.

progress    one row: how far HQ has acknowledged (`cursor`, and the chained hash there), how the
            last attempts went. HQ's own word always comes first; this row is what is shown, and
            what tells that the ledger was changed underneath.
quarantine  events put aside because HQ refused them, with HQ's reason; declared to HQ as holes.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from sqlite_utils import Database, Migrations

from edge_agent.core.chain import GENESIS
from edge_agent.sqlite import Connection, SqliteError, connect
from sync.wire import Hole

migrations = Migrations("sync")


@migrations(name="0001_progress_and_quarantine")
def _progress_and_quarantine(db: Database) -> None:
    db.execute(
        "CREATE TABLE progress (one INTEGER PRIMARY KEY CHECK (one = 1), cursor INTEGER NOT NULL, "
        "hash BLOB NOT NULL, sent_events INTEGER NOT NULL, sent_batches INTEGER NOT NULL, "
        "last_ok_at TEXT, last_error TEXT, last_error_at TEXT, alarm TEXT) STRICT"
    )
    db.execute(
        "CREATE TABLE quarantine (from_seq INTEGER PRIMARY KEY, to_seq INTEGER NOT NULL, "
        "before BLOB NOT NULL, head BLOB NOT NULL, reason TEXT NOT NULL, at TEXT NOT NULL) STRICT"
    )
    db.table("progress").insert(
        {"one": 1, "cursor": 0, "hash": GENESIS, "sent_events": 0, "sent_batches": 0}
    )


class OutboxTooNewError(Exception):
    """`sync.db` was written by a newer version."""


class Outbox:
    """`sync.db` at `path`, opened by its one writer."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = Database(connect(path))
        known = {migration.name for migration in migrations._migrations}
        newer = [m.name for m in migrations.applied(self._db) if m.name not in known]
        if newer:
            self._db.close()
            raise OutboxTooNewError(
                f"{path} was written by a newer version (unknown migrations {', '.join(newer)}). "
                "Install that version again."
            )
        migrations.apply(self._db)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    @property
    def cursor(self) -> tuple[int, bytes]:
        """The last event HQ acknowledged, and the chained hash there."""
        seq, value = self._db.execute("SELECT cursor, hash FROM progress").fetchone()
        return seq, value

    def move(self, seq: int, value: bytes) -> None:
        """HQ stands at event `seq`, whose chained hash is `value`."""
        self._db.execute("UPDATE progress SET cursor = ?, hash = ?", (seq, value))

    def acknowledged(self, from_seq: int, to_seq: int, value: bytes) -> None:
        """HQ holds `from_seq` to `to_seq`; `value` is the hash of the last."""
        with self._db.atomic():
            self._settle(from_seq, to_seq, value)
            self._db.execute(
                "UPDATE progress SET sent_batches = sent_batches + 1, "
                "sent_events = sent_events + ?",
                (to_seq - from_seq + 1,),
            )
            self._advance(to_seq, value)

    def set_aside(self, hole: Hole, at: str) -> None:
        """Remember that the events of `hole` are not at HQ. Done before HQ is told."""
        before, head = bytes.fromhex(hole.before), bytes.fromhex(hole.head)
        with self._db.atomic():
            self._settle(hole.from_seq, hole.to_seq, head)
            self._db.execute(
                "INSERT INTO quarantine (from_seq, to_seq, before, head, reason, at) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (hole.from_seq, hole.to_seq, before, head, hole.reason, at),
            )

    def declared(self, hole: Hole) -> None:
        """HQ knows of `hole`; what is behind it may follow."""
        self._advance(hole.to_seq, bytes.fromhex(hole.head))

    def quarantined(self) -> list[tuple[int, int]]:
        """The first and last number of each run of events that is put aside."""
        return list(
            self._db.execute("SELECT from_seq, to_seq FROM quarantine ORDER BY from_seq").fetchall()
        )

    def succeeded(self, at: str) -> None:
        self._db.execute(
            "UPDATE progress SET last_ok_at = ?, last_error = NULL, alarm = NULL", (at,)
        )

    def failed(self, at: str, error: str, *, is_alarm: bool) -> None:
        """The attempt ended with `error`. An alarm stands until HQ and ledger agree again."""
        self._db.execute(
            "UPDATE progress SET last_error = ?1, last_error_at = ?2, "
            "alarm = CASE WHEN ?3 THEN ?1 ELSE alarm END",
            (error, at, is_alarm),
        )

    def _advance(self, seq: int, value: bytes) -> None:
        self._db.execute(
            "UPDATE progress SET cursor = ?1, hash = ?2 WHERE cursor < ?1", (seq, value)
        )

    def _settle(self, from_seq: int, to_seq: int, value: bytes) -> None:
        """Take `from_seq` to `to_seq`, whose last hash is `value`, out of quarantine."""
        self._db.execute(
            "DELETE FROM quarantine WHERE from_seq >= ? AND to_seq <= ?", (from_seq, to_seq)
        )
        self._db.execute(
            "UPDATE quarantine SET from_seq = ?2 + 1, before = ?3 WHERE from_seq BETWEEN ?1 AND ?2",
            (from_seq, to_seq, value),
        )


@dataclass(frozen=True, slots=True)
class Received:
    """What HQ acknowledged, as `sync.db` says: all up to event `cursor`, whose chained hash was
    `hash` then, without the `holes` (first and last number)."""

    cursor: int = 0
    hash: bytes = GENESIS
    holes: tuple[tuple[int, int], ...] = ()

    def has(self, seq: int) -> bool:
        """Whether HQ holds an event of this number."""
        return seq <= self.cursor and not any(low <= seq <= high for low, high in self.holes)


def received(path: Path) -> Received:
    """As `sync.db` at `path` says now. Raises SqliteError."""
    connection = _opened(path)
    if connection is None:
        return Received()
    try:
        cursor, value = connection.execute("SELECT cursor, hash FROM progress").fetchone()
        holes = connection.execute("SELECT from_seq, to_seq FROM quarantine").fetchall()
        return Received(cursor, value, tuple(holes))
    finally:
        connection.close()


def read_progress(path: Path) -> dict[str, Any]:
    """What `sync.db` says, for people; of a line that never synchronised, that it did not."""
    never = ("last_ok_at", "last_error", "last_error_at", "alarm")
    nothing: dict[str, Any] = {
        **dict.fromkeys(("cursor", "sent_events", "sent_batches"), 0),
        **dict.fromkeys(never),
        "quarantined": [],
    }
    connection = _opened(path)
    if connection is None:
        return nothing
    try:
        db = Database(connection)
        row = next(db["progress"].rows)
        holes = db.query("SELECT from_seq, to_seq, reason, at FROM quarantine ORDER BY from_seq")
        return {name: row.get(name) for name in nothing} | {"quarantined": list(holes)}
    finally:
        connection.close()


def _opened(path: Path) -> Connection | None:
    """`sync.db` for reading; None if the line never synchronised."""
    if not path.exists():
        return None
    connection = connect(path, read_only=True)
    try:
        if Database(connection)["progress"].exists():
            return connection
    except SqliteError:
        connection.close()
        raise
    connection.close()
    return None
