"""Events: the immutable facts of the ledger. core.body has their written form.

Words follow EPCIS 2.0 / CBV where the standard has one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from edge_agent.core.commands import Command
from edge_agent.core.names import (
    CodeKey,
    ContainerId,
    ItemNumber,
    JobId,
    LevelName,
    PersonId,
    Seq,
    StationName,
)
from edge_agent.core.people import Role
from edge_agent.core.states import State


class Reason(StrEnum):
    """Why a read or an item is rejected."""

    UNREAD = "UNREAD"
    """The scanner said nothing, or said it could not read."""
    MALFORMED = "MALFORMED"
    """What was read is no code this line knows."""
    WRONG_LEVEL = "WRONG_LEVEL"
    """A good code of a packaging level that is not due at this station."""
    WRONG_PRODUCT = "WRONG_PRODUCT"
    """A good code of a product that is not being packed."""
    NOT_ISSUED = "NOT_ISSUED"
    """A serial outside the ranges that were issued for the product."""
    DUPLICATE = "DUPLICATE"
    """The code was seen before on this line."""
    ALREADY_PACKED = "ALREADY_PACKED"
    """The code lies in a container already."""
    INCOMPLETE = "INCOMPLETE"
    """A container's code was read before the container was full."""
    OVERFULL = "OVERFULL"
    """No container has room: full ones must be closed first."""
    AMBIGUOUS = "AMBIGUOUS"
    """Code and item cannot be tied beyond doubt."""
    LATE = "LATE"
    """The verdict did not reach the gate before the item did."""
    STOPPED = "STOPPED"
    """The line was stopped: nothing passes until a person releases it."""
    WRONG_BATCH = "WRONG_BATCH"
    """A good code of another batch than the order's."""
    MIXED = "MIXED"
    """Another product, or another batch, than what lies in the container already."""
    WRONG_LABEL = "WRONG_LABEL"
    """Another label than the one that was printed for the container."""
    UNPAIRED = "UNPAIRED"
    """One of a thing's two codes was read without the other."""
    DECOMMISSIONED = "DECOMMISSIONED"
    """The code was taken out of use for ever."""
    SAMPLED = "SAMPLED"
    """The thing was taken for an inspection and has not been returned."""
    NOT_SIGNED_IN = "NOT_SIGNED_IN"
    """Nobody is signed in at the station."""
    NOT_ALLOWED = "NOT_ALLOWED"
    """Who is signed in may not do this."""
    REFUSED = "REFUSED"
    """What a person asked for cannot be done, or not now."""


class Condition(StrEnum):
    """What a contact at the gate reports while it is so."""

    BIN_FULL = "bin-full"
    AIR_LOW = "air-low"
    GUARD_OPEN = "guard-open"


class StopCause(StrEnum):
    """Why a line is stopped."""

    REJECTS_IN_A_ROW = "rejects-in-a-row"
    REJECTS_OF_LAST = "rejects-of-last"
    BIN_FULL = Condition.BIN_FULL.value
    AIR_LOW = Condition.AIR_LOW.value
    GUARD_OPEN = Condition.GUARD_OPEN.value
    UNCONFIRMED = "unconfirmed"
    """A reject that the eject sensor did not see: it may have passed."""
    UNASKED = "unasked"
    """Something was ejected that should not have been."""
    APPEARED = "appeared"
    """A thing came to the gate that was no item."""
    TAKEN_OFF = "taken-off"
    """An item vanished before the gate."""
    ESCAPED = "escaped"
    """An item went through the gate that had no leave to."""
    UNTRACKED = "untracked"
    """Nobody knows what became of an item."""
    DIFFERENCE = "difference"
    """The counts of a shift do not agree."""
    CHANGE_OVER = "change-over"
    """Another order begins: what is on the belt must be off it first."""


class Subject(StrEnum):
    """What is edited on the line until HQ sends it."""

    PRODUCT = "product"
    ORDER = "order"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where and when a code was first seen on this line."""

    seq: Seq
    at: str
    station: StationName


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What every event carries: when (RFC 3339, UTC) and at which station it became true.

    `act` tells acts of one station at one moment apart (core.acts): from 2, absent for the first.
    """

    kind: ClassVar[str]
    at: str
    station: StationName
    act: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Commissioned(Event):
    """A code was accepted and from now on names one thing (CBV: commissioning, active).

    At a gated station `item` is the thing on the belt; it is on the line but not yet past
    the gate. Containers are commissioned when their code is read.
    """

    kind: ClassVar[str] = "commissioned"
    key: CodeKey
    level: LevelName
    text: str
    item: ItemNumber | None = None
    gtin: str | None = None
    serial: str | None = None
    lot: str | None = None
    expiry: str | None = None
    also: CodeKey | None = None
    """The second code on the same thing, which names it as well (a state's beside the brand's)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected(Event):
    """A read, or an item without one, was refused (CBV: inspecting, non_conformant).

    `text` is what was read, cut to 200 characters, and of an item's two codes both, with `` + ``
    between; `detail` says it to a person. `picture` is the SHA-256 (hex) of the picture in which a
    camera saw it, or saw nothing.
    """

    kind: ClassVar[str] = "rejected"
    reason: Reason
    detail: str
    item: ItemNumber | None = None
    key: CodeKey | None = None
    text: str | None = None
    first: Sighting | None = None
    picture: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureLost(Event):
    """A picture to which a reject refers is not kept, and `why`."""

    kind: ClassVar[str] = "picture_lost"
    picture: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BeltUnknown(Event):
    """Items `first_item` to `last_item` passed the trigger while nobody watched: all rejected."""

    kind: ClassVar[str] = "belt_unknown"
    first_item: ItemNumber
    last_item: ItemNumber
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Armed(Event):
    """The gate is under control: every item after `last_item` is watched from the trigger on.

    Written whenever a session with the PLC begins. Where `boot` is another than before, the PLC
    began to count anew, and the item numbers go on from here.
    """

    kind: ClassVar[str] = "armed"
    last_item: ItemNumber
    boot: int
    """The number of the PLC's start (docs/gate.md): another one means it counts anew."""
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed(Event):
    """The PLC reports that the item went through the gate (CBV: inspecting, conformant).

    `key` is None when nothing allowed it to pass: an escape, and an alarm.
    """

    kind: ClassVar[str] = "passed"
    item: ItemNumber
    key: CodeKey | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ejected(Event):
    """The PLC reports that the item was taken off at the gate.

    `reason` is the verdict's, or LATE when an accepted item was ejected: its code may then be
    presented again.
    """

    kind: ClassVar[str] = "ejected"
    item: ItemNumber
    key: CodeKey | None
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Untracked(Event):
    """The PLC no longer knows what became of the item; its code is held, not packed."""

    kind: ClassVar[str] = "untracked"
    item: ItemNumber
    key: CodeKey | None
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenOff(Event):
    """The item vanished between trigger and gate: its code may be presented again."""

    kind: ClassVar[str] = "taken_off"
    item: ItemNumber
    key: CodeKey | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EjectFailed(Event):
    """The gate kept the item out, but the eject sensor has not seen it: it may have passed.

    `reason` is the reject's; the code of an item that had been accepted is held.
    """

    kind: ClassVar[str] = "eject_failed"
    item: ItemNumber
    key: CodeKey | None
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class EjectedUnasked(Event):
    """The gate was open for the item, and yet it lies in the bin: it may be presented again."""

    kind: ClassVar[str] = "ejected_unasked"
    item: ItemNumber
    key: CodeKey | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stray(Event):
    """`count` things were seen that are no item, at the ``gate`` (rejected) or in the ``bin``; or
    they appeared at the gate and did not come to the bin: they may have gone on along the ``line``.
    """

    kind: ClassVar[str] = "stray"
    where: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Disarmed(Event):
    """The session with the PLC is over: the gate rejects everything until it is armed again."""

    kind: ClassVar[str] = "disarmed"
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionsChanged(Event):
    """A contact at the gate changed: `on` are all that report something now, by name."""

    kind: ClassVar[str] = "conditions_changed"
    on: tuple[Condition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped(Event):
    """The line was stopped: the gate rejects until a person releases it."""

    kind: ClassVar[str] = "stopped"
    cause: StopCause
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Released(Event):
    """A person let the line run again."""

    kind: ClassVar[str] = "released"
    by: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed(Event):
    """A child was put into an open container of the level above (CBV: packing, in_progress).

    `bench` is the station whose own container it is; None where one is filled in the order of the
    belt, whoever fills it. `by` is who was signed in.
    """

    kind: ClassVar[str] = "packed"
    key: CodeKey
    level: LevelName
    container: ContainerId
    container_level: LevelName
    bench: StationName | None = None
    gtin: str | None = None
    lot: str | None = None
    by: PersonId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed(Event):
    """A container got its code and takes no more children (CBV: packing, container_closed)."""

    kind: ClassVar[str] = "closed"
    key: CodeKey
    level: LevelName
    container: ContainerId
    children: tuple[CodeKey, ...]
    by: PersonId | None = None
    approved_by: PersonId | None = None
    """Who else had to agree, where it was not full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened(Event):
    """A container is filled from now on at `bench`: a new one, or one that was closed (`reopened`;
    CBV: unpacking). `key` is the code that it has before it is full; None if it has none yet."""

    kind: ClassVar[str] = "opened"
    key: CodeKey | None
    level: LevelName
    container: ContainerId
    bench: StationName
    reopened: bool
    children: tuple[CodeKey, ...]
    by: PersonId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked(Event):
    """An open container was put aside (`parked`), or `bench` goes on with it."""

    kind: ClassVar[str] = "parked"
    level: LevelName
    container: ContainerId
    parked: bool
    bench: StationName | None
    by: PersonId | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a code is: `inside` a container, whose code is `parent` if it has one."""

    state: State
    inside: ContainerId | None = None
    parent: CodeKey | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """What a repair changed for one code."""

    key: CodeKey
    level: LevelName
    before: Place
    after: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Reworked(Event):
    """A person repaired something. Nothing is deleted: `moves` tell each code's place before and
    after (CBV: unpacking, packing, decommissioning, inspecting)."""

    kind: ClassVar[str] = "reworked"
    operation: Command
    by: PersonId | None
    approved_by: PersonId | None = None
    why: str
    moves: tuple[Move, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReworkRefused(Event):
    """A repair would have broken the tree; `culprits` say each fault."""

    kind: ClassVar[str] = "rework_refused"
    operation: Command
    by: PersonId | None
    culprits: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelQueued(Event):
    """A label is to be printed. Written before the printer hears of it.

    `key` is what the label says. Where it was made here, `number` is the place in `range` that it
    takes for ever. `fields` are the texts of the template. `copy` is 1 for the first label of a
    code, 0 for a sample that tests the printer; `reprint_of` names the job before.
    """

    kind: ClassVar[str] = "label_queued"
    job: JobId
    printer: str
    template: str
    level: LevelName
    container: ContainerId | None
    key: CodeKey
    fields: Mapping[str, str]
    copy: int
    range: str | None = None
    number: int | None = None
    reprint_of: JobId | None = None
    by: PersonId | None = None
    why: str | None = None
    approved_by: PersonId | None = None
    """Who agreed that its container is closed though it is not full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelPrinted(Event):
    """The printer took the whole label and reported no fault."""

    kind: ClassVar[str] = "label_printed"
    job: JobId


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelFailed(Event):
    """Nobody knows whether the label came out: it is not printed again unless a person asks."""

    kind: ClassVar[str] = "label_failed"
    job: JobId
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelVerified(Event):
    """The label was scanned on its container and is the right one."""

    kind: ClassVar[str] = "label_verified"
    job: JobId
    key: CodeKey


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn(Event):
    """`how` is badge or pin."""

    kind: ClassVar[str] = "signed_in"
    person: PersonId
    name: str
    role: Role
    how: str
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOut(Event):
    """`why` is command, idle, another or revoked."""

    kind: ClassVar[str] = "signed_out"
    person: PersonId
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInRefused(Event):
    """A badge or PIN was not accepted. `person` is None where nobody has it."""

    kind: ClassVar[str] = "sign_in_refused"
    person: PersonId | None
    how: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited(Event):
    """A product, an order or a person was made, changed or ended (`new` is None). `station` is the
    line's name. Values are texts by name; a person's badge and PIN are never among them."""

    kind: ClassVar[str] = "edited"
    subject: Subject
    id: str
    old: Mapping[str, str] | None
    new: Mapping[str, str] | None
    by: PersonId | None
    why: str
    approved_by: PersonId | None = None
    """Who else had to agree, where two must."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed(Event):
    """The ledger takes records again after a time in which it could not.

    `refused_reads` were answered with a reject and could not be recorded.
    """

    kind: ClassVar[str] = "resumed"
    detail: str
    refused_reads: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftEnded(Event):
    """The account of a shift was closed at a gated station (core.reconcile).

    `shift` is its local date and hour of beginning (``2026-11-22/08:00``), `differences` the number
    of items that do not agree. What is still on the belt is carried over.
    """

    kind: ClassVar[str] = "shift_ended"
    shift: str
    counts: Mapping[str, int]
    differences: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderChanged(Event):
    """From now on the line works on `order`; empty: on none. `station` is the line's name."""

    kind: ClassVar[str] = "order_changed"
    order: str
    by: PersonId | None = None
    approved_by: PersonId | None = None


KINDS: dict[str, type[Event]] = {
    cls.kind: cls
    for cls in (
        Commissioned, Rejected, BeltUnknown, Armed, Disarmed, Passed, Ejected, EjectFailed,
        EjectedUnasked, TakenOff, Untracked, Stray, ConditionsChanged, Stopped, Released, Packed,
        Closed, Resumed, ShiftEnded, OrderChanged, PictureLost, Opened, Parked, Reworked,
        ReworkRefused, LabelQueued, LabelPrinted, LabelFailed, LabelVerified, SignedIn, SignedOut,
        SignInRefused, Edited,
    )
}  # fmt: skip
