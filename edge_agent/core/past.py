"""A history kept in memory: what the events given to it say, and no more.

The running line's history is its ledger; a replay and the tests have this one.
"""

from dataclasses import dataclass, field, replace

from edge_agent.core.events import Commissioned, Event, Sighting
from edge_agent.core.history import Known, KnownContainer
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
    changes,
)


@dataclass(slots=True)
class _Container:
    level: LevelName
    state: ContainerState = ContainerState.OPEN
    key: CodeKey | None = None
    children: dict[CodeKey, None] = field(default_factory=dict)
    """In the order of packing."""


class Past:
    """core.history.History, made of events. `seq` is the number of the last one, `nodes` is every
    code; ask `find` for the code of the container it lies in."""

    def __init__(self, seq: int = 0) -> None:
        self.seq = seq
        self.nodes: dict[CodeKey, Known] = {}
        self._containers: dict[ContainerId, _Container] = {}
        self._also: dict[CodeKey, CodeKey] = {}

    def find(self, key: CodeKey) -> Known | None:
        known = self.nodes.get(self._also.get(key, key))
        if known is None or known.inside is None:
            return known
        container = self._containers.get(known.inside[0])
        return replace(known, inside=(known.inside[0], container.key if container else None))

    def container(self, container: ContainerId) -> KnownContainer | None:
        if (found := self._containers.get(container)) is None:
            return None
        return KnownContainer(container, found.level, found.state, found.key, tuple(found.children))

    def append(self, event: Event) -> None:
        """Take in the next event. Of codes commissioned before the first one, nothing is known."""
        self.seq += 1
        for change in changes(event):
            self._apply(change, event)

    def _apply(self, change: Change, event: Event) -> None:
        match change:
            case PutNode(key, level, state):
                self._put(key, level, state, event)
            case SetState(key, state) if known := self.nodes.get(key):
                self.nodes[key] = replace(known, state=state)
            case PutInto(key, container, level):
                self._containers.setdefault(container, _Container(level))
                self._place(key, State.PACKED, container)
            case SetPlace(key, state, inside):
                self._place(key, state, inside)
            case NameContainer(key, container):
                if found := self._containers.get(container):
                    found.key, found.state = key, ContainerState.CLOSED
                self._hold(key, container)
            case SetContainer(container, level, container_state, key):
                found = self._containers.setdefault(container, _Container(level))
                found.state, found.key = container_state, key or found.key
                if key is not None:
                    self._hold(key, container)
            case PutAlias(key, also):
                self._also[also] = key
            case _:
                pass

    def _put(self, key: CodeKey, level: LevelName, state: State, event: Event) -> None:
        if known := self.nodes.get(key):
            self.nodes[key] = replace(known, state=state)
            return
        first = Sighting(Seq(self.seq), event.at, event.station)
        made = event if isinstance(event, Commissioned) else None
        gtin, lot = (made.gtin, made.lot) if made else (None, None)
        self.nodes[key] = Known(key, level, state, first, None, gtin=gtin, lot=lot)

    def _place(self, key: CodeKey, state: State, inside: ContainerId | None) -> None:
        known = self.nodes.get(key)
        if known is not None:
            if known.inside is not None and (left := self._containers.get(known.inside[0])):
                left.children.pop(key, None)
            place = None if inside is None else (inside, None)
            self.nodes[key] = replace(known, state=state, inside=place)
        if inside is not None and (found := self._containers.get(inside)):
            found.children[key] = None

    def _hold(self, key: CodeKey, container: ContainerId) -> None:
        if known := self.nodes.get(key):
            before = None if known.holds is None else self._containers.get(known.holds)
            if before is not None and known.holds != container:
                before.key = None
            self.nodes[key] = replace(known, holds=container)
