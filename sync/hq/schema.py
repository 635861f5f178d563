"""HQ's tables, as numbered migrations. A published migration is never edited.

agent      one row a line. `cursor` is the last event known, stored or in a hole; `head` its hash.
journal    the lines' events, byte for byte; `hash` as the line computed it and HQ verified it.
hole       events an agent put aside because HQ refused them: known by number and hash alone.
node       the tree: one row a code, as in the line's ledger. `text` is the code as it was read,
           where that differs from the key. `events` lists the numbers of the events that changed
           the node: its row is written anyway, an index apart would be one more page a code to
           write (docs/decisions/0002-sync.md). `level` is NULL while the commissioning
           lies in a hole.
container  one row a container, with or without a code yet. `state` is open, parked or closed;
           `events` lists the numbers of the events that opened, parked or closed it.
alias      the second code of a thing that has two.
rejection  rejected reads of a code; they change no node, so they are listed apart.
tally      how many events of each kind.
alarm      disagreements with an agent, each once, with how often and when last.
receipt    what was received when.
"""

from sqlite_utils import Database, Migrations

migrations = Migrations("hq")


@migrations(name="0001_journal_and_tree")
def _journal_and_tree(db: Database) -> None:
    for statement in (
        "CREATE TABLE agent (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, "
        "cursor INTEGER NOT NULL, head BLOB NOT NULL, last_received_at TEXT NOT NULL) STRICT",
        "CREATE TABLE journal (agent_id INTEGER NOT NULL, seq INTEGER NOT NULL, "
        "body TEXT NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (agent_id, seq)) "
        "STRICT, WITHOUT ROWID",
        "CREATE TABLE hole (agent_id INTEGER NOT NULL, from_seq INTEGER NOT NULL, "
        "to_seq INTEGER NOT NULL, before BLOB NOT NULL, head BLOB NOT NULL, reason TEXT NOT NULL, "
        "at TEXT NOT NULL, PRIMARY KEY (agent_id, from_seq)) STRICT, WITHOUT ROWID",
        "CREATE TABLE node (agent_id INTEGER NOT NULL, key TEXT NOT NULL, level TEXT, state TEXT, "
        "inside INTEGER, holds INTEGER, text TEXT, events TEXT NOT NULL, "
        "PRIMARY KEY (agent_id, key)) STRICT, WITHOUT ROWID",
        "CREATE INDEX node_inside ON node (agent_id, inside) WHERE inside IS NOT NULL",
        "CREATE INDEX node_text ON node (text) WHERE text IS NOT NULL",
        "CREATE TABLE container (agent_id INTEGER NOT NULL, id INTEGER NOT NULL, level TEXT, "
        "key TEXT, closed_seq INTEGER, PRIMARY KEY (agent_id, id)) STRICT, WITHOUT ROWID",
        "CREATE TABLE rejection (agent_id INTEGER NOT NULL, key TEXT NOT NULL, "
        "seq INTEGER NOT NULL, PRIMARY KEY (agent_id, key, seq)) STRICT, WITHOUT ROWID",
        "CREATE TABLE tally (agent_id INTEGER NOT NULL, kind TEXT NOT NULL, "
        "events INTEGER NOT NULL, PRIMARY KEY (agent_id, kind)) STRICT, WITHOUT ROWID",
        "CREATE TABLE alarm (agent_id INTEGER NOT NULL, kind TEXT NOT NULL, seq INTEGER NOT NULL, "
        "detail TEXT NOT NULL, first_at TEXT NOT NULL, last_at TEXT NOT NULL, "
        "times INTEGER NOT NULL, PRIMARY KEY (agent_id, kind, seq)) STRICT, WITHOUT ROWID",
        "CREATE TABLE receipt (id INTEGER PRIMARY KEY, agent_id INTEGER NOT NULL, "
        "at TEXT NOT NULL, from_seq INTEGER NOT NULL, to_seq INTEGER NOT NULL, "
        "stored INTEGER NOT NULL) STRICT",
    ):
        db.execute(statement)


@migrations(name="0002_places_and_second_codes")
def _places_and_second_codes(db: Database) -> None:
    for statement in (
        "ALTER TABLE container ADD COLUMN state TEXT NOT NULL DEFAULT 'open'",
        "ALTER TABLE container ADD COLUMN events TEXT NOT NULL DEFAULT ''",
        "UPDATE container SET state = 'closed', events = closed_seq WHERE closed_seq IS NOT NULL",
        "CREATE INDEX container_key ON container (agent_id, key) WHERE key IS NOT NULL",
        "CREATE TABLE alias (agent_id INTEGER NOT NULL, also TEXT NOT NULL, key TEXT NOT NULL, "
        "PRIMARY KEY (agent_id, also)) STRICT, WITHOUT ROWID",
    ):
        db.execute(statement)


def newer_than_known(db: Database) -> list[str]:
    """Names of applied migrations that this version does not know."""
    applied = [migration.name for migration in migrations.applied(db)]
    known = {migration.name for migration in migrations._migrations}
    return [name for name in applied if name not in known]
