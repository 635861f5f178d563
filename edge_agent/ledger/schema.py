"""The ledger's tables, as numbered migrations. A published migration is never edited.

journal    what happened; the truth. `hash` chains each row to the one before (core/chain.py).
node       the tree projected from it: one row a code. `inside` is the container it lies in,
           `holds` the container it names. Events `first_seq` to `last_seq` changed it.
container  one row a container, with or without a code yet; `closed_seq` is the event that gave it.
snapshot   the state of the line's core after event `seq`, so that a start replays few events.
"""

from sqlite_utils import Database, Migrations

migrations = Migrations("ledger")


@migrations(name="0001_journal_and_tree")
def _journal_and_tree(db: Database) -> None:
    for statement in (
        "CREATE TABLE journal (seq INTEGER PRIMARY KEY, body TEXT NOT NULL, hash BLOB NOT NULL) "
        "STRICT",
        "CREATE TABLE node (key TEXT PRIMARY KEY, level TEXT NOT NULL, state TEXT NOT NULL, "
        "inside INTEGER, holds INTEGER, first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL) "
        "STRICT, WITHOUT ROWID",
        "CREATE INDEX node_inside ON node (inside) WHERE inside IS NOT NULL",
        "CREATE TABLE container (id INTEGER PRIMARY KEY, level TEXT NOT NULL, key TEXT UNIQUE, "
        "closed_seq INTEGER) STRICT",
        "CREATE INDEX journal_rejected ON journal (body ->> '$.key') "
        'WHERE substr(body, 1, 18) = \'{"kind":"rejected"\'',
        "CREATE TABLE snapshot (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, "
        "state TEXT NOT NULL) STRICT",
    ):
        db.execute(statement)


@migrations(name="0002_events_of_a_picture")
def _events_of_a_picture(db: Database) -> None:
    # Few events have one: looking for the member as text spares the others their parsing. Inside a
    # text of JSON, its quotes would be escaped.
    db.execute(
        "CREATE INDEX journal_picture ON journal (body ->> '$.picture') "
        'WHERE instr(body, \'"picture":"\')'
    )


def newer_than_known(db: Database) -> list[str]:
    """Names of applied migrations that this version does not know."""
    applied = [migration.name for migration in migrations.applied(db)]
    known = {migration.name for migration in migrations._migrations}
    return [name for name in applied if name not in known]
