"""Events: the immutable facts of the ledger, and their one written form.

Every event is a frozen dataclass; its body in the ledger is one line of JSON whose first
members are always ``kind`` and ``at``. That text is what is hashed, stored, sent and verified:
nobody re-encodes it. Words follow EPCIS 2.0 / CBV where the standard has one.
"""

import json
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, ClassVar

from edge_agent.core.names import CodeKey, ContainerId, ItemNumber, LevelName, Seq, StationName


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


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where and when a code was first seen on this line."""

    seq: Seq
    at: str
    station: StationName


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What every event carries: when (RFC 3339, UTC) and at which station it became true."""

    kind: ClassVar[str]
    at: str
    station: StationName


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected(Event):
    """A read, or an item without one, was refused (CBV: inspecting, non_conformant).

    `text` is what was read, cut to 200 characters; `detail` says it to a person.
    """

    kind: ClassVar[str] = "rejected"
    reason: Reason
    detail: str
    item: ItemNumber | None = None
    key: CodeKey | None = None
    text: str | None = None
    first: Sighting | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BeltUnknown(Event):
    """Items `first_item` to `last_item` passed the trigger while nobody watched: all rejected."""

    kind: ClassVar[str] = "belt_unknown"
    first_item: ItemNumber
    last_item: ItemNumber
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Armed(Event):
    """The gate is under control from `last_item` on; where the item numbers start is written down.

    Written at a station's first contact with its PLC, and whenever the PLC's counter restarted.
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
class Packed(Event):
    """A child was put into an open container of the level above (CBV: packing, in_progress)."""

    kind: ClassVar[str] = "packed"
    key: CodeKey
    level: LevelName
    container: ContainerId
    container_level: LevelName


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed(Event):
    """A container got its code and takes no more children (CBV: packing, container_closed)."""

    kind: ClassVar[str] = "closed"
    key: CodeKey
    level: LevelName
    container: ContainerId
    children: tuple[CodeKey, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed(Event):
    """The ledger takes records again after a time in which it could not.

    `refused_reads` were answered with a reject and could not be recorded.
    """

    kind: ClassVar[str] = "resumed"
    detail: str
    refused_reads: int


KINDS: dict[str, type[Event]] = {
    cls.kind: cls
    for cls in (
        Commissioned, Rejected, BeltUnknown, Armed, Passed, Ejected, Untracked, Packed, Closed,
        Resumed,
    )
}  # fmt: skip

_FIELDS = {kind: tuple(f.name for f in fields(cls)) for kind, cls in KINDS.items()}
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class EventError(ValueError):
    """A body that is no event: the message says which member is wrong and what was expected."""


def to_body(event: Event) -> str:
    """`event` as the one line of JSON that is stored, hashed and sent, without absent members."""
    body: dict[str, Any] = {"kind": event.kind, "at": event.at}
    for name in _FIELDS[event.kind]:
        value = getattr(event, name)
        if value is not None:
            body[name] = value
    first = body.get("first")
    if first is not None:
        body["first"] = {"seq": first.seq, "at": first.at, "station": first.station}
    return _encode(body)


def from_body(text: str) -> Event:
    """The event written as `text`.

    Raises EventError for anything else: unknown kind, missing, unknown or mistyped member.
    """
    try:
        body = json.loads(text)
    except ValueError as error:
        raise EventError(f"body is not JSON: {error}") from None
    if not isinstance(body, dict):
        raise EventError(f"body is {type(body).__name__}, expected an object")
    kind = body.pop("kind", None)
    cls = KINDS.get(kind) if isinstance(kind, str) else None
    if cls is None:
        raise EventError(f"kind is {kind!r}, expected one of {', '.join(sorted(KINDS))}")
    return _build(cls, body)


def _build(cls: type[Event], body: dict[str, Any]) -> Event:
    unknown = body.keys() - set(_FIELDS[cls.kind])
    if unknown:
        raise EventError(f"{cls.kind} has unknown members {', '.join(sorted(unknown))}")
    for name, value in body.items():
        if not _SHAPES.get(name, _is_text)(value):
            expected = _EXPECTED.get(name, "text")
            raise EventError(f"{cls.kind}.{name} is {value!r:.80}, expected {expected}")
    try:
        if "reason" in body:
            body["reason"] = Reason(body["reason"])
        if "children" in body:
            body["children"] = tuple(body["children"])
        if "first" in body:
            body["first"] = Sighting(**body["first"])
        for name in _NULLABLE.get(cls, ()):
            body.setdefault(name, None)
        return cls(**body)
    except (TypeError, ValueError) as error:
        raise EventError(f"{cls.kind}: {error}") from None


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


_SHAPES: dict[str, Any] = {
    "item": _is_count, "first_item": _is_count, "last_item": _is_count, "container": _is_count,
    "refused_reads": _is_count, "boot": _is_count,
    "children": lambda v: isinstance(v, list) and all(isinstance(k, str) for k in v),
    "first": lambda v: isinstance(v, dict) and v.keys() == {"seq", "at", "station"},
}  # fmt: skip
_EXPECTED = dict.fromkeys(_SHAPES, "a whole number ≥ 0") | {
    "children": "a list of keys",
    "first": "seq, at and station",
}
_NULLABLE: dict[type[Event], tuple[str, ...]] = {
    Passed: ("key",),
    Ejected: ("key",),
    Untracked: ("key",),
}
