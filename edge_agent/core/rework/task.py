"""What a repair is planned from, and what comes of it."""

from dataclasses import dataclass

from edge_agent.core.codes import Code
from edge_agent.core.commands import Command
from edge_agent.core.events import Event
from edge_agent.core.history import Known, KnownContainer
from edge_agent.core.names import CodeKey, PersonId, StationName
from edge_agent.core.saying import Saying
from edge_agent.core.verify import Due, Order


@dataclass(frozen=True, slots=True)
class Task:
    """Who repairs what, where and when. `due` is what the station reads; `why` is the reason that
    was chosen, where one is asked. `order` is worked on: nothing else is packed, and things of two
    batches do not lie together."""

    operation: Command
    at: str
    station: StationName
    due: Due
    by: PersonId | None = None
    approved_by: PersonId | None = None
    why: str = ""
    order: Order | None = None


@dataclass(frozen=True, slots=True)
class Scanned:
    """A code that was scanned for a repair, and what the line knows of it."""

    code: Code
    known: Known | None


@dataclass(frozen=True, slots=True)
class Repair:
    """A repair that breaks nothing: the events that make it true, and what is said of it."""

    events: tuple[Event, ...]
    saying: Saying
    key: CodeKey | None = None
    made: KnownContainer | None = None
    """A container that was made, and has no code yet."""


Refusal = tuple[Saying, ...]
"""All that speaks against a repair; never empty."""
