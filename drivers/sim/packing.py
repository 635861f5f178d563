"""The packing table: units fall into a case, a packer labels it and puts it under the camera, and
scans the labels of pallets by hand.

Labels are pre-printed SSCCs. The packer tries until the agent accepts, turns the case, takes
another label where one cannot be read: people do. Full cases wait for him in order, and he does one
thing at a time.
"""

import asyncio
from collections import deque
from itertools import count

import numpy as np

from drivers.sim.camera import CaseCamera, Pose
from drivers.sim.codes import sscc
from drivers.sim.labels import LabelRoll, Wear
from drivers.sim.script import Fault
from drivers.sim.truth import ContainerTruth, Truth

ACCEPT, REJECT = b"ACK", b"NAK"
_PALLET = 1
_LOOK_S = 1.6
"""How long he waits for the camera's lamp: longer than the camera may take."""
_QUIET_S = 0.5
"""After a case that took several tries no lamp must come for so long: it would be of that case."""
_CASE_PATIENCE = 10
_TORN_TRIES = 2
"""Tries after which he takes another label for one that nobody can read. He does not replace what
can be read: it may have been accepted, and the lamp was lost."""
_GLARE_SHARE, _GLARE = 0.25, 0.95
_TURN_DEG, _LEAN_DEG = 10, 12
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
        self,
        camera: CaseCamera,
        scanner: PackingScanner,
        truth: Truth,
        case_size: int,
        pallet_size: int,
        faults: frozenset[Fault],
    ) -> None:
        self._camera = camera
        self._scanner = scanner
        self._rng = np.random.default_rng(truth.seed)
        self._roll = LabelRoll(self._rng, has_damage=Fault.LABEL_DAMAGE in faults)
        self._has_glare = Fault.GLARE in faults
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
                await self._label_case(self._full.popleft())
            self._idle.set()

    async def _label_case(self, case: ContainerTruth) -> None:
        label, tries, refusals = self._roll.label(next(self._labels)), 0, 0
        case.code = label.code
        while refusals < _CASE_PATIENCE:
            if label.wear is Wear.TORN and tries == _TORN_TRIES:
                case.replaced.append(label.code)
                label, tries = self._roll.label(next(self._labels)), 0
                case.code = label.code
            await self._camera.clear()
            case.scans += 1
            tries += 1
            self._camera.put(label.picture, self._pose(is_first=tries == 1))
            green = await self._camera.lamp(_LOOK_S)
            self._camera.take_away()
            if green:
                case.acknowledged = True
                break
            refusals += green is False
        if case.scans > 1:
            while await self._camera.lamp(_QUIET_S) is not None:
                pass
        await self._stack(case.code)

    def _pose(self, *, is_first: bool) -> Pose:
        """How the case comes to lie; a lamp shines on some until they are turned."""
        rng = self._rng
        shines = self._has_glare and rng.random() < _GLARE_SHARE and is_first
        lean = rng.uniform(-_LEAN_DEG, _LEAN_DEG, 2)
        angle_deg = rng.uniform(-_TURN_DEG, _TURN_DEG) + (0 if is_first else 180)
        if shines:
            self._truth.happened(Fault.GLARE)
        return Pose(angle_deg, (float(lean[0]), float(lean[1])), _GLARE if shines else 0)

    async def _label_pallet(self, pallet: ContainerTruth) -> None:
        pallet.code = f"00{sscc(_PALLET, next(self._labels))}"
        refusals = 0
        while refusals < _PATIENCE:
            await asyncio.sleep(_HANDLING_S if pallet.scans == 0 else _AGAIN_S)
            pallet.scans += 1
            answer = await self._scanner.scan(pallet.code)
            if answer == ACCEPT:
                pallet.acknowledged = True
                break
            refusals += answer == REJECT

    async def _stack(self, case: str) -> None:
        pallets = self._truth.pallets
        if not pallets or len(pallets[-1].contents) == self._pallet_size:
            pallets.append(ContainerTruth("pallet"))
        pallets[-1].contents.append(case)
        if len(pallets[-1].contents) == self._pallet_size:
            await self._label_pallet(pallets[-1])
