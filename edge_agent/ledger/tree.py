"""The tree's rows: how a change of `core.tree` becomes SQL, and how the tree is read."""

from collections.abc import Iterator
from dataclasses import dataclass

from edge_agent.core.names import CodeKey, ContainerId, LevelName, Seq
from edge_agent.core.tree import Change, NameContainer, PutInto, PutNode, SetState, State
from edge_agent.sqlite import Connection


@dataclass(frozen=True, slots=True)
class Node:
    """One code in the tree: the container it lies in, and the one it names."""

    key: CodeKey
    level: LevelName
    state: State
    inside: ContainerId | None
    holds: ContainerId | None
    first_seq: Seq
    last_seq: Seq


@dataclass(frozen=True, slots=True)
class Container:
    """One container; `key` is None until it is closed."""

    id: ContainerId
    level: LevelName
    key: CodeKey | None
    closed_seq: Seq | None


_PUT_NODE = (
    "INSERT INTO node (key, level, state, first_seq, last_seq) VALUES (?1, ?2, ?3, ?4, ?4) "
    "ON CONFLICT (key) DO UPDATE SET state = excluded.state, last_seq = excluded.last_seq"
)
_SET_STATE = "UPDATE node SET state = ?, last_seq = ? WHERE key = ?"
_PUT_INTO = "UPDATE node SET inside = ?, state = ?, last_seq = ? WHERE key = ?"
_OPEN = "INSERT OR IGNORE INTO container (id, level) VALUES (?, ?)"
_NAME_CONTAINER = "UPDATE container SET key = ?, closed_seq = ? WHERE id = ?"
_HOLD = "UPDATE node SET holds = ?, last_seq = ? WHERE key = ?"
_NODE = "SELECT key, level, state, inside, holds, first_seq, last_seq FROM node "
_CONTAINER = "SELECT id, level, key, closed_seq FROM container "


def apply(connection: Connection, seq: int, change: Change) -> None:
    """Carry out `change`, caused by event `seq`, inside the caller's transaction."""
    match change:
        case PutNode(key, level, state):
            connection.execute(_PUT_NODE, (key, level, state.value, seq))
        case SetState(key, state):
            connection.execute(_SET_STATE, (state.value, seq, key))
        case PutInto(key, container, container_level):
            connection.execute(_OPEN, (container, container_level))
            connection.execute(_PUT_INTO, (container, State.PACKED.value, seq, key))
        case NameContainer(key, container):
            connection.execute(_NAME_CONTAINER, (key, seq, container))
            connection.execute(_HOLD, (container, seq, key))


def node(connection: Connection, key: str) -> Node | None:
    row = connection.execute(_NODE + "WHERE key = ?", (key,)).fetchone()
    return _node(row) if row else None


def children(connection: Connection, container: int) -> list[Node]:
    """What lies in `container`, in key order."""
    return [
        _node(r) for r in connection.execute(_NODE + "WHERE inside = ? ORDER BY key", (container,))
    ]


def container(connection: Connection, container_id: int) -> Container | None:
    row = connection.execute(_CONTAINER + "WHERE id = ?", (container_id,)).fetchone()
    return Container(*row) if row else None


def nodes(connection: Connection) -> Iterator[Node]:
    """Every code, in key order."""
    return map(_node, connection.execute(_NODE + "ORDER BY key"))


def containers(connection: Connection) -> Iterator[Container]:
    """Every container, oldest first."""
    return (Container(*row) for row in connection.execute(_CONTAINER + "ORDER BY id"))


def _node(row: tuple[str, str, str, int | None, int | None, int, int]) -> Node:
    key, level, state, inside, holds, first_seq, last_seq = row
    return Node(
        CodeKey(key),
        LevelName(level),
        State(state),
        None if inside is None else ContainerId(inside),
        None if holds is None else ContainerId(holds),
        Seq(first_seq),
        Seq(last_seq),
    )
