"""Packing by hand: what a scan at a station without a gate does to its containers.

A thing goes into the container of the level above: the belt's, or, where the level is filled by
scanning, the bench's own. A container gets its code before its children (then it closes when it is
full) or after them (then its code closes it). Where its label is made here, it is printed when the
container is full, and scanned on it: that closes it.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from edge_agent.core.at_hand import at_hand, is_free
from edge_agent.core.codes import Code
from edge_agent.core.containers import (
    again,
    filled,
    is_filled,
    name,
    no_room_above,
    open_at,
    scan_label,
    set_apart,
)
from edge_agent.core.effects import Tone
from edge_agent.core.events import LabelVerified, Reason
from edge_agent.core.history import Known
from edge_agent.core.inputs import Read
from edge_agent.core.labels import Job
from edge_agent.core.names import CodeKey, Instant, StationName, utc_us
from edge_agent.core.packing import Filling
from edge_agent.core.places import UNPAIRED, coming_into, leave, no_place, put
from edge_agent.core.record import Record
from edge_agent.core.reread import Rereads
from edge_agent.core.saying import Saying, say
from edge_agent.core.states import ContainerState, State
from edge_agent.core.verify import Objection

REPEAT_US = 10_000_000
"""How long after it closed a container a code may be scanned again for its lost answer."""
IN_USE = (State.ACTIVE, State.PACKED)


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

    def awaits(self, read: Read) -> bool:
        """Whether the code may be on a label: of a container that is open at the station and waits
        for its label, or one printed once more that was not scanned yet."""
        code, _ = self._record.parse(read)
        if code is None or not self._record.state.packing.is_container(code.level):
            return False
        if again(self._record, read.station, code) is not None:
            return True
        if self._record.state.labels.expected(code.level, read.station) is None:
            return False
        filling = self._record.state.packing.named(code.key)
        if filling is not None:
            return filling.ready and filling.bench == read.station
        # Another label that nothing has yet is the wrong one.
        numbers_here = self._record.plan.level(code.level).numbers_here
        return numbers_here and self._record.history.find(code.key) is None

    def read(self, read: Read) -> bool:
        """One code was scanned. True: it is a container's that is not full, and CLOSE is asked."""
        held = self._record.held.pop(read.station, None)
        if objection := self.nobody(read.station):
            self.refuse(read, objection, None)
            return False
        if second := self._record.second(read.text):
            self.second(read, second, held)
            return False
        code, objection = self._record.parse(read)
        if code is None or objection is not None:
            self._keep(read.station, held)
            self.refuse(read, objection or _NO_CODE, None)
        elif self._closed_just_now(code, read):
            self._keep(read.station, held)
            self._note(read, code, say("this {level} is closed already", level=code.level))
        elif self._record.state.packing.is_container(code.level):
            leave(self._record, held)
            return self._container(read, code)
        else:
            self._thing(read, code, held)
        return False

    def nobody(self, station: StationName) -> Objection | None:
        """Why nothing is packed at `station`: signing in is asked for, and nobody is."""
        if self._record.plan.people.required and self._record.at_work(station) is None:
            return _NOT_SIGNED_IN
        return None

    def _accept(self, read: Read, code: Code, tone: Tone, saying: Saying) -> None:
        self._rereads[read.station].accept(read)
        self._record.answer(read, None, "", code.key)
        self._record.show(read, tone, saying, key=code.key)

    def refuse(self, read: Read, objection: Objection, code: Code | None) -> None:
        """The read is rejected, and whoever scanned is told and shown why."""
        key = code.key if code else None
        self._record.refuse(read, objection, code)
        self._record.answer(read, objection.reason, str(objection.detail), key)
        self._record.object_to(read, objection, key)

    # --- things ----------------------------------------------------------------------------

    def _thing(self, read: Read, code: Code, held: Read | None) -> None:
        """A thing of the lowest level, or one half of it."""
        objection = self._record.verify(code, read.station)
        if objection is not None and self._packed_just_now(code, read):
            self._keep(read.station, held)
            self._rereads[read.station].suppressed += 1
            self._note(read, code, _IN_IT_ALREADY)
            return
        if objection is not None:
            self._keep(read.station, held)
            self.refuse(read, objection, code)
            return
        pair = self._record.plan.level(code.level).pair
        if held is not None and (second := self._record.second(held.text)):
            self._pair(read, held, code, second)
        elif pair is None or self._record.history.find(code.key) is not None:
            leave(self._record, held)
            self._pack(read, code)
        else:
            self._hold(read, code, held, say("scan the {name} too", name=pair.name))

    def second(self, read: Read, second: Code, held: Read | None) -> None:
        """The second code of a thing was read; `held` waited, it may be the thing's own."""
        if objection := self._used(second):
            self._keep(read.station, held)
            self.refuse(read, objection, second)
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
            self._record.refuse(held, UNPAIRED)
            self.refuse(read, objection, first)
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
        is_left = held is not None and held.text != read.text and leave(self._record, held)
        self._record.held[read.station] = read
        reason = Reason.UNPAIRED if is_left else None
        self._record.show(read, Tone.ASK, saying, reason=reason, key=code.key)

    def _keep(self, station: StationName, held: Read | None) -> None:
        """What was refused is not what `held` waits for: it waits on."""
        if held is not None:
            self._record.held[station] = held

    def _pack(self, read: Read, code: Code, also: Code | None = None) -> None:
        """The thing has passed the rules: it goes where it belongs, if there is room."""
        if objection := no_place(self._record, read.station, code):
            self.refuse(read, objection, code)
            return
        tone, saying = put(self._record, read, code, also)
        self._accept(read, code, tone, saying)

    # --- containers ------------------------------------------------------------------------

    def _container(self, read: Read, code: Code) -> bool:
        """A container's code, known or new. True: CLOSE is asked."""
        record = self._record
        known, objection = record.history.find(code.key), record.verify(code, read.station)
        seen = objection is not None and objection.reason is Reason.DUPLICATE
        filling = record.state.packing.named(code.key)
        if filling is not None and (objection is None or seen):
            return self._open_one(read, code, filling, known)
        free = is_free(record, known)
        if objection is not None and not (seen and free):
            self.refuse(read, objection, code)
            return False
        if known is not None and not free:
            if (job := again(record, read.station, code)) is not None:
                self._verify_again(read, code, job)
                return False
            parent = record.state.packing.parent_of(code.level)
            due = record.plan.stations[read.station].due.levels
            if parent is not None and parent.by_scan and parent.name not in due:
                said = say("this {level} is closed already", level=code.level)
                if self._awaits_none(code, read):
                    self._note(read, code, said)
                    return False
                self.refuse(read, Objection(Reason.DUPLICATE, said, known.first), code)
            else:
                self._pack(read, code)
            return False
        return self._name(read, code, known)

    def _open_one(self, read: Read, code: Code, filling: Filling, known: Known | None) -> bool:
        """The code of a container that is open: closes it at its own bench."""
        first = known.first if known else None
        if filling.parked:
            said = say("it was put aside: scan RESUME, then its code")
            self.refuse(read, Objection(Reason.REFUSED, said, first), code)
        elif filling.bench not in (None, read.station):
            said = say("it is being filled at {bench}", bench=filling.bench or "")
            self.refuse(read, Objection(Reason.DUPLICATE, said, first), code)
        elif filling.ready:
            self._label(read, code, own=filling.bench is not None)
        elif not filling.children:
            said = say("the {level} is open: scan what goes into it", level=code.level)
            self._note(read, code, said)
        elif filling is not (lower := at_hand(self._record, read.station)) and lower is not None:
            said = say("a {level} is open here: close it first", level=lower.level)
            self.refuse(read, Objection(Reason.INCOMPLETE, said, first), code)
        else:
            # Full or not, CLOSE knows what is due.
            return True
        return False

    def _name(self, read: Read, code: Code, known: Known | None) -> bool:
        """A code that is no container's yet: it closes a full one, or opens one that is empty."""
        record, packing, station = self._record, self._record.state.packing, read.station
        owner = packing.owner(code.level, station)
        plan = record.plan.level(code.level)
        if plan.numbers_here:
            self._label(read, code, own=owner is not None)
            return False
        if objection := no_room_above(record, code.level, station):
            self.refuse(read, objection, code)
            return False
        if owner is not None and not packing.queue(code.level, owner):
            self._open(read, code, known)
            return False
        coming = coming_into(record, code.level) if owner is None else 0
        found = packing.closable(code.level, coming, owner=owner)
        if isinstance(found, Objection):
            self.refuse(read, found, code)
        elif found.key is not None:
            said = say(
                "{key} is open here and holds {count}: close it first",
                key=found.key,
                count=len(found.children),
            )
            self.refuse(read, Objection(Reason.INCOMPLETE, said), code)
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
            self.refuse(read, found, code)
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
            self.refuse(read, objection, code)
            return
        told = set_apart(self._record, code.level, code.key)
        said = told or say("the right label: the {level} is closed", level=code.level)
        self._accept(read, code, Tone.FULL, said)

    def _verify_again(self, read: Read, code: Code, job: Job) -> None:
        verified = LabelVerified(
            at=read.at.isoformat(), station=read.station, job=job.id, key=code.key
        )
        self._record.emit(verified)
        said = say("the right label: it is the one printed once more")
        self._accept(read, code, Tone.GOOD, said)

    def _awaits_none(self, code: Code, read: Read) -> bool:
        """Whether a label that is in use cannot be one that was stuck on by mistake: such labels
        are made here, and none is awaited at the station."""
        numbers_here = self._record.plan.level(code.level).numbers_here
        return numbers_here and not self._record.state.labels.expected(code.level, read.station)

    def _packed_just_now(self, code: Code, read: Read) -> bool:
        """The last thing of the bench's own container was scanned again, as by somebody who is not
        sure of having heard the first time. It is not counted twice, and stays where it is."""
        filling = at_hand(self._record, read.station)
        if filling is None or filling.bench != read.station:
            return False
        if code.key not in filling.children[-1:]:
            return False
        known = self._record.history.find(code.key)
        return known is not None and read.at.utc_us - utc_us(known.first.at) <= REPEAT_US

    def _note(self, read: Read, code: Code, saying: Saying) -> None:
        """Nothing is wrong and nothing was done."""
        self._record.answer(read, None, str(saying), code.key)
        self._record.show(read, Tone.NOTE, saying, key=code.key)

    def _closed_just_now(self, code: Code, read: Read) -> bool:
        """The answer to the scan that closed a container may have been lost on the way, with the
        line PC's power or the scanner's cable; the person scans again. But where the next
        container is ready, the same code on it is a duplicate."""
        state = self._record.state
        closed = state.last_closed.get(code.level)
        if closed is None or closed.key != code.key or closed.station != read.station:
            return False
        if not self._is_closed(code.key) or again(self._record, read.station, code) is not None:
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


_IN_IT_ALREADY = say("it is in already; another one with the same code is to be taken out")
_NO_CODE = Objection(Reason.MALFORMED, say("this is no code"))
_NOT_SIGNED_IN = Objection(
    Reason.NOT_SIGNED_IN, say("nobody is signed in here: show your badge first")
)
