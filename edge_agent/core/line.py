"""The line's decisions: each input, with history, gives events and effects.

Pure: no clock, no I/O. Whoever calls `decide` must put the events on disk before letting the
effects out, and must start over from the ledger if it could not.
"""

from edge_agent.core.codes import Code
from edge_agent.core.events import Closed, OrderChanged, Reason, StopCause
from edge_agent.core.events import PictureLost as PictureLostEvent
from edge_agent.core.gates import Gates
from edge_agent.core.history import History
from edge_agent.core.inputs import (
    Arming,
    Conditions,
    Counter,
    GateReport,
    Input,
    Layer,
    LinkLost,
    OrderStart,
    PictureLost,
    Read,
    Release,
    ShiftEnd,
    Strays,
    Tick,
)
from edge_agent.core.names import LevelName, utc_us
from edge_agent.core.record import Decision, LinePlan, Record
from edge_agent.core.reread import Rereads
from edge_agent.core.state import LineState
from edge_agent.core.verify import Objection

REPEAT_US = 10_000_000
"""How long after it closed a container a code may be scanned again for its lost answer."""


class Line:
    """The line between two inputs: `state` folds from events, what `gates` knows is volatile."""

    def __init__(self, plan: LinePlan, state: LineState, history: History) -> None:
        self._plan = plan
        self.state = state
        self._record = Record(plan, state, history)
        self.gates = Gates(self._record)
        self.rereads = {name: Rereads(station.reread_us) for name, station in plan.stations.items()}

    def decide(self, given: Input) -> Decision:
        """The events and effects that follow from `given`; `state` has taken the events in."""
        decision = self._record.decision = Decision()
        match given:
            case Read():
                self._read(given)
            case Layer():
                self._read_layer(given)
            case Counter():
                self.gates.count(given)
            case GateReport():
                self.gates.report(given)
            case Tick():
                self.gates.tick(given.at, given.reads_until_us)
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
            case PictureLost(at, station, picture, why):
                event = PictureLostEvent(
                    at=at.isoformat(), station=station, picture=picture, why=why
                )
                self._record.emit(event)
            case ShiftEnd() | OrderStart():
                self._turn_page(given)
        return decision

    def _turn_page(self, given: ShiftEnd | OrderStart) -> None:
        at = given.at.isoformat()
        if isinstance(given, ShiftEnd):
            for ended in self.state.accounts.end_shift(at, given.shift):
                self._record.emit(ended)
        elif given.order != self.state.order:
            # What was made for the order before must agree before another begins.
            for station, account in self.state.accounts.open.items():
                if differences := account.difference_count(at):
                    detail = f"{differences} differences at the end of order {self.state.order!r}"
                    self._record.stop(station, at, StopCause.DIFFERENCE, detail)
            self._record.emit(OrderChanged(at=at, station=given.line, order=given.order))

    # --- reads -----------------------------------------------------------------------------

    def _read(self, read: Read) -> None:
        station = self._plan.stations[read.station]
        earlier = self.rereads[read.station].seen(read)
        if station.gate is not None:
            if earlier is not None:
                self.rereads[read.station].suppressed += 1
            else:
                self.gates.read(read)
        elif earlier is not None and earlier.accepted:
            self.rereads[read.station].suppressed += 1
            self._record.answer(read, None, "the same scan again", None)
        else:
            self._read_by_hand(read)

    def _read_by_hand(self, read: Read) -> None:
        """A station without a gate: what is accepted is packed at once."""
        code, objection = self._record.examine(read)
        if code is not None and self._closed_just_now(code, read):
            self._record.answer(read, None, f"this {code.level} is closed already", code.key)
            return
        if code is not None and objection is None:
            objection = self._place(code, read)
        if objection is not None:
            self._record.refuse(read, objection, code)
            key = code.key if code else None
            self._record.answer(read, objection.reason, objection.detail, key)
            return
        assert code is not None  # noqa: S101 examine objects where there is no code
        self.rereads[read.station].accept(read)
        self._record.answer(read, None, "", code.key)

    def _read_layer(self, layer: Layer) -> None:
        """All codes are accepted and packed, or none is. At a gate more than one cannot be tied."""
        if self._plan.stations[layer.station].gate is not None:
            for read in layer.reads:
                self._read(read)
            return
        rereads, first = self.rereads[layer.station], layer.reads[0]
        earlier = [rereads.seen(read) for read in layer.reads]
        if all(each is not None and each.accepted for each in earlier):
            rereads.suppressed += 1
            self._record.answer(first, None, "the same layer again", None)
            return
        codes, culprits = list[Code](), list[tuple[Read, Code | None, Objection]]()
        for read in layer.reads:
            code, objection = self._record.examine(read)
            if code is not None:
                objection = objection or self._no_place_beside(code, codes)
                codes.append(code)
            if objection is not None:
                culprits.append((read, code, objection))
        for read, code, objection in culprits:
            self._record.refuse(read, objection, code)
        if culprits:
            count, reason = len(culprits), culprits[0][2].reason
            detail = f"{count} of {len(layer.reads)} codes are refused: none of the layer is packed"
            self._record.answer(first, reason, detail, None)
            return
        for read, code in zip(layer.reads, codes, strict=True):
            self._place(code, read)
            rereads.accept(read)
        self._record.answer(first, None, f"{len(codes)} codes", None)

    def _no_place_beside(self, code: Code, others: list[Code]) -> Objection | None:
        """Why `code` has no place after `others` of its layer got theirs; None if it has one."""
        if any(other.key == code.key for other in others):
            return Objection(Reason.DUPLICATE, "the code is in the layer twice")
        packing = self.state.packing
        before = sum(other.level == code.level for other in others)
        if objection := packing.room_for(code.level, self._coming_beside(code.level) + before):
            return objection
        if not packing.is_container(code.level):
            return None
        container = packing.closable(code.level, self._coming_into(code.level), before)
        return container if isinstance(container, Objection) else None

    def _closed_just_now(self, code: Code, read: Read) -> bool:
        """The answer to the scan that closed a container may have been lost on the way, with the
        line PC's power or the scanner's cable; the person scans again. But where the next
        container is ready, the same code on it is a duplicate."""
        closed = self.state.last_closed.get(code.level)
        return (
            closed is not None
            and closed.key == code.key
            and closed.station == read.station
            and read.at.utc_us - utc_us(closed.at) <= REPEAT_US
            and isinstance(self.state.packing.closable(code.level, 0), Objection)
        )

    def _place(self, code: Code, read: Read) -> Objection | None:
        """Commission `code` and put it where it belongs, or say why there is no place."""
        packing = self.state.packing
        if objection := packing.room_for(code.level, self._coming_beside(code.level)):
            return objection
        if not packing.is_container(code.level):
            self._record.commission(code, read, None)
            self._record.pack(code.key, code.level, read.at, read.station)
            return None
        container = packing.closable(code.level, self._coming_into(code.level))
        if isinstance(container, Objection):
            return container
        self._record.commission(code, read, None)
        self._record.emit(
            Closed(
                at=read.at.isoformat(),
                station=read.station,
                key=code.key,
                level=code.level,
                container=container.id,
                children=tuple(container.children),
            )
        )
        self._record.pack(code.key, code.level, read.at, read.station)
        return None

    def _coming_beside(self, level: LevelName) -> int:
        """Things of `level` on the belt, which will need room too."""
        return self.state.coming() if level == self._plan.levels[0].name else 0

    def _coming_into(self, level: LevelName) -> int:
        """Things on the belt which the open container of `level` still waits for."""
        lowest = self._plan.levels[0].name
        parent = self.state.packing.parent_of(lowest)
        return self.state.coming() if parent is not None and parent.name == level else 0
