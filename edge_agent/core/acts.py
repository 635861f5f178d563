"""What was done last at each station: what its UNDO takes back. Survives a restart."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from edge_agent.core.body import from_body, to_body
from edge_agent.core.commands import Command
from edge_agent.core.events import (
    Closed,
    Commissioned,
    Event,
    LabelQueued,
    Opened,
    Packed,
    Parked,
    Reworked,
)
from edge_agent.core.names import CodeKey, ContainerId, StationName
from edge_agent.core.packing import Packing


@dataclass(frozen=True, slots=True)
class Act:
    """The events of one decision at a station, in their order. `named` are the codes that it gave
    to containers; one that was emptied may have had the code before."""

    events: tuple[Event, ...]
    named: tuple[CodeKey, ...] = ()

    @property
    def id(self) -> tuple[str, int]:
        """When it was done, and which of its moment it is, from 1."""
        last = self.events[-1]
        return last.at, last.act or 1

    @property
    def is_repair(self) -> bool:
        """Its moves tell all of it."""
        return any(isinstance(event, Reworked) for event in self.events)

    @property
    def is_undo(self) -> bool:
        return any(
            isinstance(event, Reworked) and event.operation is Command.UNDO for event in self.events
        )

    @property
    def key(self) -> CodeKey | None:
        """The code by which people know what was done."""
        for event in self.events:
            match event:
                case Packed(key=key) | Closed(key=key) | Opened(key=key):
                    return key
                case Reworked(moves=(first, *_)):
                    return first.key
                case _:
                    pass
        return None

    @property
    def is_close(self) -> bool:
        """Whether it had a label printed, and nothing else."""
        return all(isinstance(event, LabelQueued) for event in self.events)

    def closed(self, container: ContainerId) -> bool:
        return any(isinstance(each, Closed) and each.container == container for each in self.events)


@dataclass(slots=True)
class Acts:
    """The last act of each station. Changes only by `apply`."""

    last: dict[StationName, Act] = field(default_factory=dict)

    def apply(self, event: Event, gated: Collection[StationName], packing: Packing) -> None:
        """Take in one more event, which `packing` has not taken in yet."""
        if not _is_done(event, gated, packing):
            return
        named: tuple[CodeKey, ...] = ()
        if isinstance(event, Closed):
            filling = packing.find(event.container)
            named = () if filling is not None and filling.key is not None else (event.key,)
        act, earlier = Act((event,), named), self.last.get(event.station)
        if earlier is not None and earlier.id == act.id:
            act = Act((*earlier.events, event), earlier.named + named)
        self.last[event.station] = act

    def marked(
        self,
        event: Event,
        gated: Collection[StationName],
        packing: Packing,
        made: Sequence[Event],
    ) -> Event:
        """`event`, which follows `made` in one decision, as it is recorded: a scanner that had to
        wait may give two scans in one millisecond, and each is an act of its own."""
        earlier = self.last.get(event.station)
        if earlier is None or earlier.id[0] != event.at or not _is_done(event, gated, packing):
            return event
        _, number = earlier.id
        if not any(each is earlier.events[-1] for each in made):
            number += 1
        return event if number == 1 else replace(event, act=number)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            name: [[to_body(each) for each in act.events], list(act.named)]
            for name, act in self.last.items()
        }

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> "Acts":
        """What `to_json` wrote."""
        return cls(
            {
                StationName(name): Act(tuple(map(from_body, bodies)), tuple(named))
                for name, (bodies, named) in saved.items()
            }
        )


def _is_done(event: Event, gated: Collection[StationName], packing: Packing) -> bool:
    """Whether `event` is of an act. What things do by themselves at a gate is nobody's. A label
    that is printed once more changes nothing."""
    match event:
        case Reworked() | Opened() | Parked():
            return True
        case Packed() | Closed() | Commissioned():
            return event.station not in gated
        case LabelQueued(container=container) if container is not None:
            filling = packing.find(container)
            return event.station not in gated and filling is not None and not filling.ready
        case _:
            return False
