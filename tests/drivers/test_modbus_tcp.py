import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import ValidationError
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from drivers import registry
from drivers.plc.modbus_tcp import Config
from drivers.protocols import Link, Plc, PlcError
from tests.drivers.counterparts import DeviceLog, Running, TcpPeer, option_to


def plc(url: str, timeout_ms: int = 2_000) -> Plc:
    return registry.build_plc("gate", Config(url=url, timeout_ms=timeout_ms))


@pytest.fixture
async def server_url() -> AsyncIterator[str]:
    """A real Modbus server: input registers 0 to 199 hold 1000 + address, holding ones 0."""
    bits = [SimData(0, count=1, values=False, datatype=DataType.BITS)]
    holding = [SimData(0, count=200, values=0, datatype=DataType.REGISTERS)]
    inputs = [SimData(0, values=list(range(1000, 1200)), datatype=DataType.REGISTERS)]
    device = SimDevice(1, simdata=(bits, bits, holding, inputs))
    server = ModbusTcpServer(device, address=("127.0.0.1", 0))
    await server.listen()
    port = server.transport.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    yield f"tcp://127.0.0.1:{port}"
    await server.shutdown()  # type: ignore[no-untyped-call]


async def test_registers_are_read_and_written(
    server_url: str, device_log: DeviceLog, running: Running
) -> None:
    gate = plc(server_url)
    async with running(gate.run()):
        await device_log.until("device is up")
        assert gate.state.link is Link.UP
        assert await gate.read_input_registers(10, 3) == [1010, 1011, 1012]
        assert len(await gate.read_input_registers(0, 125)) == 125
        await gate.write_registers(5, [7, 65_535])


async def test_an_exception_reply_is_named_and_the_link_stays(
    server_url: str, device_log: DeviceLog, running: Running
) -> None:
    gate = plc(server_url)
    async with running(gate.run()):
        await device_log.until("device is up")
        with pytest.raises(PlcError) as caught:
            await gate.read_input_registers(199, 2)
        assert str(caught.value) == (
            "plc gate: read input registers 199 to 200: "
            "found exception 2 (illegal address), expected an answer"
        )
        with pytest.raises(PlcError, match="write registers 199 to 200: found exception 2"):
            await gate.write_registers(199, [1, 2])
        assert await gate.read_input_registers(199, 1) == [1199]
        assert gate.state.losses == 0


async def connected(
    peer: TcpPeer,
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """The peer's end of a connection on which the driver has seen that the PLC answers."""
    reader, writer = await peer.accepted()
    transaction, _ = await request(reader)
    writer.write(reply(transaction, b"\x84\x02"))
    return reader, writer


async def request(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """The transaction identifier and PDU of the next request."""
    transaction, _, length, _ = struct.unpack(">HHHB", await reader.readexactly(7))
    return transaction, await reader.readexactly(length - 1)


def reply(transaction: int, pdu: bytes) -> bytes:
    return struct.pack(">HHHB", transaction, 0, len(pdu) + 1, 1) + pdu


@pytest.mark.parametrize(
    ("pdu", "found"),
    [
        (b"\x03\x04\x00\x01\x00\x02", "an answer with function 3, expected function 4"),
        (b"\x04\x02\x00\x01", "1 registers, expected 2"),
        (b"\x04\x00", "0 registers, expected 2"),
        (b"\x04\x06\x00\x01\x00\x02\x00\x03", "3 registers, expected 2"),
        (b"\x84\x06", "exception 6 (device busy), expected an answer"),
        (b"\x84\x63", "exception 99 (unknown), expected an answer"),
    ],
)
async def test_a_wrong_answer_to_a_read_is_no_success(
    pdu: bytes, found: str, peer: TcpPeer, device_log: DeviceLog, running: Running
) -> None:
    gate = plc(peer.url)
    async with running(gate.run()):
        reader, writer = await connected(peer)
        await device_log.until("device is up")
        reading = asyncio.ensure_future(gate.read_input_registers(0, 2))
        transaction, asked = await request(reader)
        assert asked == b"\x04\x00\x00\x00\x02"
        writer.write(reply(transaction, pdu))
        with pytest.raises(PlcError) as caught:
            await reading
        assert str(caught.value) == f"plc gate: read input registers 0 to 1: found {found}"


@pytest.mark.parametrize(
    ("pdu", "found"),
    [
        (b"\x06\x00\x05\x00\x01", "an answer with function 6, expected function 16"),
        (b"\x10\x00\x05\x00\x01", "1 registers from 5 acknowledged, expected 2 from 5"),
        (b"\x10\x00\x06\x00\x02", "2 registers from 6 acknowledged, expected 2 from 5"),
        (b"\x90\x04", "exception 4 (device failure), expected an answer"),
    ],
)
async def test_a_wrong_answer_to_a_write_is_no_success(
    pdu: bytes, found: str, peer: TcpPeer, device_log: DeviceLog, running: Running
) -> None:
    gate = plc(peer.url)
    async with running(gate.run()):
        reader, writer = await connected(peer)
        await device_log.until("device is up")
        writing = asyncio.ensure_future(gate.write_registers(5, [7, 1]))
        transaction, asked = await request(reader)
        assert asked == b"\x10\x00\x05\x00\x02\x04\x00\x07\x00\x01"
        writer.write(reply(transaction, pdu))
        with pytest.raises(PlcError) as caught:
            await writing
        assert str(caught.value) == f"plc gate: write registers 5 to 6: found {found}"


async def test_garbage_for_an_answer_is_no_success_and_costs_the_link(
    peer: TcpPeer, device_log: DeviceLog, running: Running
) -> None:
    gate = plc(peer.url)
    async with running(gate.run()):
        reader, writer = await connected(peer)
        await device_log.until("device is up")
        reading = asyncio.ensure_future(gate.read_input_registers(0, 2))
        transaction, _ = await request(reader)
        writer.write(reply(transaction, b"\x04\xff\x00"))
        with pytest.raises(PlcError):
            await reading
        await device_log.until("device is away")


async def test_a_mute_plc_fails_every_waiting_request_once_and_is_connected_anew(
    peer: TcpPeer, device_log: DeviceLog, running: Running
) -> None:
    gate = plc(peer.url, timeout_ms=50)
    async with running(gate.run()):
        reader, writer = await connected(peer)
        await device_log.until("device is up")
        requests = [asyncio.ensure_future(gate.write_registers(5, [n])) for n in range(3)]
        transaction, _ = await request(reader)
        errors = await asyncio.gather(*requests, return_exceptions=True)
        assert str(errors[0]) == (
            "plc gate: write registers 5 to 5: found no answer within 50 ms, expected one"
        )
        assert all(isinstance(error, PlcError) for error in errors)
        gone = await device_log.until("device is away")
        assert gone["detail"] == "write registers 5 to 5: no answer within 50 ms"
        writer.write(reply(transaction, b"\x10\x00\x05\x00\x01"))
        assert await reader.read() == b"", "the others were not sent, and nothing was sent twice"

        reader, writer = await connected(peer)
        await device_log.until("device is up", times=2)
        assert gate.state.losses == 1
        reading = asyncio.ensure_future(gate.read_input_registers(0, 1))
        transaction, _ = await request(reader)
        writer.write(reply(transaction, b"\x04\x02\x12\x34"))
        assert await reading == [0x1234], "the late answer was not taken for this one"


async def test_a_dropped_link_fails_the_waiting_request_at_once(
    peer: TcpPeer, device_log: DeviceLog, running: Running
) -> None:
    gate = plc(peer.url, timeout_ms=10_000)
    async with asyncio.timeout(5), running(gate.run()):
        reader, writer = await connected(peer)
        await device_log.until("device is up")
        reading = asyncio.ensure_future(gate.read_input_registers(0, 2))
        await request(reader)
        writer.transport.abort()
        with pytest.raises(PlcError, match="a connection lost before the answer"):
            await reading


async def test_a_driver_that_is_stopped_leaves_no_request_waiting(
    peer: TcpPeer, device_log: DeviceLog, running: Running
) -> None:
    gate = plc(peer.url, timeout_ms=10_000)
    async with asyncio.timeout(5):
        async with running(gate.run()):
            reader, _ = await connected(peer)
            await device_log.until("device is up")
            writing = asyncio.ensure_future(gate.write_registers(0, [1]))
            await request(reader)
        with pytest.raises(PlcError):
            await writing


async def test_a_plc_that_was_away_is_used_again_when_it_is_back(
    peer: TcpPeer, device_log: DeviceLog, running: Running
) -> None:
    gate = plc(peer.url)
    async with running(gate.run()):
        await connected(peer)
        await device_log.until("device is up")
        await peer.stop()
        await device_log.until("device is still away")
        assert gate.state.link is Link.DOWN
        with pytest.raises(PlcError, match=r"no connection .*is the PLC switched on"):
            await gate.write_registers(0, [1])
        await peer.start()
        reader, writer = await connected(peer)
        await device_log.until("device is up", times=2)
        writing = asyncio.ensure_future(gate.write_registers(0, [1]))
        transaction, _ = await request(reader)
        writer.write(reply(transaction, b"\x10\x00\x00\x00\x01"))
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
        with pytest.raises(PlcError, match="no connection"):
            await gate.write_registers(0, [1])
        reader, _ = await peer.accepted()
        assert len(await reader.read()) == 12, "one request, then the attempt is closed"
    assert device_log.count("device is away", "warning") == 1
    assert device_log.count("device is up", "info") == 0


async def test_a_write_is_not_held_back_by_nagle(
    peer: TcpPeer, device_log: DeviceLog, running: Running
) -> None:
    async with running(plc(peer.url).run()):
        await connected(peer)
        await device_log.until("device is up")
        assert option_to(peer.port, socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_an_answer_after_the_caller_gave_up_is_not_taken_for_the_next(
    peer: TcpPeer, device_log: DeviceLog, running: Running
) -> None:
    gate = plc(peer.url)
    async with running(gate.run()):
        reader, writer = await connected(peer)
        await device_log.until("device is up")
        given_up = asyncio.ensure_future(gate.read_input_registers(0, 1))
        first, _ = await request(reader)
        given_up.cancel()
        reading = asyncio.ensure_future(gate.read_input_registers(0, 1))
        second, _ = await request(reader)
        writer.write(reply(first, b"\x04\x02\x00\x01"))
        writer.write(reply(second, b"\x04\x02\x00\x02"))
        assert await reading == [2]


@pytest.mark.parametrize(("address", "count"), [(0, 0), (0, 126), (65_535, 2), (-1, 1)])
async def test_an_impossible_read_is_the_callers_fault(address: int, count: int) -> None:
    with pytest.raises(ValueError, match="expected 1 to 125 within 0 to 65535"):
        await plc("tcp://127.0.0.1:502").read_input_registers(address, count)


@pytest.mark.parametrize("values", [[], [0] * 124, [65_536], [-1]])
async def test_an_impossible_write_is_the_callers_fault(values: list[int]) -> None:
    with pytest.raises(ValueError, match="expected"):
        await plc("tcp://127.0.0.1:502").write_registers(0, values)


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
