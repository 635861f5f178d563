"""The plant's Modbus server against pymodbus' client: every function, every refusal."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from pymodbus.client import AsyncModbusTcpClient

from drivers.gate.block import GateBlock
from drivers.gate.map import GateMap, status_words
from drivers.gate.registers import STATUS_WORDS, Command, Flag, Status
from drivers.protocols import Table
from drivers.sim.banks import Banks, GateBanks, Lists
from drivers.sim.belt import Belt
from drivers.sim.layout import DEMO, PULSE
from drivers.sim.modbus import ModbusServer
from drivers.sim.remote_io import RemoteIo
from drivers.sim.script import write_script
from drivers.sim.truth import Truth


@asynccontextmanager
async def served(banks: Banks) -> AsyncIterator[AsyncModbusTcpClient]:
    server = ModbusServer(banks)
    await server.start()
    client = AsyncModbusTcpClient("127.0.0.1", port=server.port, retries=0, timeout=2)
    assert await client.connect()
    try:
        yield client
    finally:
        client.close()
        server.close()


async def test_bits_and_words_are_read_and_written() -> None:
    lists = Lists([0] * 12, [1, 0, 1] + [0] * 9, list(range(130)), [0] * 130)
    async with served(lists) as client:
        assert (await client.read_discrete_inputs(0, count=9)).bits[:9] == [1, 0, 1] + [0] * 6
        await client.write_coil(3, True)
        await client.write_coils(8, [True, False, True])
        assert lists.coil == [0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 0]
        assert (await client.read_coils(3, count=8)).bits == [1, 0, 0, 0, 0, 1, 0, 1]
        await client.write_coil(3, False)
        assert lists.coil[3] == 0
        await client.write_registers(5, [65_535, 7])
        assert (await client.read_holding_registers(4, count=4)).registers == [0, 65_535, 7, 0]
        assert (await client.read_input_registers(2, count=125)).registers == list(range(2, 127))


async def test_what_does_not_exist_or_is_malformed_is_refused() -> None:
    async with served(Lists([0], [0], [0], [0])) as client:
        assert (await client.read_coils(0, count=2)).exception_code == 2
        assert (await client.read_discrete_inputs(1, count=1)).exception_code == 2
        assert (await client.read_input_registers(65_000, count=2)).exception_code == 2
        assert (await client.write_registers(0, [1, 2])).exception_code == 2
        assert (await client.write_coil(1, True)).exception_code == 2
        assert (await client.write_register(0, 1)).exception_code == 1


@pytest.mark.parametrize(
    "pdu",
    ["0100000000", "03000007d1", "05000012", "0500001234", "0f00000008", "0f0000000802ff00",
     "100000000101aa", "10000000017b"],
)  # fmt: skip
async def test_an_impossible_request_gets_illegal_value(pdu: str) -> None:
    server = ModbusServer(Lists([0] * 16, [0] * 16, [0] * 16, [0] * 16))
    try:
        request = bytes.fromhex(pdu)
        assert server._answer(request) == bytes((request[0] | 0x80, 3))
    finally:
        server.close()


def block() -> GateBlock:
    gate = GateBlock(DEMO.parameters, start=9)
    gate.status[:] = range(100, 100 + STATUS_WORDS)
    gate.status[Status.FLAGS] = Flag.BIN_FULL | Flag.RUN | Flag.EJECT_EYE
    gate.outcomes[-1] = 77
    return gate


def banks(gate_map: GateMap, gate: GateBlock, written: list[str]) -> GateBanks:
    return GateBanks(gate_map, lambda: gate, lambda: written.append("commands"))


def read_status(gate_map: GateMap, shown: GateBanks) -> list[int]:
    plan = gate_map.status_plan()
    return status_words(plan.values([shown.read(*request) for request in plan.requests]))


def test_a_gates_words_stand_where_its_map_says() -> None:
    moved = GateMap.model_validate(
        {
            "table": "input",
            "slots": 256,
            "status": 40,
            "outcomes": 100,
            "commands": 900,
            "points": {
                "bin_full": {"table": "discrete", "address": 3},
                "run": {"table": "input", "address": 7, "bit": 12},
                "position": {
                    "table": "holding",
                    "address": 800,
                    "type": "uint32",
                    "word_order": "low-first",
                },
                "items": {"table": "input", "address": 10, "type": "uint32"},
            },
        }
    )
    for gate_map in (GateMap(), moved):
        gate, written = block(), list[str]()
        shown = banks(gate_map, gate, written)
        assert read_status(gate_map, shown) == gate.status
        assert shown.read(gate_map.table, gate_map.outcomes + 511, 1) == [77]
        shown.write(Table.HOLDING, gate_map.verdicts + 3, [1, 2, 9])
        assert gate.verdicts[3:6] == [1, 2, 9] and not written
        shown.write(Table.HOLDING, gate_map.commands, [5, 6, 1])
        assert gate.commands == [5, 6, 1] and written == ["commands"]
        assert shown.read(Table.HOLDING, gate_map.commands + Command.HEARTBEAT, 1) == [6]


def test_what_only_the_plc_writes_cannot_be_written() -> None:
    gate_map, gate = GateMap(), block()
    shown = banks(gate_map, gate, [])
    for address in (gate_map.status, gate_map.outcomes + 511, gate_map.commands + 2):
        with pytest.raises(LookupError):
            shown.write(Table.HOLDING, address, [1, 1])
    assert gate.commands == [0, 0, 0] and gate.status[0] == 100
    with pytest.raises(LookupError):
        shown.write(Table.COIL, 0, [1])


def test_every_point_of_the_map_can_be_read() -> None:
    gate_map = GateMap()
    shown = banks(gate_map, block(), [])
    for point in gate_map.points().values():
        assert len(shown.read(point.table, point.address, point.count)) == point.count


def station(watchdog_ms: int = 200, bounces: frozenset[str] = frozenset()) -> RemoteIo:
    script = write_script(20, 500, 1, frozenset(), PULSE)
    belt = Belt(PULSE, iter(script.units), Truth(1), seed=1)
    belt.bounces = bounces
    return RemoteIo(belt, obeys_run=False, watchdog_ms=watchdog_ms)


@pytest.mark.parametrize("bounces", [frozenset(), frozenset({"eye"})])
def test_remote_io_counts_each_thing_once_even_if_the_contact_bounces(
    bounces: frozenset[str],
) -> None:
    io = station(bounces=bounces)
    seen = set()
    for now_us in range(0, 5_000_000, 1_000):
        io.advance(now_us)
        seen.add(tuple(io.read(Table.DISCRETE, 0, 2)))
    things = io.belt.truth.items
    assert [thing.number for thing in things] == list(range(1, 21))
    assert io.read(Table.INPUT, 0, 4) == [20, 0, 0, 20]
    assert {(0, 0), (1, 0), (0, 1)} <= seen
    high, low = io.read(Table.INPUT, 4, 2)
    assert high << 16 | low == io.belt.place_um * 2 // 1_000


def test_without_requests_the_coils_fall_off_or_hold_as_the_watchdog_says() -> None:
    for watchdog_ms, falls in ((200, True), (0, False)):
        io = station(watchdog_ms)
        io.advance(1_000_000)
        assert io.read(Table.HOLDING, 0, 1) == [watchdog_ms]
        io.write(Table.COIL, 0, [1])
        io.advance(1_190_000)
        assert io.read(Table.COIL, 0, 1) == [1]
        io.advance(1_380_000)
        assert io.belt.flap.is_open(1_380_000)
        io.advance(1_500_000)
        assert io.belt.flap.is_open(1_500_000) is not falls
        assert io.read(Table.COIL, 0, 1) == [int(not falls)]
