"""A PLC with a gate, or an I/O station without a program, on a real Modbus socket.

Its flap moves some milliseconds after its output, and what the flap does is seen by the eject eye.
It runs in a thread of the test, so that the commands under test are real processes beside it.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from struct import pack, unpack_from

from drivers.gate.block import GateBlock
from drivers.gate.map import GateMap
from drivers.gate.parameters import Parameters, Sensors
from drivers.gate.registers import Status

Banks = dict[int, list[int]]
"""By the function code that reads them: coils, discrete inputs, holding and input registers."""
COILS, DISCRETE, HOLDING, INPUT = 1, 2, 3, 4


class Flap:
    """Moves `lags_s` after its output was set, each in turn, and is seen while it is open. None:
    this time it sticks."""

    def __init__(self, lags_s: list[float | None]) -> None:
        self._lags_s = lags_s
        self.commands: list[bool] = []
        self.is_open = False
        self._due: tuple[float, bool] | None = None

    def set(self, is_open: bool) -> None:
        if is_open is (self.commands[-1] if self.commands else False):
            return
        opened = sum(self.commands)
        self.commands.append(is_open)
        lag_s = self._lags_s[opened % len(self._lags_s)] if is_open else 0.0
        self._due = None if lag_s is None else (time.monotonic() + lag_s, is_open)

    def move(self) -> None:
        if self._due is not None and time.monotonic() >= self._due[0]:
            self.is_open, self._due = self._due[1], None


class Plc:
    """`scan` is made every other millisecond; a client is answered from the banks."""

    def __init__(self, flap: Flap, scan: Callable[["Plc"], None]) -> None:
        self.flap = flap
        self.banks: Banks = {code: [0] * 4_096 for code in (COILS, DISCRETE, HOLDING, INPUT)}
        self.sensors = Sensors()
        self.writes: list[tuple[int, int]] = []
        """Function code and address of every write."""
        self.is_moving = True
        """The belt runs: a step a millisecond."""
        self.port = 0
        self.is_deaf = False
        """Connections are closed and none is taken."""
        self._scan = scan
        self._writers: set[asyncio.StreamWriter] = set()

    def goes_on_from(self, items: int) -> None:
        """Shows so many items, all ejected, from now on; its program is over."""
        slots = GateMap().slots
        words = [word for item in range(slots) for word in (items - (items - item) % slots, 2)]

        def scan(plc: Plc) -> None:
            plc.banks[HOLDING][Status.ITEMS] = items
            at = GateMap().outcomes
            plc.banks[HOLDING][at : at + 2 * slots] = words

        self._scan = scan

    async def serve(self, ready: threading.Event, end: threading.Event) -> None:
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        async with server:
            while not end.is_set():
                self.flap.move()
                self._scan(self)
                if self.is_deaf:
                    for writer in self._writers:
                        writer.close()
                await asyncio.sleep(0.002)
            for writer in self._writers:
                writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while not self.is_deaf:
                head = await reader.readexactly(7)
                pdu = await reader.readexactly(unpack_from(">H", head, 4)[0] - 1)
                answer = self._answer(pdu)
                writer.write(head[:4] + pack(">HB", len(answer) + 1, head[6]) + answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    def _answer(self, pdu: bytes) -> bytes:
        code, address, value = unpack_from(">BHH", pdu)
        if code in (HOLDING, INPUT):
            words = self.banks[code][address : address + value]
            return pack(f">BB{value}H", code, 2 * value, *words)
        if code in (COILS, DISCRETE):
            bits = self.banks[code][address : address + value]
            whole = sum(bit << index for index, bit in enumerate(bits))
            length = -(-value // 8)
            return bytes((code, length)) + whole.to_bytes(length, "little")
        self.writes.append((code, address))
        if code == 5:
            self.banks[COILS][address] = int(value == 0xFF00)
        else:
            self.banks[HOLDING][address : address + value] = unpack_from(f">{value}H", pdu, 6)
        return pdu[:5]


@contextmanager
def _running(plc: Plc) -> Iterator[Plc]:
    ready, end = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(plc.serve(ready, end)))
    thread.start()
    assert ready.wait(10)
    try:
        yield plc
    finally:
        end.set()
        thread.join()


def with_program(where: GateMap, parameters: Parameters, flap: Flap) -> AbstractContextManager[Plc]:
    """A PLC that runs the gate's program over holding registers."""
    block = GateBlock(parameters, start=7)
    began = time.monotonic()
    position = 0

    def scan(plc: Plc) -> None:
        nonlocal position
        holding = plc.banks[HOLDING]
        block.commands = holding[where.commands : where.commands + 3]
        verdicts = slice(where.verdicts, where.verdicts + len(block.verdicts))
        block.verdicts = holding[verdicts]
        now_ms = int((time.monotonic() - began) * 1_000)
        plc.sensors.eject_eye = plc.flap.is_open
        position = now_ms if plc.is_moving else position
        block.scan(now_ms, position, plc.sensors)
        holding[verdicts] = block.verdicts
        holding[where.status : where.status + len(block.status)] = block.status
        holding[where.outcomes : where.outcomes + len(block.outcomes)] = block.outcomes
        plc.flap.set(block.gate_open)

    return _running(Plc(flap, scan))


def remote_io(flap: Flap) -> AbstractContextManager[Plc]:
    """An I/O station: coil 0 is the gate, coil 1 lets the belt run; discrete 0 is the trigger's
    eye, 2 the eject eye; holding register 10 its watchdog, in milliseconds."""

    def scan(plc: Plc) -> None:
        plc.flap.set(bool(plc.banks[COILS][0]))
        plc.banks[DISCRETE][0] = plc.sensors.eye
        plc.banks[DISCRETE][2] = plc.flap.is_open

    plc = Plc(flap, scan)
    plc.banks[HOLDING][10] = 300
    return _running(plc)


GATED = """
[line]
name = "gated"
data_dir = "{dir}/data"
run_dir = "{dir}/run"
[[levels]]
name = "unit"
[[levels.codes]]
kind = "gs1"
requires = ["01", "21"]
[devices.scanner]
kind = "scanner"
url = "{scanner}"
suffix = "\\r"
[devices.plc]
kind = "modbus-tcp"
url = "tcp://127.0.0.1:{port}"
[[stations]]
name = "infeed"
scanner = "scanner"
reads = ["unit"]
[stations.gate]
plc = "plc"
mode = "{mode}"
{keys}
[stations.gate.belt]
travel_steps = 200
hold_steps = 20
bounce_steps = 10
spacing_steps = 60
confirm_until_ms = 40
"""
PULSE = """
[stations.gate.io]
gate = { table = "coil", address = 0 }
run = { table = "coil", address = 1 }
eye = { table = "discrete", address = 0 }
eject_eye = { table = "discrete", address = 2 }
[[stations.gate.watchdogs]]
address = 10
at_most = 1000
"""


def write_config(
    directory: Path, port: int, *, pulse: bool = False, keys: str = "", scanner: str = ""
) -> Path:
    """A line with one gated station. Without `scanner` nothing answers at its address."""
    path = directory / "gated.toml"
    text = GATED.format(
        dir=directory,
        port=port,
        mode="pulse" if pulse else "verdict",
        keys=keys,
        scanner=scanner or "tcp://127.0.0.1:9",
    )
    path.write_text(text + (PULSE if pulse else ""))
    return path
