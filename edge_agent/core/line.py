"""The line's decisions: each input, with history, gives events and effects.

Pure: no clock, no I/O. Whoever calls `decide` must put the events on disk before letting the
effects out, and must start over from the ledger if it could not.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from edge_agent.core import codes
from edge_agent.core.codes import Code, CodeError, Form
from edge_agent.core.effects import Answer, Effect, Judge
from edge_agent.core.events import (
    Armed,
    BeltUnknown,
    Closed,
    Commissioned,
    Ejected,
    Event,
    Packed,
    Passed,
    Reason,
    Rejected,
    Untracked,
)
from edge_agent.core.gate import UNWATCHED_US, Clash, Finding, Silence, Stray, Tie, Tracker
from edge_agent.core.history import History
from edge_agent.core.inputs import Counter, GateReport, Input, Outcome, Read, Tick
from edge_agent.core.names import (
    CodeKey,
    Instant,
    ItemNumber,
    LevelName,
    StationName,
    utc_us,
)
from edge_agent.core.packing import LevelPlan
from edge_agent.core.reread import Rereads
from edge_agent.core.state import PENDING_LIMIT, LineState
from edge_agent.core.verify import Due, Objection, verify

REPEAT_US = 10_000_000
"""How long after it closed a container a code may be scanned again for its lost answer."""
TEXT_LIMIT = 200
"""Characters of a rejected text that are kept."""


@dataclass(frozen=True, slots=True)
class GatePlan:
    """A gated station's timing (core.gate)."""

    window_us: int
    spacing_us: int


@dataclass(frozen=True, slots=True)
class StationPlan:
    """A station as configured."""

    name: StationName
    due: Due
    reread_us: int
    gate: GatePlan | None = None


@dataclass(frozen=True, slots=True)
class LinePlan:
    """The line as configured: levels bottom up, the forms of their codes, the stations."""

    levels: tuple[LevelPlan, ...]
    forms: tuple[Form, ...]
    stations: Mapping[StationName, StationPlan]


@dataclass(slots=True)
class Decision:
    """What follows from one input. Effects may go out only when the events are on disk."""

    events: list[Event] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)


class Line:
    """The line between two inputs: `state` folds from events, the trackers are volatile.

    A tracker begins when its PLC is first heard; what was on the belt before is unknown.
    """

    def __init__(self, plan: LinePlan, state: LineState, history: History) -> None:
        self._plan = plan
        self.state = state
        self._history = history
        self._trackers: dict[StationName, Tracker] = {}
        self.rereads = {name: Rereads(station.reread_us) for name, station in plan.stations.items()}
        self._decision = Decision()

    @property
    def waiting(self) -> int:
        """Items and reads without a verdict, and items the gate has not answered for."""
        return sum(tracker.waiting for tracker in self._trackers.values()) + sum(
            len(belt.pending) for belt in self.state.belts.values()
        )

    def decide(self, given: Input) -> Decision:
        """The events and effects that follow from `given`; `state` has taken the events in."""
        self._decision = Decision()
        match given:
            case Read():
                self._read(given)
            case Counter():
                self._count(given)
            case GateReport():
                self._gate_report(given)
            case Tick():
                for name, tracker in self._trackers.items():
                    self._judge(name, given.at, tracker.tick(given.reads_until_us))
        return self._decision

    def distrust(self, station: StationName) -> None:
        """A read of `station` was lost: whose it was is unknown, so its belt is, too."""
        self._trackers.pop(station, None)

    def _emit(self, event: Event) -> None:
        self.state.apply(event)
        self._decision.events.append(event)

    # --- reads -----------------------------------------------------------------------------

    def _read(self, read: Read) -> None:
        station = self._plan.stations[read.station]
        earlier = self.rereads[read.station].seen(read)
        if station.gate is not None:
            tracker = self._trackers.get(read.station)
            if earlier is not None:
                self.rereads[read.station].suppressed += 1
                return
            if tracker is None:
                self._refuse(read, Objection(Reason.AMBIGUOUS, "the PLC has not been heard yet"))
            else:
                self._judge(read.station, read.at, tracker.read(read))
        elif earlier is not None and earlier.accepted:
            self.rereads[read.station].suppressed += 1
            self._answer(read, None, "the same scan again", None)
        else:
            self._read_by_hand(read, station)

    def _read_by_hand(self, read: Read, station: StationPlan) -> None:
        """A station without a gate: what is accepted is packed at once."""
        code, objection = self._examine(read, station)
        if code is not None and self._closed_just_now(code, read):
            self._answer(read, None, f"this {code.level} is closed already", code.key)
            return
        if code is not None and objection is None:
            objection = self._place(code, read)
        if objection is not None:
            self._refuse(read, objection, code)
            self._answer(read, objection.reason, objection.detail, code.key if code else None)
            return
        assert code is not None  # noqa: S101 _examine objects where there is no code
        self.rereads[read.station].accept(read)
        self._answer(read, None, "", code.key)

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
            self._commission(code, read, None)
            self._pack(code.key, code.level, read.at, read.station)
            return None
        container = packing.closable(code.level, self._coming_into(code.level))
        if isinstance(container, Objection):
            return container
        self._commission(code, read, None)
        self._emit(
            Closed(
                at=read.at.isoformat(),
                station=read.station,
                key=code.key,
                level=code.level,
                container=container.id,
                children=tuple(container.children),
            )
        )
        self._pack(code.key, code.level, read.at, read.station)
        return None

    def _coming_beside(self, level: LevelName) -> int:
        """Things of `level` on the belt, which will need room too."""
        return self.state.coming() if level == self._plan.levels[0].name else 0

    def _coming_into(self, level: LevelName) -> int:
        """Things on the belt which the open container of `level` still waits for."""
        lowest = self._plan.levels[0].name
        parent = self.state.packing.parent_of(lowest)
        return self.state.coming() if parent is not None and parent.name == level else 0

    def _examine(self, read: Read, station: StationPlan) -> tuple[Code | None, Objection | None]:
        """The code that was read and what speaks against it, before looking for a place."""
        if read.text is None:
            return None, Objection(Reason.UNREAD, read.defect or "the scanner read nothing")
        if read.defect is not None:
            return None, Objection(Reason.MALFORMED, read.defect)
        try:
            code = codes.parse(read.text, self._plan.forms, read.symbology)
        except CodeError as error:
            return None, Objection(Reason.MALFORMED, str(error))
        return code, verify(code, station.due, self._history.find(code.key))

    # --- items -----------------------------------------------------------------------------

    def _count(self, counter: Counter) -> None:
        name = counter.station
        plan = self._plan.stations[name].gate
        assert plan is not None  # noqa: S101 only gated stations have a counter
        tracker = self._trackers.get(name)
        if tracker is not None and (counter.restarted or self._unwatched(tracker, counter)):
            self._judge(name, counter.at, tracker.give_up(counter.at.mono_us))
            tracker = None
        if tracker is not None:
            self._judge(name, counter.at, tracker.count(counter))
            return
        belt = self.state.belts.get(name)
        at = counter.at.isoformat()
        if belt is None or counter.restarted:
            detail = "first contact with the PLC" if belt is None else "the PLC restarted"
            for item in list(belt.pending) if belt else []:
                self._gate_report(GateReport(counter.at, name, item, Outcome.UNKNOWN))
            self._emit(
                Armed(
                    at=at,
                    station=name,
                    last_item=counter.last_item,
                    boot=counter.boot,
                    detail=detail,
                )
            )
        else:
            for first, last in belt.unaccounted(counter.last_item):
                self._emit(
                    BeltUnknown(
                        at=at,
                        station=name,
                        first_item=first,
                        last_item=last,
                        detail="they passed the trigger while the agent did not see it",
                    )
                )
        self._trackers[name] = Tracker(
            counter, window_us=plan.window_us, spacing_us=plan.spacing_us
        )

    @staticmethod
    def _unwatched(tracker: Tracker, counter: Counter) -> bool:
        return (
            tracker.unwatched_us(counter) > UNWATCHED_US
            or tracker.new_items(counter) > PENDING_LIMIT
        )

    def _judge(self, name: StationName, at: Instant, findings: Iterable[Finding]) -> None:
        for finding in findings:
            match finding:
                case Tie(item, read):
                    self._judge_read(item, read)
                case Clash(item, read, detail):
                    # Of an item that the gate has answered for, nothing can be withdrawn.
                    there = None if self.state.belts[name].is_settled(item) else item
                    self._refuse(read, Objection(Reason.AMBIGUOUS, detail), None, there)
                case Silence(item):
                    silence = Read(at, name, at.mono_us, None, defect="no answer from the scanner")
                    self._judge_read(item, silence)
                case Stray(read):
                    self._refuse(
                        read, Objection(Reason.AMBIGUOUS, "no item was there for the read")
                    )

    def _judge_read(self, item: ItemNumber, read: Read) -> None:
        code, objection = self._examine(read, self._plan.stations[read.station])
        if code is not None and objection is None:
            objection = self.state.packing.room_for(code.level, self.state.coming())
        if objection is not None or code is None:
            assert objection is not None  # noqa: S101 _examine objects where there is no code
            self._refuse(read, objection, code, item)
            return
        self._commission(code, read, item)
        self._decision.effects.append(Judge(read.station, item, None, read.at.mono_us))

    def _gate_report(self, report: GateReport) -> None:
        belt = self.state.belts.get(report.station)
        if belt is None or report.item not in belt.pending:
            return
        key, reason = belt.pending[report.item]
        at, station, item = report.at.isoformat(), report.station, report.item
        match report.outcome:
            case Outcome.PASSED if reason is None and key is not None:
                self._emit(Passed(at=at, station=station, item=item, key=key))
                self._pack(key, self._plan.levels[0].name, report.at, station)
            case Outcome.PASSED:
                if key is not None:
                    detail = "its PASS was withdrawn, but the item went through"
                    self._emit(Untracked(at=at, station=station, item=item, key=key, detail=detail))
                self._emit(Passed(at=at, station=station, item=item, key=None))
            case Outcome.EJECTED:
                self._emit(
                    Ejected(
                        at=at, station=station, item=item, key=key, reason=reason or Reason.LATE
                    )
                )
            case Outcome.UNKNOWN:
                detail = "the PLC's answer was overwritten before it was read"
                self._emit(Untracked(at=at, station=station, item=item, key=key, detail=detail))

    # --- events ----------------------------------------------------------------------------

    def _commission(self, code: Code, read: Read, item: ItemNumber | None) -> None:
        self._emit(
            Commissioned(
                at=read.at.isoformat(),
                station=read.station,
                key=code.key,
                level=code.level,
                text=code.text,
                item=item,
                gtin=code.gtin,
                serial=code.serial,
                lot=code.lot,
                expiry=code.expiry,
            )
        )

    def _pack(self, key: CodeKey, level: LevelName, at: Instant, station: StationName) -> None:
        target = self.state.packing.target(level)
        if target is None:
            return
        container, container_level = target
        self._emit(
            Packed(
                at=at.isoformat(),
                station=station,
                key=key,
                level=level,
                container=container,
                container_level=container_level,
            )
        )

    def _refuse(
        self,
        read: Read,
        objection: Objection,
        code: Code | None = None,
        item: ItemNumber | None = None,
    ) -> None:
        self._emit(
            Rejected(
                at=read.at.isoformat(),
                station=read.station,
                reason=objection.reason,
                detail=objection.detail,
                item=item,
                key=code.key if code else None,
                text=_printable(read.text),
                first=objection.first,
            )
        )
        if item is not None:
            judge = Judge(read.station, item, objection.reason, read.at.mono_us)
            self._decision.effects.append(judge)

    def _answer(self, read: Read, reason: Reason | None, detail: str, key: CodeKey | None) -> None:
        answer = Answer(read.station, reason, detail, key, read.at.mono_us)
        self._decision.effects.append(answer)


def _printable(text: str | None) -> str | None:
    """`text` as it may be stored: bounded, control and foreign characters escaped."""
    if text is None:
        return None
    return text[:TEXT_LIMIT].encode("unicode_escape").decode("ascii")[: 2 * TEXT_LIMIT]
