"""What must hold after a shift, whatever went wrong in it (docs/simulation.md tells why)."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from drivers.sim.controller import RESTARTED
from drivers.sim.script import Fault
from drivers.sim.truth import Fate, ItemTruth
from edge_agent.core.events import (
    Ejected,
    EjectedUnasked,
    EjectFailed,
    Event,
    Passed,
    Reason,
    TakenOff,
    Untracked,
)
from edge_agent.core.state import LineState
from edge_agent.ledger.journal import Ledger
from edge_agent.ledger.verify import verify
from edge_agent.line.engine import Engine
from edge_agent.plan import line_plan
from edge_agent.simulate.records import ItemRecord, Records, read_events
from edge_agent.simulate.shift import Outage
from edge_agent.simulate.world import Day

_RECONNECTING_US = 3_000_000
"""Up to 2 s between two attempts (drivers.reconnect), and what an attempt itself takes."""

_HOLD_US = 1_000_000
"""So long at most the gate stays open behind an item, and may be shut before its time."""
_CATCHING_UP_US = 60_000_000


@dataclass(frozen=True, slots=True)
class Violation:
    """`invariant` did not hold; `what` names the items."""

    invariant: str
    what: str

    def __str__(self) -> str:
        return f"{self.invariant}: {self.what}"


@dataclass(frozen=True, slots=True)
class Findings:
    """What was counted, and what should not be."""

    counts: Counter[str]
    violations: list[Violation]


def check(day: Day) -> Findings:
    """Hold the ledger of `day` against what the plant knows to be true."""
    events = read_events(day.ledger_path)
    records = Records(day.shift, events, day.ended_us)
    checker = _Checker(day, records)
    violations = [*checker.all(), *_tree(day, records), *_ledger(day, events)]
    return Findings(_counts(day, records), violations)


class _Checker:
    """The invariants that need both sides."""

    def __init__(self, day: Day, records: Records) -> None:
        self._day = day
        self._records = records
        truth = day.plant.truth
        self._things = [*truth.items, *truth.put_in]
        gone_us = day.plant.gone_us
        self._passed = sorted(
            (thing for thing in self._things if thing.outcome == Fate.PASSED),
            key=lambda thing: gone_us[id(thing)],
        )
        # So long after an outage its consequences may last: a connection, a session, its end.
        self._aftermath_us = _RECONNECTING_US + 3_000 * day.shift.gate.link_timeout_ms
        self._spells = [(s.from_us, s.until_us + self._aftermath_us) for s in day.spells]
        self._spells += [(us, us + self._aftermath_us) for us, _ in day.late_writes]
        # Answers to what came before the first session may be any item's for a while.
        window_us = 1_000 * (day.shift.gate.read_window_ms + 2 * day.shift.gate.poll_ms)
        self._spells.append((0, records.first_armed_us + window_us))
        # To a PLC that restarted, what was on the belt before is a stranger, and casts doubt.
        strangers = (t for t in truth.items if t.number is None or RESTARTED in t.during)
        self._spells += map(self._on_belt_us, strangers)
        self._stops = [(start, end + self._aftermath_us) for start, end in records.stops_us]

    def all(self) -> Iterator[Violation]:
        if self._day.unsettled is not None:
            yield Violation("everything comes to rest", self._day.unsettled)
        yield from self._no_bad_item_passed()
        yield from self._no_good_item_ejected()
        yield from self._no_code_passed_twice()
        yield from self._ledger_is_belt()
        yield from self._packed_in_order()
        yield from self._stopped_line_passes_nothing()
        yield from self._no_session_lost_for_nothing()

    # --- explanations ----------------------------------------------------------------------

    def _in_outage(self, from_us: int, until_us: int) -> bool:
        return any(a <= until_us and from_us <= b for a, b in self._spells)

    def _packer_was_away(self, at_us: int) -> bool:
        """What gathered in the meantime he does not pack in a moment."""
        return any(
            spell.from_us <= at_us <= spell.until_us + _CATCHING_UP_US
            for spell in self._day.spells
            if spell.kind is Outage.PACKER_AWAY
        )

    def _on_belt_us(self, thing: ItemTruth) -> tuple[int, int]:
        from_us = int(thing.at_ms * 1_000)
        return from_us, self._day.plant.gone_us.get(id(thing), self._day.ended_us)

    def _is_explained(self, thing: ItemTruth, later_us: int = 0) -> bool:
        """Whether something that happened to plant or agent touched it, until `later_us` after it
        had gone."""
        from_us, until_us = self._on_belt_us(thing)
        until_us += later_us
        if thing.during or self._in_outage(from_us, until_us):
            return True
        _, record = self._records.of(thing)
        if Reason.OVERFULL in record.reasons and self._packer_was_away(from_us):
            return True
        return any(a <= until_us and from_us <= b for a, b in self._stops)

    def _name(self, thing: ItemTruth) -> str:
        number, record = self._records.of(thing)
        from_us, until_us = self._on_belt_us(thing)
        fault = thing.fault or ("good" if thing.good else "bad")
        notes = f", {', '.join(thing.during)}" if thing.during else ""
        return (
            f"item {thing.number} of start {thing.start} ({fault}{notes}; code {thing.key}; "
            f"{from_us / 1e6:.3f} to {until_us / 1e6:.3f} s; {thing.outcome}); "
            f"ledger item {number}: {record}"
        )

    # --- invariants ------------------------------------------------------------------------

    def _no_bad_item_passed(self) -> Iterator[Violation]:
        codes: set[str] = set()
        for thing in self._passed:
            # A repeated code may pass where the first one did not: it names one thing all the same.
            is_first = thing.fault == Fault.DUPLICATE and thing.key not in codes
            bad = not (thing.good or is_first) or thing.number is None
            if thing.key is not None and thing.ailment is None:
                codes.add(thing.key)
            if bad and thing.ailment is None:
                yield Violation("no bad item passes", self._name(thing))

    def _no_good_item_ejected(self) -> Iterator[Violation]:
        before: ItemTruth | None = None
        for thing in self._things:
            # An item whose read is missing, or was suppressed as a repeat, has no answer: the next
            # one may be its own, too late.
            silence = before is not None and (not before.good or self._is_explained(before))
            before = thing
            if (
                thing.good
                and thing.outcome == Fate.EJECTED
                and not (silence or self._is_explained(thing))
            ):
                yield Violation("no good item is ejected for nothing", self._name(thing))

    def _no_code_passed_twice(self) -> Iterator[Violation]:
        passed: dict[str, ItemTruth] = {}
        for thing in self._passed:
            if thing.key is None or thing.fault == Fault.UNREAD or thing.ailment is not None:
                continue
            if thing.key in passed:
                what = f"{self._name(thing)}, after {self._name(passed[thing.key])}"
                yield Violation("no code passes twice", what)
            passed[thing.key] = thing

    def _ledger_is_belt(self) -> Iterator[Violation]:
        known = set()
        for thing in self._day.plant.truth.items:
            number, record = self._records.of(thing)
            known.add(number)
            for start, counted in thing.counted_before:
                if start in self._records.offsets:
                    known.add(counted + self._records.offsets[start])
            if why := self._difference(thing, record):
                yield Violation("the ledger says what the belt did", f"{why}: {self._name(thing)}")
        for number in sorted(self._records.items.keys() - known):
            record = self._records.items[number]
            yield Violation("the ledger says what the belt did", f"no such item {number}: {record}")

    def _difference(self, thing: ItemTruth, record: ItemRecord) -> str | None:
        """What the ledger says wrong about `thing`."""
        outcomes = [each for each in record.outcomes if not isinstance(each, Untracked)]
        untracked = len(outcomes) < len(record.outcomes)
        if len(outcomes) > 1:
            return "it has two outcomes"
        if not outcomes:
            if untracked:
                # Its outcome stood in the ring until something kept the agent from reading it.
                until_us = self._records.untracked[record.outcomes[0].item]
                explained = self._in_outage(int(thing.at_ms * 1_000), until_us)
                return None if explained else "untracked for nothing"
            if not self._is_explained(thing):
                return "it has no outcome"
            passed = thing.outcome == Fate.PASSED and thing.ailment is None
            return "it passed, and the ledger does not know" if passed else None
        return self._wrong(thing, record, outcomes[0])

    def _wrong(self, thing: ItemTruth, record: ItemRecord, outcome: object) -> str | None:
        ailing, us = thing.ailment is not None, self._on_belt_us(thing)
        match thing.outcome, outcome:
            case Fate.PASSED, Passed(key=None):
                withdrawn = self._is_explained(thing) and _was_withdrawn(thing, record)
                return None if ailing or withdrawn else "it passed without leave"
            case Fate.PASSED, Passed(key=key):
                return None if key == thing.key else f"it passed as {key}"
            case Fate.PASSED, EjectFailed(key=key):
                # Shut on before its time, it may have come through, and its code is held.
                had_leave = key == thing.key and self._is_explained(thing, _HOLD_US)
                return None if ailing or had_leave else "it passed, and the gate was shut"
            case Fate.EJECTED, Ejected():
                return None
            case Fate.EJECTED, EjectFailed() if self._is_explained(thing):
                return None
            case Fate.EJECTED, EjectedUnasked() if ailing or self._is_explained(thing):
                return None
            case ((Fate.EJECTED | Fate.REMOVED), TakenOff()) if self._is_explained(thing):
                return None
            case Fate.REMOVED, Ejected() | EjectFailed() if len(
                thing.during
            ) > 1 or self._in_outage(*us):
                return None  # another, held back, came in its place, and neither could pass
            case Fate.PASSED, TakenOff() if ailing and self._records.strays.get("gate"):
                return None  # it came too late to be itself, and so it was told as a stray
            case _:
                return "the ledger says otherwise"

    def _packed_in_order(self) -> Iterator[Violation]:
        told: list[str] = []
        for thing in self._passed:
            _, record = self._records.of(thing)
            told += [o.key for o in record.outcomes if isinstance(o, Passed) and o.key is not None]
        packed = [event.key for event in self._records.units]
        if told != packed:
            at = next(
                (i for i, (a, b) in enumerate(zip(told, packed, strict=False)) if a != b),
                min(len(told), len(packed)),
            )
            yield Violation(
                "what passed is packed, in order",
                f"{len(told)} passed and {len(packed)} packed; unit {at + 1} is "
                f"{told[at : at + 3]} on the belt and {packed[at : at + 3]} in the ledger",
            )

    def _stopped_line_passes_nothing(self) -> Iterator[Violation]:
        shift = self._day.shift
        layout = shift.layout
        slowest_mm_us = layout.speed_mm_s * (1 - layout.drift) / 1e6
        # The gate may have been set just before the PLC took the stop, or noticed the silence.
        slow = 100 if Outage.SLOW_NET in shift.outages else 1
        late_us = 1_000 * (shift.gate.link_timeout_ms + shift.gate.poll_ms)
        late_us += 4 * slow * shift.request_us[1] + 2 * layout.scan_us
        late_us += int(layout.flap_mm / slowest_mm_us)
        for from_us, until_us in self._records.stops_us:
            for thing in self._passed:
                gone_us = self._day.plant.gone_us[id(thing)]
                if from_us + late_us < gone_us < until_us and thing.ailment is None:
                    what = f"stopped {from_us / 1e6:.3f} to {until_us / 1e6:.3f} s: "
                    yield Violation("a stopped line passes nothing", what + self._name(thing))

    def _no_session_lost_for_nothing(self) -> Iterator[Violation]:
        for at_us, detail in self._records.disarmed:
            if not self._in_outage(at_us, at_us):
                yield Violation("no session is lost for nothing", f"{at_us / 1e6:.3f} s: {detail}")


def _was_withdrawn(thing: ItemTruth, record: ItemRecord) -> bool:
    """Its PASS was right, and was withdrawn too late: a read came of which nobody knew whose it
    was. The ledger tells it as an escape, and holds its code."""
    withdrawn = record.reasons[:1] == [Reason.AMBIGUOUS] and not record.unknown
    return record.keys == [thing.key] and withdrawn


def _tree(day: Day, records: Records) -> Iterator[Violation]:
    """Each child one parent, no container overfull, and each closed with what was put into it."""
    parents = Counter(event.key for event in records.packed)
    for key, times in parents.items():
        if times > 1:
            yield Violation("each child has one parent", f"{key} was packed {times} times")
    inside: dict[int, list[str]] = {}
    for event in records.packed:
        inside.setdefault(event.container, []).append(event.key)
    capacities = {level.name: level.capacity for level in day.shift.config.levels}
    for event in records.packed:
        if len(inside[event.container]) > (capacities[event.container_level] or 0):
            what = f"container {event.container} holds {len(inside[event.container])}"
            yield Violation("no container is overfull", what)
    for closed in records.closed:
        if list(closed.children) != inside.get(closed.container):
            yield Violation("a container holds what was put in", f"container {closed.container}")
        if len(closed.children) != capacities[closed.level]:
            yield Violation("only full containers are closed", f"container {closed.container}")


def _ledger(day: Day, events: list[Event]) -> Iterator[Violation]:
    """Chain and tree, and the state from the snapshot as the state from the journal."""
    verdict = verify(day.ledger_path)
    if verdict.fault is not None:
        yield Violation("the ledger verifies", verdict.fault)
    plan = line_plan(day.shift.config)
    folded = LineState(plan.levels)
    for event in events:
        folded.apply(event)
    ledger = Ledger(day.ledger_path)
    try:
        engine = Engine(
            plan,
            ledger,
            line_name=day.shift.config.line.name,
            queue_size=1,
            secret_codes=False,
            wake=lambda: None,
            release=lambda _: None,
        )
    finally:
        ledger.close()
    if engine.state.to_json() != folded.to_json():
        yield Violation("the state of a restart is the journal's", "snapshot and journal differ")


def _counts(day: Day, records: Records) -> Counter[str]:
    truth = day.plant.truth
    counts: Counter[str] = Counter(items=len(truth.items), stops=len(records.stops_us))
    for thing in (*truth.items, *truth.put_in):
        counts[str(thing.outcome)] += 1
        if thing.good and thing.outcome == Fate.EJECTED:
            counts["good ejected"] += 1
        if thing.fault is not None:
            counts[f"fault {thing.fault}"] += 1
    for kind, number in truth.outages.items():
        counts[f"fault {kind}"] += number
    for spell in day.spells:
        counts[f"fault {spell.kind}"] += 1
    counts["sessions lost"] = len(records.disarmed)
    counts["untracked"] = len(records.untracked)
    counts["late writes"] = len(day.late_writes)
    counts["lost verdicts"] = day.lost_verdicts
    return counts
