"""A gate's session over a real PLC, or over remote I/O: polls, beats, and writes verdicts.

Verdicts are written once and never retried: an item whose PASS does not arrive is ejected, and the
PLC's outcome says so.
"""

import asyncio
from asyncio import Future
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from drivers.protocols import PlcError
from edge_agent import clock
from edge_agent.core.effects import Judge
from edge_agent.core.inputs import Input
from edge_agent.core.names import StationName
from edge_agent.core.saying import Saying
from edge_agent.line.gate_session import GateSession, Poll, Stamps
from edge_agent.line.gate_words import failed

log = structlog.get_logger("edge_agent.line")


class GateWords(Protocol):
    """The four blocks of registers (drivers.gate.registers), wherever they are kept. All raise
    PlcError, the writes through their futures."""

    async def check(self) -> Saying | None:
        """What speaks against arming this device, before a session begins; None: nothing."""
        ...

    async def status(self) -> Sequence[int]:
        """The status block, in the order of `registers.Status`."""
        ...

    async def outcomes(self, slot: int, count: int) -> Sequence[int]:
        """`count` slots of the outcome ring from `slot`."""
        ...

    def write_commands(self, words: Sequence[int]) -> Future[None]: ...

    def write_verdicts(self, slot: int, words: Sequence[int]) -> Future[None]: ...


class GateLink:
    """One gate. `offer` takes inputs for the core (False: queue full); `reads_until_us` is the
    moment until which every read was offered; `acknowledged` is told of each verdict that the PLC
    confirmed."""

    def __init__(
        self,
        station: StationName,
        words: GateWords,
        session: GateSession,
        *,
        poll_ms: int,
        heartbeat_ms: int,
        offer: Callable[[Input], bool],
        reads_until_us: Callable[[], int],
        acknowledged: Callable[[Judge, Stamps], None],
    ) -> None:
        self._station = station
        self._words = words
        self.session = session
        self._poll_s = poll_ms / 1_000
        self._heartbeat_us = heartbeat_ms * 1_000
        self._offer = offer
        self._reads_until_us = reads_until_us
        self._acknowledged = acknowledged
        self._writing = False
        self._heard_us = self._beaten_us = 0
        self._checked = self._was_armed = False
        self._refusal: Saying | None = None

    @property
    def refusal(self) -> Saying | None:
        """Why a PLC that answers is not armed."""
        return self._refusal

    def judge(self, verdict: Judge, stamps: Stamps) -> None:
        """Keep `verdict` for `write`."""
        self.session.judge(verdict, stamps)

    def run(self, *, permitted: bool) -> None:
        """Let the belt run or stop it; the PLC is told with the next beat, which is now."""
        self.session.run(permitted=permitted)
        self._beaten_us = 0

    def write(self) -> None:
        """Write the verdicts that wait, one request at a time."""
        if self._writing:
            return
        due = self.session.next_write()
        if due is None:
            return
        slot, words, run = due
        self._writing = True
        written = self._words.write_verdicts(slot, words)
        written.add_done_callback(lambda answer: self._written(run, answer))

    def _written(self, run: list[tuple[Judge, Stamps]], answer: Future[None]) -> None:
        self._writing = False
        if answer.cancelled() or answer.exception() is not None:
            for given in self.session.unwritten(run, clock.now()):
                self._offer(given)
            log.debug("verdicts lost", items=[verdict.item for verdict, _ in run])
        else:
            for verdict, stamps in run:
                self._acknowledged(verdict, stamps)
        self.write()

    async def poll(self) -> None:
        """Poll for ever. A PLC out of reach ends the session."""
        while True:
            try:
                await self._turn()
            except PlcError as error:
                self._checked = self._checked and self.session.is_armed
                for given in self.session.unheard(clock.now(), self._heard_us, str(error)):
                    self._offer(given)
                log.debug("poll failed", station=self._station, error=str(error))
            await asyncio.sleep(self._poll_s)

    def counted(self, words: Sequence[int]) -> None:
        """The status block just now: the scanner is the trigger, and its answer comes next."""
        at = clock.now()
        for given in self.session.counted(Poll(words, at.mono_us, at, self._reads_until_us())):
            self._offer(given)

    async def _turn(self) -> None:
        if self._was_armed and not self.session.is_armed:
            # The device may have restarted: before each session it is checked.
            self._checked, self._beaten_us = False, 0
        self._was_armed = self.session.is_armed
        if not self._checked and (refusal := await self._words.check()):
            self._refuse(refusal)
            return
        self._checked = True
        now_us = clock.now_us()
        if self.session.is_begun and now_us - self._beaten_us >= self._heartbeat_us:
            self._beaten_us = now_us
            await self._words.write_commands(self.session.commands())
        asked_us = clock.now_us()
        words = await self._words.status()
        at = clock.now()
        self._heard_us = at.mono_us
        for given in self.session.polled(Poll(words, asked_us, at, self._reads_until_us())):
            self._offer(given)
        try:
            while span := self.session.next_read():
                words = await self._words.outcomes(*span)
                for given in self.session.outcomes(clock.now(), words):
                    self._offer(given)
        except PlcError as error:
            # It answers, but not this: without outcomes no session begins.
            self._refuse(None if self.session.is_armed else failed(error))
            raise
        self._refuse(self.session.refusal)

    def _refuse(self, refusal: Saying | None) -> None:
        if refusal is not None and refusal != self._refusal:
            log.error("the gate is not armed", station=self._station, why=str(refusal))
        self._refusal = refusal
