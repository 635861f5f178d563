"""`edge-agent ledger verify`: the journal recomputed, and the tree recomputed from it."""

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from sqlite_utils import Database

from edge_agent.core.body import EventError, from_body
from edge_agent.core.chain import GENESIS, link
from edge_agent.core.tree import changes
from edge_agent.ledger import schema, tree
from edge_agent.ledger.reader import LedgerReader
from edge_agent.sqlite import Connection, connect

_COMMIT_EVENTS = 50_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """How far the ledger holds. `fault` names the first wrong row; None: all is well."""

    events: int
    nodes: int
    containers: int
    fault: str | None


def verify(path: Path) -> Verdict:
    """Recompute chain and tree of the ledger at `path`. Raises LedgerError if it cannot be read.

    The tree is rebuilt in a temporary database, so this needs room for a second one and may run
    beside the line.
    """
    with LedgerReader(path) as ledger, tempfile.TemporaryDirectory() as scratch:
        rebuilt = connect(Path(scratch) / "tree.db")
        try:
            rebuilt.execute("PRAGMA synchronous = OFF")
            schema.migrations.apply(Database(rebuilt))
            # One moment of a running line: the tree is compared as it was when the walk ended.
            with ledger.snapshot():
                events, fault = _replay(ledger, rebuilt)
                if fault is not None:
                    return Verdict(events, 0, 0, fault)
                nodes, fault = _compare("node", ledger.nodes(), tree.nodes(rebuilt))
                if fault is not None:
                    return Verdict(events, nodes, 0, fault)
                containers, fault = _compare(
                    "container", ledger.containers(), tree.containers(rebuilt)
                )
                if fault is None:
                    _, fault = _compare("alias", ledger.aliases(), tree.aliases(rebuilt))
                return Verdict(events, nodes, containers, fault)
        finally:
            rebuilt.close()


def _replay(ledger: LedgerReader, rebuilt: Connection) -> tuple[int, str | None]:
    """Walk the journal, rebuilding the tree. Gives the count of good events, and a fault."""
    good, before = 0, GENESIS
    rebuilt.execute("BEGIN")
    for seq, body, found in ledger.walk():
        if seq != good + 1:
            return good, f"journal row {seq}: expected sequence number {good + 1}"
        if link(before, seq, body) != found:
            return good, f"journal row {seq}: its hash does not follow from its body and row {good}"
        try:
            event = from_body(body)
        except EventError as error:
            return good, f"journal row {seq}: {error}"
        tree.apply(rebuilt, seq, changes(event))
        good, before = seq, found
        if seq % _COMMIT_EVENTS == 0:
            rebuilt.execute("COMMIT")
            rebuilt.execute("BEGIN")
    rebuilt.execute("COMMIT")
    return good, None


def _compare(table: str, found: Iterable[object], due: Iterable[object]) -> tuple[int, str | None]:
    same = 0
    for row, expected in zip_longest(found, due):
        if row != expected:
            return same, f"{table} row {same + 1}: found {row}, the journal says {expected}"
        same += 1
    return same, None
