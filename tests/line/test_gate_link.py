"""The agent's end of the gate against the gate's own program behind a real Modbus server."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count

import pytest

from drivers import registry
from drivers.gate.block import GateBlock
from drivers.gate.map import GateMap
from drivers.gate.parameters import Parameters, Sensors
from drivers.gate.registers import Status
from drivers.plc.modbus_tcp import Config
from drivers.protocols import PlcError, Table
from drivers.sim.banks import GateBanks
from drivers.sim.modbus import ModbusServer
from edge_agent.core.effects import Judge
from edge_agent.core.events import Reason
from edge_agent.core.inputs import Arming, Counter, GateReport, Input, LinkLost, Outcome
from edge_agent.core.names import CodeKey, ItemNumber, StationName
from edge_agent.core.state import Belt
from edge_agent.gate_config import Watchdog
from edge_agent.line.gate_link import GateLink
from edge_agent.line.gate_session import GateSession
from edge_agent.line.gate_words import PlcWords

STATION = StationName("infeed")
SLOTS = 32
MAP = GateMap(slots=SLOTS, table=Table.INPUT, status=10, outcomes=100)
PARAMETERS = Parameters(
    slots=SLOTS, travel_steps=400, hold_steps=20, bounce_steps=5, spacing_steps=40
)


@dataclass
class Rig:
    """A PLC that scans twice in ten milliseconds, and the link to it."""

    block: GateBlock
    belt: Belt | None = None
    given: list[Input] = field(default_factory=list)
    acknowledged: list[Judge] = field(default_factory=list)
    scanning: bool = True
    news: asyncio.Event = field(default_factory=asyncio.Event)
    link: GateLink | None = None
    server: ModbusServer | None = None

    def offer(self, given: Input) -> bool:
        self.given.append(given)
        if isinstance(given, Arming):
            first = given.first
            self.belt = self.belt or Belt(first.last_item, first.boot)
            self.belt.last_item, self.belt.boot = first.last_item, first.boot
        elif isinstance(given, GateReport) and self.belt:
            self.belt.pending.pop(given.item, None)
        self.news.set()
        return True

    async def next(self, kind: type[Input]) -> Input:
        """The next input of `kind`."""
        seen = len(self.given)
        async with asyncio.timeout(20):
            while True:
                for each in self.given[seen:]:
                    if isinstance(each, kind):
                        return each
                self.news.clear()
                await self.news.wait()

    async def scan(self) -> None:
        while True:
            now_ms = int(time.monotonic() * 1_000)
            if self.scanning:
                self.block.scan(now_ms, now_ms, Sensors())
            await asyncio.sleep(0.005)

    def judge(self, item: int, reason: Reason | None = None) -> None:
        assert self.link is not None
        assert self.belt is not None
        self.belt.pending[ItemNumber(item)] = (CodeKey("k"), reason)
        self.link.judge(Judge(STATION, ItemNumber(item), reason, 0), (0, 0))
        self.link.write()


@asynccontextmanager
async def running(items: int = 0, watchdogs: tuple[Watchdog, ...] = ()) -> AsyncIterator[Rig]:
    rig = Rig(GateBlock(PARAMETERS, start=7, items=items))
    rig.server = ModbusServer(GateBanks(MAP, lambda: rig.block, lambda: None))
    await rig.server.start()
    config = Config(url=f"tcp://127.0.0.1:{rig.server.port}", timeout_ms=200)
    device = registry.build_plc("plc", config)
    numbers = count(1)
    session = GateSession(
        STATION,
        slots=SLOTS,
        link_timeout_us=300_000,
        belt=lambda: rig.belt,
        is_watched=lambda: True,
        draw=lambda: next(numbers),
    )
    rig.link = GateLink(
        STATION,
        PlcWords(device, MAP, watchdogs),
        session,
        poll_ms=2,
        heartbeat_ms=50,
        offer=rig.offer,
        reads_until_us=lambda: 0,
        acknowledged=lambda judge, _: rig.acknowledged.append(judge),
    )
    jobs = [asyncio.create_task(job) for job in (rig.scan(), device.run(), rig.link.poll())]
    try:
        yield rig
    finally:
        for job in jobs:
            job.cancel()
            with suppress(asyncio.CancelledError):
                await job
        rig.server.close()


@pytest.mark.parametrize("before", [0, 5, 65_535])
async def test_the_first_session_takes_the_plcs_count_as_it_is(before: int) -> None:
    async with running(before) as rig:
        arming = await rig.next(Arming)
        assert isinstance(arming, Arming)
        assert (arming.first.last_item, arming.first.boot) == (before, 7)
        counter = await rig.next(Counter)
        assert isinstance(counter, Counter)
        assert counter.asked_us < counter.at.mono_us


async def test_verdicts_of_neighbours_go_in_one_request_and_the_ring_wraps() -> None:
    async with running(SLOTS - 2) as rig:
        await rig.next(Arming)
        assert rig.link is not None
        rig.link.run(permitted=True)
        for position in (1_000, 1_050, 1_100):
            rig.block.trigger(position)
        await rig.next(Counter)
        for item in (SLOTS - 1, SLOTS, SLOTS + 1):
            rig.judge(item, Reason.UNREAD if item == SLOTS else None)
        async with asyncio.timeout(20):
            while len(rig.acknowledged) < 3:
                rig.news.clear()
                await rig.news.wait()
        first = 3 * (SLOTS - 1)
        assert rig.block.verdicts[first:] + rig.block.verdicts[:6] == [
            SLOTS - 1, 1, 7, SLOTS, 2, 7, SLOTS + 1, 1, 7,
        ]  # fmt: skip


async def test_a_plc_that_hangs_up_ends_the_session_and_the_next_is_another() -> None:
    async with running() as rig:
        await rig.next(Arming)
        assert rig.server is not None
        before = rig.block.status[Status.SESSION]
        rig.server.drop()
        lost = await rig.next(LinkLost)
        assert isinstance(lost, LinkLost)
        async with asyncio.timeout(20):
            while rig.block.status[Status.SESSION]:
                await asyncio.sleep(0.005)
        await rig.server.start()
        await rig.next(Arming)
        assert rig.block.status[Status.SESSION] not in (0, before)


async def test_a_program_that_stands_still_behind_a_server_that_answers_is_noticed() -> None:
    async with running() as rig:
        await rig.next(Arming)
        rig.scanning = False
        lost = await rig.next(LinkLost)
        assert isinstance(lost, LinkLost)
        assert "stands still" in lost.detail


async def test_an_outcome_comes_back() -> None:
    async with running() as rig:
        await rig.next(Arming)
        assert rig.link is not None
        rig.link.run(permitted=True)
        async with asyncio.timeout(20):
            while not rig.block.run:
                await asyncio.sleep(0.005)
        rig.block.trigger(int(time.monotonic() * 1_000))
        await rig.next(Counter)
        rig.judge(1)
        report = await rig.next(GateReport)
        assert isinstance(report, GateReport)
        assert (report.item, report.outcome) == (1, Outcome.PASSED)


async def test_a_device_that_would_hold_its_outputs_is_not_armed() -> None:
    dog = Watchdog(table=Table.INPUT, address=10 + Status.START, at_least=1, at_most=6)
    async with running(watchdogs=(dog,)) as rig:
        assert rig.link is not None
        async with asyncio.timeout(20):
            while rig.link.refusal is None:
                await asyncio.sleep(0.005)
        assert "input 11 = 7 (1–6)" in str(rig.link.refusal)
        assert "hold their last value" in str(rig.link.refusal)
        assert rig.given == []


async def test_nothing_is_written_to_a_device_that_is_not_the_gates() -> None:
    async with running() as rig:
        assert rig.link is not None
        rig.block.status[Status.IDENTITY] = 0x1234
        async with asyncio.timeout(20):
            while rig.link.refusal is None:
                await asyncio.sleep(0.005)
        await asyncio.sleep(0.2)
        assert rig.block.commands == [0, 0, 0]


async def test_the_watchdogs_are_read_before_each_session() -> None:
    dog = Watchdog(table=Table.INPUT, address=10 + Status.START, at_least=1, at_most=7)
    async with running(watchdogs=(dog,)) as rig:
        await rig.next(Arming)
        assert rig.link is not None
        rig.block = GateBlock(PARAMETERS, start=8)
        async with asyncio.timeout(20):
            while rig.link.refusal is None:
                await asyncio.sleep(0.005)
        assert "input 11 = 8 (1–7)" in str(rig.link.refusal)


async def test_a_pass_that_could_not_be_withdrawn_ends_the_session(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running() as rig:
        await rig.next(Arming)
        assert rig.link is not None
        rig.link.run(permitted=True)
        rig.block.trigger(int(time.monotonic() * 1_000))
        await rig.next(Counter)
        rig.judge(1)
        async with asyncio.timeout(20):
            while not rig.acknowledged:
                await asyncio.sleep(0.001)

        def refuse(_self: PlcWords, _slot: int, _words: object) -> asyncio.Future[None]:
            answer = asyncio.get_running_loop().create_future()
            answer.set_exception(PlcError("exception 6 (device busy)"))
            return answer

        with monkeypatch.context() as patch:
            patch.setattr(PlcWords, "write_verdicts", refuse)
            rig.judge(1, Reason.AMBIGUOUS)
            lost = await rig.next(LinkLost)
        assert isinstance(lost, LinkLost)
        assert "withdrawn" in lost.detail
        report = await rig.next(GateReport)
        assert isinstance(report, GateReport)
        assert (report.outcome, report.why) == (Outcome.EJECTED, Reason.AMBIGUOUS)


async def test_a_plc_that_does_not_show_its_outcomes_says_why_it_is_not_armed() -> None:
    class Shy(GateBanks):
        def read(self, table: Table, address: int, count: int) -> list[int]:
            if address >= MAP.outcomes and table is MAP.table:
                raise LookupError(address)
            return super().read(table, address, count)

    async with running() as rig:
        await rig.next(Arming)
        assert rig.belt is not None
        assert rig.link is not None
        assert rig.server is not None
        rig.belt.pending[ItemNumber(1)] = (CodeKey("k"), None)
        rig.server._banks = Shy(MAP, lambda: rig.block, lambda: None)
        rig.scanning = False
        await rig.next(LinkLost)
        rig.scanning = True
        async with asyncio.timeout(20):
            while rig.link.refusal is None:
                await asyncio.sleep(0.005)
        assert "read input registers 102 to 103" in str(rig.link.refusal)
        assert "exception 2" in str(rig.link.refusal)
