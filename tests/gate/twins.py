"""The function block and `GateBlock` side by side: the same inputs, and after every scan the same
outputs and words."""

from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import drivers.gate.block
from drivers.gate.block import GateBlock
from drivers.gate.parameters import Parameters, Sensors
from drivers.gate.program import types
from drivers.gate.registers import (
    OUTCOME_WORDS,
    VERDICT_WORDS,
    WORD,
    Cause,
    Command,
    Fate,
    Status,
    Word,
    identity,
)
from tests.gate.st import Unit

SOURCE = Path(drivers.gate.block.__file__).with_name("gate_block.st").read_text(encoding="ascii")
DWORD = 1 << 32


class DivergenceError(AssertionError):
    """The two differ."""


@cache
def compiled(slots: int, source: str) -> Unit:
    return Unit(types(slots) + source)


class Twins:
    """Positions and milliseconds begin at `clock`; the item before the first is number `items`."""

    def __init__(
        self,
        parameters: Parameters,
        *,
        start: int = 7,
        items: int = 0,
        clock: int = 0,
        source: str = SOURCE,
    ) -> None:
        self._parameters = parameters
        self._source = source
        self._begin(start, items)
        self.clock = self.now_ms = self.position = clock
        self.sensors = Sensors()
        self.settled: dict[int, tuple[Fate, Cause]] = {}
        """Fate and cause by item number, as far as the outcomes were told."""

    def _begin(self, start: int, items: int) -> None:
        slots = self._parameters.slots
        self.block = GateBlock(self._parameters, start=start, items=items)
        self.st: Any = compiled(slots, self._source).new("GateBlock")
        self.st.items = items
        self.st.nextatgate = self.st.nexttosettle = (items + 1) % DWORD
        self.st.identity, self.st.start = identity(slots), start
        for name, value in asdict(self._parameters).items():
            setattr(self.st, name.replace("_", ""), value)

    def restart(self) -> None:
        """The PLC starts again; what the agent had written stays in its registers."""
        commands, verdicts = self.block.commands, self.block.verdicts
        self._begin(self.block.status[Status.START] % (WORD - 1) + 1, 0)
        self.block.commands, self.block.verdicts = commands, verdicts
        self.st.commands, self.st.verdicts = commands.copy(), verdicts.copy()

    def command(self, **words: int) -> None:
        """The agent writes; words by the lower-case names of `Command`."""
        for name, value in words.items():
            self.block.commands[Command[name.upper()]] = value
            self.st.commands[Command[name.upper()]] = value

    def beat(self) -> None:
        self.command(heartbeat=(self.block.commands[Command.HEARTBEAT] + 1) % WORD)

    def answer(self, item: int, verdict: Word, *, sequence: int | None = None) -> None:
        """The agent writes the verdict for `item`."""
        at = VERDICT_WORDS * (item % self._parameters.slots)
        sequence = self.block.status[Status.START] if sequence is None else sequence
        words = [item % WORD, verdict, sequence]
        self.block.verdicts[at : at + VERDICT_WORDS] = words
        self.st.verdicts[at : at + VERDICT_WORDS] = words

    def scan(self, *, ms: int = 1, steps: int = 1) -> None:
        """Time and belt go on, then both run once. Raises DivergenceError."""
        self.now_ms = (self.now_ms + ms) % DWORD
        self.position = (self.position + steps) % DWORD
        self.block.scan(self.now_ms, self.position, self.sensors)
        self.st.nowms, self.st.position = self.now_ms, self.position
        for name, value in asdict(self.sensors).items():
            setattr(self.st, name.replace("_", ""), value)
        self.st.run_()
        if self.st.triggered:
            # The program's part, before it shows the count of items.
            slot = self.st.triggeredslot
            item = self.st.outcomes[OUTCOME_WORDS * slot]
            at = VERDICT_WORDS * slot
            self.st.verdicts[at : at + VERDICT_WORDS] = [item, Word.NONE, 0]
        self._compare()
        self._gather()

    def status(self, word: Status) -> int:
        return self.block.status[word]

    def _compare(self) -> None:
        for name, ours, theirs in [
            ("gate_open", self.block.gate_open, self.st.gateopen),
            ("run", self.block.run, self.st.run),
            ("status", self.block.status, self.st.status),
            ("outcomes", self.block.outcomes, self.st.outcomes),
            ("verdicts", self.block.verdicts, self.st.verdicts),
        ]:
            if ours != theirs:
                raise DivergenceError(f"{name} at {self.now_ms} ms: Python {ours}, ST {theirs}")

    def _gather(self) -> None:
        pairs = self.block.outcomes
        for at in range(0, len(pairs), OUTCOME_WORDS):
            cause, fate = divmod(pairs[at + 1], 256)
            if fate:
                self.settled[pairs[at]] = (Fate(fate), Cause(cause))
