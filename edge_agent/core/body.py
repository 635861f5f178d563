"""The one written form of an event.

Its body in the ledger is one line of JSON whose first members are always ``kind`` and ``at``. That
text is what is hashed, stored, sent and verified: nobody re-encodes it.
"""

import json
import re
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from edge_agent.core.commands import Command
from edge_agent.core.events import (
    KINDS,
    Condition,
    Edited,
    Ejected,
    EjectedUnasked,
    EjectFailed,
    Event,
    LabelQueued,
    Move,
    Opened,
    Parked,
    Passed,
    Place,
    Reason,
    Reworked,
    ReworkRefused,
    Sighting,
    SignInRefused,
    StopCause,
    Subject,
    TakenOff,
    Untracked,
)
from edge_agent.core.people import Role
from edge_agent.core.states import State

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
    if "moves" in body:
        body["moves"] = [
            [m.key, m.level, _place_json(m.before), _place_json(m.after)] for m in body["moves"]
        ]
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
        for name in body.keys() & _READ.keys():
            body[name] = _READ[name](body[name])
        for name in _NULLABLE.get(cls, ()):
            body.setdefault(name, None)
        return cls(**body)
    except (TypeError, ValueError) as error:
        raise EventError(f"{cls.kind}: {error}") from None


def _place_json(place: Place) -> list[Any]:
    return [place.state, place.inside, place.parent]


def _move(row: list[Any]) -> Move:
    key, level, before, after = row
    return Move(key, level, _place(before), _place(after))


def _place(row: list[Any]) -> Place:
    state, inside, parent = row
    return Place(State(state), inside, parent)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_named_texts(value: object) -> bool:
    return isinstance(value, dict) and all(map(_is_text, value.values()))


def _is_place(value: object) -> bool:
    match value:
        case [str(), inside, str() | None]:
            return inside is None or _is_count(inside)
    return False


def _is_moves(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(each, list)
        and len(each) == 4
        and all(map(_is_text, each[:2]))
        and all(map(_is_place, each[2:]))
        for each in value
    )


def _is_sha256(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_counts(value: object) -> bool:
    return isinstance(value, dict) and all(map(_is_count, value.values()))


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


_SHAPES: dict[str, Any] = {
    "act": _is_count, "item": _is_count, "first_item": _is_count, "last_item": _is_count,
    "container": _is_count, "refused_reads": _is_count, "boot": _is_count, "count": _is_count,
    "differences": _is_count, "counts": _is_counts,
    "children": _is_texts, "on": _is_texts, "picture": _is_sha256, "culprits": _is_texts,
    "job": _is_count, "copy": _is_count, "number": _is_count, "reprint_of": _is_count,
    "reopened": _is_flag, "parked": _is_flag, "moves": _is_moves, "fields": _is_named_texts,
    "old": _is_named_texts, "new": _is_named_texts,
    "first": lambda v: isinstance(v, dict) and v.keys() == {"seq", "at", "station"},
}  # fmt: skip
_READ: dict[str, Callable[[Any], Any]] = {
    "reason": Reason,
    "children": tuple,
    "culprits": tuple,
    "cause": StopCause,
    "on": lambda names: tuple(map(Condition, names)),
    "first": lambda first: Sighting(**first),
    "operation": Command,
    "subject": Subject,
    "role": Role,
    "moves": lambda rows: tuple(map(_move, rows)),
}
"""How the members whose type is not JSON's own are read."""
_EXPECTED = dict.fromkeys(_SHAPES, "a whole number ≥ 0") | {
    "children": "a list of keys",
    "culprits": "a list of texts",
    "reopened": "true or false",
    "parked": "true or false",
    "moves": "a list of key, level, place before, place after",
    "fields": "texts by name",
    "old": "texts by name",
    "new": "texts by name",
    "on": "a list of conditions",
    "counts": "numbers by name",
    "picture": "64 hexadecimal digits, a SHA-256",
    "first": "seq, at and station",
}
_NULLABLE: dict[type[Event], tuple[str, ...]] = {
    Passed: ("key",),
    Ejected: ("key",),
    EjectFailed: ("key",),
    EjectedUnasked: ("key",),
    TakenOff: ("key",),
    Untracked: ("key",),
    Opened: ("key",),
    Parked: ("bench",),
    Reworked: ("by",),
    ReworkRefused: ("by",),
    LabelQueued: ("container",),
    SignInRefused: ("person",),
    Edited: ("old", "new", "by"),
}
