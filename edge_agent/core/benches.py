"""Packing by hand: what a scan at a station without a gate does to its containers.

A thing goes into the container of the level above: the belt's, or, where the level is filled by
scanning, the bench's own. A container gets its code before its children (then it closes when it is
full) or after them (then its code closes it). Where its label is made here, it is printed when the
container is full, and scanned on it: that closes it.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from edge_agent.core.codes import Code
from edge_agent.core.containers import (
    GOOD,
    filled,
    is_filled,
    name,
    no_room_above,
    open_at,
    print_label,
    scan_label,
    set_apart,
    shut,
)
from edge_agent.core.contents import mixes, product, product_in
from edge_agent.core.effects import Tone
from edge_agent.core.events import Parked, Reason
from edge_agent.core.history import Known
from edge_agent.core.inputs import Layer, Read
from edge_agent.core.names import CodeKey, Instant, LevelName, PersonId, StationName, utc_us
from edge_agent.core.packing import Filling
from edge_agent.core.record import Record
from edge_agent.core.reread import Rereads
from edge_agent.core.saying import Saying, say
from edge_agent.core.states import ContainerState, State
from edge_agent.core.verify import Objection

REPEAT_US = 10_000_000
"""How long after it closed a container a code may be scanned again for its lost answer."""
AGAIN = (State.EJECTED, State.TAKEN_OFF)
"""What never left the line, and so is commissioned as if it were new."""
IN_USE = (State.ACTIVE, State.PACKED)


# --- what the desk asks ----------------------------------------------------------------------


def is_partial(record: Record, station: StationName) -> bool:
    """Whether `close` would close a container at `station` that is not full."""
    filling = at_hand(record, station)
    return filling is not None and not is_filled(record, filling)


def unclosable(record: Record, station: StationName) -> Saying | None:
    """Why nobody may close the container at hand at `station`; None if somebody may."""
    filling = at_hand(record, station)
    if filling is None or not filling.children:
        return say("nothing is open here that could be closed")
    plan, count = record.plan.level(filling.level), len(filling.children)
    if filling.ready:
        return say("its label is under way: scan the label")
    if not plan.partial and not is_filled(record, filling):
        return say(
            "a {level} holds {capacity}, this one {count}: fill it",
            level=filling.level,
            capacity=plan.capacity,
            count=count,
        )
    objection = no_room_above(record, filling.level, station)
    return objection.detail if objection else None


def close(
    record: Record,
    station: StationName,
    at: Instant,
    by: PersonId | None,
    approved_by: PersonId | None = None,
) -> Saying | None:
    """Close the container at hand at `station`, full or not; None, or why it stays open.

    Where its label is made here, the label is printed now, and its scan closes it. Where it has no
    code yet, that was scanned just before.
    """
    filling, held = at_hand(record, station), record.held.pop(station, None)
    if refusal := unclosable(record, station):
        return refusal
    assert filling is not None  # noqa: S101 there is one to close
    plan = record.plan.level(filling.level)
    if plan.label is not None and (filling.key is not None or plan.label.sscc is not None):
        return print_label(record, station, at, filling, by)
    if filling.key is not None:
        shut(record, station, at, filling, filling.key, approved_by)
        return None
    code = None if held is None else record.parse(held)[0]
    if held is None or code is None or code.level != filling.level:
        return say("scan the code of the {level} first", level=filling.level)
    if objection := _unusable(record, held, code):
        record.refuse(held, objection, code)
        return objection.detail
    name(record, held, code, filling, approved_by)
    return None


def _unusable(record: Record, held: Read, code: Code) -> Objection | None:
    """Why `code` cannot name a container now. While it waited here, it may have been used
    elsewhere, and another order may have begun."""
    known, objection = record.history.find(code.key), record.verify(code, held.station)
    is_seen = objection is not None and objection.reason is Reason.DUPLICATE
    if objection is not None and not (is_seen and _is_free(record, known)):
        return objection
    is_used = known is not None and not _is_free(record, known)
    if not is_used and record.state.packing.named(code.key) is None:
        return None
    said = say("{code} is in use already: scan a new one", code=code.key)
    return Objection(Reason.DUPLICATE, said, known.first if known else None)


def park(record: Record, station: StationName, at: Instant, by: PersonId | None) -> Saying | None:
    """Put the container at hand at `station` aside; None, or why not."""
    record.held.pop(station, None)
    filling = at_hand(record, station)
    if filling is None:
        return say("nothing is open here that could be put aside")
    if filling.ready:
        return say("its label is under way: scan the label")
    _park(record, station, at, filling, by, None, parked=True)
    return None


def resume(
    record: Record, station: StationName, at: Instant, key: CodeKey, by: PersonId | None
) -> Saying | None:
    """Go on at `station` with a container that was put aside; `key` is its code, or that of a
    thing in it. None, or why not."""
    record.held.pop(station, None)
    packing = record.state.packing
    filling = next((f for f in packing.every() if key == f.key or key in f.children), None)
    if filling is None or not filling.parked:
        return say("{code} was not put aside, and lies in nothing that was", code=key)
    order = record.state.active_order or {}
    gtin, lot = product_in(record.history, filling)
    for found, due in ((gtin, order.get("gtin")), (lot, order.get("batch"))):
        if found and due and found != due:
            return say("it is of {found}, {expected} is packed", found=found, expected=due)
    owner = packing.owner(filling.level, station)
    open_here = packing.queue(filling.level, owner)
    waiting = record.plan.level(filling.level).waiting
    if packing.current(filling.level, owner) or len(open_here) > waiting:
        return say(
            "another {level} is open here and holds {count}: close it or put it aside first",
            level=filling.level,
            count=len(open_here[-1].children),
        )
    _park(record, station, at, filling, by, owner, parked=False)
    return None


def _park(
    record: Record,
    station: StationName,
    at: Instant,
    filling: Filling,
    by: PersonId | None,
    bench: StationName | None,
    *,
    parked: bool,
) -> None:
    record.emit(
        Parked(
            at=at.isoformat(),
            station=station,
            level=filling.level,
            container=filling.id,
            parked=parked,
            bench=bench,
            by=by,
        )
    )


def at_hand(record: Record, station: StationName) -> Filling | None:
    """The container that people at `station` are filling or have filled: the lowest, and of these
    the last."""
    packing, due = record.state.packing, record.plan.stations[station].due
    for below, plan in zip(record.plan.levels, record.plan.levels[1:], strict=False):
        if below.name not in due.levels:
            continue
        if fillings := packing.queue(plan.name, packing.owner(plan.name, station)):
            return fillings[-1]
    return None


def _is_free(record: Record, known: Known | None) -> bool:
    """Whether the code's container was emptied, so that it may be filled again."""
    if known is None or known.holds is None or known.inside is not None:
        return False
    container = record.history.container(known.holds)
    return known.state is State.ACTIVE and container is not None and not container.children


# --- reads -----------------------------------------------------------------------------------


class Benches:
    """The stations without a gate. `rereads` is told which reads were accepted."""

    def __init__(self, record: Record, rereads: Mapping[StationName, Rereads]) -> None:
        self._record = record
        self._rereads = rereads

    def to_json(self) -> dict[str, Any]:
        """The codes that wait at each bench, as plain JSON values."""
        return {station: asdict(read) for station, read in self._record.held.items()}

    def load(self, saved: Mapping[str, Any]) -> None:
        """Go on with what `to_json` wrote."""
        self._record.held = {
            StationName(station): Read(**{**read, "at": Instant(**read["at"])})
            for station, read in saved.items()
            if StationName(station) in self._record.plan.stations
        }

    def read(self, read: Read) -> bool:
        """One code was scanned. True: it is a container's that is not full, and CLOSE is asked."""
        held = self._record.held.pop(read.station, None)
        if objection := self._nobody(read.station):
            self._refuse(read, objection, None)
            return False
        if second := self._record.second(read.text):
            self._second(read, second, held)
            return False
        code, objection = self._record.parse(read)
        if code is None or objection is not None:
            self._keep(read.station, held)
            self._refuse(read, objection or _NO_CODE, None)
        elif self._closed_just_now(code, read):
            said = say("this {level} is closed already", level=code.level)
            self._record.answer(read, None, str(said), code.key)
            self._record.show(read, Tone.NOTE, said, key=code.key)
        elif self._record.state.packing.is_container(code.level):
            self._leave(held)
            return self._container(read, code)
        else:
            self._thing(read, code, held)
        return False

    def _nobody(self, station: StationName) -> Objection | None:
        if self._record.plan.people.required and self._record.at_work(station) is None:
            return _NOT_SIGNED_IN
        return None

    def _accept(self, read: Read, code: Code, tone: Tone, saying: Saying) -> None:
        self._rereads[read.station].accept(read)
        self._record.answer(read, None, "", code.key)
        self._record.show(read, tone, saying, key=code.key)

    def _refuse(self, read: Read, objection: Objection, code: Code | None) -> None:
        key = code.key if code else None
        self._record.refuse(read, objection, code)
        self._record.answer(read, objection.reason, str(objection.detail), key)
        self._record.object_to(read, objection, key)

    # --- things ----------------------------------------------------------------------------

    def _thing(self, read: Read, code: Code, held: Read | None) -> None:
        """A thing of the lowest level, or one half of it."""
        objection = self._record.verify(code, read.station)
        if objection is not None:
            self._keep(read.station, held)
            self._refuse(read, objection, code)
            return
        pair = self._record.plan.level(code.level).pair
        if held is not None and (second := self._record.second(held.text)):
            self._pair(read, held, code, second)
        elif pair is None or self._record.history.find(code.key) is not None:
            self._leave(held)
            self._pack(read, code)
        else:
            self._hold(read, code, held, say("scan the {name} too", name=pair.name))

    def _second(self, read: Read, second: Code, held: Read | None) -> None:
        """The second code of a thing."""
        if objection := self._used(second):
            self._keep(read.station, held)
            self._refuse(read, objection, second)
            return
        first = self._record.parse(held)[0] if held is not None else None
        if held is None or first is None or first.level != second.level:
            self._hold(read, second, held, say("scan the product's own code too"))
        else:
            self._pair(read, held, first, second)

    def _pair(self, read: Read, held: Read, first: Code, second: Code) -> None:
        """Both codes of a thing were scanned. What is true of either may have changed while it
        waited: both are looked at anew, and where they do not belong together, neither counts."""
        objection = self._record.verify(first, read.station) or self._used(second)
        known = self._record.history.find(first.key)
        if objection is None and known is not None:
            said = say("{code} has its second code already: scan it alone", code=first.key)
            objection = Objection(Reason.UNPAIRED, said, known.first)
        if objection is not None:
            self._record.refuse(held, _UNPAIRED)
            self._refuse(read, objection, first)
            return
        self._rereads[read.station].accept(held)
        self._pack(read, first, second)

    def _used(self, second: Code) -> Objection | None:
        known = self._record.history.find(second.key)
        if known is None:
            return None
        said = say("it is on {code} already", code=known.key)
        return Objection(Reason.DUPLICATE, said, known.first)

    def _hold(self, read: Read, code: Code, held: Read | None, saying: Saying) -> None:
        """The code waits for the thing's other one. Another of its kind that waited is left."""
        is_left = held is not None and held.text != read.text and self._leave(held)
        self._record.held[read.station] = read
        reason = Reason.UNPAIRED if is_left else None
        self._record.show(read, Tone.ASK, saying, reason=reason, key=code.key)

    def _keep(self, station: StationName, held: Read | None) -> None:
        """What was refused is not what `held` waits for: it waits on."""
        if held is not None:
            self._record.held[station] = held

    def _leave(self, held: Read | None) -> bool:
        """Something else came: whether half of a thing waited, and is left without the other."""
        if held is None:
            return False
        code = self._record.second(held.text) or self._record.parse(held)[0]
        is_half = code is not None and not self._record.state.packing.is_container(code.level)
        if is_half:
            self._record.refuse(held, _UNPAIRED)
        return is_half

    def _pack(self, read: Read, code: Code, also: Code | None = None) -> None:
        """The thing has passed the rules: it goes where it belongs, if there is room."""
        if objection := self._no_place(read.station, code):
            self._refuse(read, objection, code)
            return
        tone, saying = self._put(read, code, also)
        self._accept(read, code, tone, saying)

    def _put(self, read: Read, code: Code, also: Code | None = None) -> tuple[Tone, Saying]:
        record, station = self._record, read.station
        known = record.history.find(code.key)
        if known is None or known.state in AGAIN:
            record.commission(code, read, None, also.key if also else None)
        gtin, lot = product(record.history, code)
        owner = self._owner_above(code.level, station)
        container = record.pack(code.key, code.level, read.at, station, gtin, lot, owner)
        return filled(record, station, read.at, container)

    def _owner_above(self, level: LevelName, station: StationName) -> StationName | None:
        packing = self._record.state.packing
        parent = packing.parent_of(level)
        return packing.owner(parent.name, station) if parent is not None else None

    def _no_place(self, station: StationName, code: Code, before: int = 0) -> Objection | None:
        """Why `code` has no place, `before` others of its level going before it."""
        record, packing = self._record, self._record.state.packing
        owner = self._owner_above(code.level, station)
        coming = before + (self._coming_beside(code.level) if owner is None else 0)
        if objection := packing.room_for(code.level, coming, owner):
            return objection
        parent = packing.parent_of(code.level)
        current = packing.current(parent.name, owner) if parent is not None else None
        if current is None or parent is None:
            return None
        if not parent.mixed and (objection := self._mixes(current, code)):
            return objection
        closes = current.key is not None and len(current.children) + 1 + before >= parent.capacity
        return no_room_above(record, parent.name, station) if closes else None

    def _mixes(self, current: Filling, code: Code) -> Objection | None:
        gtin, lot = product_in(self._record.history, current)
        if self._record.state.active_order is None:
            lot = None
        return mixes(current.level, (gtin, lot), product(self._record.history, code))

    # --- containers ------------------------------------------------------------------------

    def _container(self, read: Read, code: Code) -> bool:
        """A container's code, known or new. True: CLOSE is asked."""
        record = self._record
        known, objection = record.history.find(code.key), record.verify(code, read.station)
        seen = objection is not None and objection.reason is Reason.DUPLICATE
        filling = record.state.packing.named(code.key)
        if filling is not None and (objection is None or seen):
            return self._open_one(read, code, filling, known)
        is_free = _is_free(record, known)
        if objection is not None and not (seen and is_free):
            self._refuse(read, objection, code)
            return False
        if known is not None and not is_free:
            self._pack(read, code)
            return False
        return self._name(read, code, known)

    def _open_one(self, read: Read, code: Code, filling: Filling, known: Known | None) -> bool:
        """The code of a container that is open: closes it at its own bench."""
        first = known.first if known else None
        if filling.parked:
            said = say("it was put aside: scan RESUME, then its code")
            self._refuse(read, Objection(Reason.REFUSED, said, first), code)
        elif filling.bench not in (None, read.station):
            said = say("it is being filled at {bench}", bench=filling.bench or "")
            self._refuse(read, Objection(Reason.DUPLICATE, said, first), code)
        elif filling.ready:
            self._label(read, code, own=filling.bench is not None)
        elif not filling.children:
            said = say("the {level} is open: scan what goes into it", level=code.level)
            self._record.show(read, Tone.NOTE, said, key=code.key)
            self._record.answer(read, None, str(said), code.key)
        elif filling is not (lower := at_hand(self._record, read.station)) and lower is not None:
            said = say("a {level} is open here: close it first", level=lower.level)
            self._refuse(read, Objection(Reason.INCOMPLETE, said, first), code)
        else:
            # Full or not, CLOSE knows what is due.
            return True
        return False

    def _name(self, read: Read, code: Code, known: Known | None) -> bool:
        """A code that is no container's yet: it closes a full one, or opens one that is empty."""
        record, packing, station = self._record, self._record.state.packing, read.station
        owner = packing.owner(code.level, station)
        plan = record.plan.level(code.level)
        if plan.label is not None and plan.label.sscc is not None:
            self._label(read, code, own=owner is not None)
            return False
        if objection := no_room_above(record, code.level, station):
            self._refuse(read, objection, code)
            return False
        if owner is not None and not packing.queue(code.level, owner):
            self._open(read, code, known)
            return False
        coming = self._coming_into(code.level) if owner is None else 0
        found = packing.closable(code.level, coming, owner=owner)
        if isinstance(found, Objection):
            self._refuse(read, found, code)
        elif found.key is not None:
            said = say(
                "{key} is open here and holds {count}: close it first",
                key=found.key,
                count=len(found.children),
            )
            self._refuse(read, Objection(Reason.INCOMPLETE, said), code)
        elif owner is not None and not is_filled(record, found):
            record.held[station] = read
            return True
        elif plan.label is not None:
            self._open_full(read, code, found)
        else:
            name(record, read, code, found)
            told = set_apart(record, code.level, code.key)
            said = told or say("the {level} is closed", level=code.level)
            self._accept(read, code, Tone.FULL, said)
        return False

    def _open(self, read: Read, code: Code, known: Known | None) -> None:
        """The bench has none open: this one is filled from now on."""
        record, station = self._record, read.station
        below = next(
            low.name
            for low, high in zip(record.plan.levels, record.plan.levels[1:], strict=False)
            if high.name == code.level
        )
        if below not in record.plan.stations[station].due.levels:
            found = record.state.packing.closable(code.level, 0, owner=station)
            assert isinstance(found, Objection)  # noqa: S101 there is none to close
            self._refuse(read, found, code)
            return
        if known is not None and known.holds is not None:
            open_at(record, station, read.at, code.key, code.level, known.holds, reopened=True)
        else:
            record.commission(code, read, None)
            number = record.state.packing.next_id
            open_at(record, station, read.at, code.key, code.level, number)
        said = say("the {level} is open: scan what goes into it", level=code.level)
        self._accept(read, code, Tone.GOOD, said)

    def _open_full(self, read: Read, code: Code, filling: Filling) -> None:
        """A full container gets its code; its label is printed, and scanned to close it."""
        record, station, children = self._record, read.station, tuple(filling.children)
        record.commission(code, read, None)
        open_at(record, station, read.at, code.key, code.level, filling.id, children)
        tone, saying = filled(record, station, read.at, filling.id)
        self._accept(read, code, tone, saying)

    def _label(self, read: Read, code: Code, *, own: bool) -> None:
        if objection := scan_label(self._record, read, code, own=own):
            self._refuse(read, objection, code)
            return
        told = set_apart(self._record, code.level, code.key)
        said = told or say("the right label: the {level} is closed", level=code.level)
        self._accept(read, code, Tone.FULL, said)

    def _closed_just_now(self, code: Code, read: Read) -> bool:
        """The answer to the scan that closed a container may have been lost on the way, with the
        line PC's power or the scanner's cable; the person scans again. But where the next
        container is ready, the same code on it is a duplicate."""
        state = self._record.state
        closed = state.last_closed.get(code.level)
        if closed is None or closed.key != code.key or closed.station != read.station:
            return False
        if not self._is_closed(code.key):
            return False
        parent = state.packing.parent_of(code.level)
        due = self._record.plan.stations[read.station].due
        if parent is not None and parent.by_scan and parent.name in due.levels:
            return False  # it may be scanned to be packed
        owner = state.packing.owner(code.level, read.station)
        return read.at.utc_us - utc_us(closed.at) <= REPEAT_US and isinstance(
            state.packing.closable(code.level, 0, owner=owner), Objection
        )

    def _is_closed(self, key: CodeKey) -> bool:
        """Whether `key` still names a closed container: it may have been repaired since."""
        known = self._record.history.find(key)
        if known is None or known.holds is None or known.state not in IN_USE:
            return False
        held = self._record.history.container(known.holds)
        return held is not None and held.state is ContainerState.CLOSED and bool(held.children)

    # --- layers ----------------------------------------------------------------------------

    def read_layer(self, layer: Layer) -> None:
        """All codes are accepted and packed, or none is; two may be the two codes of one thing."""
        rereads, first = self._rereads[layer.station], layer.reads[0]
        self._record.held.pop(layer.station, None)
        earlier = [rereads.seen(read) for read in layer.reads]
        if all(each is not None and each.accepted for each in earlier):
            rereads.suppressed += 1
            self._note_again(first, say("the same layer again"))
            return
        if objection := self._nobody(layer.station):
            self._refuse(first, objection, None)
            return
        if self._read_pair(layer):
            return
        found, culprits = list[Code](), list[tuple[Read, Code | None, Objection]]()
        for read in layer.reads:
            code, objection = self._record.examine(read)
            if code is not None:
                objection = objection or self._no_place_beside(code, found, layer.station)
                found.append(code)
            if objection is not None:
                culprits.append((read, code, objection))
        if culprits:
            self._refuse_layer(layer, culprits)
            return
        told = [(Tone.GOOD, GOOD)]
        for read, code in zip(layer.reads, found, strict=True):
            told.append(self._place(read, code))
            rereads.accept(read)
        self._record.answer(first, None, f"{len(found)} codes", None)
        tone, saying = max(told, key=lambda each: each[0] is not Tone.GOOD)
        self._record.show(first, tone, saying)

    def _place(self, read: Read, code: Code) -> tuple[Tone, Saying]:
        """One code of a layer that has a place."""
        if not self._names(code):
            return self._put(read, code)
        packing = self._record.state.packing
        found = packing.closable(code.level, self._coming_into(code.level))
        assert isinstance(found, Filling)  # noqa: S101 it has a place
        name(self._record, read, code, found)
        return Tone.FULL, say("the {level} is closed", level=code.level)

    def _read_pair(self, layer: Layer) -> bool:
        """Whether the two codes of an answer were one thing's."""
        if len(layer.reads) != 2:
            return False
        one, two = layer.reads
        for first, other in ((one, two), (two, one)):
            code, second = self._record.parse(first)[0], self._record.second(other.text)
            if second is not None and code is not None and code.level == second.level:
                self._second(other, second, first)
                return True
        return False

    def _refuse_layer(
        self, layer: Layer, culprits: list[tuple[Read, Code | None, Objection]]
    ) -> None:
        for read, code, objection in culprits:
            self._record.refuse(read, objection, code)
        first, reason = layer.reads[0], culprits[0][2].reason
        said = say(
            "{count} of {total} codes are refused: none of the layer is packed",
            count=len(culprits),
            total=len(layer.reads),
        )
        self._record.answer(first, reason, str(said), None)
        details = tuple(objection.detail for _, _, objection in culprits)
        self._record.show(first, Tone.BAD, said, reason=reason, culprits=details)

    def _no_place_beside(
        self, code: Code, others: list[Code], station: StationName
    ) -> Objection | None:
        """Why `code` has no place after `others` of its layer got theirs; None if it has one."""
        if any(other.key == code.key for other in others):
            return Objection(Reason.DUPLICATE, say("the code is in the layer twice"))
        packing = self._record.state.packing
        before = sum(other.level == code.level for other in others)
        if self._record.plan.level(code.level).pair is not None:
            return _UNPAIRED
        if others and (objection := self._mixes_with(code, others[0])):
            return objection
        if objection := self._no_place(station, code, before):
            return objection
        if not self._names(code):
            return None
        container = packing.closable(code.level, self._coming_into(code.level), before)
        return container if isinstance(container, Objection) else None

    def _names(self, code: Code) -> bool:
        """Whether the code is one that closes a container, not one that is packed."""
        known = self._record.history.find(code.key)
        return self._record.state.packing.is_container(code.level) and known is None

    def _mixes_with(self, code: Code, other: Code) -> Objection | None:
        history, parent = self._record.history, self._record.state.packing.parent_of(code.level)
        if parent is None or parent.mixed or other.level != code.level:
            return None
        gtins = (product(history, each)[0] for each in (other, code))
        inside, new = ((gtin, None) for gtin in gtins)
        return mixes(parent.name, inside, new)

    def _note_again(self, read: Read, saying: Saying) -> None:
        self._record.answer(read, None, str(saying), None)
        self._record.show(read, Tone.NOTE, saying)

    def _coming_beside(self, level: LevelName) -> int:
        """Things of `level` on the belt, which will need room too."""
        record = self._record
        return record.state.coming() if level == record.plan.levels[0].name else 0

    def _coming_into(self, level: LevelName) -> int:
        """Things on the belt which the open container of `level` still waits for."""
        lowest = self._record.plan.levels[0].name
        parent = self._record.state.packing.parent_of(lowest)
        return self._record.state.coming() if parent is not None and parent.name == level else 0


_NO_CODE = Objection(Reason.MALFORMED, say("this is no code"))
_NOT_SIGNED_IN = Objection(
    Reason.NOT_SIGNED_IN, say("nobody is signed in here: show your badge first")
)
_UNPAIRED = Objection(Reason.UNPAIRED, say("its second code was not scanned with it"))
