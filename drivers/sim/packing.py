"""The packing station: units fall into a case, a packer puts labels on and scans them.

Labels are pre-printed SSCCs. The packer scans until the agent accepts: people do. Full cases wait
for him in order, and he does one thing at a time.
"""

import asyncio
from collections import deque
from itertools import count

from drivers.sim.codes import sscc
from drivers.sim.truth import ContainerTruth, Truth

ACCEPT, REJECT = b"ACK", b"NAK"
_CASE, _PALLET = 0, 1
_HANDLING_S = 0.1
"""From one label accepted to the next one scanned."""
_AGAIN_S = 0.25
_PATIENCE = 40
"""Refusals after which a container is put aside for a supervisor, unacknowledged."""
_MAX_ANSWER_BYTES = 64


class PackingScanner:
    """A hand-held scanner on TCP at 127.0.0.1. Lines both ways end with CR."""

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None
        self._agent: asyncio.StreamWriter | None = None
        self._answers: asyncio.Queue[bytes] = asyncio.Queue(maxsize=64)
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", 0, limit=_MAX_ANSWER_BYTES
        )
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
        if self._agent is not None:
            self._agent.close()

    async def scan(self, text: str) -> bytes | None:
        """Scan a label once. The answer without its CR; None for silence, or with nobody there."""
        while not self._answers.empty():
            self._answers.get_nowait()  # it answered an earlier scan: too late to count
        if self._agent is None:
            await asyncio.sleep(_AGAIN_S)
            return None
        self._agent.write(text.encode() + b"\r")
        try:
            async with asyncio.timeout(_AGAIN_S):
                return await self._answers.get()
        except TimeoutError:
            return None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One scanner serves one host: a new connection takes the place of the old one."""
        if self._agent is not None:
            self._agent.close()
        self._agent = writer
        try:
            while True:
                answer = await reader.readuntil(b"\r")
                self._answers.put_nowait(answer.removesuffix(b"\r"))
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.QueueFull, OSError):
            pass
        finally:
            writer.close()
            if self._agent is writer:
                self._agent = None


class Packer:
    """Fills cases and pallets, and writes down what is in them."""

    def __init__(
        self, scanner: PackingScanner, truth: Truth, case_size: int, pallet_size: int
    ) -> None:
        self._scanner = scanner
        self._truth = truth
        self._case_size = case_size
        self._pallet_size = pallet_size
        self._labels = count(1)
        self._full: deque[ContainerTruth] = deque()
        self._work = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def drop_in(self, unit: str) -> ContainerTruth:
        """A unit falls into the open case. The case it fell into."""
        cases = self._truth.cases
        if not cases or len(cases[-1].contents) == self._case_size:
            cases.append(ContainerTruth("case"))
        case = cases[-1]
        case.contents.append(unit)
        if len(case.contents) == self._case_size:
            self._full.append(case)
            self._idle.clear()
            self._work.set()
        return case

    async def settled(self) -> None:
        """Until no full case or pallet waits for its label."""
        await self._idle.wait()

    async def run(self) -> None:
        """Label and scan, until cancelled."""
        while True:
            await self._work.wait()
            self._work.clear()
            while self._full:
                await self._label(self._full.popleft(), _CASE)
            self._idle.set()

    async def _label(self, container: ContainerTruth, extension_digit: int) -> None:
        container.code = f"00{sscc(extension_digit, next(self._labels))}"
        refusals = 0
        while refusals < _PATIENCE:
            await asyncio.sleep(_HANDLING_S if container.scans == 0 else _AGAIN_S)
            container.scans += 1
            answer = await self._scanner.scan(container.code)
            if answer == ACCEPT:
                container.acknowledged = True
                break
            refusals += answer == REJECT
        if extension_digit == _CASE:
            await self._stack(container.code)

    async def _stack(self, case: str) -> None:
        pallets = self._truth.pallets
        if not pallets or len(pallets[-1].contents) == self._pallet_size:
            pallets.append(ContainerTruth("pallet"))
        pallets[-1].contents.append(case)
        if len(pallets[-1].contents) == self._pallet_size:
            await self._label(pallets[-1], _PALLET)
