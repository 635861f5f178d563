"""Taking batches and holes into HQ's database.

Invariants, each kept by one transaction
* An agent's journal rows and holes cover 1 to `cursor` without overlap.
* Every stored row's hash continues the chain of the row, or hole, before it.
* What was stored is never changed; other content for the same number is a conflict and an alarm.
* The tree is that of the stored rows.
"""

import json
from collections import Counter
from collections.abc import Sequence

from sqlite_utils import Database

from edge_agent.core.body import EventError, from_body
from edge_agent.core.chain import GENESIS
from edge_agent.core.events import Event, Reworked
from edge_agent.sqlite import Connection
from sync.hq.projection import project, reproject
from sync.wire import Acked, Batch, Conflict, Gap, Hole, MalformedError

Answer = Acked | Gap | Conflict
MAX_CONTAINER = 2**63 - 1
"""SQLite's largest integer."""
MAX_MOVES = 10_000
"""Things that one event moves: no container of any line holds more."""


def receive(db: Database, batch: Batch, at: str) -> Answer:
    """Store what is new in `batch`, received `at`. Answers when it is on disk.

    Raises MalformedError, naming every event that is none, before anything is stored.
    """
    hashes = batch.hashes()
    events = _events(batch)
    connection = db.conn
    with db.atomic():
        agent_id, cursor = _agent(connection, batch.agent, at)
        refusal = _refuse(connection, agent_id, cursor, batch.from_seq, batch.before)
        refusal = refusal or _contradiction(connection, agent_id, batch.from_seq, hashes)
        if refusal:
            return _alarmed(connection, agent_id, refusal, at)
        stored = _stored(connection, agent_id, batch.from_seq, batch.to_seq)
        new = [
            (seq, event) for seq, event in enumerate(events, batch.from_seq) if seq not in stored
        ]
        connection.executemany(
            "INSERT INTO journal (agent_id, seq, body, hash) VALUES (?, ?, ?, ?)",
            [
                (agent_id, seq, batch.bodies[seq - batch.from_seq], hashes[seq - batch.from_seq])
                for seq, _ in new
            ],
        )
        late = [item for item in new if item[0] <= cursor]
        if late:
            reproject(connection, agent_id, late)
            _settle(connection, agent_id, batch.from_seq, batch.to_seq, batch.head)
        project(connection, agent_id, new[len(late) :])
        _count(connection, agent_id, [event for _, event in new])
        _move(connection, agent_id, batch.to_seq, batch.head)
        _note(connection, agent_id, at, range(batch.from_seq, batch.to_seq + 1), len(new))
    return Acked(acked=batch.to_seq)


def declare(db: Database, hole: Hole, at: str) -> Answer:
    """Record that the agent puts the events of `hole` aside. Declared again, it stays one hole."""
    before, head = bytes.fromhex(hole.before), bytes.fromhex(hole.head)
    connection = db.conn
    with db.atomic():
        agent_id, cursor = _agent(connection, hole.agent, at)
        refusal = _refuse(connection, agent_id, cursor, hole.from_seq, before)
        refusal = refusal or _contradicted_hole(connection, agent_id, cursor, hole, head)
        if refusal:
            return _alarmed(connection, agent_id, refusal, at)
        if not _stored(connection, agent_id, hole.from_seq, hole.to_seq):
            _settle(connection, agent_id, hole.from_seq, hole.to_seq, head)
            connection.execute(
                "INSERT INTO hole (agent_id, from_seq, to_seq, before, head, reason, at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (agent_id, hole.from_seq, hole.to_seq, before, head, hole.reason, at),
            )
        _move(connection, agent_id, hole.to_seq, head)
        _note(connection, agent_id, at, range(hole.from_seq, hole.to_seq + 1), 0)
    return Acked(acked=hole.to_seq)


def _events(batch: Batch) -> list[Event]:
    events, faults = [], []
    for seq, body in enumerate(batch.bodies, batch.from_seq):
        try:
            event = from_body(body)
            _refuse_unstorable(event, body)
            events.append(event)
        except (EventError, RecursionError) as error:
            faults.append(f"event {seq}: {str(error)[:300]}")
    if faults:
        raise MalformedError(faults)
    return events


def _refuse_unstorable(event: Event, body: str) -> None:
    """JSON can say what SQLite cannot hold: lone surrogates, and numbers beyond 64 bits."""
    if "\\ud" in body or "\\uD" in body:
        try:
            json.dumps(json.loads(body), ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise EventError("has half of a surrogate pair, expected whole characters") from None
    moves = event.moves if isinstance(event, Reworked) else ()
    if len(moves) > MAX_MOVES:
        raise EventError(f"has {len(moves)} moves, expected at most {MAX_MOVES}")
    named = [getattr(event, "container", None), *(move.after.inside for move in moves)]
    if any(container is not None and container > MAX_CONTAINER for container in named):
        raise EventError(f"container is more than {MAX_CONTAINER}")


def _agent(connection: Connection, name: str, at: str) -> tuple[int, int]:
    connection.execute(
        "INSERT INTO agent (name, cursor, head, last_received_at) VALUES (?1, 0, ?2, ?3) "
        "ON CONFLICT (name) DO UPDATE SET last_received_at = ?3",
        (name, GENESIS, at),
    )
    agent_id, cursor = connection.execute(
        "SELECT id, cursor FROM agent WHERE name = ?", (name,)
    ).fetchone()
    return agent_id, cursor


def _refuse(
    connection: Connection, agent_id: int, cursor: int, from_seq: int, before: bytes
) -> Gap | Conflict | None:
    """Why a run starting at `from_seq` after hash `before` does not join what is stored."""
    if from_seq > cursor + 1:
        return Gap(wants=cursor + 1)
    within = connection.execute(
        "SELECT from_seq FROM hole WHERE agent_id = ? AND from_seq < ? AND to_seq >= ?",
        (agent_id, from_seq, from_seq),
    ).fetchone()
    if within:
        return Gap(wants=within[0])
    known = connection.execute(
        "SELECT hash FROM journal WHERE agent_id = ?1 AND seq = ?2 "
        "UNION ALL SELECT head FROM hole WHERE agent_id = ?1 AND to_seq = ?2",
        (agent_id, from_seq - 1),
    ).fetchone()
    return Conflict(at=from_seq - 1) if before != (known[0] if known else GENESIS) else None


def _contradiction(
    connection: Connection, agent_id: int, from_seq: int, hashes: Sequence[bytes]
) -> Conflict | None:
    """The first number for which HQ holds another hash than `hashes` says."""
    to_seq = from_seq + len(hashes) - 1
    known = _stored(connection, agent_id, from_seq, to_seq)
    known |= dict(
        connection.execute(
            "SELECT to_seq, head FROM hole WHERE agent_id = ? AND to_seq BETWEEN ? AND ?",
            (agent_id, from_seq, to_seq),
        )
    )
    wrong = [seq for seq, value in known.items() if value != hashes[seq - from_seq]]
    return Conflict(at=min(wrong)) if wrong else None


def _contradicted_hole(
    connection: Connection, agent_id: int, cursor: int, hole: Hole, head: bytes
) -> Conflict | None:
    """Why HQ cannot have `hole` where it knows events up to `cursor` already."""
    stored = _stored(connection, agent_id, hole.from_seq, hole.to_seq)
    if len(stored) == hole.to_seq - hole.from_seq + 1:
        return None if stored[hole.to_seq] == head else Conflict(at=hole.to_seq)
    if stored:
        return Conflict(at=min(stored))
    around = connection.execute(
        "SELECT to_seq, head FROM hole WHERE agent_id = ? AND from_seq <= ? AND to_seq >= ?",
        (agent_id, hole.from_seq, hole.from_seq),
    ).fetchone()
    if around is None:
        return None if hole.from_seq > cursor else Conflict(at=hole.from_seq)
    to_seq, known = around
    if hole.to_seq > to_seq or (hole.to_seq == to_seq and head != known):
        return Conflict(at=to_seq)
    return None


def _stored(connection: Connection, agent_id: int, from_seq: int, to_seq: int) -> dict[int, bytes]:
    return dict(
        connection.execute(
            "SELECT seq, hash FROM journal WHERE agent_id = ? AND seq BETWEEN ? AND ?",
            (agent_id, from_seq, to_seq),
        )
    )


def _settle(connection: Connection, agent_id: int, from_seq: int, to_seq: int, head: bytes) -> None:
    """Take `from_seq` to `to_seq`, whose last hash is `head`, out of the holes."""
    span = (agent_id, from_seq, to_seq)
    connection.execute(
        "DELETE FROM hole WHERE agent_id = ? AND from_seq >= ? AND to_seq <= ?", span
    )
    connection.execute(
        "UPDATE hole SET from_seq = ?3 + 1, before = ?4 "
        "WHERE agent_id = ?1 AND from_seq BETWEEN ?2 AND ?3",
        (*span, head),
    )


def _count(connection: Connection, agent_id: int, events: Sequence[Event]) -> None:
    connection.executemany(
        "INSERT INTO tally (agent_id, kind, events) VALUES (?, ?, ?) "
        "ON CONFLICT DO UPDATE SET events = events + excluded.events",
        [(agent_id, kind, n) for kind, n in Counter(event.kind for event in events).items()],
    )


def _move(connection: Connection, agent_id: int, to_seq: int, head: bytes) -> None:
    connection.execute(
        "UPDATE agent SET cursor = ?2, head = ?3 WHERE id = ?1 AND cursor < ?2",
        (agent_id, to_seq, head),
    )


def _note(connection: Connection, agent_id: int, at: str, span: range, stored: int) -> None:
    connection.execute(
        "INSERT INTO receipt (agent_id, at, from_seq, to_seq, stored) VALUES (?, ?, ?, ?, ?)",
        (agent_id, at, span.start, span.stop - 1, stored),
    )


def _alarmed(connection: Connection, agent_id: int, refusal: Gap | Conflict, at: str) -> Answer:
    if isinstance(refusal, Conflict):
        connection.execute(
            "INSERT INTO alarm (agent_id, kind, seq, detail, first_at, last_at, times) "
            "VALUES (?1, 'conflict', ?2, ?3, ?4, ?4, 1) "
            "ON CONFLICT DO UPDATE SET last_at = excluded.last_at, times = times + 1",
            (
                agent_id,
                refusal.at,
                f"the agent sent other content for event {refusal.at} than HQ holds",
                at,
            ),
        )
    return refusal
