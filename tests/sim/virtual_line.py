"""A belt and its PLC in virtual time, and an agent that knows the truth and answers each poll."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from drivers.gate.registers import OUTCOME_WORDS, VERDICT_WORDS, WORD, Cause, Command, Fate, Word
from drivers.sim.belt import Belt
from drivers.sim.controller import Controller
from drivers.sim.layout import Layout, Step, draw_layout
from drivers.sim.mishaps import Mishaps
from drivers.sim.script import Fault, least_spacing_ms, write_script
from drivers.sim.truth import ItemTruth, Truth

POLL_US = 10_000
BEAT_US = 100_000
_LIMIT_US = 3_600_000_000


@dataclass
class VirtualLine:
    layout: Layout
    truth: Truth
    belt: Belt
    controller: Controller
    answers: list[tuple[int, bytes]]

    def run(self, polls: Iterator[int] | None = None) -> None:
        """Until everything has gone and every outcome is told. `polls`: at which times to look."""
        self.beat()
        for at_us in polls or iter(range(POLL_US, _LIMIT_US, POLL_US)):
            self.controller.advance(at_us)
            self.beat()
            self.judge()
            if self.belt.empty and not self.under_way():
                return
        raise AssertionError("the belt did not become empty")

    def beat(self) -> None:
        """A session whose heart beats while somebody looks."""
        commands = self.controller.block.commands
        beat = (1 + self.belt.now_us // BEAT_US) % WORD
        if commands[Command.HEARTBEAT] != beat:
            commands[:] = [1, beat, 1]
            self.controller.written()

    def judge(self) -> None:
        """PASS for what is good, REJECT for what is not."""
        block = self.controller.block
        for thing in self.truth.items[-100:]:
            number = thing.number
            if number is None or thing.start != self.controller.start:
                continue
            at = VERDICT_WORDS * (number % block.parameters.slots)
            if block.verdicts[at : at + 2] == [number % WORD, Word.NONE]:
                verdict = Word.PASS if thing.good else Word.REJECT
                block.verdicts[at + 1 : at + 3] = [verdict, self.controller.start]

    def under_way(self) -> bool:
        return any(
            self.told(thing)[0] in (Fate.UNDER_WAY, Fate.PASSING)
            for thing in self.truth.items[-100:]
            if thing.number is not None and thing.start == self.controller.start
        )

    def told(self, thing: ItemTruth) -> tuple[Fate, Cause]:
        """The PLC's word on `thing`, if its slot still holds it."""
        block = self.controller.block
        assert thing.number is not None
        at = OUTCOME_WORDS * (thing.number % block.parameters.slots)
        assert block.outcomes[at] == thing.number % WORD
        word = block.outcomes[at + 1]
        return Fate(word % 256), Cause(word // 256)

    def history(self) -> list[tuple[object, ...]]:
        """What became of each thing, when."""
        return [
            (thing.number, thing.at_ms, thing.outcome, thing.ailment, *thing.during)
            for thing in (*self.truth.items, *self.truth.put_in)
        ]


def virtual_line(
    seed: int,
    faults: frozenset[Fault] = frozenset(),
    *,
    units: int = 120,
    step: Step = "encoder",
    layout: Layout | None = None,
    every_scan: bool = False,
    count_before: int = 0,
) -> VirtualLine:
    """One of the lines one meets, by `seed`."""
    layout = layout or draw_layout(random.Random(seed), step)
    rate_per_minute = 60_000 / (1.2 * least_spacing_ms(layout))
    script = write_script(units, rate_per_minute, seed, faults, layout)
    truth = Truth(seed)
    answers: list[tuple[int, bytes]] = []
    belt = Belt(
        layout,
        iter(script.units),
        truth,
        seed=seed,
        on_answer=lambda _thing, line: answers.append((belt.now_us, line)),
    )
    Mishaps(belt, faults, units)
    controller = Controller(
        belt, start=7, obeys_run=False, every_scan=every_scan, count_before=count_before
    )
    return VirtualLine(layout, truth, belt, controller, answers)
