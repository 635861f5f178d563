"""Ledger events as EPCIS 2.0 (JSON-LD), words of CBV 2.0. Pure: rows in, events or text out.

======================  =================  ===========  ==============================
ledger                  EPCIS              bizStep      disposition
======================  =================  ===========  ==============================
commissioned            ObjectEvent ADD    commissioning  active; lot and expiry as ilmd
passed (key)            OBSERVE            inspecting   conformant
rejected (the thing)    OBSERVE            inspecting   non_conformant
ejected (key)           OBSERVE            inspecting   non_conformant
ejected_unasked (key)   OBSERVE            inspecting   non_conformant
eject_failed (key)      OBSERVE            inspecting   unknown
taken_off (key)         OBSERVE            inspecting   unknown
untracked (key)         OBSERVE            inspecting   unknown
closed                  AggregationEvent ADD  packing   in_progress
opened again            AggregationEvent DELETE  unpacking  in_progress; closed tells all anew
reworked, taken out     AggregationEvent DELETE  unpacking  in_progress; for each parent
reworked, put in        AggregationEvent ADD  packing   in_progress; for each parent
reworked, out of use    ObjectEvent DELETE  decommissioning  inactive
reworked, sampled       OBSERVE            inspecting   unavailable
reworked, returned      OBSERVE            inspecting   available
======================  =================  ===========  ==============================

`packed` is told by the `closed` of its container: an aggregation needs a parentID (EPCIS 2.0,
7.4.3), and an open container has no code yet. Its children therefore appear as commissioned, and
their packing in the export that holds the closing. Whatever has no EPCIS form, because it names no
object, is counted in `left_out` by kind: events mapped and left out add up to the rows given,
but for a rework, which may be several events. Of a container that is open, a rework tells nothing:
its closing does. A thing's second code is not told: it would be a second object.

A thing that vanished from the belt before the gate, or that was kept out and not seen to fall, was
neither found good nor bad: CBV's word for its condition is `unknown`.

A reject speaks of the thing only where it is of the wrong product or was never issued. Where the
scan was wrong (a duplicate, the wrong level, a full container, ...) the code names another, good
thing, of which nothing bad must be told: such rejects are left out.

Identity. The same row always gives the same eventID, a version 5 UUID of agent, number and hash.
(`ni:///sha-256` is kept for CBV 2.0's own event hash, section 8.9, which this is not.)
"""

import calendar
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid5

from edge_agent.core.events import (
    Closed,
    Commissioned,
    Ejected,
    EjectedUnasked,
    EjectFailed,
    Event,
    Move,
    Opened,
    Packed,
    Parked,
    Passed,
    Reason,
    Rejected,
    Reworked,
    TakenOff,
    Untracked,
)
from edge_agent.core.names import ContainerId
from edge_agent.core.states import State

CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
Row = tuple[int, bytes, Event]
"""An event's number, its chained hash, and the event."""

_NAMESPACE = UUID("5d0a6d3e-3c1b-5b0e-9f4c-2a3f1c7be0d1")
"""Of this mapping's own UUIDs. Changing it would change every identity ever sent."""
_SGTIN = re.compile(r"01(\d{14})21(.+)", re.DOTALL)
_SSCC = re.compile(r"00(\d{18})")
_OF_THE_THING = (Reason.WRONG_PRODUCT, Reason.NOT_ISSUED)
_INSPECTED = {
    Passed: "conformant",
    Rejected: "non_conformant",
    Ejected: "non_conformant",
    EjectedUnasked: "non_conformant",
    EjectFailed: "unknown",
    TakenOff: "unknown",
    Untracked: "unknown",
}


@dataclass(frozen=True, slots=True)
class Naming:
    """How things and places are named as URIs.

    GS1 keys become GS1 Digital Link URIs, the form that CBV 2.0 prefers. Other codes and the
    stations need URIs of their own: below `base`, an http(s) prefix that the company owns, or else
    a UUID URN.
    """

    agent: str
    base: str | None = None

    def thing(self, key: str) -> str:
        if match := _SGTIN.fullmatch(key):
            return f"https://id.gs1.org/01/{match[1]}/21/{quote(match[2], safe='')}"
        if match := _SSCC.fullmatch(key):
            return f"https://id.gs1.org/00/{match[1]}"
        return self._own("obj", key)

    def station(self, station: str) -> str:
        return self._own("loc", self.agent, station)

    def line(self) -> str:
        return self._own("loc", self.agent)

    def event(self, seq: int, chained: bytes, part: int = 0) -> str:
        name = f"event/{self.agent}/{seq}/{chained.hex()}"
        return uuid5(_NAMESPACE, f"{name}/{part}" if part else name).urn

    def _own(self, *path: str) -> str:
        if self.base is None:
            return uuid5(_NAMESPACE, "/".join(path)).urn
        return "/".join([self.base.rstrip("/"), *(quote(part, safe="") for part in path)])


def document(
    rows: Iterable[Row], naming: Naming, left_out: Counter[str], created_at: str
) -> Iterator[str]:
    """An EPCISDocument in pieces, so that a year of events needs no year of memory."""
    head = {
        "@context": [CONTEXT],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": created_at,
    }
    yield json.dumps(head, ensure_ascii=False)[:-1] + ', "epcisBody": {"eventList": ['
    separator = "\n"
    for event in events(rows, naming, left_out):
        yield separator + json.dumps(event, ensure_ascii=False)
        separator = ",\n"
    yield "\n]}}\n"


def events(rows: Iterable[Row], naming: Naming, left_out: Counter[str]) -> Iterator[dict[str, Any]]:
    """Each row that has an EPCIS form, in order; the others are counted in `left_out`."""
    waiting: Counter[int] = Counter()
    is_open: set[ContainerId] = set()
    for seq, chained, event in rows:
        if isinstance(event, Packed):
            waiting[event.container] += 1
            continue
        if isinstance(event, Closed) and event.children and event.container in waiting:
            told = waiting.pop(event.container)
            left_out["packed, told by its container's closing"] += told
        for part, told_of in enumerate(_told(event, naming, is_open, left_out)):
            yield {**_common(seq, chained, event, naming, part), **told_of}
    if waiting:
        left_out["packed, container not closed within the range"] += waiting.total()


def _told(
    event: Event, naming: Naming, is_open: set[ContainerId], left_out: Counter[str]
) -> list[dict[str, Any]]:
    """`event` in EPCIS, without its what, when and where; or nothing, counted in `left_out`.
    `is_open` are the containers that were opened and not closed since."""
    parts: list[dict[str, Any]] = []
    why = f"{event.kind}, names no object"
    match event:
        case Commissioned():
            parts = [_commissioned(event, naming, left_out)]
        case Rejected(reason=reason) if reason not in _OF_THE_THING:
            why = "rejected, the scan and not the thing"
        case (
            Passed(key=key)
            | Rejected(key=key)
            | Ejected(key=key)
            | EjectedUnasked(key=key)
            | EjectFailed(key=key)
            | TakenOff(key=key)
            | Untracked(key=key)
        ) if key is not None:
            parts = [_object("OBSERVE", [key], "inspecting", _INSPECTED[type(event)], naming)]
        case Closed(children=children):
            is_open.discard(event.container)
            why = "closed, without children"
            if children:
                parts = [_aggregation("ADD", event.key, children, naming)]
        case Opened(key=code, children=children):
            is_open.add(event.container)
            why = "opened, told by its closing"
            # What is not opened again was never told as closed.
            if event.reopened and children and code is not None:
                parts = [_aggregation("DELETE", code, children, naming)]
        case Parked():
            is_open.add(event.container)
        case Reworked():
            parts = list(_reworked(event, naming, is_open))
            why = "reworked, told by a closing"
        case _:
            pass
    if not parts:
        left_out[why] += 1
    return parts


def _object(
    action: str, keys: Iterable[str], step: str, disposition: str, naming: Naming
) -> dict[str, Any]:
    return {
        "type": "ObjectEvent",
        "action": action,
        "epcList": [naming.thing(key) for key in keys],
        "bizStep": step,
        "disposition": disposition,
    }


def _aggregation(
    action: str, parent: str, children: Iterable[str], naming: Naming
) -> dict[str, Any]:
    return {
        "type": "AggregationEvent",
        "action": action,
        "parentID": naming.thing(parent),
        "childEPCs": [naming.thing(child) for child in children],
        "bizStep": "packing" if action == "ADD" else "unpacking",
        "disposition": "in_progress",
    }


def _reworked(
    event: Reworked, naming: Naming, is_open: set[ContainerId]
) -> Iterator[dict[str, Any]]:
    """What a rework did, as so many events, without what they have in common."""
    out: dict[str, list[str]] = {}
    into: dict[str, list[str]] = {}
    for move in event.moves:
        before, after = move.before, move.after
        if before.inside == after.inside:
            continue
        if before.parent is not None and before.inside not in is_open:
            out.setdefault(before.parent, []).append(move.key)
        if after.parent is not None and after.inside not in is_open:
            into.setdefault(after.parent, []).append(move.key)
    for parent, children in out.items():
        yield _aggregation("DELETE", parent, children, naming)
    for parent, children in into.items():
        yield _aggregation("ADD", parent, children, naming)
    for action, step, disposition, changed in (
        ("DELETE", "decommissioning", "inactive", _to(State.DECOMMISSIONED)),
        ("OBSERVE", "inspecting", "unavailable", _to(State.SAMPLED)),
        ("OBSERVE", "inspecting", "available", _returned),
    ):
        if keys := [move.key for move in event.moves if changed(move)]:
            yield _object(action, keys, step, disposition, naming)


def _to(state: State) -> Callable[[Move], bool]:
    return lambda move: move.after.state is state is not move.before.state


def _returned(move: Move) -> bool:
    gone = (State.SAMPLED, State.DECOMMISSIONED)
    return move.before.state is State.SAMPLED and move.after.state not in gone


def _common(
    seq: int, chained: bytes, event: Event, naming: Naming, part: int = 0
) -> dict[str, Any]:
    return {
        "eventID": naming.event(seq, chained, part),
        "eventTime": event.at,
        "eventTimeZoneOffset": "+00:00",
        "readPoint": {"id": naming.station(event.station)},
        "bizLocation": {"id": naming.line()},
    }


def _commissioned(event: Commissioned, naming: Naming, left_out: Counter[str]) -> dict[str, Any]:
    ilmd = {}
    if event.lot is not None:
        ilmd["cbvmda:lotNumber"] = event.lot
    if event.expiry is not None:
        date = _date(event.expiry, int(event.at[:4]))
        if date is None:
            left_out["expiry of a commissioned code, not YYMMDD"] += 1
        else:
            ilmd["cbvmda:itemExpirationDate"] = date
    told = _object("ADD", [event.key], "commissioning", "active", naming)
    return told | {"ilmd": ilmd} if ilmd else told


def _date(yymmdd: str, year_now: int) -> str | None:
    """AI (17) as ISO 8601; None if it is no date.

    The century is the one nearest to `year_now`, day 00 the month's last (GS1 General
    Specifications, sections 7.12 and 3.4.7).
    """
    if not re.fullmatch(r"[0-9]{6}", yymmdd):
        return None
    year, month, day = int(yymmdd[:2]), int(yymmdd[2:4]), int(yymmdd[4:])
    year += year_now // 100 * 100
    if year - year_now >= 51:
        year -= 100
    elif year - year_now <= -50:
        year += 100
    if not 1 <= month <= 12 or day > calendar.monthrange(year, month)[1]:
        return None
    return f"{year:04}-{month:02}-{day or calendar.monthrange(year, month)[1]:02}"
