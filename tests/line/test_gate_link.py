"""The agent's end of the gate against a real Modbus server whose registers the test sets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest

from drivers import registry
from drivers.plc.modbus_tcp import Config
from drivers.protocols import Link
from drivers.sim.gate import GatePlc, Layout
from drivers.sim.modbus import ModbusServer
from edge_agent.config import GateRegisters
from edge_agent.core.effects import Judge
from edge_agent.core.events import Reason
from edge_agent.core.inputs import Counter, GateReport, Input, Outcome
from edge_agent.core.names import CodeKey, ItemNumber, StationName
from edge_agent.core.state import Belt
from edge_agent.line.gate_link import GateLink

STATION = StationName("infeed")
SLOTS = 32
LAYOUT = Layout(counters=0, outcomes=100, verdicts=0, slots=SLOTS)
REGISTERS = GateRegisters(counters=0, outcomes=100, verdicts=0, slots=SLOTS)


@dataclass
class Rig:
    plc: GatePlc
    belt: Belt | None = None
    taking: bool = True
    given: list[Input] = field(default_factory=list)
    acknowledged: list[Judge] = field(default_factory=list)
    link: GateLink | None = None

    def offer(self, given: Input) -> bool:
        if self.taking:
            self.given.append(given)
        return self.taking

    async def counter(self) -> Counter:
        """The next counter that is offered."""
        seen = len(self.given)
        async with asyncio.timeout(10):
            while not any(isinstance(each, Counter) for each in self.given[seen:]):
                await asyncio.sleep(0.002)
        return next(each for each in self.given[seen:] if isinstance(each, Counter))

    async def reports(self, count: int) -> dict[int, Outcome]:
        async with asyncio.timeout(10):
            while len(found := [e for e in self.given if isinstance(e, GateReport)]) < count:
                await asyncio.sleep(0.002)
        return {report.item: report.outcome for report in found}


@asynccontextmanager
async def running(plc: GatePlc, belt: Belt | None) -> AsyncIterator[Rig]:
    rig = Rig(plc, belt)
    server = ModbusServer(plc.input_registers, plc.holding_registers)
    await server.start()
    device = registry.build_plc("plc", Config(url=f"tcp://127.0.0.1:{server.port}"))
    rig.link = GateLink(
        STATION,
        device,
        REGISTERS,
        poll_ms=2,
        belt=lambda: rig.belt,
        offer=rig.offer,
        reads_until_us=lambda: 0,
        acknowledged=lambda judge, _: rig.acknowledged.append(judge),
    )
    jobs = [asyncio.create_task(device.run()), asyncio.create_task(rig.link.poll())]
    try:
        async with asyncio.timeout(10):
            while device.state.link is not Link.UP:
                await asyncio.sleep(0.002)
        yield rig
    finally:
        for job in jobs:
            job.cancel()
            with suppress(asyncio.CancelledError):
                await job
        server.close()


def judge(item: int, reason: Reason | None = None) -> Judge:
    return Judge(STATION, ItemNumber(item), reason, 0)


@pytest.mark.parametrize("before", [0, 5, 40_000, 65_535])
async def test_first_contact_takes_the_plcs_count_as_it_is(before: int) -> None:
    async with running(GatePlc(LAYOUT, before, boot=7), None) as rig:
        counter = await rig.counter()
        assert (counter.last_item, counter.restarted, counter.boot) == (before, False, 7)


@pytest.mark.parametrize(("last", "shown", "due"), [(10, 15, 15), (65_530, 4, 65_540)])
async def test_a_count_goes_on_across_the_16_bit_wrap(last: int, shown: int, due: int) -> None:
    async with running(GatePlc(LAYOUT, shown, boot=7), Belt(ItemNumber(last), 7)) as rig:
        counter = await rig.counter()
        assert (counter.last_item, counter.restarted) == (due, False)


@pytest.mark.parametrize("last", [10, 40_001, 65_540])
async def test_a_plc_that_started_anew_is_known_by_its_start_number(last: int) -> None:
    async with running(GatePlc(LAYOUT, 15, boot=8), Belt(ItemNumber(last), 7)) as rig:
        for _ in range(2):  # as long as the core has not taken it
            counter = await rig.counter()
            assert counter.restarted
            assert counter.last_item == (last // 65_536 + 1) * 65_536 + 15


async def test_outcomes_are_reported_and_an_overwritten_one_is_unknown() -> None:
    plc = GatePlc(LAYOUT, boot=7)
    numbers = [plc.trigger() for _ in range(SLOTS + 2)]
    pending = {ItemNumber(n): (CodeKey(f"k{n}"), None) for n in (1, 3, 4, 5)}
    async with running(plc, Belt(ItemNumber(numbers[-1]), 7, dict(pending))) as rig:
        assert rig.link is not None
        rig.link.judge(judge(3), (0, 0))
        rig.link.write()
        async with asyncio.timeout(10):
            while not rig.acknowledged:
                await asyncio.sleep(0.002)
        plc.at_gate(3)
        plc.at_gate(4)
        found = await rig.reports(3)
    assert found == {1: Outcome.UNKNOWN, 3: Outcome.PASSED, 4: Outcome.EJECTED}


async def test_outcomes_that_were_not_taken_are_reported_again() -> None:
    plc = GatePlc(LAYOUT, boot=7)
    plc.trigger()
    plc.at_gate(1)
    async with running(plc, Belt(ItemNumber(1), 7, {ItemNumber(1): (None, None)})) as rig:
        assert await rig.reports(1) == {1: Outcome.EJECTED}
        rig.given.clear()  # the core was halted: it took nothing
        assert await rig.reports(1) == {1: Outcome.EJECTED}


async def test_verdicts_of_neighbours_go_in_one_request_and_the_ring_wraps() -> None:
    plc = GatePlc(LAYOUT, boot=7)
    for _ in range(SLOTS + 1):
        plc.trigger()
    async with running(plc, Belt(ItemNumber(SLOTS + 1), 7)) as rig:
        assert rig.link is not None
        for item in (SLOTS - 1, SLOTS, SLOTS + 1):
            rig.link.judge(judge(item, Reason.UNREAD if item == SLOTS else None), (0, 0))
        rig.link.write()
        async with asyncio.timeout(10):
            while len(rig.acknowledged) < 3:
                await asyncio.sleep(0.002)
    assert [plc.at_gate(item) for item in (SLOTS - 1, SLOTS, SLOTS + 1)] == [True, False, True]
