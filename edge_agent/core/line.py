"""The line's decisions: each input, with history, gives events and effects.

Pure: no clock, no I/O. Whoever calls `decide` must put the events on disk before letting the
effects out, and must start over from the ledger if it could not.
"""

from collections.abc import Mapping
from typing import Any

from edge_agent.core import labelling, orders
from edge_agent.core.benches import Benches
from edge_agent.core.containers import printed
from edge_agent.core.desk import Desk
from edge_agent.core.effects import Show, Tone
from edge_agent.core.events import PictureLost as PictureLostEvent
from edge_agent.core.events import Reason, Subject
from edge_agent.core.gates import Gates
from edge_agent.core.history import History
from edge_agent.core.inputs import (
    Arming,
    Badge,
    Conditions,
    Counter,
    Edit,
    GateReport,
    Input,
    Layer,
    LinkLost,
    OrderStart,
    PictureLost,
    Press,
    PrinterWord,
    Read,
    Release,
    Reprint,
    Sample,
    ShiftEnd,
    Strays,
    Tick,
)
from edge_agent.core.layers import Layers
from edge_agent.core.names import PersonId
from edge_agent.core.record import Decision, LinePlan, Record
from edge_agent.core.reread import Rereads
from edge_agent.core.saying import say
from edge_agent.core.state import LineState

_SAME_SCAN = say("the same scan again")


class Line:
    """The line between two inputs: `state` folds from events; what `gates` and `desk` know is
    volatile."""

    def __init__(self, plan: LinePlan, state: LineState, history: History) -> None:
        self._plan = plan
        self.state = state
        self._record = Record(plan, state, history)
        self.gates = Gates(self._record)
        self.rereads = {name: Rereads(station.reread_us) for name, station in plan.stations.items()}
        self.benches = Benches(self._record, self.rereads)
        self._layers = Layers(self._record, self.rereads, self.benches)
        self.desk = Desk(self._record, self.gates.release)

    def to_json(self) -> dict[str, Any]:
        """What is known beside the line's state, as plain JSON values."""
        return {
            "gates": self.gates.to_json(),
            "rereads": {name: each.to_json() for name, each in self.rereads.items()},
            "benches": self.benches.to_json(),
            "desk": self.desk.to_json(),
        }

    def load(self, saved: Mapping[str, Any]) -> None:
        """Go on with what `to_json` wrote; what is of no station that is configured is left out."""
        self.gates.load(saved["gates"])
        self.benches.load(saved["benches"])
        self.desk.load(saved["desk"])
        for name, each in self.rereads.items():
            if name in saved["rereads"]:
                each.load(saved["rereads"][name])

    def decide(self, given: Input) -> Decision:
        """The events and effects that follow from `given`; `state` has taken the events in."""
        decision = self._record.decision = Decision()
        match given:
            case Read():
                self._read(given)
            case Layer():
                self._read_layer(given)
            case Tick():
                self.gates.tick(given.at, given.reads_until_us)
                self.desk.tick(given.at)
            case Press() | Badge():
                self._ask(given)
            case Edit():
                orders.edit(self._record, given)
                if given.subject is Subject.PERSON:
                    self.desk.edited(given.at, PersonId(given.id), given.new)
            case OrderStart(at, _, order, by=None):
                orders.start(self._record, at, order)
            case OrderStart():
                orders.ask(self._record, given)
            case PrinterWord() | Reprint() | Sample():
                self._of_label(given)
            case PictureLost() | ShiftEnd():
                self._note(given)
            case _:
                self._of_gate(given)
        return decision

    def _ask(self, given: Press | Badge) -> None:
        """What was scanned just now may be meant again, for what is asked, or now that there is
        leave: it is no repeat."""
        if given.station in self.rereads:  # in the office nothing is scanned
            self.rereads[given.station].forget()
        if isinstance(given, Press):
            self.desk.press(given)
        else:
            self.desk.badge(given)

    def _of_gate(self, given: Input) -> None:
        match given:
            case Counter():
                self.gates.count(given)
            case GateReport():
                self.gates.report(given)
            case Arming():
                self.gates.arm(given)
            case LinkLost():
                self.gates.lose(given)
            case Strays():
                self.gates.strays(given)
            case Conditions():
                self.gates.conditions(given)
            case Release():
                self.gates.release(given)
            case _:
                pass

    def _note(self, given: PictureLost | ShiftEnd) -> None:
        at = given.at.isoformat()
        if isinstance(given, ShiftEnd):
            for ended in self.state.accounts.end_shift(at, given.shift):
                self._record.emit(ended)
            return
        self._record.emit(
            PictureLostEvent(at=at, station=given.station, picture=given.picture, why=given.why)
        )

    def _of_label(self, given: PrinterWord | Reprint | Sample) -> None:
        if isinstance(given, PrinterWord):
            printed(self._record, given)
            return
        if isinstance(given, Sample):
            labelling.sample(self._record, given)
            return
        station, mono_us = given.station, given.at.mono_us
        refusal = labelling.reprint(self._record, station, given.at, given.key, given.by, given.why)
        show = (
            Show(station, Tone.BAD, refusal, mono_us, Reason.REFUSED, given.key)
            if refusal
            else Show(station, Tone.GOOD, say("the label is printed once more"), mono_us)
        )
        self._record.decision.effects.append(show)

    def _read(self, read: Read) -> None:
        if self._plan.stations[read.station].gate is None:
            self._read_at_bench(read)
        elif read.by_hand:
            if not self.desk.read(read):
                self.desk.inquire(read)
        elif self.rereads[read.station].seen(read) is not None:
            self.rereads[read.station].suppressed += 1
        else:
            self.gates.read(read)

    def _read_at_bench(self, read: Read) -> None:
        """What is begun goes first, then packing; at rework labels alone, of what is open there and
        of what was printed once more: of all else it is said what it is."""
        rereads = self.rereads[read.station]
        earlier = rereads.seen(read)
        if earlier is not None and earlier.accepted:
            rereads.suppressed += 1
            self._record.answer(read, None, str(_SAME_SCAN), None)
            self._record.show(read, Tone.NOTE, _SAME_SCAN)
        elif self.desk.read(read):
            rereads.accept(read)
        elif self._plan.stations[read.station].work == "rework" and not self.benches.awaits(read):
            self.desk.inquire(read)
        elif self.benches.read(read):
            self.desk.close(read)

    def _read_layer(self, layer: Layer) -> None:
        """At a gate more than one code cannot be tied."""
        if self._plan.stations[layer.station].gate is None:
            self._layers.read(layer)
            return
        for read in layer.reads:
            self._read(read)
