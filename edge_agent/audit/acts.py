"""What an event says of a person's act: who, what, old, new, why. Pure.

The sentence does not name who did it: that is a column of its own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from edge_agent.core.commands import Command
from edge_agent.core.events import (
    Closed,
    Edited,
    Event,
    LabelQueued,
    Opened,
    OrderChanged,
    Parked,
    Place,
    Released,
    Resumed,
    Reworked,
    ReworkRefused,
    SignedIn,
    SignedOut,
    SignInRefused,
    Stopped,
    Subject,
)
from edge_agent.core.saying import Saying, say


@dataclass(frozen=True, slots=True)
class Change:
    """`name` was `old` and is `new`: a field of an edit and its texts (empty: none), or a thing's
    code and its places."""

    name: str
    old: str | Place
    new: str | Place


@dataclass(frozen=True, slots=True)
class Act:
    """One event of the audit trail. `who` is a person's id, or the name that was typed at a
    release; empty: nobody in particular. `at` is RFC 3339, UTC."""

    seq: int
    at: str
    station: str
    kind: str
    who: str
    approved_by: str
    what: Saying
    changes: tuple[Change, ...] = ()
    why: tuple[str, ...] = ()
    """As somebody typed it, or in the ledger's English."""


_REWORK: Mapping[Command, Saying] = {
    Command.UNDO: say("took back the last step"),
    Command.REMOVE: say("took a thing out of its container"),
    Command.REPLACE: say("replaced a damaged thing"),
    Command.ADD: say("put more into a container"),
    Command.EMPTY: say("emptied a container"),
    Command.SPLIT: say("split a container"),
    Command.MERGE: say("merged two containers"),
    Command.MOVE: say("moved a thing to another container"),
    Command.UNPACK: say("unpacked things"),
    Command.DECOMMISSION: say("took a code out of use"),
    Command.SAMPLE: say("took a sample"),
    Command.RETURN: say("returned a sample"),
    Command.REOPEN: say("reopened a container"),
}
_SIGNED_OUT: Mapping[str, Saying] = {
    "command": say("signed out"),
    "idle": say("was signed out: nothing was done for a while"),
    "another": say("was signed out: another person signed in"),
    "revoked": say("was signed out: may not sign in any more"),
}


@dataclass(frozen=True, slots=True)
class _Told:
    who: str | None
    what: Saying
    why: tuple[str | None, ...] = ()
    changes: tuple[Change, ...] = ()
    approved_by: str | None = ""


def act_of(seq: int, event: Event) -> Act | None:
    """The act that `event`, number `seq`, records; None if it is none of a person's."""
    told = _of_people(event) or _of_repair(event) or _of_containers(event) or _of_line(event)
    if told is None:
        return None
    return Act(
        seq, event.at, event.station, event.kind, told.who or "", told.approved_by or "",
        told.what, told.changes, tuple(filter(None, told.why)),
    )  # fmt: skip


def _of_people(event: Event) -> _Told | None:
    match event:
        case SignedIn(person=who, how="pin"):
            return _Told(who, say("signed in with a PIN"))
        case SignedIn(person=who):
            return _Told(who, say("signed in with a badge"))
        case SignedOut(person=who, why=reason):
            return _Told(who, _SIGNED_OUT.get(reason, _SIGNED_OUT["command"]))
        case SignInRefused(person=who, how="pin", why=why):
            return _Told(who, say("was refused with a PIN"), (why,))
        case SignInRefused(person=who, why=why):
            return _Told(who, say("was refused with a badge"), (why,))
        case Edited():
            changes = tuple(_edits(event))
            return _Told(event.by, _edited(event), (event.why,), changes, event.approved_by)
    return None


def _of_repair(event: Event) -> _Told | None:
    match event:
        case Reworked(operation=operation, moves=moves):
            what = _REWORK.get(operation) or say("repaired: {operation}", operation=operation)
            changes = tuple(Change(move.key, move.before, move.after) for move in moves)
            return _Told(event.by, what, (event.why,), changes, event.approved_by)
        case ReworkRefused(operation=operation, by=who, culprits=culprits):
            return _Told(who, say("was refused: {operation}", operation=operation), tuple(culprits))
        case LabelQueued(by=who, printer=printer, copy=0):
            return _Told(who, say("tested the printer {printer}", printer=printer))
        case LabelQueued(by=who, key=key, copy=copy, why=why):
            what = say("printed the label {key} again, copy {copy}", key=key, copy=copy)
            return _Told(who, what, (why,))
    return None


def _of_containers(event: Event) -> _Told | None:
    match event:
        case Closed(by=who, key=key, level=level, children=children):
            what = say(
                "closed {level} {key} with {count}", level=level, key=key, count=len(children)
            )
            return _Told(who, what, approved_by=event.approved_by)
        case Opened(by=who, level=level, reopened=True):
            return _Told(who, say("reopened {level} {key}", level=level, key=_name(event)))
        case Opened(by=who, level=level):
            return _Told(who, say("opened {level} {key}", level=level, key=_name(event)))
        case Parked(by=who, level=level, container=number, parked=True):
            return _Told(who, say("put {level} number {number} aside", level=level, number=number))
        case Parked(by=who, level=level, container=number):
            return _Told(
                who, say("went on with {level} number {number}", level=level, number=number)
            )
    return None


def _of_line(event: Event) -> _Told | None:
    match event:
        case OrderChanged(order="", by=who):
            return _Told(who, say("ended the work on an order"))
        case OrderChanged(order=order, by=who, approved_by=second):
            return _Told(who, say("began order {order}", order=order), approved_by=second)
        case Released(by=who, why=why):
            return _Told(who, say("released the stopped line"), (why,))
        case Stopped(cause=cause, detail=why):
            return _Told("", say("the line stopped: {cause}", cause=cause), (why,))
        case Resumed(refused_reads=count, detail=why):
            what = say("the ledger takes records again; {count} reads were refused", count=count)
            return _Told("", what, (why,))
    return None


def _edited(event: Edited) -> Saying:
    thing = event.id
    match event.subject, event.old is None, event.new is None:
        case Subject.ORDER, _, True:
            return say("ended order {id}", id=thing)
        case Subject.ORDER, True, _:
            return say("made order {id}", id=thing)
        case Subject.ORDER, _, _:
            return say("changed order {id}", id=thing)
        case Subject.PRODUCT, _, True:
            return say("ended product {id}", id=thing)
        case Subject.PRODUCT, True, _:
            return say("added product {id}", id=thing)
        case Subject.PRODUCT, _, _:
            return say("changed product {id}", id=thing)
        case _, _, True:
            return say("revoked person {id}", id=thing)
        case _, True, _:
            return say("added person {id}", id=thing)
    return say("changed person {id}", id=thing)


def _edits(event: Edited) -> Iterator[Change]:
    if event.new is None:
        return
    old = event.old or {}
    for name in sorted({*old, *event.new}):
        before, after = old.get(name, ""), event.new.get(name, "")
        if before != after:
            is_persons = event.subject is Subject.PERSON and name == "name"
            yield Change("full name" if is_persons else name, before, after)


def _name(event: Opened) -> str:
    return event.key or f"#{event.container}"
