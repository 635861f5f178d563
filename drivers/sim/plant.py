"""The plant as a whole: what happens when on the belt.

A product passes the photo-eye (the PLC counts it), its code is read 5 to 20 ms later, and at a
constant delay it reaches the gate, where it falls into a case or is ejected.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from drivers.sim.gate import GatePlc, Layout
from drivers.sim.layout import DEMO
from drivers.sim.modbus import ModbusServer
from drivers.sim.packing import Packer, PackingScanner
from drivers.sim.script import Fault, Script, Unit, least_spacing_ms
from drivers.sim.serial_scanner import SerialScanner
from drivers.sim.truth import ItemTruth, Truth

GATE_DELAY_S = 0.4
OUTAGE_S = 1.0
RECOVERY_S = 2.0
"""How long after an outage its consequences may last: reconnecting takes a moment."""
READ_LIMIT_S = 0.024
"""The scanner's own reading window: what was not sent so long after the photo-eye never is.

On a busy desk the plant's timers can be late. A late line would belong to no product on a real
belt either, so the scanner keeps silent and the product is unread.
"""
TIMERS_LATE = "timers-late"
NOBODY_READS = "nobody-reads"
_GENUINE = (None, Fault.DOUBLE_READ)


@dataclass(slots=True)
class _OnBelt:
    """A product between photo-eye and gate."""

    unit: Unit
    truth: ItemTruth
    triggered_s: float


class Plant:
    """Everything that stands on the factory floor. `link` is the serial scanner's device."""

    def __init__(
        self,
        script: Script,
        truth: Truth,
        *,
        link: Path,
        case_size: int,
        pallet_size: int,
        items_before: int,
    ) -> None:
        self.truth = truth
        self.plc = GatePlc(Layout(), items_before)
        self.modbus = ModbusServer(self.plc.input_registers, self.plc.holding_registers)
        self.packing_scanner = PackingScanner()
        self._script = script
        self._scanner = SerialScanner(link)
        self._packer = Packer(self.packing_scanner, truth, case_size, pallet_size)
        self._belt: dict[int, _OnBelt] = {}
        self._empty = asyncio.Event()
        self._started_s = 0.0
        self._outages: dict[Fault, int] = {Fault.SCANNER_UNPLUG: 0, Fault.PLC_DROP: 0}
        self._over_s: dict[Fault, float] = {}

    async def open(self) -> None:
        """Plug everything in: from now on the agent can connect."""
        await self.modbus.start()
        await self.packing_scanner.start()
        self._scanner.plug()

    def close(self) -> None:
        self.modbus.close()
        self.packing_scanner.close()
        self._scanner.unplug()

    async def run(self) -> None:
        """Run the belt until it is empty, everything is plugged in and the packer is done."""
        async with asyncio.TaskGroup() as floor:
            packer = floor.create_task(self._packer.run())
            await self._feed(floor)
            while self._belt:
                self._empty.clear()
                await self._empty.wait()
            await self._packer.settled()
            packer.cancel()
        self.truth.complete = True

    async def _feed(self, floor: asyncio.TaskGroup) -> None:
        loop = asyncio.get_running_loop()
        due = last = self._started_s = loop.time()
        for position, unit in enumerate(self._script.units):
            # A late timer delays the belt; the time is made up, but never by feeding closer.
            due = max(due + unit.spacing_ms / 1000, last + least_spacing_ms(DEMO) / 1000)
            await asyncio.sleep(due - loop.time())
            last = loop.time()
            if position in self._script.unplugs:
                floor.create_task(self._unplug())
            if position in self._script.drops:
                floor.create_task(self._drop_plc())
            self._trigger(unit)

    def _trigger(self, unit: Unit) -> None:
        loop = asyncio.get_running_loop()
        number = self.plc.trigger()
        truth = ItemTruth(
            number=number,
            at_ms=round((loop.time() - self._started_s) * 1000, 1),
            printed=unit.printed,
            key=unit.code.key if unit.code else None,
            fault=unit.fault,
            good=unit.fault in _GENUINE,
        )
        self.truth.items.append(truth)
        item = self._belt[number] = _OnBelt(unit, truth, loop.time())
        if self._outages[Fault.PLC_DROP]:
            self._note(item, Fault.PLC_DROP)
        self._note_aftermath(item)
        loop.call_at(item.triggered_s + unit.read_ms / 1000, self._scan, item)
        loop.call_at(item.triggered_s + GATE_DELAY_S, self._at_gate, item)

    def _scan(self, item: _OnBelt) -> None:
        loop = asyncio.get_running_loop()
        line = item.unit.sent
        if line is None:
            return
        if loop.time() - item.triggered_s > READ_LIMIT_S:
            self._note(item, TIMERS_LATE)
            return
        self._note_aftermath(item)
        if not self._scanner.say(line):
            unplugged = self._outages[Fault.SCANNER_UNPLUG] > 0
            self._note(item, Fault.SCANNER_UNPLUG if unplugged else NOBODY_READS)
        if item.unit.echo_ms is not None:
            loop.call_later(item.unit.echo_ms / 1000, self._scanner.say, line)

    def _at_gate(self, item: _OnBelt) -> None:
        truth = item.truth
        if self.plc.at_gate(truth.number):
            truth.outcome = "passed"
            self._packer.drop_in(truth.key or f"item {truth.number}")
        else:
            truth.outcome = "ejected"
        del self._belt[truth.number]
        if not self._belt:
            self._empty.set()

    async def _unplug(self) -> None:
        self._begin(Fault.SCANNER_UNPLUG)
        self._scanner.unplug()
        await asyncio.sleep(OUTAGE_S)
        if self._end(Fault.SCANNER_UNPLUG):
            self._scanner.plug()

    async def _drop_plc(self) -> None:
        self._begin(Fault.PLC_DROP)
        for item in self._belt.values():
            self._note(item, Fault.PLC_DROP)
        self.modbus.drop()
        await asyncio.sleep(OUTAGE_S)
        if self._end(Fault.PLC_DROP):
            await self.modbus.start()

    def _begin(self, outage: Fault) -> None:
        self._outages[outage] += 1
        self.truth.outages[outage] = self.truth.outages.get(outage, 0) + 1

    def _end(self, outage: Fault) -> bool:
        """Whether no later outage of the same kind is still going on."""
        self._outages[outage] -= 1
        self._over_s[outage] = asyncio.get_running_loop().time()
        return not self._outages[outage]

    def _note_aftermath(self, item: _OnBelt) -> None:
        now_s = asyncio.get_running_loop().time()
        for outage, over_s in self._over_s.items():
            if now_s - over_s < RECOVERY_S and not self._outages[outage]:
                self._note(item, f"after {outage}")

    def _note(self, item: _OnBelt, what: str) -> None:
        if what not in item.truth.during:
            item.truth.during.append(what)
