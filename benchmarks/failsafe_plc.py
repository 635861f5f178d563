"""The PLC of failsafe.py: a belt full of items, and when each session ends or begins.

``python -m benchmarks.failsafe_plc`` prints its ports as one JSON line; then items come without
end, 20 a second. Each change of the session in force is printed as one JSON line: its number (0:
none, the gate is shut) and the monotonic clock. It takes one word a line: ``drop`` hangs up and
takes no connection, ``take`` takes them again.
"""

import asyncio
import json
import sys
import time

from benchmarks.fill import key
from benchmarks.peer import TRIGGER_TO_SCAN_S, Peer
from drivers.gate.registers import Status

PITCH_S = 0.05
FIRST = 500_000_000
"""Serial number of the first code: no filled ledger has it."""


class Watched(Peer):
    def __init__(self) -> None:
        super().__init__()
        self._shown = 0

    def scanned(self) -> None:
        session = self._plc.status[Status.SESSION]
        if session != self._shown:
            self._shown = session
            # At session 0 the program shuts the gate in the same cycle.
            assert session or not self._plc.gate_open
            print(json.dumps({"session": session, "at_s": time.monotonic()}), flush=True)

    async def feed(self) -> None:
        loop = asyncio.get_running_loop()
        begin, index = loop.time(), 0
        while True:
            index += 1
            await asyncio.sleep(max(0, begin + index * PITCH_S - loop.time()))
            self._plc.trigger(self._now_ms())
            loop.call_later(TRIGGER_TO_SCAN_S, self._say, index)

    def _say(self, index: int) -> None:
        if self._scanner is not None and not self._scanner.is_closing():
            self._scanner.write(key(FIRST + time.monotonic_ns() % 100_000_000).encode() + b"\r\n")

    async def obey(self, order: str) -> None:
        if order == "drop":
            self._server.drop()
        else:
            await self._server.start()


async def main() -> None:
    plc = Watched()
    print(json.dumps(await plc.start()), flush=True)
    feeding = asyncio.create_task(plc.feed())
    while line := await asyncio.to_thread(sys.stdin.readline):
        await plc.obey(line.strip())
    feeding.cancel()


if __name__ == "__main__":
    asyncio.run(main())
