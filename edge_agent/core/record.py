"""What is decided on one input, while it is being decided.

Every event is taken into the state as it is made, so that what follows from it in the same
decision sees it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from edge_agent.core import codes
from edge_agent.core.codes import Code, CodeError, Form
from edge_agent.core.effects import Answer, Effect, Judge, Run, Show, Tone
from edge_agent.core.events import (
    Commissioned,
    Event,
    Packed,
    Reason,
    Rejected,
    Sighting,
    StopCause,
    Stopped,
)
from edge_agent.core.history import History
from edge_agent.core.inputs import Read
from edge_agent.core.interlock import StopPlan
from edge_agent.core.labels import LabelPlan
from edge_agent.core.names import (
    CodeKey,
    ContainerId,
    Instant,
    ItemNumber,
    LevelName,
    PersonId,
    StationName,
)
from edge_agent.core.packing import LevelPlan
from edge_agent.core.people import Permission
from edge_agent.core.saying import Saying, say
from edge_agent.core.state import LineState
from edge_agent.core.verify import Due, Objection, verify

_NOTHING_READ = Objection(Reason.UNREAD, say("the scanner read nothing"))
_LINE = StationName("line")
TEXT_LIMIT = 200
"""Characters of a rejected text that are kept."""


@dataclass(frozen=True, slots=True)
class GatePlan:
    """A gated station's timing (core.gate), when it stops, and how many scanners read there."""

    window_us: int
    spacing_us: int
    stop: StopPlan = field(default_factory=StopPlan)
    scanners: int = 1


@dataclass(frozen=True, slots=True)
class StationPlan:
    """A station as configured."""

    name: StationName
    due: Due
    reread_us: int
    gate: GatePlan | None = None
    work: str = ""
    """What people do there (edge_agent.station_config.Work); at ``rework`` nothing is packed."""


@dataclass(frozen=True, slots=True)
class PeoplePlan:
    """Signing in: whether it is `required` to pack at a bench, after how long without a scan one is
    signed out, and what takes a second person who may do it."""

    required: bool = False
    idle_us: int = 900_000_000
    four_eyes: frozenset[Permission] = frozenset()


@dataclass(frozen=True, slots=True)
class LinePlan:
    """The line as configured: levels bottom up, the forms of their codes, the stations."""

    levels: tuple[LevelPlan, ...]
    forms: tuple[Form, ...]
    stations: Mapping[StationName, StationPlan]
    people: PeoplePlan = PeoplePlan()
    name: StationName = _LINE
    """The line's own, at which happens what is no station's."""

    def level(self, name: LevelName) -> LevelPlan:
        """The level called `name`."""
        return next(level for level in self.levels if level.name == name)

    @property
    def labels(self) -> Mapping[LevelName, LabelPlan]:
        """Of the levels whose containers get a label here."""
        return {level.name: level.label for level in self.levels if level.label is not None}


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
        self.held: dict[StationName, Read] = {}
        """At each bench, a code that waits for what belongs to it: the second code of its thing, or
        leave to close a container that is not full. Volatile."""
        self._pairs = [(level.name, level.pair) for level in plan.levels if level.pair is not None]
        self._lowest = plan.levels[0].name

    def emit(self, event: Event) -> None:
        """`event` is true from now on; if it must stop its station, so is that."""
        state = self.state
        event = state.acts.marked(event, state.belts, state.packing, self.decision.events)
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
        rejects are a limit of their own, and a change-over always stops."""
        station, belt = self.plan.stations.get(name), self.state.belts[name]
        gate = station.gate if station else None
        counted = (StopCause.REJECTS_IN_A_ROW, StopCause.REJECTS_OF_LAST)
        if gate is None or belt.interlock.stop is not None:
            return
        asked = cause in counted or cause is StopCause.CHANGE_OVER
        if not asked and cause not in gate.stop.on:
            return
        self.emit(Stopped(at=at, station=name, cause=cause, detail=detail))
        self.decision.effects.append(Run(name, permitted=False))

    def examine(self, read: Read) -> tuple[Code | None, Objection | None]:
        """The code that was read and what speaks against it, before looking for a place."""
        code, objection = self.parse(read)
        if code is None:
            return None, objection
        return code, self.verify(code, read.station)

    def parse(self, read: Read) -> tuple[Code | None, Objection | None]:
        """The code that was read, or why it is none."""
        if read.text is None:
            if read.defect is None:
                return None, _NOTHING_READ
            return None, Objection(Reason.UNREAD, say("{fault}", fault=read.defect))
        if read.defect is not None:
            return None, Objection(Reason.MALFORMED, say("{fault}", fault=read.defect))
        try:
            return codes.parse(read.text, self.plan.forms, read.symbology), None
        except CodeError as error:
            return None, Objection(Reason.MALFORMED, say("{fault}", fault=str(error)))

    def second(self, text: str | None) -> Code | None:
        """The second code of a thing, where `text` is one."""
        for level, pair in self._pairs:
            if text is not None and (match := pair.pattern.fullmatch(text)):
                return codes.second(text, level, match)
        return None

    def verify(self, code: Code, station: StationName) -> Objection | None:
        """What speaks against `code` at `station`: the rules, and the order that is worked on."""
        order = self.state.active_order if code.level == self._lowest else None
        due = self.plan.stations[station].due
        return verify(code, due, self.history.find(code.key), order)

    def commission(
        self, code: Code, read: Read, item: ItemNumber | None, also: CodeKey | None = None
    ) -> None:
        """`code` names a thing from now on, and `also` does; at a gate, the thing on the belt with
        number `item`."""
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
                also=also,
            )
        )

    def pack(
        self,
        key: CodeKey,
        level: LevelName,
        at: Instant,
        station: StationName,
        gtin: str | None = None,
        lot: str | None = None,
        owner: StationName | None = None,
    ) -> ContainerId | None:
        """The thing that `key` names goes into the open container above: the belt's, or that of
        bench `owner`. The container; None if nothing takes it here."""
        target = self.state.packing.target(level, owner)
        if target is None:
            return None
        self.pack_into(target, key, level, at, station, gtin, lot, owner)
        return target[0]

    def pack_into(
        self,
        target: tuple[ContainerId, LevelName],
        key: CodeKey,
        level: LevelName,
        at: Instant,
        station: StationName,
        gtin: str | None = None,
        lot: str | None = None,
        owner: StationName | None = None,
    ) -> None:
        """The thing that `key` names goes into `target`, a container and its level."""
        container, container_level = target
        self.emit(
            Packed(
                at=at.isoformat(),
                station=station,
                key=key,
                level=level,
                container=container,
                container_level=container_level,
                bench=owner,
                gtin=gtin,
                lot=lot,
                by=self.at_work(station),
            )
        )

    def at_work(self, station: StationName) -> PersonId | None:
        """Who is signed in at `station`."""
        person = self.state.signed_in.get(station)
        return person.id if person else None

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
                detail=str(objection.detail),
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

    def object_to(self, read: Read, objection: Objection, key: CodeKey | None) -> None:
        """Show at the station why a read is refused."""
        self.show(
            read,
            Tone.BAD,
            objection.detail,
            reason=objection.reason,
            key=key,
            first=objection.first,
        )

    def show(
        self,
        read: Read,
        tone: Tone,
        saying: Saying,
        *,
        reason: Reason | None = None,
        key: CodeKey | None = None,
        first: Sighting | None = None,
        culprits: tuple[Saying, ...] = (),
    ) -> None:
        """Show at the station what became of a read."""
        self.decision.effects.append(
            Show(
                read.station,
                tone,
                saying,
                read.at.mono_us,
                reason,
                key,
                printable(read.text),
                first,
                culprits,
                read.picture,
            )
        )

    def answer(self, read: Read, reason: Reason | None, detail: str, key: CodeKey | None) -> None:
        """Tell whoever scanned."""
        answer = Answer(read.station, reason, detail, key, read.at.mono_us)
        self.decision.effects.append(answer)


def printable(text: str | None) -> str | None:
    """`text` as it may be stored: bounded, control and foreign characters escaped."""
    if text is None:
        return None
    return text[:TEXT_LIMIT].encode("unicode_escape").decode("ascii")[: 2 * TEXT_LIMIT]
