"""The gate over remote I/O, which runs no program: the line PC runs the gate's program itself::

    [stations.gate]
    mode = "pulse"
    plc = "io"
    io.gate = { table = "coil", address = 0 }
    io.eye = { table = "discrete", address = 0 }

It polls the inputs, and writes the coil when the program says so: earlier by `io.lag_ms` and half
the round trip, once, without retry. What the coil does when nobody writes is up to the I/O's
watchdog, which is why the session begins only after `check`.

An eye that is on for a shorter time than the polls are apart may be missed: such a thing has no
number, so nothing opens for it, and the eye at the gate, if there is one, says that it appeared.
Items between two polls that are too far apart are in doubt, with all that is on the belt.

A process that the machine holds up shuts the gate late, at the latest by the watchdog: that must be
set as short as the I/O allows. The session is over then, and what came to the gate meanwhile is not
said to be ejected unless the eject sensor saw it. A gate that must not wait for a PC is the PLC's,
in verdict mode.

The I/O must be this gate's alone: whatever else asks it keeps its watchdog from falling.
"""

import asyncio
from asyncio import Future
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import structlog

from drivers.gate.block import GateBlock
from drivers.gate.parameters import Sensors
from drivers.gate.points import Point, ReadPlan
from drivers.gate.registers import OUTCOME_WORDS, VERDICT_WORDS
from drivers.protocols import Link, Plc, PlcError
from edge_agent import clock
from edge_agent.core.saying import Saying, say
from edge_agent.gate_config import Gate
from edge_agent.line.gate_words import failed, refused_watchdogs
from edge_agent.line.pulse import ClockMotion, EncoderMotion, RoundTrips

SILENCE_S = 1.0
"""How long nothing is sent after a command that was not acknowledged: longer than a watchdog."""
FAREWELL_S = 0.2
"""How long the end waits for the gate to be shut."""
_NEVER_US = 1 << 62
_CONTACTS = ("gate_eye", "eject_eye", "bin_full", "air_low", "guard_open")

log = structlog.get_logger("edge_agent.line")


class _Sample(NamedTuple):
    """The last poll: when it was asked, and where the belt and the item counter were."""

    asked_us: int
    position: float
    items: int


class RemoteIo:
    """`GateWords` (line.gate_link) of a program in this process.

    `plc` is the I/O; `run` keeps its connection, nobody else may. `start` must differ from the
    number given before this one (the ledger's belt has it).
    """

    def __init__(self, plc: Plc, gate: Gate, *, start: int) -> None:
        assert gate.io is not None  # noqa: S101 the configuration says so of pulse mode
        self._plc = plc
        self._gate = gate
        self._io = gate.io
        self._plan = ReadPlan(self._io.inputs())
        self._block = GateBlock(gate.parameters, start=start)
        self._lag_us = self._io.lag_ms * 1_000
        self._link_timeout_us = gate.link_timeout_ms * 1_000
        # Longer unwatched than this, and a trigger could be another item's.
        self._blind_us = (gate.min_spacing_ms - gate.read_window_ms) * 1_000
        self._motion = _motion(gate)
        self.shown: Sequence[int] = tuple(self._block.status)
        """The status block after the last scan."""
        self._position = self._sampled = 0
        self._sensors = Sensors()
        self._before: _Sample | None = None
        self._asked_us = self._answered_us = 0
        self._writes = RoundTrips()
        self._reads = RoundTrips()
        self._polling = asyncio.Lock()
        self._hung_up = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._due_us: float = _NEVER_US
        self._ordered: dict[int, bool] = {}
        """Coils as they were written last, by address."""
        self._pending: dict[int, Future[None]] = {}
        self._why = "the I/O was not checked yet"
        """Why nothing is polled; empty: it is."""

    async def run(self) -> None:
        """Keep the connection to the I/O until cancelled; then shut the gate."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch())
            while True:
                link = group.create_task(self._plc.run())
                try:
                    await self._hung_up.wait()
                finally:
                    self._end("the agent ends")
                    if self._pending:
                        await asyncio.wait(self._pending.values(), timeout=FAREWELL_S)
                    link.cancel()
                await asyncio.sleep(SILENCE_S)
                self._hung_up.clear()

    # --- the words -------------------------------------------------------------------------

    async def check(self) -> Saying | None:
        """Shuts the gate, and reads the watchdogs and the coil."""
        self._end("the I/O is being checked")
        address = self._io.gate.address
        try:
            await self._plc.write_coil(address, False)
            refusal = await refused_watchdogs(self._plc, self._gate.watchdogs)
        except PlcError as error:
            if self._plc.state.link is not Link.UP:
                raise
            self._hung_up.set()
            return failed(error)
        if refusal is None and await self._is_on(address):
            refusal = say(
                "coil {address} (the gate) reads on though it was just written off; is it forced, "
                "or does another client write it?",
                address=address,
            )
        if refusal is None:
            self._begin()
        return refusal

    async def status(self) -> Sequence[int]:
        """Polls the inputs, so that the words are of now."""
        await self._poll()
        return self.shown

    async def outcomes(self, slot: int, count: int) -> Sequence[int]:
        return self._block.outcomes[OUTCOME_WORDS * slot : OUTCOME_WORDS * (slot + count)]

    def write_commands(self, words: Sequence[int]) -> Future[None]:
        self._block.commands[:] = words
        return _done()

    def write_verdicts(self, slot: int, words: Sequence[int]) -> Future[None]:
        first = VERDICT_WORDS * slot
        self._block.verdicts[first : first + len(words)] = words
        return _done()

    def scanned(self, since_us: int, at_us: int) -> Sequence[int]:
        """The scanner's answer arrived at `at_us`, or was found then and may have arrived at any
        time from `since_us` on. It is the trigger: an item is numbered. The status block with it;
        the core must have it before the read."""
        if not self._why:
            self._sampled = max(self._sampled, round(self._motion.at(at_us)))
            # An eye that blinks: an echo so soon after is no second item.
            self._scan(replace(self._sensors, eye=True))
            self._scan(self._sensors)
            if at_us - since_us > self._blind_us:
                self._block.doubt()
        return self.shown

    # --- the connection --------------------------------------------------------------------

    async def _is_on(self, address: int) -> bool:
        # Some I/O does not let its outputs be read; a link that died meanwhile shows at once.
        with suppress(PlcError):
            return (await self._plc.read(self._io.gate.table, address, 1)) == [1]
        return False

    def _begin(self) -> None:
        self._why = ""
        self._before = None
        if isinstance(self._motion, EncoderMotion):
            self._motion.forget()
        self._ordered = {self._io.gate.address: False}
        self._answered_us = clock.now_us()
        # What came due meanwhile is not late: it is void.
        self._due_us = _NEVER_US
        self._set_timer()

    def _lose(self, why: str) -> None:
        if not self._why:
            log.error("remote I/O: the session is over", why=why)
        self._end(why)

    def _end(self, why: str) -> None:
        """Nothing on the belt may pass, and no session begins before a `check`."""
        if self._why:
            return
        self._why = why
        self._block.unsure = True
        self._block.lose_link()
        self._drive()
        if self._timer is not None:
            self._timer.cancel()

    async def _watch(self) -> None:
        """Whoever asks for the status may be late, but not the eyes."""
        poll_s = self._gate.poll_ms / 1_000
        while True:
            await asyncio.sleep(poll_s)
            if not self._why and clock.now_us() - self._asked_us > 2_000 * self._gate.poll_ms:
                with suppress(PlcError):  # `status` says it, and `_fire` ends it
                    await self._poll()

    # --- inputs ----------------------------------------------------------------------------

    async def _poll(self) -> None:
        async with self._polling:
            await self._keep_clear()
            self._require_session()
            self._asked_us = asked_us = clock.now_us()
            answers = [await self._plc.read(*request) for request in self._plan.requests]
            self._require_session()
            self._take(self._plan.values(answers), asked_us)
            self._require_session()

    def _require_session(self) -> None:
        if self._why:
            raise PlcError(f"remote I/O: {self._why}")

    async def _keep_clear(self) -> None:
        """A command must not wait behind a poll: one that is due soon goes first."""
        now_us = clock.now_us()
        if now_us < self._due_us < now_us + 2 * self._reads.median_us:
            await asyncio.sleep((self._due_us - now_us) / 1e6)

    def _take(self, values: dict[str, int], asked_us: int) -> None:
        self._answered_us = answered_us = clock.now_us()
        self._reads.add(answered_us - asked_us)
        self._measure((asked_us + answered_us) // 2, values)
        before, count = self._before, values.get("eye", 0)
        here = self._motion.at((asked_us + answered_us) / 2)
        self._before = _Sample(asked_us, here, count)
        blind_us = answered_us - before.asked_us if before else 0
        if blind_us > self._blind_us:
            log.warning("remote I/O: the belt was not watched", ms=blind_us // 1_000)
            self._block.doubt()
        if before is not None:
            if self._io.trigger == "counter" and not self._count(before, here, count):
                return
            # What changed did so between the two polls.
            here = (before.position + here) / 2
        self._sampled = max(self._sampled, round(here))
        self._sensors = Sensors(**{name: values.get(name, 0) == 1 for name in _CONTACTS})
        self._sensors.eye = self._io.trigger == "input" and count == 1
        self._scan(self._sensors)
        if blind_us > self._blind_us:
            self._block.doubt()

    def _measure(self, at_us: int, values: dict[str, int]) -> None:
        if isinstance(self._motion, EncoderMotion):
            self._motion.sampled(at_us, values["encoder"])
        else:
            self._motion.sampled(at_us, runs=self._io.run is None or self._block.run)

    def _count(self, before: _Sample, here: float, count: int) -> bool:
        """Items since the last poll, spread over the way the belt went. False: too many."""
        assert self._io.eye is not None  # noqa: S101 the configuration says so of a counter
        new = (count - before.items) % _modulus(self._io.eye)
        if new > self._gate.map.slots // 2:
            self._lose(f"the item counter went from {before.items} to {count}: it was reset")
            return False
        for index in range(1, new + 1):
            way = (here - before.position) * index / (new + 1)
            self._sampled = max(self._sampled, round(before.position + way))
            self._block.trigger(self._sampled)
        return True

    # --- outputs ---------------------------------------------------------------------------

    @property
    def _lead_us(self) -> float:
        return self._lag_us + self._writes.median_us / 2

    def _scan(self, sensors: Sensors) -> None:
        now_us = clock.now_us()
        if now_us - self._due_us > self._blind_us:
            late_ms = (now_us - self._due_us) / 1_000
            self._lose(f"the gate was served {late_ms:.0f} ms late: this process was held up")
            return
        # A timer may be the fraction of a step early.
        takes_effect = int(self._motion.at(now_us + self._lead_us) + 0.01)
        self._position = max(self._position, self._sampled, takes_effect)
        self._block.scan(now_us // 1_000, self._position, sensors, self._sampled)
        self.shown = tuple(self._block.status)
        self._drive()
        self._trust()
        self._schedule()

    def _schedule(self) -> None:
        """The next scan, if no poll comes before; or the end, if none is answered."""
        self._due_us = _NEVER_US
        steps = self._block.next_due(self._position)
        if steps is not None:
            when_us = self._motion.when_us(self._position + steps)
            if when_us is not None:
                self._due_us = when_us - self._lead_us
        self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        next_us = min(self._due_us, self._answered_us + self._link_timeout_us)
        self._timer = asyncio.get_running_loop().call_at(next_us / 1e6, self._fire)

    def _fire(self) -> None:
        silent_us = clock.now_us() - self._answered_us
        if silent_us >= self._link_timeout_us:
            self._lose(f"no answer of the I/O for {silent_us // 1_000} ms")
        else:
            self._scan(self._sensors)

    def _drive(self) -> None:
        self._order(self._io.gate, on=self._block.gate_open)
        if self._io.run is not None:
            self._order(self._io.run, on=self._block.run)

    def _order(self, coil: Point, *, on: bool) -> None:
        if self._ordered.get(coil.address) is on:
            return
        self._ordered[coil.address] = on
        if not on and coil.address in self._pending:
            # If it still waits behind a poll, it is not sent any more.
            self._pending[coil.address].cancel()
        written = self._pending[coil.address] = self._plc.write_coil(coil.address, on)
        written.add_done_callback(partial(self._written, coil.address, on, clock.now_us()))

    def _written(self, address: int, on: bool, sent_us: int, answer: Future[None]) -> None:
        if self._pending.get(address) is answer:
            del self._pending[address]
        if answer.cancelled():
            return
        took_us = clock.now_us() - sent_us
        if error := answer.exception():
            self._lose(f"a command was not acknowledged: {error}")
            # Whether it was carried out nobody knows. Silence makes the watchdog drop the coils.
            self._hung_up.set()
        elif not on and took_us > self._blind_us:
            self._lose(f"the gate was shut {took_us // 1_000} ms late: the I/O answers slowly")
        else:
            self._writes.add(took_us)
            self._trust()

    def _trust(self) -> None:
        """The gate is as it was commanded, if it is known. After a session was lost, what came to
        the gate until `_begin` is told first."""
        if not self._why:
            self._block.unsure = self._io.gate.address in self._pending


def _motion(gate: Gate) -> ClockMotion | EncoderMotion:
    now_us = clock.now_us()
    if gate.belt.step == "time":
        return ClockMotion(now_us)
    assert gate.io is not None and gate.io.encoder is not None  # noqa: S101 the configuration's rule
    return EncoderMotion(now_us, _modulus(gate.io.encoder))


def _modulus(point: Point) -> int:
    return 1 << (32 if point.type == "uint32" else 16)


def _done() -> Future[None]:
    done = asyncio.get_running_loop().create_future()
    done.set_result(None)
    return done
