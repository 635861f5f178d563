"""The gate's words in a PLC that runs the gate's program, at the addresses that the map gives."""

from asyncio import Future
from collections.abc import Sequence

from drivers.gate.map import GateMap, status_words
from drivers.gate.registers import OUTCOME_WORDS, VERDICT_WORDS
from drivers.protocols import Plc, PlcError
from edge_agent.core.saying import Saying, say
from edge_agent.gate_config import Watchdog


def failed(error: PlcError) -> Saying:
    """What a device that answers does not do."""
    return say("the PLC answers, but not what the gate asks: {fault}", fault=str(error))


class PlcWords:
    """`GateWords` (line.gate_link) over Modbus."""

    def __init__(self, plc: Plc, where: GateMap, watchdogs: Sequence[Watchdog]) -> None:
        self._plc = plc
        self._map = where
        self._plan = where.status_plan()
        self._watchdogs = watchdogs

    async def check(self) -> Saying | None:
        return await refused_watchdogs(self._plc, self._watchdogs)

    async def status(self) -> list[int]:
        answers = [await self._plc.read(*request) for request in self._plan.requests]
        return status_words(self._plan.values(answers))

    async def outcomes(self, slot: int, count: int) -> list[int]:
        address = self._map.outcomes + OUTCOME_WORDS * slot
        return await self._plc.read(self._map.table, address, OUTCOME_WORDS * count)

    def write_commands(self, words: Sequence[int]) -> Future[None]:
        return self._plc.write_registers(self._map.commands, words)

    def write_verdicts(self, slot: int, words: Sequence[int]) -> Future[None]:
        return self._plc.write_registers(self._map.verdicts + VERDICT_WORDS * slot, words)


async def refused_watchdogs(plc: Plc, watchdogs: Sequence[Watchdog]) -> Saying | None:
    """Every watchdog register that is out of bounds, with the mend; None if all are good."""
    faults = []
    for each in watchdogs:
        (found,) = await plc.read(each.table, each.address, 1)
        if not each.at_least <= found <= each.at_most:
            bounds = f"{each.at_least}–{each.at_most}"  # noqa: RUF001 a range
            faults.append(f"{each.table.value} {each.address} = {found} ({bounds})")
    if not faults:
        return None
    return say(
        "watchdog registers are out of their bounds: {registers}; the outputs would hold their "
        "last value when the link dies: set them in the device",
        registers=", ".join(faults),
    )
