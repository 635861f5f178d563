"""The agent's end of a gate: polls the PLC's counters and outcomes, writes verdicts.

The registers are described in docs/gate.md. Verdicts are written once and never retried: an item
whose PASS does not arrive is ejected, and the PLC's outcome says so.
"""

import asyncio
from collections.abc import Callable, Iterator

import structlog

from drivers.protocols import Plc, PlcError
from edge_agent import clock
from edge_agent.config import GateRegisters
from edge_agent.core.effects import Judge
from edge_agent.core.inputs import Counter, GateReport, Input, Outcome
from edge_agent.core.names import ItemNumber, StationName
from edge_agent.core.state import Belt

PASS, REJECT = 1, 2
_OUTCOMES = {1: Outcome.PASSED, 2: Outcome.EJECTED}
_WORD = 65_536
_PAIRS_PER_REQUEST = 61
"""A write request carries at most 123 registers (Modbus Application Protocol V1.1b3, 6.12)."""

Stamps = tuple[int, int]
"""When a verdict was decided and when it was committed (monotonic clock, microseconds)."""

log = structlog.get_logger("edge_agent.line")


class GateLink:
    """One gate over one PLC.

    `offer` takes inputs for the core (False: queue full). `reads_until_us` is the moment until
    which every read was offered. `belt` is what the core knows of the
    items (None before the first contact). `acknowledged` is told of each verdict the PLC confirmed.
    """

    def __init__(
        self,
        station: StationName,
        plc: Plc,
        registers: GateRegisters,
        *,
        poll_ms: int,
        belt: Callable[[], Belt | None],
        offer: Callable[[Input], bool],
        reads_until_us: Callable[[], int],
        acknowledged: Callable[[Judge, Stamps], None],
    ) -> None:
        self._station = station
        self._plc = plc
        self._registers = registers
        self._poll_s = poll_ms / 1_000
        self._belt = belt
        self._offer = offer
        self._reads_until_us = reads_until_us
        self._acknowledged = acknowledged
        self._verdicts: dict[ItemNumber, tuple[Judge, Stamps]] = {}
        self._writing = False
        self._reported: tuple[int, ItemNumber, int] | None = None
        self.lost_verdicts = 0
        """Verdicts the PLC did not acknowledge; their items are rejected."""

    def judge(self, verdict: Judge, stamps: Stamps) -> None:
        """Keep `verdict` for `write`. A later one on the same item replaces it."""
        self._verdicts[verdict.item] = verdict, stamps

    def write(self) -> None:
        """Write the verdicts that wait, neighbours in one request, one request at a time."""
        if self._writing or not self._verdicts:
            return
        items = next(_runs(sorted(self._verdicts), self._registers.slots))
        run = [self._verdicts.pop(item) for item in items]
        words: list[int] = []
        for verdict, _ in run:
            words += (verdict.item % _WORD, PASS if verdict.passes else REJECT)
        slot = items[0] % self._registers.slots
        self._writing = True
        written = self._plc.write_registers(self._registers.verdicts + 2 * slot, words)
        written.add_done_callback(lambda answer: self._written(run, answer))

    def _written(self, run: list[tuple[Judge, Stamps]], answer: asyncio.Future[None]) -> None:
        self._writing = False
        if answer.cancelled() or answer.exception() is not None:
            self.lost_verdicts += len(run)
            log.debug("verdicts lost", items=[verdict.item for verdict, _ in run])
        else:
            for verdict, stamps in run:
                self._acknowledged(verdict, stamps)
        self.write()

    async def poll(self) -> None:
        """Poll for ever. A PLC out of reach is silence: the core notices by the time."""
        while True:
            try:
                await self._poll_once()
            except PlcError as error:
                log.debug("poll failed", station=self._station, error=str(error))
            await asyncio.sleep(self._poll_s)

    async def _poll_once(self) -> None:
        asked_us = clock.now_us()
        items, outcomes, boot = await self._plc.read_input_registers(self._registers.counters, 3)
        belt = self._belt()
        last_item, restarted = _unwrap(items, boot, belt)
        counter = Counter(
            clock.now(),
            self._station,
            ItemNumber(last_item),
            asked_us,
            self._reads_until_us(),
            boot,
            restarted,
        )
        if self._offer(counter) and belt is not None and belt.pending and not restarted:
            # Once a second in any case: what was reported may not have been taken.
            news = (outcomes, max(belt.pending), clock.now_us() // 1_000_000)
            if self._reported != news:
                await self._report(sorted(belt.pending))
                self._reported = news

    async def _report(self, pending: list[ItemNumber]) -> None:
        """Hand over the gate's word on the items in `pending` (ascending)."""
        slots = self._registers.slots
        for run in _runs(pending[-slots:], slots):
            slot = run[0] % slots
            words = await self._plc.read_input_registers(
                self._registers.outcomes + 2 * slot, 2 * len(run)
            )
            for item, shown, word in zip(run, words[::2], words[1::2], strict=True):
                outcome = _OUTCOMES.get(word) if shown == item % _WORD else Outcome.UNKNOWN
                if outcome is not None:
                    self._offer(GateReport(clock.now(), self._station, item, outcome))
        for item in pending[:-slots]:
            self._offer(GateReport(clock.now(), self._station, item, Outcome.UNKNOWN))


def _unwrap(word: int, boot: int, belt: Belt | None) -> tuple[int, bool]:
    """The whole count whose lowest 16 bits are `word`; True if the PLC began anew.

    After a restart the numbers go on from the next multiple of 65,536, so that an item keeps its
    slot.
    """
    if belt is None:
        return word, False
    if belt.boot != boot:
        return (belt.last_item // _WORD + 1) * _WORD + word, True
    return belt.last_item + (word - belt.last_item) % _WORD, False


def _runs(items: list[ItemNumber], slots: int) -> Iterator[list[ItemNumber]]:
    """`items` (ascending) as runs of neighbouring slots, each short enough for one request."""
    run: list[ItemNumber] = []
    for item in items:
        neighbours = run and item == run[-1] + 1 and item % slots
        if run and not (neighbours and len(run) < _PAIRS_PER_REQUEST):
            yield run
            run = []
        run.append(item)
    if run:
        yield run
