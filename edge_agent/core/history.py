"""What the core may ask about the past."""

from dataclasses import dataclass
from typing import Protocol

from edge_agent.core.events import Sighting
from edge_agent.core.names import CodeKey, ContainerId, LevelName
from edge_agent.core.tree import State


@dataclass(frozen=True, slots=True)
class Known:
    """A code this line has commissioned: its level and state, where it was first seen, and the
    container it lies in (whose code is None while it is open)."""

    level: LevelName
    state: State
    first: Sighting
    inside: tuple[ContainerId, CodeKey | None] | None


class History(Protocol):
    """The line's whole past, as far as decisions need it."""

    def find(self, key: CodeKey) -> Known | None: ...
