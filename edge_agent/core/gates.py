"""Gated stations: whose read is whose, what the gate is told, and what it answers."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from edge_agent.core.codes import Code
from edge_agent.core.containers import GOOD, filled
from edge_agent.core.contents import mixes
from edge_agent.core.effects import Judge, Run, Tone
from edge_agent.core.events import (
    Armed,
    BeltUnknown,
    ConditionsChanged,
    Disarmed,
    Ejected,
    EjectedUnasked,
    EjectFailed,
    Event,
    Passed,
    Reason,
    Released,
    TakenOff,
    Untracked,
)
from edge_agent.core.events import Stray as StrayEvent
from edge_agent.core.gate import Answers, Clash, Finding, Silence, Stray, Tie, Tracker
from edge_agent.core.inputs import (
    Arming,
    Conditions,
    Counter,
    GateReport,
    LinkLost,
    Outcome,
    Read,
    Release,
    Strays,
)
from edge_agent.core.names import CodeKey, Instant, ItemNumber, StationName
from edge_agent.core.pairs import Paired, made_just_now, paired
from edge_agent.core.record import Record
from edge_agent.core.saying import say
from edge_agent.core.state import Belt
from edge_agent.core.verify import Objection


class Gates:
    """The belts between trigger and gate. The trackers are volatile: one begins with each session
    of its PLC, and what was on the belt before is unknown to it."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._trackers: dict[StationName, Tracker] = {}
        self._counted: dict[StationName, ItemNumber] = {}
        """The last item that a tracker knew which was given up."""

    @property
    def waiting(self) -> int:
        """Items and reads without a verdict, and items the gate has not answered for."""
        return sum(tracker.waiting for tracker in self._trackers.values()) + sum(
            len(belt.pending) for belt in self._record.state.belts.values()
        )

    # --- reads and items -------------------------------------------------------------------

    def read(self, read: Read) -> None:
        """A gated station's scanner answered."""
        if tracker := self._trackers.get(read.station):
            self._judge(read.station, read.at, tracker.read(read))
        else:
            self._reject(read, _NO_SESSION)

    def count(self, counter: Counter) -> None:
        """The item counter was polled."""
        belt = self._record.state.belts.get(counter.station)
        if belt is not None and belt.boot != counter.boot:
            # The session that counts from this start on was not taken: these are other items.
            self.distrust(counter.station)
        elif tracker := self._trackers.get(counter.station):
            self._judge(counter.station, counter.at, tracker.count(counter))

    def tick(self, at: Instant, reads_until_us: int) -> None:
        """Time passed: windows may have closed."""
        for name, tracker in self._trackers.items():
            self._judge(name, at, tracker.tick(reads_until_us))

    def distrust(self, station: StationName) -> None:
        """A read of `station` was lost: whose it was is unknown, so its belt is, too. Nothing is
        tied until the PLC has begun a new session."""
        if tracker := self._trackers.pop(station, None):
            self._counted[station] = tracker.last_item

    def knows(self, station: StationName) -> bool:
        """Whether the belt of `station` is watched now."""
        return station in self._trackers

    def to_json(self) -> dict[str, Any]:
        """What is known beside the line's state, as plain JSON values."""
        return {
            "trackers": {name: tracker.to_json() for name, tracker in self._trackers.items()},
            "counted": dict(self._counted),
        }

    def load(self, saved: Mapping[str, Any]) -> None:
        """Go on with what `to_json` wrote; windows that open from now on are as configured.
        Stations without a belt in the state are passed over."""
        belts = self._record.state.belts
        for station, tracker in saved["trackers"].items():
            if (name := StationName(station)) in belts:
                first = Counter(Instant(0, 0), name, ItemNumber(0), 0, 0, 0)
                self._trackers[name] = self._tracker(first)
                self._trackers[name].load(tracker)
        self._counted = {name: n for name, n in saved["counted"].items() if name in belts}

    def _tracker(self, first: Counter) -> Tracker:
        plan = self._record.plan.stations[first.station].gate
        assert plan is not None  # noqa: S101 only gated stations have a PLC
        return Tracker(
            first,
            window_us=plan.window_us,
            spacing_us=plan.spacing_us,
            answers=1 if self._record.plan.levels[0].pair is None else 2,
            scanners=plan.scanners,
        )

    def _judge(self, name: StationName, at: Instant, findings: Iterable[Finding]) -> None:
        for finding in findings:
            match finding:
                case Tie(item, read):
                    self._judge_read(item, read)
                case Answers(item, reads):
                    self._judge_pair(item, reads, at)
                case Clash(item, read, detail):
                    # Of an item that the gate has answered for, nothing can be withdrawn.
                    settled = self._record.state.belts[name].is_settled(item)
                    objection = Objection(Reason.AMBIGUOUS, say("{fault}", fault=detail))
                    self._reject(read, objection, None, None if settled else item)
                case Silence(item):
                    silence = Read(at, name, at.mono_us, None, defect="no answer from the scanner")
                    self._judge_read(item, silence)
                case Stray(read, after):
                    said = say("no item was there for the read")
                    if after is not None:
                        said = say(
                            "an answer too late for item {item}: read_window_ms is too short",
                            item=after,
                        )
                    self._reject(read, Objection(Reason.AMBIGUOUS, said))

    def _judge_read(self, item: ItemNumber, read: Read) -> None:
        code, objection = self._record.examine(read)
        if code is not None and objection is None:
            objection = made_just_now(self._record, code) or self._no_place(read.station, code)
        if objection is not None or code is None:
            assert objection is not None  # noqa: S101 examine objects where there is no code
            self._reject(read, objection, code, item)
            return
        self._accept(item, read, code, read.at.mono_us)

    def _judge_pair(self, item: ItemNumber, reads: tuple[Read, ...], at: Instant) -> None:
        """All answers to an item that has two codes, its window having ended: both are bound to it,
        or none is."""
        found = paired(self._record, reads)
        if isinstance(found, Paired):
            objection = self._no_place(found.read.station, found.code)
            if objection is None:
                self._accept(item, found.read, found.code, at.mono_us, found.second.key)
                return
        else:
            objection = found.objection
        texts = " + ".join(read.text for read in reads if read.text is not None)
        picture = next((read.picture for read in (found.read, *reads) if read.picture), None)
        told = replace(found.read, text=texts or None, picture=picture)
        self._reject(told, objection, found.code, item)

    def _no_place(self, station: StationName, code: Code) -> Objection | None:
        """Why a thing that has passed the rules may not pass the gate now."""
        state = self._record.state
        if objection := (state.packing.room_for(code.level, state.coming()) or self._mixes(code)):
            return objection
        if (stop := state.belts[station].interlock.stop) is None:
            return None
        return Objection(Reason.STOPPED, say("the line is stopped: {cause}", cause=stop[1]))

    def _accept(
        self,
        item: ItemNumber,
        read: Read,
        code: Code,
        known_us: int,
        also: CodeKey | None = None,
    ) -> None:
        """The item may pass. All that this follows from was known at `known_us`."""
        self._record.commission(code, read, item, also)
        self._record.decision.effects.append(Judge(read.station, item, None, known_us))
        self._record.show(read, Tone.GOOD, GOOD, key=code.key)

    def _mixes(self, code: Code) -> Objection | None:
        """Why `code` may not lie beside what goes before it into the same container."""
        packing = self._record.state.packing
        parent = packing.parent_of(code.level)
        if code.gtin is None or parent is None or parent.mixed or parent.by_scan:
            return None
        coming = self._record.state.products_coming()
        current = packing.current(parent.name)
        begun = len(current.children) if current is not None else 0
        if not (begun + len(coming)) % parent.capacity:
            return None  # it is the first
        before = coming[-1] if coming or current is None else (current.gtin, current.lot)
        gtin, lot = before
        ordered = self._record.state.active_order is not None
        return mixes(parent.name, (gtin, lot if ordered else None), (code.gtin, code.lot))

    def _reject(
        self,
        read: Read,
        objection: Objection,
        code: Code | None = None,
        item: ItemNumber | None = None,
    ) -> None:
        self._record.refuse(read, objection, code, item)
        self._record.object_to(read, objection, code.key if code else None)

    # --- sessions --------------------------------------------------------------------------

    def arm(self, arming: Arming) -> None:
        """The PLC took a new session. What was on the belt it rejects, so it is written down."""
        first = arming.first
        name, at = first.station, first.at.isoformat()
        self._give_up(name, first.at)
        belt = self._record.state.belts.get(name)
        if belt is not None and belt.boot != first.boot:
            counted = self._counted.get(name, belt.last_item)
            self._give_up_items(belt, name, counted, at, "counted when the PLC restarted")
            for item in list(belt.pending):
                self.report(GateReport(first.at, name, item, Outcome.UNKNOWN))
        elif belt is not None:
            detail = "on the belt when the session with the PLC began"
            self._give_up_items(belt, name, first.last_item, at, detail)
        self._record.emit(
            Armed(
                at=at,
                station=name,
                last_item=first.last_item,
                boot=first.boot,
                detail=arming.detail,
            )
        )
        self._trackers[name] = self._tracker(first)
        stopped = self._record.state.belts[name].interlock.stop is not None
        self._record.decision.effects.append(Run(name, permitted=not stopped))

    def _give_up_items(
        self, belt: Belt, name: StationName, until: ItemNumber, at: str, detail: str
    ) -> None:
        for low, high in belt.unknown(until):
            self._record.emit(
                BeltUnknown(at=at, station=name, first_item=low, last_item=high, detail=detail)
            )

    def lose(self, lost: LinkLost) -> None:
        """The session is over."""
        self._give_up(lost.station, lost.at)
        belt = self._record.state.belts.get(lost.station)
        if belt is not None and belt.armed:
            at = lost.at.isoformat()
            self._record.emit(Disarmed(at=at, station=lost.station, detail=lost.detail))

    def _give_up(self, name: StationName, at: Instant) -> None:
        if tracker := self._trackers.pop(name, None):
            self._counted[name] = tracker.last_item
            self._judge(name, at, tracker.give_up())

    # --- the gate's word -------------------------------------------------------------------

    def report(self, report: GateReport) -> None:
        """What became of an item at the gate."""
        belt = self._record.state.belts.get(report.station)
        if belt is None or report.item not in belt.pending:
            return
        key, verdict = belt.pending[report.item]
        at, station, item = report.at.isoformat(), report.station, report.item
        reason = verdict or report.why or Reason.LATE
        event: Event
        match report.outcome:
            case Outcome.PASSED:
                self._passed(report, key, verdict)
                return
            case Outcome.EJECTED:
                event = Ejected(at=at, station=station, item=item, key=key, reason=reason)
            case Outcome.UNCONFIRMED:
                event = EjectFailed(at=at, station=station, item=item, key=key, reason=reason)
            case Outcome.TAKEN_OFF:
                event = TakenOff(at=at, station=station, item=item, key=key)
            case Outcome.UNASKED:
                event = EjectedUnasked(at=at, station=station, item=item, key=key)
            case Outcome.UNKNOWN:
                detail = "the PLC no longer knows what became of it"
                event = Untracked(at=at, station=station, item=item, key=key, detail=detail)
        self._record.emit(event)

    def _passed(self, report: GateReport, key: CodeKey | None, verdict: Reason | None) -> None:
        at, station, item = report.at.isoformat(), report.station, report.item
        if verdict is None and key is not None:
            gtin, lot = self._record.state.belts[station].products.get(item, (None, None))
            self._record.emit(Passed(at=at, station=station, item=item, key=key))
            lowest = self._record.plan.levels[0].name
            container = self._record.pack(key, lowest, report.at, station, gtin, lot)
            # A full case's label is printed; of one that only waits for its code, nothing is said.
            filled(self._record, station, report.at, container)
            return
        if key is not None:
            detail = "its PASS was withdrawn, but the item went through"
            self._record.emit(Untracked(at=at, station=station, item=item, key=key, detail=detail))
        self._record.emit(Passed(at=at, station=station, item=item, key=None))

    def strays(self, strays: Strays) -> None:
        """Things were seen that are no items."""
        at = strays.at.isoformat()
        seen = (("gate", strays.appeared), ("bin", strays.unasked), ("line", strays.escaped))
        for where, number in seen:
            if number:
                event = StrayEvent(at=at, station=strays.station, where=where, count=number)
                self._record.emit(event)

    # --- stops -----------------------------------------------------------------------------

    def conditions(self, conditions: Conditions) -> None:
        """The gate's contacts changed."""
        belt = self._record.state.belts.get(conditions.station)
        if belt is not None and belt.interlock.conditions != conditions.on:
            at, on = conditions.at.isoformat(), tuple(sorted(conditions.on))
            self._record.emit(ConditionsChanged(at=at, station=conditions.station, on=on))

    def release(self, release: Release) -> None:
        """A person lets the line run: not while a contact still says no."""
        station = self._record.plan.stations[release.station]
        belt = self._record.state.belts.get(release.station)
        if belt is None or station.gate is None or belt.interlock.stop is None:
            return
        if belt.interlock.still_on(station.gate.stop):
            return
        at = release.at.isoformat()
        self._record.emit(
            Released(at=at, station=release.station, by=release.by, why=release.reason)
        )
        self._record.decision.effects.append(Run(release.station, permitted=True))


_NO_SESSION = Objection(
    Reason.AMBIGUOUS, say("no session with the PLC: nobody knows which item it is")
)
