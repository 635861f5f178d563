"""Any scans at two benches, in any order: what a much simpler model says lies in the ledger's tree.

The model knows of each thing only where it lies. What a scan must do follows from that and from
the rules: a thing in at most one container, no container over its capacity, one product in each,
a case that is not full closed with leave only, and none but the label that is due.
"""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from edge_agent.core.commands import Command
from edge_agent.core.effects import Show, Tone
from edge_agent.core.events import Closed, Reason
from edge_agent.core.inputs import Badge, Input, Press, Read
from edge_agent.core.labels import LabelPlan
from edge_agent.core.line import Line
from edge_agent.core.names import CodeKey, Instant, LevelName, StationName
from edge_agent.core.record import LinePlan
from edge_agent.core.sscc import SsccRange
from edge_agent.core.state import FORM, LineState
from edge_agent.ledger.journal import Ledger, create_ledger
from edge_agent.ledger.reader import LedgerReader
from edge_agent.ledger.verify import verify
from tests.core.test_benches import CASE, MILK, ONE, PALLET, SUE, TEA, TWO, UNIT, plan, sscc

CAPACITY = {CASE: 3, PALLET: 2}
UNITS = [f"01{gtin}21{n}" for gtin in (MILK, TEA) for n in range(6)]
CASES = [f"case-{n}" for n in range(4)]
PALLETS = ["pallet-0", "pallet-1"]
BENCHES = st.sampled_from([ONE, TWO])


@dataclass
class Box:
    """A container of the model. `code` is its own, where it has one."""

    level: LevelName
    bench: StationName
    children: list[str] = field(default_factory=list)
    code: str | None = None

    @property
    def is_full(self) -> bool:
        return len(self.children) >= CAPACITY[self.level]


class Bench:
    """The real core over a real ledger."""

    def __init__(self, path: Path, line_plan: LinePlan) -> None:
        create_ledger(path)
        self.path, self.plan = path, line_plan
        self.ledger = Ledger(path)
        self.line = Line(line_plan, LineState(line_plan.levels), self.ledger)
        self.now_us = 0

    def give(self, given: Input) -> Show:
        with self.ledger.transaction():
            decision = self.line.decide(given)
            self.ledger.append(decision.events)
        self.closed = [event for event in decision.events if isinstance(event, Closed)]
        return [each for each in decision.effects if isinstance(each, Show)][-1]

    def at(self) -> Instant:
        self.now_us += 20_000_000
        return Instant(self.now_us, self.now_us)

    def scan(self, text: str, station: StationName) -> Show:
        at = self.at()
        return self.give(Read(at, station, at.mono_us, text))

    def restart(self) -> None:
        """The role is killed, and made anew from its ledger."""
        before = self.line.state.to_json()
        self.ledger.close()
        self.ledger = Ledger(self.path)
        saved, events = self.ledger.load_snapshot(FORM)
        assert saved is None
        state = LineState(self.plan.levels)
        for event in events:
            state.apply(event)
        assert state.to_json() == before
        self.line = Line(self.plan, LineState.from_json(self.plan.levels, before), self.ledger)


def key(text: str) -> CodeKey:
    return CodeKey(text if text[0] == "0" else f"plain:{text}")


class BenchesAgainstModel(RuleBasedStateMachine):
    """Codes are on cases and pallets already; a partial case needs leave."""

    @initialize()
    def open(self) -> None:
        self.directory = tempfile.TemporaryDirectory()
        self.bench = Bench(Path(self.directory.name) / "ledger.db", self.configured())
        self.boxes: list[Box] = []
        """Open ones."""
        self.closed: dict[str, Box] = {}

    def configured(self) -> LinePlan:
        return plan(partial=True)

    # --- the model -------------------------------------------------------------------------

    def lies_in(self, text: str) -> Box | None:
        every = (*self.boxes, *self.closed.values())
        return next((box for box in every if text in box.children), None)

    def current(self, station: StationName, level: LevelName) -> Box | None:
        mine = [box for box in self.boxes if (box.bench, box.level) == (station, level)]
        return mine[-1] if mine else None

    def mixes(self, box: Box, text: str) -> bool:
        first, new = self.product(box.children[0]), self.product(text)
        return first is not None and new is not None and first != new

    def product(self, text: str) -> str | None:
        """A container is of what lies in it."""
        box = self.closed.get(text)
        return text[2:16] if box is None else self.product(box.children[0])

    def put(self, text: str, station: StationName, level: LevelName, show: Show) -> None:
        """What a scan of `text`, which goes into a container of `level`, must have done."""
        box = self.current(station, level)
        if self.lies_in(text) is not None:
            assert show.reason is Reason.ALREADY_PACKED
        elif box is not None and box.is_full:
            assert show.reason is Reason.OVERFULL
        elif box is not None and box.children and self.mixes(box, text):
            assert show.reason is Reason.MIXED
        else:
            assert show.tone in (Tone.GOOD, Tone.FULL)
            if box is None:
                box = Box(level, station)
                self.boxes.append(box)
            box.children.append(text)
            assert (show.tone is Tone.FULL) is box.is_full
            if box.is_full and box.code is not None:
                self.close(box, box.code)

    def close(self, box: Box, code: str) -> None:
        self.boxes.remove(box)
        box.code = code
        self.closed[code] = box
        assert [(each.key, list(each.children)) for each in self.bench.closed] == [
            (key(code), list(map(key, box.children)))
        ]

    # --- what people do --------------------------------------------------------------------

    @rule(text=st.sampled_from(UNITS), station=BENCHES)
    def scan_unit(self, text: str, station: StationName) -> None:
        self.put(text, station, CASE, self.bench.scan(text, station))

    @rule(text=st.sampled_from(CASES + PALLETS), station=BENCHES, leave=st.booleans())
    def scan_container(self, text: str, station: StationName, leave: bool) -> None:
        level = CASE if text in CASES else PALLET
        opened = next((box for box in self.boxes if box.code == text), None)
        box = self.current(station, level)
        show = self.bench.scan(text, station)
        if text in self.closed and level == CASE:
            self.put(text, station, PALLET, show)
        elif text in self.closed or (opened is not None and opened.bench != station):
            assert show.reason is Reason.DUPLICATE
        elif box is None:
            assert show.tone is Tone.GOOD
            self.boxes.append(Box(level, station, code=text))
        elif not box.children:
            assert show.tone in (Tone.NOTE, Tone.BAD)
        elif box.code not in (None, text):
            assert show.reason is Reason.INCOMPLETE
        elif box.is_full:
            assert show.tone is Tone.FULL
            self.close(box, text)
        elif level == PALLET:
            assert show.tone is Tone.BAD
        else:
            self.ask(box, text, station, show, leave)

    def ask(self, box: Box, text: str, station: StationName, show: Show, leave: bool) -> None:
        """A case that is not full: a supervisor gives leave, or not."""
        assert show.tone is Tone.ASK
        assert not self.bench.closed
        if leave:
            self.bench.give(Badge(self.bench.at(), station, "badge", SUE))
            self.close(box, text)
        else:
            self.bench.give(Press(self.bench.at(), station, Command.CANCEL))

    @rule()
    def restart(self) -> None:
        self.bench.restart()

    # --- what must be so -------------------------------------------------------------------

    @invariant()
    def same(self) -> None:
        open_now = [
            (each.level, each.bench, each.key, each.children)
            for each in self.bench.line.state.packing.every()
        ]
        due = [
            (
                box.level,
                box.bench,
                key(box.code) if box.code else None,
                list(map(key, box.children)),
            )
            for box in self.boxes
        ]
        assert sorted(open_now, key=repr) == sorted(due, key=repr)

    def teardown(self) -> None:
        self.bench.ledger.close()
        with LedgerReader(self.bench.path) as ledger:
            for text, box in self.closed.items():
                node = ledger.node(key(text))
                assert node is not None and node.holds is not None
                inside = [child.key for child in ledger.children(node.holds)]
                assert inside == list(map(key, box.children))
            for text in UNITS + CASES:
                node, lies = ledger.node(key(text)), self.lies_in(text)
                assert (node is not None and node.inside is not None) == (lies is not None)
        assert verify(self.bench.path).fault is None
        self.directory.cleanup()


class LabelsAgainstModel(RuleBasedStateMachine):
    """Cases get a label when they are full; one may wait for its label while the next is filled."""

    @initialize()
    def open(self) -> None:
        self.directory = tempfile.TemporaryDirectory()
        label = LabelPlan("case", "zebra", SsccRange("6971234", 0, 1, 99))
        line_plan = plan(label=label, waiting=1)
        self.bench = Bench(Path(self.directory.name) / "ledger.db", line_plan)
        self.filling: list[str] = []
        self.waiting: list[tuple[str, list[str]]] = []
        """The label that is due on each full case, oldest first."""
        self.closed: dict[str, list[str]] = {}
        self.number = 0

    @rule()
    def scan_unit(self) -> None:
        self.number += 1
        text = f"01{MILK}21{self.number}"
        show = self.bench.scan(text, ONE)
        if len(self.waiting) == 2:
            assert show.reason is Reason.OVERFULL
            return
        self.filling.append(text)
        assert (show.tone is Tone.FULL) is (len(self.filling) == 3)
        if len(self.filling) == 3:
            self.waiting.append((sscc(len(self.closed) + len(self.waiting) + 1), self.filling))
            self.filling = []

    @rule(number=st.integers(1, 4))
    def scan_label(self, number: int) -> None:
        label = sscc(number)
        show = self.bench.scan(label, ONE)
        if label in self.closed:
            assert show.reason is not Reason.WRONG_LABEL  # it goes onto a pallet
            return
        if self.waiting and self.waiting[0][0] == label:
            assert show.tone is Tone.FULL
            self.closed[label] = self.waiting.pop(0)[1]
        else:
            assert show.reason is Reason.WRONG_LABEL
            assert not self.bench.closed

    @rule()
    def restart(self) -> None:
        self.bench.restart()

    def teardown(self) -> None:
        self.bench.ledger.close()
        with LedgerReader(self.bench.path) as ledger:
            for label, children in self.closed.items():
                node = ledger.node(label)
                assert node is not None and node.level == CASE and node.holds is not None
                assert [child.key for child in ledger.children(node.holds)] == children
            assert {node.level for node in ledger.nodes()} <= {UNIT, CASE}
        assert verify(self.bench.path).fault is None
        self.directory.cleanup()


TestBenchesAgainstModel = BenchesAgainstModel.TestCase
TestBenchesAgainstModel.settings = settings(max_examples=15, stateful_step_count=40, deadline=None)
TestLabelsAgainstModel = LabelsAgainstModel.TestCase
TestLabelsAgainstModel.settings = settings(max_examples=8, stateful_step_count=30, deadline=None)
