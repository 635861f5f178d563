"""What each event does to the tree of things, as data.

The line's ledger and HQ both keep a tree projected from the same events. They store it in
different databases, so what they share is this list of changes; each applies them in its own SQL.
"""

from dataclasses import dataclass
from enum import StrEnum

from edge_agent.core.events import (
    Closed,
    Commissioned,
    Ejected,
    EjectedUnasked,
    EjectFailed,
    Event,
    Packed,
    Passed,
    TakenOff,
    Untracked,
)
from edge_agent.core.names import CodeKey, ContainerId, LevelName


class State(StrEnum):
    """What is known of a code."""

    ON_BELT = "on_belt"
    """Accepted, and between scanner and gate."""
    ACTIVE = "active"
    """Commissioned, in no container."""
    PACKED = "packed"
    """In a container."""
    EJECTED = "ejected"
    """Accepted but taken off at the gate; may be presented again."""
    TAKEN_OFF = "taken_off"
    """Accepted, but it vanished from the belt before the gate; may be presented again."""
    UNTRACKED = "untracked"
    """Accepted, and nobody knows whether it passed the gate."""


@dataclass(frozen=True, slots=True)
class PutNode:
    """The code exists, at `level`, in `state`. A code ejected before is put again."""

    key: CodeKey
    level: LevelName
    state: State


@dataclass(frozen=True, slots=True)
class SetState:
    """The code's state changed."""

    key: CodeKey
    state: State


@dataclass(frozen=True, slots=True)
class PutInto:
    """The code now lies in container `container`, which is opened at `container_level` if new."""

    key: CodeKey
    container: ContainerId
    container_level: LevelName


@dataclass(frozen=True, slots=True)
class NameContainer:
    """Container `container` is closed and is the thing that code `key` names."""

    key: CodeKey
    container: ContainerId


Change = PutNode | SetState | PutInto | NameContainer


def changes(event: Event) -> tuple[Change, ...]:
    """What `event` changes in the tree; nothing for events about reads, items and the line."""
    match event:
        case Commissioned(key=key, level=level, item=item):
            return (PutNode(key, level, State.ACTIVE if item is None else State.ON_BELT),)
        case Passed(key=key) if key is not None:
            return (SetState(key, State.ACTIVE),)
        case Ejected(key=key) | EjectedUnasked(key=key) if key is not None:
            return (SetState(key, State.EJECTED),)
        case TakenOff(key=key) if key is not None:
            return (SetState(key, State.TAKEN_OFF),)
        case Untracked(key=key) | EjectFailed(key=key) if key is not None:
            return (SetState(key, State.UNTRACKED),)
        case Packed():
            return (PutInto(event.key, event.container, event.container_level),)
        case Closed():
            return (NameContainer(event.key, event.container),)
        case _:
            return ()
