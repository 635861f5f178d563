"""HQ's tree, projected from the events it stores.

A run of events is folded in memory first and written as one row a code: a product is mostly
commissioned, passed and packed within one batch, so three events cost one upsert.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from edge_agent.core.body import from_body
from edge_agent.core.events import Commissioned, Event, Rejected
from edge_agent.core.tree import NameContainer, PutInto, PutNode, SetState, State, changes
from edge_agent.sqlite import Connection

_PUT_NODES = (
    "INSERT INTO node (agent_id, key, level, state, inside, holds, text, events) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
    "level = coalesce(level, excluded.level), state = coalesce(excluded.state, state), "
    "inside = coalesce(excluded.inside, inside), holds = coalesce(excluded.holds, holds), "
    "text = coalesce(excluded.text, text), events = events || ',' || excluded.events"
)
_PUT_CONTAINERS = (
    "INSERT INTO container (agent_id, id, level, key, closed_seq) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT DO UPDATE SET level = coalesce(level, excluded.level), "
    "key = coalesce(excluded.key, key), closed_seq = coalesce(excluded.closed_seq, closed_seq)"
)
_PUT_REJECTIONS = "INSERT OR IGNORE INTO rejection (agent_id, key, seq) VALUES (?, ?, ?)"
_LISTED = "SELECT events FROM node WHERE agent_id = ? AND key IN (SELECT value FROM json_each(?))"
_FORGET = "DELETE FROM node WHERE agent_id = ? AND key IN (SELECT value FROM json_each(?))"


@dataclass(slots=True)
class _Node:
    """What a run of events changes in one node; None: nothing."""

    level: str | None = None
    state: State | None = None
    inside: int | None = None
    holds: int | None = None
    text: str | None = None
    events: list[int] = field(default_factory=list)

    def row(self) -> tuple[str | int | None, ...]:
        listed = ",".join(map(str, self.events))
        return self.level, self.state, self.inside, self.holds, self.text, listed


@dataclass(slots=True)
class _Container:
    level: str | None = None
    key: str | None = None
    closed_seq: int | None = None


class Fold:
    """The net change of a run of events, given in order of sequence."""

    def __init__(self) -> None:
        self._nodes: dict[str, _Node] = {}
        self._containers: dict[int, _Container] = {}
        self._rejections: list[tuple[str, int]] = []

    @property
    def keys(self) -> list[str]:
        """The codes whose nodes change."""
        return list(self._nodes)

    def add(self, seq: int, event: Event) -> None:
        if isinstance(event, Rejected) and event.key is not None:
            self._rejections.append((event.key, seq))
        for change in changes(event):
            node = self._nodes.get(change.key)
            if node is None:
                node = self._nodes[change.key] = _Node()
            node.events.append(seq)
            match change:
                case PutNode(level=level, state=state):
                    node.level = node.level or level
                    node.state = state
                case SetState(state=state):
                    node.state = state
                case PutInto(container=container, container_level=level):
                    node.state = State.PACKED
                    node.inside = container
                    self._container(container).level = level
                case NameContainer(key=key, container=container):
                    node.holds = container
                    named = self._container(container)
                    named.key, named.closed_seq = key, seq
            if isinstance(event, Commissioned) and event.text != event.key:
                node.text = event.text

    def write(self, connection: Connection, agent_id: int) -> None:
        """Carry out the change inside the caller's transaction."""
        # In key order, neighbours share the pages they are written to.
        connection.executemany(
            _PUT_NODES,
            [(agent_id, key, *node.row()) for key, node in sorted(self._nodes.items())],
        )
        connection.executemany(
            _PUT_CONTAINERS,
            [(agent_id, i, c.level, c.key, c.closed_seq) for i, c in self._containers.items()],
        )
        connection.executemany(
            _PUT_REJECTIONS, [(agent_id, key, seq) for key, seq in self._rejections]
        )

    def _container(self, container: int) -> _Container:
        return self._containers.setdefault(container, _Container())


def project(connection: Connection, agent_id: int, events: Iterable[tuple[int, Event]]) -> None:
    """Project `events` that follow everything projected before."""
    fold = Fold()
    for seq, event in events:
        fold.add(seq, event)
    fold.write(connection, agent_id)


def reproject(connection: Connection, agent_id: int, late: Iterable[tuple[int, Event]]) -> None:
    """Project `late` events that fill a hole, among those behind it that are projected already.

    Each event changes one code, and each node lists its events: the nodes concerned are made anew
    from all their events, in order. The rest of the tree cannot differ.
    """
    events = dict(late)
    concerned = Fold()
    for seq, event in events.items():
        concerned.add(seq, event)
    named = (agent_id, json.dumps(concerned.keys))
    for (listed,) in connection.execute(_LISTED, named).fetchall():
        for seq in map(int, listed.split(",")):
            (body,) = connection.execute(
                "SELECT body FROM journal WHERE agent_id = ? AND seq = ?", (agent_id, seq)
            ).fetchone()
            events[seq] = from_body(body)
    connection.execute(_FORGET, named)
    project(connection, agent_id, sorted(events.items(), key=lambda item: item[0]))
