"""What is decided on one input, while it is being decided.

Every event is taken into the state as it is made, so that what follows from it in the same
decision sees it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from edge_agent.core import codes
from edge_agent.core.codes import Code, CodeError, Form
from edge_agent.core.effects import Answer, Effect, Judge, Run
from edge_agent.core.events import Commissioned, Event, Packed, Reason, Rejected, StopCause, Stopped
from edge_agent.core.history import History
from edge_agent.core.inputs import Read
from edge_agent.core.interlock import StopPlan
from edge_agent.core.labels import LabelPlan
from edge_agent.core.names import CodeKey, Instant, ItemNumber, LevelName, StationName
from edge_agent.core.packing import LevelPlan
from edge_agent.core.state import LineState
from edge_agent.core.verify import Due, Objection, verify

TEXT_LIMIT = 200
"""Characters of a rejected text that are kept."""


@dataclass(frozen=True, slots=True)
class GatePlan:
    """A gated station's timing (core.gate), and when it stops."""

    window_us: int
    spacing_us: int
    stop: StopPlan = field(default_factory=StopPlan)


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
    labels: Mapping[LevelName, LabelPlan] = field(default_factory=dict)
    """Of the levels whose containers get a label here."""


@dataclass(slots=True)
class Decision:
    """What follows from one input. Effects may go out only when the events are on disk."""

    events: list[Event] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)


class Record:
    """The line's state and history, and the decision that is being made."""

    def __init__(self, plan: LinePlan, state: LineState, history: History) -> None:
        self.plan = plan
        self.state = state
        self.history = history
        self.decision = Decision()

    def emit(self, event: Event) -> None:
        """`event` is true from now on; if it must stop its station, so is that."""
        self.state.apply(event)
        self.decision.events.append(event)
        belt = self.state.belts.get(event.station)
        station = self.plan.stations.get(event.station)
        if belt is None or station is None or station.gate is None:
            return
        if due := belt.interlock.due(station.gate.stop, event):
            self.stop(event.station, event.at, *due)

    def stop(self, name: StationName, at: str, cause: StopCause, detail: str) -> None:
        """Stop the station, where it is configured for `cause` and not stopped already. Too many
        rejects are a limit of their own."""
        gate, belt = self.plan.stations[name].gate, self.state.belts[name]
        counted = (StopCause.REJECTS_IN_A_ROW, StopCause.REJECTS_OF_LAST)
        if gate is None or belt.interlock.stop is not None:
            return
        if cause not in counted and cause not in gate.stop.on:
            return
        self.emit(Stopped(at=at, station=name, cause=cause, detail=detail))
        self.decision.effects.append(Run(name, permitted=False))

    def examine(self, read: Read) -> tuple[Code | None, Objection | None]:
        """The code that was read and what speaks against it, before looking for a place."""
        if read.text is None:
            return None, Objection(Reason.UNREAD, read.defect or "the scanner read nothing")
        if read.defect is not None:
            return None, Objection(Reason.MALFORMED, read.defect)
        try:
            code = codes.parse(read.text, self.plan.forms, read.symbology)
        except CodeError as error:
            return None, Objection(Reason.MALFORMED, str(error))
        due = self.plan.stations[read.station].due
        return code, verify(code, due, self.history.find(code.key))

    def commission(self, code: Code, read: Read, item: ItemNumber | None) -> None:
        """`code` names a thing from now on; at a gate, the thing on the belt with number `item`."""
        self.emit(
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

    def pack(self, key: CodeKey, level: LevelName, at: Instant, station: StationName) -> None:
        """The thing that `key` names goes into the open container above, if there is a level."""
        target = self.state.packing.target(level)
        if target is None:
            return
        container, container_level = target
        self.emit(
            Packed(
                at=at.isoformat(),
                station=station,
                key=key,
                level=level,
                container=container,
                container_level=container_level,
            )
        )

    def refuse(
        self,
        read: Read,
        objection: Objection,
        code: Code | None = None,
        item: ItemNumber | None = None,
    ) -> None:
        """The read is rejected, and with it `item`, if it is known whose it is."""
        self.emit(
            Rejected(
                at=read.at.isoformat(),
                station=read.station,
                reason=objection.reason,
                detail=objection.detail,
                item=item,
                key=code.key if code else None,
                text=printable(read.text),
                first=objection.first,
                picture=read.picture,
            )
        )
        if item is not None:
            judge = Judge(read.station, item, objection.reason, read.at.mono_us)
            self.decision.effects.append(judge)

    def answer(self, read: Read, reason: Reason | None, detail: str, key: CodeKey | None) -> None:
        """Tell whoever scanned."""
        answer = Answer(read.station, reason, detail, key, read.at.mono_us)
        self.decision.effects.append(answer)


def printable(text: str | None) -> str | None:
    """`text` as it may be stored: bounded, control and foreign characters escaped."""
    if text is None:
        return None
    return text[:TEXT_LIMIT].encode("unicode_escape").decode("ascii")[: 2 * TEXT_LIMIT]
