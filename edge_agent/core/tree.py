"""What each event does to the tree of things, as data.

The line's ledger and HQ both keep a tree projected from the same events. They store it in
different databases, so what they share is this list of changes; each applies them in its own SQL.
"""

from dataclasses import dataclass

from edge_agent.core.events import (
    Closed,
    Commissioned,
    Ejected,
    EjectedUnasked,
    EjectFailed,
    Event,
    Opened,
    Packed,
    Parked,
    Passed,
    Reworked,
    TakenOff,
    Untracked,
)
from edge_agent.core.names import CodeKey, ContainerId, LevelName
from edge_agent.core.states import ContainerState, State


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
    """Container `container` is closed and is the thing that code `key` names. One that had this
    code before, and was emptied, has none any more."""

    key: CodeKey
    container: ContainerId


@dataclass(frozen=True, slots=True)
class SetPlace:
    """The code is in `state` now, and in container `container`, or in none."""

    key: CodeKey
    state: State
    container: ContainerId | None


@dataclass(frozen=True, slots=True)
class SetContainer:
    """Container `container` of `level` is in `state` now; `key` is its code, if it got one."""

    container: ContainerId
    level: LevelName
    state: ContainerState
    key: CodeKey | None = None


@dataclass(frozen=True, slots=True)
class PutAlias:
    """`also` names the same thing as `key`."""

    key: CodeKey
    also: CodeKey


Change = PutNode | SetState | PutInto | NameContainer | SetPlace | SetContainer | PutAlias


def changes(event: Event) -> tuple[Change, ...]:
    """What `event` changes in the tree; nothing for events about reads, items and the line."""
    match event:
        case Commissioned(key=key, level=level, item=item, also=also):
            put = PutNode(key, level, State.ACTIVE if item is None else State.ON_BELT)
            return (put,) if also is None else (put, PutAlias(key, also))
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
        case Opened():
            return (SetContainer(event.container, event.level, ContainerState.OPEN, event.key),)
        case Parked(parked=parked):
            state = ContainerState.PARKED if parked else ContainerState.OPEN
            return (SetContainer(event.container, event.level, state),)
        case Reworked(moves=moves):
            return tuple(
                SetPlace(move.key, move.after.state, move.after.inside)
                for move in moves
                if move.after != move.before
            )
        case _:
            return ()
