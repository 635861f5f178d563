"""The gate's output in a technician's hands: a coil of remote I/O, or the PLC's program on request.

Either way the belt is told to stand, and at the end the output is off.
"""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from drivers.gate.points import ReadPlan
from drivers.gate.registers import TEST, WORD, Flag, Status
from drivers.protocols import Plc, PlcError
from edge_agent import clock
from edge_agent.gate_config import Gate, RemoteIo
from edge_agent.line.gate_session import refused_identity
from edge_agent.line.gate_words import PlcWords, refused_watchdogs

REST_WITHIN_S = 5.0
"""How long the end tries to switch the output off, over a link that comes and goes."""
SESSION_WITHIN_S = 2.0
_AGAIN_S = 0.05


class AbortedError(Exception):
    """The gate cannot be fired, or not further. The message says why, and the mend."""


class NotAtRestError(Exception):
    """The output could not be switched off, or nobody knows whether it is."""


@dataclass(frozen=True, slots=True)
class Look:
    """The sensors at one moment. `items` changes when something passes the trigger."""

    sensors: dict[str, bool]
    items: int


class Output(Protocol):
    """All but `rest` may raise PlcError."""

    @property
    def sensors(self) -> Sequence[str]:
        """What `look` looks at, by the names of the map, from the command on."""
        ...

    @property
    def longest_s(self) -> float:
        """How long it may be held open at most."""
        ...

    async def objection(self) -> str | None:
        """What speaks against firing now; None: nothing. Writes nothing."""
        ...

    async def begin(self) -> None:
        """Take the output; it is off. Raises AbortedError."""
        ...

    async def set(self, *, is_open: bool) -> None: ...

    async def look(self) -> Look:
        """Raises AbortedError when the PLC has taken the output back."""
        ...

    async def rest(self) -> None:
        """Off, as was read back. Raises NotAtRestError, never PlcError."""
        ...


def output_of(plc: Plc, gate: Gate) -> Output:
    """The output of `gate`, which `plc` has."""
    return ProgramOutput(plc, gate) if gate.io is None else CoilOutput(plc, gate, gate.io)


class CoilOutput:
    """A coil of remote I/O. Polling keeps the I/O's watchdog from falling while the gate is open;
    whatever ends this process lets it fall."""

    longest_s = 1.0

    def __init__(self, plc: Plc, gate: Gate, io: RemoteIo) -> None:
        self._plc = plc
        self._watchdogs = gate.watchdogs
        self._io = io
        inputs = io.inputs()
        self._plan = ReadPlan(inputs)
        self.sensors = [name for name in ("gate_eye", "eject_eye") if name in inputs]

    async def objection(self) -> str | None:
        if refusal := await refused_watchdogs(self._plc, self._watchdogs):
            return str(refusal)
        values = await self._values()
        if self._io.trigger == "input" and values["eye"]:
            return "something stands before the trigger's eye; clear the belt"
        return _refused_sensors(
            {name: bool(values[name]) for name in self.sensors},
            guard_open=bool(values.get("guard_open")),
        )

    async def begin(self) -> None:
        await self.set(is_open=False)
        if self._io.run is not None:
            await self._plc.write_coil(self._io.run.address, False)

    async def set(self, *, is_open: bool) -> None:
        await self._plc.write_coil(self._io.gate.address, is_open)

    async def look(self) -> Look:
        values = await self._values()
        return Look({name: bool(values[name]) for name in self.sensors}, values.get("eye", 0))

    async def rest(self) -> None:
        address = self._io.gate.address
        ends_us = clock.now_us() + REST_WITHIN_S * 1_000_000
        why = ""
        while clock.now_us() < ends_us:
            try:
                await self.set(is_open=False)
                if await self._plc.read(self._io.gate.table, address, 1) == [0]:
                    return
                why = "it reads on though it was just written off"
            except PlcError as error:
                why = str(error)
            await asyncio.sleep(_AGAIN_S)
        raise NotAtRestError(f"coil {address} could not be switched off: {why}")

    async def _values(self) -> dict[str, int]:
        answers = [await self._plc.read(*request) for request in self._plan.requests]
        return self._plan.values(answers)


class ProgramOutput:
    """The output of the gate's program, opened by the command `registers.TEST`."""

    def __init__(self, plc: Plc, gate: Gate) -> None:
        self._words = PlcWords(plc, gate.map, gate.watchdogs)
        self._gate = gate
        self._number = self._beat = self._control = self._beaten_us = self._start = 0
        sensors = {"gate_open": Flag.GATE_OPEN}
        if gate.belt.tolerance_steps:
            sensors["gate_eye"] = Flag.GATE_EYE
        if gate.belt.confirm_until_ms:
            sensors["eject_eye"] = Flag.EJECT_EYE
        self._flags = sensors
        self.sensors = list(sensors)

    @property
    def longest_s(self) -> float:
        # The program shuts it itself after the link's time-out, which must not be measured.
        return 0.8 * self._gate.link_timeout_ms / 1_000

    async def objection(self) -> str | None:
        status = await self._words.status()
        if refusal := refused_identity(status, self._gate.map.slots) or await self._words.check():
            return str(refusal)
        if status[Status.SESSION]:
            return (
                f"session {status[Status.SESSION]} is in force: another agent has this PLC; stop it"
            )
        under_way = (status[Status.ITEMS] - status[Status.SETTLED]) % WORD
        if under_way:
            return (
                f"{under_way} items are under way to the gate; let the belt run empty (the gate "
                "rejects them), or restart the PLC's program if the belt is empty"
            )
        flags = status[Status.FLAGS]
        if flags & Flag.EYE:
            return "something stands before the trigger's eye; clear the belt"
        seen = {name: bool(flags & flag) for name, flag in self._flags.items()}
        return _refused_sensors(seen, guard_open=bool(flags & Flag.GUARD_OPEN))

    async def begin(self) -> None:
        status = await self._words.status()
        self._start = status[Status.START]
        while self._number in (0, status[Status.SESSION]):
            self._number = secrets.randbelow(WORD - 1) + 1
        ends_us = clock.now_us() + SESSION_WITHIN_S * 1_000_000
        while status[Status.SESSION] != self._number:
            if clock.now_us() > ends_us:
                raise AbortedError(
                    f"the PLC shows session {status[Status.SESSION]}, expected {self._number}: its "
                    "program takes no session; does it run?"
                )
            await self._command()
            await asyncio.sleep(_AGAIN_S)
            status = await self._words.status()

    async def set(self, *, is_open: bool) -> None:
        self._control = TEST if is_open else 0
        await self._command()

    async def look(self) -> Look:
        if clock.now_us() - self._beaten_us > self._gate.heartbeat_ms * 1_000:
            await self._command()
        status = await self._words.status()
        if status[Status.SESSION] != self._number or status[Status.START] != self._start:
            raise AbortedError("the PLC ended the session: it restarted, or missed the heartbeat")
        flags = status[Status.FLAGS]
        return Look(
            {name: bool(flags & flag) for name, flag in self._flags.items()},
            status[Status.ITEMS],
        )

    async def rest(self) -> None:
        """The program shuts by itself when the link is lost; here it is asked and watched."""
        ends_us = clock.now_us() + REST_WITHIN_S * 1_000_000
        why = "the PLC still shows gate_open"
        while clock.now_us() < ends_us:
            try:
                await self.set(is_open=False)
                status = await self._words.status()
                if not status[Status.FLAGS] & Flag.GATE_OPEN:
                    return
            except PlcError as error:
                why = str(error)
            await asyncio.sleep(_AGAIN_S)
        raise NotAtRestError(f"the gate was told to shut: {why}")

    async def _command(self) -> None:
        self._beaten_us = clock.now_us()
        self._beat = self._beat % (WORD - 1) + 1
        await self._words.write_commands([self._number, self._beat, self._control])


def _refused_sensors(sensors: dict[str, bool], *, guard_open: bool) -> str | None:
    if guard_open:
        return "a guard is open; close it"
    if on := [name for name, is_on in sensors.items() if is_on]:
        return (
            f"{', '.join(on)} is on before anything moved; clear what stands there, or mend the "
            "wiring if it is on at rest"
        )
    return None
