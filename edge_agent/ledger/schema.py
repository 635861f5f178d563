"""The ledger's tables, as numbered migrations. A published migration is never edited.

journal    what happened; the truth. `hash` chains each row to the one before (core/chain.py).
node       the tree projected from it: one row a code. `inside` is the container it lies in,
           `holds` the container it names. Events `first_seq` to `last_seq` changed it. `turn`
           orders what lies in one container as it was packed.
alias      the second code of a thing that has two.
container  one row a container, with or without a code yet; `state` says whether it is filled, put
           aside or closed, `closed_seq` is the event that closed it last.
snapshot   the state of the line's core after event `seq`, so that a start replays few events.
"""

from sqlite_utils import Database, Migrations

migrations = Migrations("ledger")
IS_ENTERED = (
    """(substr(body, 1, 16) = '{"kind":"edited"' """
    """OR substr(body, 1, 23) = '{"kind":"order_changed"')"""
)
"""SQL: an event in which people say what there is to pack, and who they are."""
TURNS = 1 << 16
"""Of one event, at most so many things change their place: `turn` is its number times this, and
which of them it is."""


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


@migrations(name="0003_places_and_second_codes")
def _places_and_second_codes(db: Database) -> None:
    for statement in (
        "ALTER TABLE container ADD COLUMN state TEXT NOT NULL DEFAULT 'open'",
        "UPDATE container SET state = 'closed' WHERE key IS NOT NULL",
        "ALTER TABLE node ADD COLUMN turn INTEGER",
        # Until now nothing happened to a thing after it was packed: its last event packed it.
        f"UPDATE node SET turn = last_seq * {TURNS} WHERE inside IS NOT NULL",  # noqa: S608
        "CREATE TABLE alias (also TEXT PRIMARY KEY, key TEXT NOT NULL) STRICT, WITHOUT ROWID",
    ):
        db.execute(statement)


ACTS = (
    "(substr(body, 10, 8) IN ('edited\",', 'order_ch', 'parked\",', 'released', 'resumed\"', "
    "'rework_r', 'reworked', 'sign_in_', 'signed_i', 'signed_o', 'stopped\"') "
    "OR substr(body, 10, 8) IN ('closed\",', 'opened\",') AND instr(body, '\"by\":\"') "
    "OR substr(body, 10, 8) = 'label_qu' "
    "AND (instr(body, '\"reprint_of\":') OR instr(body, '\"copy\":0,')))"
)
"""Events of the audit trail: what a person did, and what stopped the line. They are few among the
many, and are known by the beginning of their kind, which spares all others their parsing."""


@migrations(name="0004_acts")
def _acts(db: Database) -> None:
    db.execute(f"CREATE INDEX journal_acts ON journal (seq) WHERE {ACTS}")


@migrations(name="0005_events_of_the_office")
def _events_of_the_office(db: Database) -> None:
    # Few among millions, and a report asks for all of them.
    db.execute(f"CREATE INDEX journal_entered ON journal (seq) WHERE {IS_ENTERED}")


def newer_than_known(db: Database) -> list[str]:
    """Names of applied migrations that this version does not know."""
    applied = [migration.name for migration in migrations.applied(db)]
    known = {migration.name for migration in migrations._migrations}
    return [name for name in applied if name not in known]
