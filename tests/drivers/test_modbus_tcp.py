import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import ValidationError
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from drivers import registry
from drivers.plc.modbus_tcp import Config
from drivers.protocols import Link, LinkFault, Plc, PlcError, Table
from tests.drivers.counterparts import DeviceLog, Running, TcpPeer, option_to
from tests.drivers.modbus_wires import TcpWire


def plc(url: str, timeout_ms: int = 2_000) -> Plc:
    return registry.build_plc("gate", Config(url=url, timeout_ms=timeout_ms))


@pytest.fixture
async def server_url() -> AsyncIterator[str]:
    """A real Modbus server: input registers 0 to 199 hold 1000 + address, all else is 0."""
    bits = [SimData(0, count=1, values=[False] * 16, datatype=DataType.BITS)]
    holding = [SimData(0, count=200, values=0, datatype=DataType.REGISTERS)]
    inputs = [SimData(0, values=list(range(1000, 1200)), datatype=DataType.REGISTERS)]
    device = SimDevice(1, simdata=(bits, bits, holding, inputs))
    server = ModbusTcpServer(device, address=("127.0.0.1", 0))
    await server.listen()
    port = server.transport.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    yield f"tcp://127.0.0.1:{port}"
    await server.shutdown()  # type: ignore[no-untyped-call]


async def test_another_makes_server_is_read_and_written(
    server_url: str, device_log: DeviceLog, running: Running
) -> None:
    gate = plc(server_url)
    async with running(gate.run()):
        await device_log.until("device is up")
        assert gate.state.link is Link.UP
        assert await gate.read(Table.INPUT, 10, 3) == [1010, 1011, 1012]
        assert len(await gate.read(Table.INPUT, 0, 125)) == 125
        await gate.write_registers(5, [7, 65_535])
        assert await gate.read(Table.HOLDING, 4, 4) == [0, 7, 65_535, 0]
        await gate.write_coil(3, True)
        assert await gate.read(Table.COIL, 0, 5) == [0, 0, 0, 1, 0]
        await gate.write_coil(3, False)
        assert await gate.read(Table.COIL, 0, 5) == [0] * 5
        assert await gate.read(Table.DISCRETE, 0, 2) == [0, 0]


async def test_an_exception_reply_of_another_makes_server_is_named(
    server_url: str, device_log: DeviceLog, running: Running
) -> None:
    gate = plc(server_url)
    async with running(gate.run()):
        await device_log.until("device is up")
        with pytest.raises(PlcError) as caught:
            await gate.read(Table.INPUT, 199, 2)
        assert str(caught.value) == (
            "plc gate: read input registers 199 to 200: "
            "found exception 2 (illegal data address), expected an answer"
        )
        with pytest.raises(PlcError, match="write registers 199 to 200: found exception 2"):
            await gate.write_registers(199, [1, 2])
        assert await gate.read(Table.INPUT, 199, 1) == [1199]
        assert gate.state.losses == 0


LIES = {
    "a byte count that says less": "04 02 00 01 00 02",
    "a byte count that says more": "04 06 00 01 00 02",
    "an odd byte count": "04 05 00 01 00 02",
    "a byte too many": "04 04 00 01 00 02 00",
    "a byte too few": "04 04 00 01 00",
    "no byte count": "04",
    "an exception without its code": "84",
    "an exception of two codes": "84 02 02",
    "function 0": "00 04 00 01 00 02",
    "an unknown function": "41 04 00 01 00 02",
}


@pytest.mark.parametrize("answer", LIES.values(), ids=LIES)
async def test_an_answer_that_contradicts_itself_is_no_success(
    answer: str, tcp_wire: TcpWire, device_log: DeviceLog, running: Running
) -> None:
    gate = tcp_wire.plc()
    async with running(gate.run()):
        await tcp_wire.greeted()
        await device_log.until("device is up")
        reading = asyncio.ensure_future(gate.read(Table.INPUT, 0, 2))
        await tcp_wire.asked()
        tcp_wire.answer(bytes.fromhex(answer))
        with pytest.raises(PlcError, match=r"read input registers 0 to 1: found .*, expected "):
            await reading
        gone = await device_log.until("device is away")
        assert gone["detail"].startswith("read input registers 0 to 1: ")


async def test_an_answer_without_content_is_no_success(
    tcp_wire: TcpWire, device_log: DeviceLog, running: Running
) -> None:
    gate = tcp_wire.plc()
    async with running(gate.run()):
        await tcp_wire.greeted()
        await device_log.until("device is up")
        reading = asyncio.ensure_future(gate.read(Table.INPUT, 0, 2))
        await tcp_wire.asked()
        tcp_wire.send_bytes(b"\x00\x02\x00\x00\x00\x01\x01\x00")
        with pytest.raises(PlcError, match=r"found a damaged frame \(00 02 00 00 00 01 01\)"):
            await reading


ELSEWHERE: dict[str, tuple[dict[str, int], str]] = {
    "an older request": ({"transaction": 1}, "an answer to request 1"),
    "a request to come": ({"transaction": 3}, "an answer to request 3"),
    "no request": ({"transaction": 0}, "an answer to request 0"),
    "another device": ({"unit": 7}, "an answer of device 7"),
}


@pytest.mark.parametrize(("where", "found"), ELSEWHERE.values(), ids=ELSEWHERE)
async def test_an_answer_that_belongs_elsewhere_is_passed_over_for_the_right_one(
    where: dict[str, int],
    found: str,
    tcp_wire: TcpWire,
    device_log: DeviceLog,
    running: Running,
) -> None:
    gate = tcp_wire.plc()
    async with running(gate.run()):
        await tcp_wire.greeted()
        await device_log.until("device is up")
        reading = asyncio.ensure_future(gate.read(Table.INPUT, 0, 2))
        await tcp_wire.asked()
        assert tcp_wire.transaction == 2
        tcp_wire.send(b"\x04\x04\x00\x01\x00\x01", **where)
        tcp_wire.send(b"\x04\x04\x00\x02\x00\x02")
        assert await reading == [2, 2]


@pytest.mark.parametrize(("where", "found"), ELSEWHERE.values(), ids=ELSEWHERE)
async def test_an_answer_that_belongs_elsewhere_is_named_when_no_right_one_comes(
    where: dict[str, int],
    found: str,
    tcp_wire: TcpWire,
    device_log: DeviceLog,
    running: Running,
) -> None:
    gate = tcp_wire.plc(timeout_ms=300)
    async with running(gate.run()):
        await tcp_wire.greeted()
        await device_log.until("device is up")
        reading = asyncio.ensure_future(gate.read(Table.INPUT, 0, 2))
        await tcp_wire.asked()
        tcp_wire.send(b"\x04\x04\x00\x01\x00\x01", **where)
        with pytest.raises(PlcError, match=f"no answer within 300 ms, only {found}, expected one"):
            await reading


async def test_device_0_takes_the_answer_of_any(
    tcp_wire: TcpWire, device_log: DeviceLog, running: Running
) -> None:
    gate = tcp_wire.plc(device_id=0)
    async with running(gate.run()):
        await tcp_wire.greeted()
        await device_log.until("device is up")
        assert gate.state.link is Link.UP


@pytest.mark.parametrize(
    "sent",
    [b"HTTP/1.1 400 Bad Request\r\n", b"\x00\x02\x00\x01\x00\x07\x01\x04\x04\x00\x01\x00\x01"],
    ids=["another protocol", "another protocol identifier"],
)
async def test_bytes_that_are_not_modbus_are_named(
    sent: bytes, tcp_wire: TcpWire, device_log: DeviceLog, running: Running
) -> None:
    gate = tcp_wire.plc(timeout_ms=300)
    async with running(gate.run()):
        await tcp_wire.greeted()
        await device_log.until("device is up")
        reading = asyncio.ensure_future(gate.read(Table.INPUT, 0, 2))
        await tcp_wire.asked()
        tcp_wire.send_bytes(sent)
        with pytest.raises(PlcError, match=f"only {len(sent)} bytes that make no frame"):
            await reading


async def test_a_flood_that_is_not_modbus_costs_the_link_before_it_fills_the_memory(
    tcp_wire: TcpWire, device_log: DeviceLog, running: Running
) -> None:
    gate = tcp_wire.plc(timeout_ms=10_000)
    async with running(gate.run()):
        await tcp_wire.greeted()
        await device_log.until("device is up")
        reading = asyncio.ensure_future(gate.read(Table.INPUT, 0, 2))
        await tcp_wire.asked()
        tcp_wire.send_bytes(b"\xff" * 2_000)
        with pytest.raises(PlcError):
            await reading
        gone = await device_log.until("device is away")
        assert "bytes arrived that are not Modbus" in gone["detail"]


async def test_a_plc_that_was_away_is_used_again_when_it_is_back(
    peer: TcpPeer, tcp_wire: TcpWire, device_log: DeviceLog, running: Running
) -> None:
    gate = tcp_wire.plc()
    async with running(gate.run()):
        await tcp_wire.greeted()
        await device_log.until("device is up")
        await peer.stop()
        await device_log.until("device is still away")
        assert gate.state.link is Link.DOWN
        with pytest.raises(PlcError, match=r"no connection .*is the PLC switched on"):
            await gate.write_registers(0, [1])
        await peer.start()
        await tcp_wire.greeted()
        await device_log.until("device is up", times=2)
        writing = gate.write_registers(0, [1])
        await tcp_wire.asked()
        tcp_wire.answer(b"\x10\x00\x00\x00\x01")
        await writing
        assert gate.state.losses == 1
    assert device_log.count("device is away", "warning") == 1
    assert device_log.count("device is up", "info") == 2


async def test_a_peer_that_takes_the_connection_but_never_answers_is_not_up(
    peer: TcpPeer, device_log: DeviceLog, running: Running
) -> None:
    gate = plc(peer.url, timeout_ms=20)
    async with running(gate.run()):
        await device_log.until("device is still away", times=2)
        assert gate.state.link is Link.DOWN
        assert "is device_id = 1 right" in gate.state.detail
        assert gate.state.fault is LinkFault.SILENT
        with pytest.raises(PlcError, match="no connection"):
            await gate.write_registers(0, [1])
        reader, _ = await peer.accepted()
        assert len(await reader.read()) == 12, "one request, then the attempt is closed"
    assert device_log.count("device is away", "warning") == 1
    assert device_log.count("device is up", "info") == 0


async def test_a_write_is_not_held_back_by_nagle(
    peer: TcpPeer, tcp_wire: TcpWire, device_log: DeviceLog, running: Running
) -> None:
    async with running(plc(peer.url).run()):
        await tcp_wire.greeted()
        await device_log.until("device is up")
        assert option_to(peer.port, socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ({"url": "serial:///dev/ttyUSB0"}, "expected tcp://host:port"),
        ({"url": "tcp://h:502", "timeout": 5}, "not permitted"),
        ({"url": "tcp://h:502", "timeout_ms": 0}, "greater than or equal to 10"),
        ({"url": "tcp://h:502", "device_id": 256}, "less than or equal to 255"),
    ],
)
def test_a_fault_in_the_configuration_is_told(keys: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Config.model_validate(keys)
    assert fault in str(caught.value)
