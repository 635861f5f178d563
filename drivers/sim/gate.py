"""The PLC's program: photo-eye, verdict ring, gate, outcome ring, as docs/gate.md has them."""

import time
from dataclasses import dataclass

_MODULUS = 65_536
_NONE, _PASS = 0, 1
_UNDER_WAY, _PASSED, _EJECTED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the words lie (register addresses from 0). `slots` must divide 65,536."""

    counters: int = 0
    outcomes: int = 16
    verdicts: int = 0
    slots: int = 256


class GatePlc:
    """The registers, and what the PLC does with them. Item numbers here never wrap.

    `input_registers` and `holding_registers` are what a Modbus server shows; the agent writes
    only the second.
    """

    def __init__(self, layout: Layout, items_before: int = 0, boot: int | None = None) -> None:
        """`items_before` products were counted before this day began; `boot` is the number of
        this start, by default one that differs from that of a start at another second."""
        self.layout = layout
        self._boot = int(time.time()) % _MODULUS if boot is None else boot
        self._items = items_before
        self._outcomes_written = items_before
        inputs = max(layout.counters + 3, layout.outcomes + 2 * layout.slots)
        self.input_registers = [0] * inputs
        self.holding_registers = [0] * (layout.verdicts + 2 * layout.slots)
        self._show_counters()

    def trigger(self) -> int:
        """A product passes the photo-eye; its number.

        The slots are cleared before the count: the agent never sees an item whose slot still
        holds an older verdict.
        """
        number = self._items + 1
        slot = 2 * (number % self.layout.slots)
        shown = number % _MODULUS
        outcome, verdict = self.layout.outcomes + slot, self.layout.verdicts + slot
        self.input_registers[outcome : outcome + 2] = [shown, _UNDER_WAY]
        self.holding_registers[verdict : verdict + 2] = [shown, _NONE]
        self._items = number
        self._show_counters()
        return number

    def at_gate(self, number: int) -> bool:
        """The product reaches the gate: whether it passes. Only its own PASS opens the gate."""
        slot = 2 * (number % self.layout.slots)
        shown = number % _MODULUS
        outcome, verdict = self.layout.outcomes + slot, self.layout.verdicts + slot
        passes = self.holding_registers[verdict : verdict + 2] == [shown, _PASS]
        self.input_registers[outcome : outcome + 2] = [shown, _PASSED if passes else _EJECTED]
        self._outcomes_written += 1
        self._show_counters()
        return passes

    def _show_counters(self) -> None:
        at = self.layout.counters
        self.input_registers[at] = self._items % _MODULUS
        self.input_registers[at + 1] = self._outcomes_written % _MODULUS
        self.input_registers[at + 2] = self._boot
