"""The other side of the wire: a scanner on TCP and a PLC on Modbus, in a process of their own.

``python -m benchmarks.peer`` prints its ports as one JSON line, then takes one JSON line an order:
``{"scans": n, "rate": per second, "first": serial number}`` and answers with what it counted.
Floor and agent face the same peer.
"""

import asyncio
import json
import sys

from benchmarks.fill import key
from drivers.gate.block import GateBlock
from drivers.gate.map import GateMap
from drivers.gate.parameters import Parameters, Sensors
from drivers.gate.registers import VERDICT_WORDS, Command, Status, Word
from drivers.sim.banks import GateBanks
from drivers.sim.modbus import ModbusServer

TRIGGER_TO_SCAN_S = 0.012
"""A scanner takes this long to read; by then the agent has polled the trigger."""
SCAN_TO_GATE_S = 0.27
SCAN_S = 0.005
"""The PLC's cycle: nothing here comes closer than 45 ms."""
MAP = GateMap(commands=1_000, verdicts=1_008)
PARAMETERS = Parameters(
    slots=MAP.slots, travel_steps=282, hold_steps=20, bounce_steps=5, spacing_steps=45
)


class Peer:
    def __init__(self) -> None:
        self._plc = GateBlock(PARAMETERS, start=1)
        self._server = ModbusServer(GateBanks(MAP, lambda: self._plc, lambda: None))
        self._scanner: asyncio.StreamWriter | None = None
        self._connected = asyncio.Event()
        self._passed = 0

    async def start(self) -> dict[str, int]:
        await self._server.start()
        self._program = asyncio.create_task(self._run())
        scanner = await asyncio.start_server(self._on_scanner, "127.0.0.1", 0)
        return {"modbus": self._server.port, "scanner": scanner.sockets[0].getsockname()[1]}

    async def _run(self) -> None:
        """The PLC's program, as soon as an agent is there: the bare loops have no sessions."""
        while True:
            if self._plc.commands[Command.SESSION]:
                now_ms = self._now_ms()
                self._plc.scan(now_ms, now_ms, Sensors())
                self.scanned()
            await asyncio.sleep(SCAN_S)

    def scanned(self) -> None:
        """After each cycle of the program."""

    @staticmethod
    def _now_ms() -> int:
        return int(asyncio.get_running_loop().time() * 1_000)

    async def _on_scanner(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._scanner = writer
        self._connected.set()
        while await reader.read(65_536):
            pass
        writer.close()

    async def scan(self, scans: int, rate: float, first: int) -> dict[str, int]:
        """Send `scans` products down the belt, one every 1/`rate` seconds."""
        await self._connected.wait()
        assert self._scanner is not None
        loop = asyncio.get_running_loop()
        self._passed = 0
        begin = loop.time()
        for index in range(scans):
            await asyncio.sleep(max(0, begin + index / rate - loop.time()))
            self._plc.trigger(self._now_ms())
            item = self._plc.status[Status.ITEMS]
            await asyncio.sleep(TRIGGER_TO_SCAN_S)
            self._scanner.write(key(first + index).encode() + b"\r\n")
            loop.call_later(SCAN_TO_GATE_S, self._at_gate, item)
        await asyncio.sleep(2 * SCAN_TO_GATE_S)
        return {"scans": scans, "passed": self._passed}

    def _at_gate(self, item: int) -> None:
        """Whether its PASS is there in time, whoever wrote it."""
        slot = VERDICT_WORDS * (item % MAP.slots)
        self._passed += self._plc.verdicts[slot : slot + 2] == [item, Word.PASS]


async def main() -> None:
    peer = Peer()
    print(json.dumps(await peer.start()), flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps(await peer.scan(**json.loads(line))), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
