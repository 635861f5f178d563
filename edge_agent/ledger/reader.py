"""Reading a ledger that another process writes."""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple, Self

from sqlite_utils import Database

from edge_agent.core.chain import GENESIS
from edge_agent.ledger import schema, tree
from edge_agent.ledger.errors import (
    LedgerDamagedError,
    LedgerMissingError,
    LedgerTooNewError,
    from_sqlite,
)
from edge_agent.ledger.tree import Container, Node
from edge_agent.sqlite import Connection, SqliteError, connect

# A code's changes lie close together in the journal, so a range and a look inside it is enough;
# rejects may lie anywhere and have an index of their own.
_CONCERNING = """
SELECT seq, body, hash FROM journal
WHERE seq BETWEEN (SELECT first_seq FROM node WHERE key = :key)
              AND (SELECT last_seq FROM node WHERE key = :key)
  AND instr(body, :text)
UNION
SELECT seq, body, hash FROM journal
WHERE seq = (SELECT closed_seq FROM container
             WHERE id = (SELECT inside FROM node WHERE key = :key))
UNION
SELECT seq, body, hash FROM journal
WHERE body ->> '$.key' = :key AND substr(body, 1, 18) = '{"kind":"rejected"'
ORDER BY seq
"""
_PICTURED = """
SELECT seq, body, hash FROM journal
WHERE seq IN (SELECT seq FROM journal WHERE instr(body, '"picture":"'))
ORDER BY seq
"""
_ENTERED = f"""
SELECT seq, body, hash FROM journal WHERE {schema.IS_ENTERED} ORDER BY seq
"""  # noqa: S608 the project's own text
_OF_PICTURE = """
SELECT seq, body, hash FROM journal
WHERE instr(body, '"picture":"') AND body ->> '$.picture' = ?
ORDER BY seq
"""
_OF_PERSON = """(
    :person IN (body ->> '$.by', body ->> '$.person', body ->> '$.approved_by')
    OR body ->> '$.subject' = 'person' AND body ->> '$.id' = :person
)"""


class JournalRow(NamedTuple):
    seq: int
    body: str
    hash: bytes


class LedgerReader:
    """A read-only view of the ledger at `path`; each call sees the latest commit.

    Raises LedgerMissingError, LedgerTooNewError or LedgerDamagedError when it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise LedgerMissingError(path)
        with ExitStack() as on_failure:
            try:
                self._connection = connect(path, read_only=True)
                on_failure.callback(self._connection.close)
                refuse_unknown_schema(self._connection, path)
            except SqliteError as error:
                raise from_sqlite(error, path) from None
            on_failure.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Inside, every call sees the ledger as it was at the first."""
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("ROLLBACK")

    def head(self) -> tuple[int, bytes]:
        """The last event's number and hash; (0, GENESIS) when there is none."""
        return head(self._connection)

    def rows(self, after: int, limit: int) -> list[JournalRow]:
        """Up to `limit` events following number `after`, in order."""
        found = self._connection.execute(
            "SELECT seq, body, hash FROM journal WHERE seq > ? ORDER BY seq LIMIT ?", (after, limit)
        )
        return [JournalRow(*row) for row in found]

    def walk(self, after: int = 0) -> Iterator[JournalRow]:
        """Every event following number `after`, read in pages so that no lock is held long."""
        while page := self.rows(after, 5_000):
            yield from page
            after = page[-1].seq

    def concerning(self, key: str) -> list[JournalRow]:
        """The events about code `key`, in order: what changed it, what closed the container it
        lies in or names, and each read of it that was rejected."""
        found = self._connection.execute(_CONCERNING, {"key": key, "text": f'"{key}"'})
        return [JournalRow(*row) for row in found]

    def of_picture(self, sha256: str) -> list[JournalRow]:
        """The events that name this picture, in order."""
        return [JournalRow(*row) for row in self._connection.execute(_OF_PICTURE, (sha256,))]

    def entered(self) -> Iterator[JournalRow]:
        """Every change of a product, an order or a person, and of what the line works on."""
        return (JournalRow(*row) for row in self._connection.execute(_ENTERED))

    def pictured(self) -> Iterator[JournalRow]:
        """Every event that names a picture, in order."""
        return (JournalRow(*row) for row in self._connection.execute(_PICTURED))

    def acts(
        self,
        *,
        person: str = "",
        kinds: Sequence[str] = (),
        since: str = "",
        until: str = "",
        before: int | None = None,
        newest_first: bool = True,
        limit: int = -1,
    ) -> Iterator[JournalRow]:
        """The events of the audit trail (schema.ACTS): those that `person` did, agreed to or was
        the subject of, of `kinds`, from `since` on and before `until` (RFC 3339, UTC), before
        number `before`. What is empty bounds nothing; `limit` -1 neither."""
        where = [schema.ACTS]
        if before is not None:
            where.append("seq < :before")
        if person:
            where.append(_OF_PERSON)
        if kinds:
            where.append("body ->> '$.kind' IN (SELECT value FROM json_each(:kinds))")
        if since:
            where.append("body ->> '$.at' >= :since")
        if until:
            where.append("body ->> '$.at' < :until")
        query = (
            f"SELECT seq, body, hash FROM journal WHERE {' AND '.join(where)} "  # noqa: S608 fixed
            f"ORDER BY seq {'DESC' if newest_first else 'ASC'} LIMIT :limit"
        )
        given = {
            "person": person, "kinds": json.dumps(kinds), "since": since, "until": until,
            "before": before, "limit": limit,
        }  # fmt: skip
        return (JournalRow(*row) for row in self._connection.execute(query, given))

    def node(self, key: str) -> Node | None:
        return tree.node(self._connection, key)

    def container(self, container_id: int) -> Container | None:
        return tree.container(self._connection, container_id)

    def children(self, container_id: int) -> list[Node]:
        return tree.children(self._connection, container_id)

    def own_key(self, key: str) -> str:
        """The key of the thing whose second code `key` is; else `key` itself."""
        return tree.own_key(self._connection, key)

    def aliases(self) -> Iterator[tuple[str, str]]:
        return tree.aliases(self._connection)

    def nodes(self) -> Iterator[Node]:
        return tree.nodes(self._connection)

    def containers(self) -> Iterator[Container]:
        return tree.containers(self._connection)


def head(connection: Connection) -> tuple[int, bytes]:
    row = connection.execute("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
    return (row[0], row[1]) if row else (0, GENESIS)


def refuse_unknown_schema(connection: Connection, path: Path) -> None:
    """Raise LedgerTooNewError or LedgerDamagedError unless this version can read the tables."""
    database = Database(connection)
    if newer := schema.newer_than_known(database):
        raise LedgerTooNewError(path, newer)
    if not database["journal"].exists():
        raise LedgerDamagedError(path, "it has no journal")
