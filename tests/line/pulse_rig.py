"""A gate over remote I/O: the twin, the agent's words, link and session; the test is the core."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from drivers import registry
from drivers.plc.modbus_tcp import Config
from edge_agent.core.effects import Judge
from edge_agent.core.events import Reason
from edge_agent.core.inputs import Arming, Counter, GateReport, Input, LinkLost, Outcome, Strays
from edge_agent.core.names import CodeKey, ItemNumber, StationName
from edge_agent.core.state import Belt
from edge_agent.gate_config import Gate
from edge_agent.line.gate_link import GateLink
from edge_agent.line.gate_session import GateSession
from edge_agent.line.own_loop import OwnLoop
from edge_agent.line.remote_io import RemoteIo
from tests.line.remote_io_twin import FLAP, TRAVEL, WATCHDOG, Twin

STATION = StationName("infeed")
EYE_ONLY = {
    # The gate is open for 30 ms before and behind the moment at which the item must pass.
    "travel_steps": int(TRAVEL + FLAP) - 30,
    "hold_steps": 60,
    "bounce_steps": 35,
    "spacing_steps": 140,
}
WATCHED = {
    **EYE_ONLY,
    "travel_steps": int(TRAVEL),
    "tolerance_steps": 20,
    "decide_steps": 40,
    "confirm_from_ms": 1,
    "confirm_until_ms": 120,
}
PITCH = 200
INPUT = {"trigger": "input", "eye": {"table": "discrete", "address": 0}}
COUNTER = {"trigger": "counter", "eye": {"table": "input", "address": 0}}
SCANNER = {"trigger": "scanner"}
EYES = {
    "gate_eye": {"table": "discrete", "address": 1},
    "eject_eye": {"table": "discrete", "address": 2},
}


def gate_section(belt: dict[str, Any], io: dict[str, Any], **keys: Any) -> Gate:
    return Gate.model_validate(
        {
            "plc": "io",
            "mode": "pulse",
            "poll_ms": 4,
            "read_window_ms": 20,
            "min_spacing_ms": 140,
            "heartbeat_ms": 50,
            "link_timeout_ms": 200,
            "belt": belt,
            "io": {"gate": {"table": "coil", "address": 0}, **io},
            "watchdogs": [{"table": "holding", "address": WATCHDOG, "at_most": 300}],
            **keys,
        }
    )


@dataclass
class Rig:
    """An agent that answers each item as `verdict` says: True passes, None says nothing."""

    gate: Gate
    twin: Twin
    verdict: Callable[[int], bool | None] = lambda _: True
    belt: Belt | None = None
    given: list[Input] = field(default_factory=list)

    threaded: bool = False

    def __post_init__(self) -> None:
        gate = self.gate
        plc = registry.build_plc("io", Config(url=f"tcp://127.0.0.1:{self.twin.port}"))
        remote = RemoteIo(plc, gate, start=7)
        self.remote = OwnLoop(remote) if self.threaded else remote
        session = GateSession(
            STATION,
            slots=gate.map.slots,
            link_timeout_us=gate.link_timeout_ms * 1_000,
            belt=lambda: self.belt,
            is_watched=lambda: True,
            draw=lambda: random.randint(1, 65_535),
        )
        self.link = GateLink(
            STATION,
            self.remote,
            session,
            poll_ms=gate.poll_ms,
            heartbeat_ms=gate.heartbeat_ms,
            offer=self.offer,
            reads_until_us=lambda: 0,
            acknowledged=lambda _judge, _stamps: None,
        )
        self.link.run(permitted=True)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self.remote.run())
            group.create_task(self.link.poll())

    def offer(self, given: Input) -> bool:
        if not isinstance(given, Counter) or self._moved(given):
            self.given.append(given)
        if isinstance(given, Arming):
            self.belt = Belt(given.first.last_item, given.first.boot, armed=True)
        elif isinstance(given, LinkLost) and self.belt:
            self.belt.armed = False
        elif isinstance(given, Counter) and self.belt and self.belt.armed:
            self._answer(given.last_item)
        elif isinstance(given, GateReport) and self.belt:
            self.belt.pending.pop(given.item, None)
        return True

    def _moved(self, given: Counter) -> bool:
        return self.belt is None or given.last_item != self.belt.last_item

    def _answer(self, last_item: ItemNumber) -> None:
        assert self.belt is not None
        for number in range(self.belt.last_item + 1, last_item + 1):
            item = ItemNumber(number)
            passes = self.verdict(number)
            reason = None if passes else Reason.UNREAD
            self.belt.pending[item] = (CodeKey(f"k{number}") if passes else None, reason)
            if passes is not None:
                self.link.judge(Judge(STATION, item, reason, 0), (0, 0))
        self.belt.last_item = last_item
        self.link.write()

    async def until(self, holds: Callable[[], Any]) -> None:
        async with asyncio.timeout(20):
            while not holds():
                await asyncio.sleep(0.002)

    async def armed(self, times: int = 1) -> None:
        await self.until(lambda: self.all(Arming)[times - 1 :] and self.link.session.is_armed)

    def all(self, kind: type[Any]) -> list[Any]:
        return [each for each in self.given if isinstance(each, kind)]

    async def outcomes(self, count: int) -> dict[int, tuple[Outcome, Reason | None]]:
        await self.until(lambda: len({each.item for each in self.all(GateReport)}) >= count)
        return {each.item: (each.outcome, each.why) for each in self.all(GateReport)}

    def strays(self) -> tuple[int, int]:
        seen = self.all(Strays)
        return sum(each.appeared for each in seen), sum(each.unasked for each in seen)

    async def opened(self) -> None:
        await self.until(lambda: self.twin.coils[0])

    async def shut(self) -> None:
        await self.until(lambda: not self.twin.coils[0])


@asynccontextmanager
async def running(
    gate: Gate,
    *,
    twin: Twin | None = None,
    verdict: Callable[[int], bool | None] = lambda _: True,
    threaded: bool = False,
) -> AsyncIterator[Rig]:
    """An agent and its I/O station; both end with it."""
    twin = twin or Twin()
    await twin.start()
    rig = Rig(gate, twin, verdict, threaded=threaded)
    agent = asyncio.create_task(rig.run())
    try:
        yield rig
    finally:
        agent.cancel()
        with suppress(asyncio.CancelledError):
            await agent
        await twin.stop()
