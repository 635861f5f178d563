"""How many events of each kind there are, counted by SQLite itself."""

from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from edge_agent.ledger.errors import from_sqlite
from edge_agent.sqlite import Connection, SqliteError, connect

_TALLY = """
SELECT seq > :page, body ->> '$.kind', body ->> '$.station', body ->> '$.level',
       body ->> '$.reason', count(*)
FROM journal WHERE seq > :after AND seq <= :until
  AND NOT (body ->> '$.kind' = 'passed' AND body ->> '$.key' IS NULL)
GROUP BY 1, 2, 3, 4, 5
"""
_PAGE = """
SELECT coalesce(max(seq), 0) FROM journal
WHERE seq > :after AND seq <= :until AND substr(body, 1, length(:head)) = :head
"""


class Tallied(NamedTuple):
    """`events` that are alike; `is_later`: after the last event that turned the page."""

    is_later: bool
    kind: str
    station: str
    level: str | None
    reason: str | None
    events: int


def tallied(path: Path, since: str, until: int, page_kind: str) -> list[Tallied]:
    """The ledger's events at or after `since` (RFC 3339, UTC) up to number `until`. An event of
    `page_kind` turns the page. An item that passed without leave is not among them. Raises
    LedgerError."""
    try:
        with closing(connect(path, read_only=True, cache_mib=1)) as connection:
            after = _before(connection, since, until)
            given = {"after": after, "until": until, "head": f'{{"kind":"{page_kind}"'}
            (page,) = connection.execute(_PAGE, given).fetchone()
            rows = connection.execute(_TALLY, {**given, "page": page}).fetchall()
    except SqliteError as error:
        raise from_sqlite(error, path) from None
    return [Tallied(bool(is_later), *rest) for is_later, *rest in rows]


def _before(connection: Connection, since: str, until: int) -> int:
    """The number of the last event before `since`: their times grow with their numbers, but for a
    clock that was set."""
    low, high = 0, until
    while low < high:
        middle = (low + high + 1) // 2
        (at,) = connection.execute(
            "SELECT body ->> '$.at' FROM journal WHERE seq = ?", (middle,)
        ).fetchone()
        if at < since:
            low = middle
        else:
            high = middle - 1
    return low
