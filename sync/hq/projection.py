"""HQ's tree, projected from the events it stores.

A run of events is folded in memory first and written as one row a code: a product is mostly
commissioned, passed and packed within one batch, so three events cost one upsert.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from edge_agent.core.body import from_body
from edge_agent.core.events import Commissioned, Event, Rejected
from edge_agent.core.states import ContainerState, State
from edge_agent.core.tree import (
    Change,
    NameContainer,
    PutAlias,
    PutInto,
    PutNode,
    SetContainer,
    SetPlace,
    SetState,
    changes,
)
from edge_agent.sqlite import Connection

_NOWHERE = -1
"""In a fold: taken out of its container. No container has this number."""
_PUT_NODES = (
    "INSERT INTO node (agent_id, key, level, state, inside, holds, text, events) "  # noqa: S608
    f"VALUES (?1, ?2, ?3, ?4, nullif(?5, {_NOWHERE}), ?6, ?7, ?8) ON CONFLICT DO UPDATE SET "
    "level = coalesce(level, ?3), state = coalesce(?4, state), "
    f"inside = nullif(coalesce(?5, inside), {_NOWHERE}), holds = coalesce(?6, holds), "
    "text = coalesce(?7, text), events = events || ',' || ?8"
)
_PUT_CONTAINERS = (
    "INSERT INTO container (agent_id, id, level, key, closed_seq, state, events) "
    "VALUES (?1, ?2, ?3, ?4, ?5, coalesce(?6, 'open'), ?7) ON CONFLICT DO UPDATE SET "
    "level = coalesce(level, ?3), key = coalesce(?4, key), closed_seq = coalesce(?5, closed_seq), "
    "state = coalesce(?6, state), events = trim(events || ',' || ?7, ',')"
)
_FREE_KEY = "UPDATE container SET key = NULL WHERE agent_id = ? AND key = ? AND id <> ?"
_PUT_REJECTIONS = "INSERT OR IGNORE INTO rejection (agent_id, key, seq) VALUES (?, ?, ?)"
_PUT_ALIASES = "INSERT OR REPLACE INTO alias (agent_id, also, key) VALUES (?, ?, ?)"
_LISTED = (
    "SELECT events FROM node WHERE agent_id = ?1 AND key IN (SELECT value FROM json_each(?2)) "
    "UNION ALL SELECT events FROM container "
    "WHERE agent_id = ?1 AND id IN (SELECT value FROM json_each(?3))"
)
_FORGET = "DELETE FROM node WHERE agent_id = ? AND key IN (SELECT value FROM json_each(?))"
_FORGET_CONTAINERS = (
    "UPDATE container SET key = NULL, closed_seq = NULL, state = 'open', events = '' "
    "WHERE agent_id = ? AND id IN (SELECT value FROM json_each(?))"
)


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
        return self.level, self.state, self.inside, self.holds, self.text, _listed(self.events)


@dataclass(slots=True)
class _Container:
    level: str | None = None
    key: str | None = None
    closed_seq: int | None = None
    state: ContainerState | None = None
    events: list[int] = field(default_factory=list)

    def row(self) -> tuple[str | int | None, ...]:
        return self.level, self.key, self.closed_seq, self.state, _listed(self.events)


class Fold:
    """The net change of a run of events, given in order of sequence."""

    def __init__(self) -> None:
        self._nodes: dict[str, _Node] = {}
        self._containers: dict[int, _Container] = {}
        self._rejections: list[tuple[str, int]] = []
        self._aliases: dict[str, str] = {}

    @property
    def keys(self) -> list[str]:
        """The codes whose nodes change."""
        return list(self._nodes)

    @property
    def containers(self) -> list[int]:
        """The containers that are opened, parked or closed."""
        return [number for number, each in self._containers.items() if each.events]

    def add(self, seq: int, event: Event) -> None:
        if isinstance(event, Rejected) and event.key is not None:
            self._rejections.append((event.key, seq))
        for change in changes(event):
            if isinstance(change, PutAlias):
                self._aliases[change.also] = change.key
            else:
                self._change(seq, change)
        if isinstance(event, Commissioned) and event.text != event.key:
            self._nodes[event.key].text = event.text

    def _change(self, seq: int, change: Change) -> None:
        match change:
            case PutNode(key=key, level=level, state=state):
                node = self._node(key, seq)
                node.level, node.state = node.level or level, state
            case SetState(key=key, state=state):
                self._node(key, seq).state = state
            case PutInto(key=key, container=container, container_level=level):
                node = self._node(key, seq)
                node.state, node.inside = State.PACKED, container
                self._container(container).level = level
            case SetPlace(key=key, state=state, container=place):
                node = self._node(key, seq)
                node.state, node.inside = state, _NOWHERE if place is None else place
            case NameContainer(key=key, container=container):
                self._node(key, seq).holds = container
                named = self._container(container)
                named.key, named.closed_seq, named.state = key, seq, ContainerState.CLOSED
                named.events.append(seq)
            case SetContainer(container=container, level=level, state=container_state, key=code):
                found = self._container(container)
                found.level, found.state, found.key = level, container_state, code or found.key
                found.events.append(seq)
                if code is not None:
                    self._node(code, seq).holds = container

    def write(self, connection: Connection, agent_id: int) -> None:
        """Carry out the change inside the caller's transaction."""
        # In key order, neighbours share the pages they are written to.
        connection.executemany(
            _PUT_NODES,
            [(agent_id, key, *node.row()) for key, node in sorted(self._nodes.items())],
        )
        connection.executemany(
            _PUT_CONTAINERS, [(agent_id, i, *c.row()) for i, c in self._containers.items()]
        )
        connection.executemany(
            _FREE_KEY,
            [(agent_id, k, n.holds) for k, n in self._nodes.items() if n.holds is not None],
        )
        connection.executemany(
            _PUT_REJECTIONS, [(agent_id, key, seq) for key, seq in self._rejections]
        )
        connection.executemany(
            _PUT_ALIASES, [(agent_id, also, key) for also, key in self._aliases.items()]
        )

    def _node(self, key: str, seq: int) -> _Node:
        node = self._nodes.get(key)
        if node is None:
            node = self._nodes[key] = _Node()
        if not node.events or node.events[-1] != seq:
            node.events.append(seq)
        return node

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

    Each node and container lists its events: those concerned are made anew from all their events,
    in order. An event of these may change others as well, and so those are concerned, too. The
    rest of the tree cannot differ.
    """
    events = dict(late)
    concerned, new = Fold(), dict(events)
    while new:
        for seq, event in new.items():
            concerned.add(seq, event)
        keys, containers = json.dumps(concerned.keys), json.dumps(concerned.containers)
        listed = connection.execute(_LISTED, (agent_id, keys, containers)).fetchall()
        numbers = {int(seq) for (text,) in listed for seq in text.split(",") if seq}
        new = {seq: _event(connection, agent_id, seq) for seq in sorted(numbers - events.keys())}
        events |= new
    connection.execute(_FORGET, (agent_id, keys))
    connection.execute(_FORGET_CONTAINERS, (agent_id, containers))
    project(connection, agent_id, sorted(events.items(), key=lambda item: item[0]))


def _event(connection: Connection, agent_id: int, seq: int) -> Event:
    (body,) = connection.execute(
        "SELECT body FROM journal WHERE agent_id = ? AND seq = ?", (agent_id, seq)
    ).fetchone()
    return from_body(body)


def _listed(events: list[int]) -> str:
    return ",".join(map(str, events))
