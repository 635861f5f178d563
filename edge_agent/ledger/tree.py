"""The tree's rows: how a change of `core.tree` becomes SQL, and how the tree is read."""

from collections.abc import Iterator
from dataclasses import dataclass

from edge_agent.core.names import CodeKey, ContainerId, LevelName, Seq
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
)
from edge_agent.ledger.schema import TURNS
from edge_agent.sqlite import Connection


@dataclass(frozen=True, slots=True)
class Node:
    """One code in the tree: the container it lies in, and the one it names. `turn` orders what
    lies in one container."""

    key: CodeKey
    level: LevelName
    state: State
    inside: ContainerId | None
    holds: ContainerId | None
    first_seq: Seq
    last_seq: Seq
    turn: int | None


@dataclass(frozen=True, slots=True)
class Container:
    """One container; `key` is None while it has no code."""

    id: ContainerId
    level: LevelName
    key: CodeKey | None
    closed_seq: Seq | None
    state: ContainerState


_PUT_NODE = (
    "INSERT INTO node (key, level, state, first_seq, last_seq) VALUES (?1, ?2, ?3, ?4, ?4) "
    "ON CONFLICT (key) DO UPDATE SET state = excluded.state, last_seq = excluded.last_seq"
)
_SET_STATE = "UPDATE node SET state = ?, last_seq = ? WHERE key = ?"
_PUT_INTO = "UPDATE node SET inside = ?, turn = ?, state = ?, last_seq = ? WHERE key = ?"
_OPEN = "INSERT OR IGNORE INTO container (id, level) VALUES (?, ?)"
_NAME_CONTAINER = "UPDATE container SET key = ?, closed_seq = ?, state = ? WHERE id = ?"
_SET_CONTAINER = (
    "INSERT INTO container (id, level, key, state) VALUES (?, ?, ?, ?) ON CONFLICT (id) "
    "DO UPDATE SET key = coalesce(excluded.key, key), state = excluded.state"
)
_FREE_KEY = "UPDATE container SET key = NULL WHERE key = ? AND id <> ?"
_HOLD = "UPDATE node SET holds = ?, last_seq = ? WHERE key = ?"
_PUT_ALIAS = "INSERT OR REPLACE INTO alias (also, key) VALUES (?, ?)"
_NODE = "SELECT key, level, state, inside, holds, first_seq, last_seq, turn FROM node "
_CONTAINER = "SELECT id, level, key, closed_seq, state FROM container "


def apply(connection: Connection, seq: int, changes: tuple[Change, ...]) -> None:
    """Carry out `changes`, caused by event `seq`, inside the caller's transaction."""
    for index, change in enumerate(changes):
        match change:
            case PutNode(key, level, state):
                connection.execute(_PUT_NODE, (key, level, state.value, seq))
            case SetState(key, state):
                connection.execute(_SET_STATE, (state.value, seq, key))
            case PutInto(key, container, container_level):
                connection.execute(_OPEN, (container, container_level))
                packed = State.PACKED.value
                connection.execute(_PUT_INTO, (container, seq * TURNS, packed, seq, key))
            case NameContainer(key, container):
                closed = ContainerState.CLOSED.value
                connection.execute(_FREE_KEY, (key, container))
                connection.execute(_NAME_CONTAINER, (key, seq, closed, container))
                connection.execute(_HOLD, (container, seq, key))
            case SetPlace(key, state, inside):
                turn = None if inside is None else seq * TURNS + index
                connection.execute(_PUT_INTO, (inside, turn, state.value, seq, key))
            case SetContainer(container, level, container_state, named):
                connection.execute(_FREE_KEY, (named, container))
                connection.execute(_SET_CONTAINER, (container, level, named, container_state.value))
                if named is not None:
                    connection.execute(_HOLD, (container, seq, named))
            case PutAlias(key, also):
                connection.execute(_PUT_ALIAS, (also, key))


def node(connection: Connection, key: str) -> Node | None:
    row = connection.execute(_NODE + "WHERE key = ?", (key,)).fetchone()
    return _node(row) if row else None


def own_key(connection: Connection, key: str) -> str:
    """The key of the thing whose second code `key` is; else `key` itself."""
    row = connection.execute("SELECT key FROM alias WHERE also = ?", (key,)).fetchone()
    return row[0] if row else key


def aliases(connection: Connection) -> Iterator[tuple[str, str]]:
    """Every second code and the key of its thing, in order."""
    return map(tuple, connection.execute("SELECT also, key FROM alias ORDER BY also"))


def children(connection: Connection, container: int) -> list[Node]:
    """What lies in `container`, in the order of packing."""
    return [
        _node(r) for r in connection.execute(_NODE + "WHERE inside = ? ORDER BY turn", (container,))
    ]


def container(connection: Connection, container_id: int) -> Container | None:
    row = connection.execute(_CONTAINER + "WHERE id = ?", (container_id,)).fetchone()
    return _container(row) if row else None


def nodes(connection: Connection) -> Iterator[Node]:
    """Every code, in key order."""
    return map(_node, connection.execute(_NODE + "ORDER BY key"))


def containers(connection: Connection) -> Iterator[Container]:
    """Every container, oldest first."""
    return map(_container, connection.execute(_CONTAINER + "ORDER BY id"))


def _container(row: tuple[int, str, str | None, int | None, str]) -> Container:
    number, level, key, closed_seq, state = row
    return Container(
        ContainerId(number),
        LevelName(level),
        None if key is None else CodeKey(key),
        None if closed_seq is None else Seq(closed_seq),
        ContainerState(state),
    )


def _node(row: tuple[str, str, str, int | None, int | None, int, int, int | None]) -> Node:
    key, level, state, inside, holds, first_seq, last_seq, turn = row
    return Node(
        CodeKey(key),
        LevelName(level),
        State(state),
        None if inside is None else ContainerId(inside),
        None if holds is None else ContainerId(holds),
        Seq(first_seq),
        Seq(last_seq),
        turn,
    )
