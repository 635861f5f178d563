"""Several codes in one answer of a camera: a layer of things, or the two codes of one."""

from collections.abc import Mapping

from edge_agent.core.benches import Benches
from edge_agent.core.codes import Code
from edge_agent.core.containers import GOOD, name
from edge_agent.core.contents import mixes, product
from edge_agent.core.effects import Tone
from edge_agent.core.events import Reason
from edge_agent.core.inputs import Layer, Read
from edge_agent.core.names import StationName
from edge_agent.core.packing import Filling
from edge_agent.core.places import UNPAIRED, coming_into, due_beside, leave, no_place, put
from edge_agent.core.record import Record
from edge_agent.core.reread import Rereads
from edge_agent.core.saying import Saying, say
from edge_agent.core.verify import Objection


class Layers:
    """The layers read at stations without a gate. `rereads` is told which reads were accepted."""

    def __init__(
        self, record: Record, rereads: Mapping[StationName, Rereads], benches: Benches
    ) -> None:
        self._record = record
        self._rereads = rereads
        self._benches = benches

    def read(self, layer: Layer) -> None:
        """All codes are accepted and packed, or none is; two may be the two codes of one thing."""
        rereads, first = self._rereads[layer.station], layer.reads[0]
        leave(self._record, self._record.held.pop(layer.station, None))
        earlier = [rereads.seen(read) for read in layer.reads]
        if all(each is not None and each.accepted for each in earlier):
            rereads.suppressed += 1
            self._note_again(first, say("the same layer again"))
            return
        if objection := self._benches.nobody(layer.station):
            self._benches.refuse(first, objection, None)
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
            return put(self._record, read, code)
        packing = self._record.state.packing
        found = packing.closable(code.level, coming_into(self._record, code.level))
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
                self._benches.second(other, second, first)
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
            return UNPAIRED
        beside = next((other for other in others if other.level == code.level), None)
        if beside is not None and (objection := self._mixes_with(code, beside)):
            return objection
        if objection := no_place(self._record, station, code, before):
            return objection
        if not self._names(code):
            return None
        container = packing.closable(code.level, coming_into(self._record, code.level), before)
        return container if isinstance(container, Objection) else None

    def _names(self, code: Code) -> bool:
        """Whether the code is one that closes a container, not one that is packed."""
        known = self._record.history.find(code.key)
        return self._record.state.packing.is_container(code.level) and known is None

    def _mixes_with(self, code: Code, other: Code) -> Objection | None:
        parent = self._record.state.packing.parent_of(code.level)
        if parent is None or parent.mixed:
            return None
        return mixes(
            parent.name, due_beside(self._record, other), product(self._record.history, code)
        )

    def _note_again(self, read: Read, saying: Saying) -> None:
        self._record.answer(read, None, str(saying), None)
        self._record.show(read, Tone.NOTE, saying)
