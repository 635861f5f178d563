"""What the core is given. Every input carries its time; the core has no clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from edge_agent.core.commands import Command
from edge_agent.core.events import Condition, Reason, Subject
from edge_agent.core.names import (
    CodeKey,
    Instant,
    ItemNumber,
    JobId,
    LevelName,
    PersonId,
    StationName,
)
from edge_agent.core.people import Person


@dataclass(frozen=True, slots=True)
class Read:
    """One answer of a station's scanner.

    It arrived between `since_us` and `at.mono_us` (monotonic clock, microseconds): a busy or
    paused process sees it late. `text` is None for a no-read. `defect` says why the bytes cannot
    be a code. `symbology` is an AIM symbology identifier (ISO/IEC 15424) such as ``]d2``, where
    one is sent. `picture` is the SHA-256 (hex) of the camera's picture, where there is one.
    """

    at: Instant
    station: StationName
    since_us: int
    text: str | None
    symbology: str | None = None
    defect: str | None = None
    picture: str | None = None
    by_hand: bool = False
    """At a gate: read with the station's handheld, so it is no item's."""


@dataclass(frozen=True, slots=True)
class Layer:
    """The codes of one answer of a camera, two or more at a station without a gate: they are
    accepted together, or none is."""

    reads: tuple[Read, ...]

    @property
    def at(self) -> Instant:
        return self.reads[0].at

    @property
    def station(self) -> StationName:
        return self.reads[0].station


@dataclass(frozen=True, slots=True)
class Counter:
    """The PLC's item counter as polled: `last_item` items passed the trigger so far.

    The counter was sampled between `asked_us` and `at.mono_us` (monotonic clock, microseconds).
    Every read that had arrived by `reads_until_us` has been given already. `boot` is the number of
    the PLC's start: another one means that it counts anew.
    """

    at: Instant
    station: StationName
    last_item: ItemNumber
    asked_us: int
    reads_until_us: int
    boot: int


@dataclass(frozen=True, slots=True)
class Arming:
    """The PLC took a new session: whatever is on the belt it rejects. From `first` on the agent
    sees every item; what became of those before, as far as the PLC knows, has been told."""

    first: Counter
    detail: str


@dataclass(frozen=True, slots=True)
class LinkLost:
    """The PLC is out of reach, or the session is over: nothing on the belt may pass."""

    at: Instant
    station: StationName
    detail: str


class Outcome(StrEnum):
    """What the PLC did with an item at the gate."""

    PASSED = "passed"
    EJECTED = "ejected"
    UNCONFIRMED = "unconfirmed"
    """Kept out, but the eject sensor has not seen it."""
    TAKEN_OFF = "taken_off"
    """It never came to the gate."""
    UNASKED = "unasked"
    """The gate was open for it, and yet the eject sensor saw it."""
    UNKNOWN = "unknown"
    """The PLC has overwritten its answer: it was asked too late."""


@dataclass(frozen=True, slots=True)
class GateReport:
    """The PLC's word on one item at the gate. `why` says why it was kept out, where not for its
    verdict."""

    at: Instant
    station: StationName
    item: ItemNumber
    outcome: Outcome
    why: Reason | None = None


@dataclass(frozen=True, slots=True)
class Strays:
    """Things seen that can be no item: `appeared` at the gate (rejected), `unasked` in the bin.
    `escaped` of those that appeared were not seen in the bin."""

    at: Instant
    station: StationName
    appeared: int
    unasked: int
    escaped: int = 0


@dataclass(frozen=True, slots=True)
class Conditions:
    """All that the gate's contacts report now."""

    at: Instant
    station: StationName
    on: frozenset[Condition]


@dataclass(frozen=True, slots=True)
class Release:
    """A person lets a stopped line run again. `by` is a name, `reason` says why it may."""

    at: Instant
    station: StationName
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class ShiftEnd:
    """Shift `shift` (``2026-11-22/08:00``) is over. Given again, it changes nothing."""

    at: Instant
    shift: str


@dataclass(frozen=True, slots=True)
class OrderStart:
    """The line works on `order` from now on; `line` is its name. Where a person asks for it (`by`),
    it must be one that is known and not ended."""

    at: Instant
    line: StationName
    order: str
    by: PersonId | None = None
    approved_by: PersonId | None = None


@dataclass(frozen=True, slots=True)
class PictureLost:
    """The camera of `station` does not keep the picture with this SHA-256 (hex), to which a reject
    refers."""

    at: Instant
    station: StationName
    picture: str
    why: str


@dataclass(frozen=True, slots=True)
class Tick:
    """Time passed. Every read that had arrived by `reads_until_us` has been given already."""

    at: Instant
    reads_until_us: int


@dataclass(frozen=True, slots=True)
class Press:
    """A person asks something of `station`, by a command barcode or a button. `argument` is the
    barcode's (a reason, an order)."""

    at: Instant
    station: StationName
    command: Command
    argument: str = ""


@dataclass(frozen=True, slots=True)
class Badge:
    """Somebody showed a badge or entered a PIN at `station`. `person` is who it is; `refusal` says
    why it is not accepted (unknown, revoked, too many attempts)."""

    at: Instant
    station: StationName
    how: str
    person: Person | None
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """`by` makes or changes a product, an order or a person; `new` is None to end it. `line` is the
    line's name. `old` is how a person was: that is not among the core's knowledge."""

    at: Instant
    line: StationName
    subject: Subject
    id: str
    new: Mapping[str, str] | None
    by: PersonId | None
    why: str
    approved_by: PersonId | None = None
    old: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Reprint:
    """`by`, who is at no station, wants the label of container `key` once more. `station` is where
    its job was."""

    at: Instant
    station: StationName
    key: CodeKey
    by: PersonId | None
    why: str


@dataclass(frozen=True, slots=True)
class Sample:
    """`by` has a sample printed, to test the printer of `level`'s labels. `fields` are its texts,
    `line` the line's name."""

    at: Instant
    line: StationName
    level: LevelName
    fields: Mapping[str, str]
    by: PersonId | None


@dataclass(frozen=True, slots=True)
class PrinterWord:
    """What became of print job `job`: `failure` is empty if the printer took the whole label."""

    at: Instant
    station: StationName
    job: JobId
    failure: str = ""


Input = (
    Read | Layer | Counter | Arming | LinkLost | GateReport | Strays | Conditions | Release
    | ShiftEnd | OrderStart | PictureLost | Tick | Press | Badge | Edit | PrinterWord
    | Reprint | Sample
)  # fmt: skip
