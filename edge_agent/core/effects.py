"""What must happen outside once the events are on disk."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from edge_agent.core.events import Reason, Sighting
from edge_agent.core.names import CodeKey, ItemNumber, JobId, StationName
from edge_agent.core.saying import Saying


@dataclass(frozen=True, slots=True)
class Judge:
    """Tell the gate of `station` about one item: pass it, or reject it for `reason`."""

    station: StationName
    item: ItemNumber
    reason: Reason | None
    received_us: int
    """Monotonic clock when the read arrived (or the read window ended)."""

    @property
    def passes(self) -> bool:
        return self.reason is None


@dataclass(frozen=True, slots=True)
class Answer:
    """Tell the person or machine at a station without a gate what became of the read."""

    station: StationName
    reason: Reason | None
    detail: str
    key: CodeKey | None
    received_us: int


@dataclass(frozen=True, slots=True)
class Run:
    """Let the belt of `station` run, or stop it and keep the gate shut."""

    station: StationName
    permitted: bool


class Tone(StrEnum):
    """How a read or a command ended, as colour and sound say it."""

    GOOD = "good"
    FULL = "full"
    """Good, and a container is full or closed with it."""
    ASK = "ask"
    """Something more is awaited: see the prompt."""
    NOTE = "note"
    """Nothing was done, and nothing is wrong (the same scan again)."""
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Show:
    """Show the people at `station` what became of a read or a command, in words.

    `text` is what was read, printable; `first` is where a duplicate was first seen; `culprits` are
    all that speaks against a repair. `received_us` is the monotonic clock when it arrived.
    """

    station: StationName
    tone: Tone
    saying: Saying
    received_us: int
    reason: Reason | None = None
    key: CodeKey | None = None
    text: str | None = None
    first: Sighting | None = None
    culprits: tuple[Saying, ...] = ()
    picture: str | None = None


@dataclass(frozen=True, slots=True)
class Print:
    """Give job `job` to its printer. What becomes of it comes back as a PrinterWord."""

    station: StationName
    job: JobId
    printer: str
    template: str
    key: CodeKey
    fields: Mapping[str, str]
    copy: int


Effect = Judge | Answer | Run | Show | Print
