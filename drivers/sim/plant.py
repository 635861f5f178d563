"""The plant as a whole, in real time: belt, PLC or remote I/O, scanners, camera, packer, plugs."""

import asyncio
from pathlib import Path
from time import time
from typing import Literal

from drivers.gate.map import GateMap
from drivers.gate.registers import Fate as Told
from drivers.gate.registers import Status
from drivers.sim.banks import Banks, GateBanks
from drivers.sim.belt import Belt, Body
from drivers.sim.camera import CaseCamera
from drivers.sim.controller import Controller
from drivers.sim.layout import Layout
from drivers.sim.mishaps import Mishaps
from drivers.sim.modbus import ModbusServer
from drivers.sim.packing import Packer, PackingScanner
from drivers.sim.real_time import RealTime, TimelyBanks
from drivers.sim.remote_io import RemoteIo
from drivers.sim.script import Fault, Script
from drivers.sim.serial_scanner import SerialScanner
from drivers.sim.truth import Fate, ItemTruth, Truth

OUTAGE_S = 1.0
FREEZE_S = 2.5
"""Longer than a camera may repeat itself before it is called frozen."""
RECOVERY_S = 2.0
"""How long after an outage its consequences may last: reconnecting takes a moment."""
TO_PACKER_US = 400_000
"""From the flap to the case: longer than the PLC waits for the eject sensor."""
LOST_LIMIT_US = 6_000
"""Between trigger and answer the belt's time may stand still so long; after that the scanner keeps
silent, for a late answer would belong to no product on a real belt either."""
TIMERS_LATE = "timers-late"
NOBODY_READS = "nobody-reads"

Mode = Literal["verdict", "pulse"]


class Plant:
    """Everything that stands on the factory floor. `link` is the serial scanner's device.

    In `verdict` mode a PLC with the gate's program stands there, in `pulse` mode remote I/O.
    """

    def __init__(
        self,
        script: Script,
        truth: Truth,
        layout: Layout,
        faults: frozenset[Fault],
        *,
        mode: Mode,
        link: Path,
        case_size: int,
        pallet_size: int,
        items_before: int,
        obeys_run: bool,
    ) -> None:
        self.truth = truth
        self.packing_scanner = PackingScanner()
        self._script = script
        self._scanner = SerialScanner(link)
        self.camera = CaseCamera(truth.seed)
        self._packer = Packer(
            self.camera, self.packing_scanner, truth, case_size, pallet_size, faults
        )
        self._belt = Belt(
            layout,
            iter(script.units),
            truth,
            seed=truth.seed,
            on_answer=self._answer,
            on_gone=self._gone,
        )
        self._belt.turn(False)
        Mishaps(self._belt, faults, len(script.units))
        self._befall = self._belt.on_trigger
        self._belt.on_trigger = self._triggered
        self._plc: Controller | None = None
        machine: Controller | RemoteIo
        banks: Banks
        if mode == "verdict":
            # Another number than at a start at another second.
            start = int(time()) % 65_536
            plc = Controller(self._belt, start=start, items=items_before, obeys_run=obeys_run)
            machine, banks = plc, GateBanks(GateMap(), lambda: plc.block, plc.written)
            self._plc = plc
        else:
            machine = banks = RemoteIo(self._belt, items=items_before, obeys_run=obeys_run)
        self._time = RealTime(machine, self._ran)
        self.modbus = ModbusServer(TimelyBanks(banks, self._time))
        self._lost_us: dict[int, int] = {}
        """`id` of a thing → how long the belt's time had stood still when it was triggered."""
        self._to_packer = 0
        self._looked_for = 0
        """Things of which the gate has told that they may have gone on."""
        self._empty = asyncio.Event()
        self._floor = asyncio.TaskGroup()
        self._outages = dict.fromkeys((Fault.SCANNER_UNPLUG, Fault.PLC_DROP), 0)
        self._camera_outages = dict.fromkeys((Fault.CAMERA_FREEZE, Fault.CAMERA_DROP), 0)
        self._filming: asyncio.Task[None] | None = None
        self._over_us: dict[Fault, int] = {}

    async def open(self) -> None:
        """Plug everything in: from now on the agent can connect."""
        await self.modbus.start()
        await self.packing_scanner.start()
        await self.camera.start()
        self._filming = asyncio.create_task(self.camera.run())
        self._scanner.plug()
        self._time.catch_up()

    def close(self) -> None:
        self._time.stop()
        self.modbus.close()
        self.packing_scanner.close()
        if self._filming is not None and not self._filming.cancel():
            self._filming.result()  # it has ended by itself: with an error
        self.camera.close()
        self._scanner.unplug()

    async def run(self) -> None:
        """Run the belt until it is empty, everything is plugged in and the packer is done."""
        async with self._floor as floor:
            packer = floor.create_task(self._packer.run())
            self._belt.turn(True)
            self._time.catch_up()
            await self._empty.wait()
            await self._packer.settled()
            packer.cancel()
        self.truth.complete = True

    def _ran(self) -> None:
        if self._belt.empty and not self._to_packer:
            self._empty.set()

    # --- things ----------------------------------------------------------------------------

    def _triggered(self, body: Body) -> None:
        self._befall(body)
        thing = body.thing
        self._lost_us[id(thing)] = self._time.lost_us
        position = len(self.truth.items) - 1
        if self._outages[Fault.PLC_DROP]:
            thing.note(Fault.PLC_DROP)
        self._note_aftermath(thing)
        if position in self._script.unplugs:
            self._floor.create_task(self._unplug())
        if position in self._script.drops:
            self._floor.create_task(self._drop_plc())
        if position in self._script.camera_freezes:
            self._floor.create_task(self._disturb_camera(Fault.CAMERA_FREEZE, FREEZE_S))
        if position in self._script.camera_drops:
            self._floor.create_task(self._disturb_camera(Fault.CAMERA_DROP, OUTAGE_S))

    def _answer(self, thing: ItemTruth, line: bytes) -> None:
        self._note_aftermath(thing)
        if self._time.lost_us - self._lost_us[id(thing)] > LOST_LIMIT_US:
            thing.note(TIMERS_LATE)
        elif not self._scanner.say(line):
            unplugged = self._outages[Fault.SCANNER_UNPLUG] > 0
            thing.note(Fault.SCANNER_UNPLUG if unplugged else NOBODY_READS)

    def _gone(self, thing: ItemTruth) -> None:
        if thing.outcome == Fate.PASSED:
            self._to_packer += 1
            self._belt.after(TO_PACKER_US, self._comes_to_packer, thing)

    def _comes_to_packer(self, thing: ItemTruth) -> None:
        self._to_packer -= 1
        thing.taken_out = self._is_missed(thing)
        if not thing.taken_out:
            self._packer.drop_in(thing.key or f"item {thing.number}")

    def _is_missed(self, thing: ItemTruth) -> bool:
        """Whether the gate has told that it should lie in the bin: an alarm, and a person comes."""
        if self._plc is None:
            return thing.ailment is not None
        told = Told.TAKEN_OFF if thing.number is None else self._plc.told(thing)
        if told is Told.TAKEN_OFF:
            # It was late or no item: it appeared at the gate, and was not seen in the bin.
            due = self._plc.block.status[Status.ESCAPED] - self._looked_for
            self._looked_for += due > 0
            return due > 0
        return told is Told.UNCONFIRMED

    # --- plugs -----------------------------------------------------------------------------

    async def _unplug(self) -> None:
        self._begin(Fault.SCANNER_UNPLUG)
        self._scanner.unplug()
        await asyncio.sleep(OUTAGE_S)
        if self._end(Fault.SCANNER_UNPLUG):
            self._scanner.plug()

    async def _drop_plc(self) -> None:
        self._begin(Fault.PLC_DROP)
        for body in self._belt.bodies:
            body.thing.note(Fault.PLC_DROP)
        self.modbus.drop()
        await asyncio.sleep(OUTAGE_S)
        if self._end(Fault.PLC_DROP):
            await self.modbus.start()

    async def _disturb_camera(self, fault: Fault, duration_s: float) -> None:
        """No product suffers: a case waits until the camera sees again."""
        self.truth.happened(fault)
        self._camera_outages[fault] += 1
        self._show_camera_outages()
        await asyncio.sleep(duration_s)
        self._camera_outages[fault] -= 1
        self._show_camera_outages()

    def _show_camera_outages(self) -> None:
        self.camera.frozen = self._camera_outages[Fault.CAMERA_FREEZE] > 0
        self.camera.cut = self._camera_outages[Fault.CAMERA_DROP] > 0

    def _begin(self, outage: Fault) -> None:
        self._outages[outage] += 1
        self.truth.happened(outage)

    def _end(self, outage: Fault) -> bool:
        """Whether no later outage of the same kind is still going on."""
        self._outages[outage] -= 1
        self._over_us[outage] = self._belt.now_us
        return not self._outages[outage]

    def _note_aftermath(self, thing: ItemTruth) -> None:
        for outage, over_us in self._over_us.items():
            recent = self._belt.now_us - over_us < RECOVERY_S * 1_000_000
            if recent and not self._outages[outage]:
                thing.note(f"after {outage}")
