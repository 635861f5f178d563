"""What the core may ask about the past."""

from dataclasses import dataclass
from typing import Protocol

from edge_agent.core.events import Sighting
from edge_agent.core.names import CodeKey, ContainerId, LevelName
from edge_agent.core.states import ContainerState, State


@dataclass(frozen=True, slots=True)
class Known:
    """A code this line has commissioned: its level and state, where it was first seen, the
    container it lies in (whose code is None while it has none), and the container it names.

    `key` is the thing's own code, where what was asked for is its second one. `gtin` and `lot` are
    the product's, where they are known.
    """

    key: CodeKey
    level: LevelName
    state: State
    first: Sighting
    inside: tuple[ContainerId, CodeKey | None] | None
    holds: ContainerId | None = None
    gtin: str | None = None
    lot: str | None = None


@dataclass(frozen=True, slots=True)
class KnownContainer:
    """A container, open or closed, and what lies in it, in the order of packing."""

    id: ContainerId
    level: LevelName
    state: ContainerState
    key: CodeKey | None
    children: tuple[CodeKey, ...]


class History(Protocol):
    """The line's whole past, as far as decisions need it."""

    def find(self, key: CodeKey) -> Known | None:
        """What `key` names; it may be the second code of a thing."""
        ...

    def container(self, container: ContainerId) -> KnownContainer | None: ...
