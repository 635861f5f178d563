"""What a Modbus device may answer, and what the line makes of it: the same over TCP and RTU."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from drivers.protocols import Link, Plc, PlcError, Table
from tests.drivers.counterparts import DeviceLog, Running
from tests.drivers.modbus_wires import READ, Wire

Ask = Callable[[Plc], Any]
COIL, DISCRETE, INPUT, HOLDING = Table

REQUESTS: dict[str, tuple[Ask, bytes, bytes, Any]] = {
    "read coils 3 to 12": (
        lambda plc: plc.read(COIL, 3, 10),
        b"\x01\x00\x03\x00\x0a",
        b"\x01\x02\x05\x02",
        [1, 0, 1, 0, 0, 0, 0, 0, 0, 1],
    ),
    "read discrete inputs 0 to 7": (
        lambda plc: plc.read(DISCRETE, 0, 8),
        b"\x02\x00\x00\x00\x08",
        b"\x02\x01\x80",
        [0, 0, 0, 0, 0, 0, 0, 1],
    ),
    "read holding registers 100 to 101": (
        lambda plc: plc.read(HOLDING, 100, 2),
        b"\x03\x00\x64\x00\x02",
        b"\x03\x04\x12\x34\xff\xff",
        [0x1234, 65_535],
    ),
    "read input registers 65535 to 65535": (
        lambda plc: plc.read(INPUT, 65_535, 1),
        b"\x04\xff\xff\x00\x01",
        b"\x04\x02\x00\x07",
        [7],
    ),
    "write coil 5 on": (
        lambda plc: plc.write_coil(5, True),
        b"\x05\x00\x05\xff\x00",
        b"\x05\x00\x05\xff\x00",
        None,
    ),
    "write coil 5 off": (
        lambda plc: plc.write_coil(5, False),
        b"\x05\x00\x05\x00\x00",
        b"\x05\x00\x05\x00\x00",
        None,
    ),
    "write registers 5 to 6": (
        lambda plc: plc.write_registers(5, [7, 1]),
        b"\x10\x00\x05\x00\x02\x04\x00\x07\x00\x01",
        b"\x10\x00\x05\x00\x02",
        None,
    ),
}
each_request = pytest.mark.parametrize("what", REQUESTS)


@pytest.fixture(params=["tcp", "rtu"])
def wire(request: pytest.FixtureRequest) -> Wire:
    wire: Wire = request.getfixturevalue(f"{request.param}_wire")
    return wire


@each_request
async def test_each_request_is_written_as_the_standard_says_and_its_answer_understood(
    what: str, wire: Wire, device_log: DeviceLog, running: Running
) -> None:
    ask, asked, answer, result = REQUESTS[what]
    plc = wire.plc()
    async with running(plc.run()):
        await wire.greeted()
        await device_log.until("device is up")
        answered = asyncio.ensure_future(ask(plc))
        assert await wire.asked() == asked
        wire.answer(answer)
        assert await answered == result


async def test_the_most_that_one_request_may_carry_is_carried(
    wire: Wire, device_log: DeviceLog, running: Running
) -> None:
    plc = wire.plc()
    async with running(plc.run()):
        await wire.greeted()
        await device_log.until("device is up")
        words = asyncio.ensure_future(plc.read(HOLDING, 0, 125))
        await wire.asked()
        wire.answer(b"\x03\xfa" + bytes(range(250)))
        assert len(await words) == 125
        bits = asyncio.ensure_future(plc.read(DISCRETE, 0, 2_000))
        await wire.asked()
        wire.answer(b"\x02\xfa" + b"\xff" * 250)
        assert await bits == [1] * 2_000
        written = plc.write_registers(0, list(range(123)))
        assert len(await wire.asked()) == 252
        wire.answer(b"\x10\x00\x00\x00\x7b")
        await written


EXCEPTIONS = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    5: "acknowledge",
    6: "device busy",
    7: "negative acknowledge",
    8: "memory parity error",
    9: "unknown",
    10: "gateway path unavailable",
    11: "gateway target device failed to respond",
    99: "unknown",
    255: "unknown",
}


@each_request
async def test_every_exception_reply_is_named_and_the_link_stays(
    what: str, wire: Wire, device_log: DeviceLog, running: Running
) -> None:
    ask, asked, answer, result = REQUESTS[what]
    plc = wire.plc()
    async with running(plc.run()):
        await wire.greeted()
        await device_log.until("device is up")
        for code, name in EXCEPTIONS.items():
            refused = asyncio.ensure_future(ask(plc))
            await wire.asked()
            wire.answer(bytes([asked[0] | 0x80, code]))
            with pytest.raises(PlcError) as caught:
                await refused
            assert str(caught.value) == (
                f"plc gate: {what}: found exception {code} ({name}), expected an answer"
            )
        answered = asyncio.ensure_future(ask(plc))
        await wire.asked()
        wire.answer(answer)
        assert await answered == result
        assert plc.state.losses == 0


WRONG = [
    ("read coils 3 to 12", "01 01 05", "8 bits, expected 10 padded to 16"),
    ("read coils 3 to 12", "01 00", "0 bits, expected 10 padded to 16"),
    ("read coils 3 to 12", "01 03 05 02 00", "24 bits, expected 10 padded to 16"),
    ("read coils 3 to 12", "02 02 05 02", "an answer with function 2, expected function 1"),
    ("read discrete inputs 0 to 7", "01 01 80", "an answer with function 1, expected function 2"),
    ("read discrete inputs 0 to 7", "02 02 80 00", "16 bits, expected 8 padded to 8"),
    ("read holding registers 100 to 101", "03 02 00 01", "1 registers, expected 2"),
    ("read holding registers 100 to 101", "03 00", "0 registers, expected 2"),
    ("read holding registers 100 to 101", "03 06 00 01 00 02 00 03", "3 registers, expected 2"),
    (
        "read holding registers 100 to 101",
        "03 03 00 01 00",
        "an answer that contradicts itself (03 03 00 01 00), expected 2 registers",
    ),
    (
        "read holding registers 100 to 101",
        "04 04 00 01 00 02",
        "an answer with function 4, expected function 3",
    ),
    (
        "read holding registers 100 to 101",
        "84 02",
        "an exception to function 4, expected function 3",
    ),
    ("write coil 5 on", "05 00 05 00 00", "coil 5 off acknowledged, expected coil 5 on"),
    ("write coil 5 on", "05 00 06 ff 00", "coil 6 on acknowledged, expected coil 5 on"),
    (
        "write coil 5 on",
        "05 00 05 00 01",
        "an answer that contradicts itself (05 00 05 00 01), expected coil 5 on",
    ),
    ("write coil 5 off", "05 00 05 ff 00", "coil 5 on acknowledged, expected coil 5 off"),
    ("write coil 5 on", "06 00 05 ff 00", "an answer with function 6, expected function 5"),
    (
        "write registers 5 to 6",
        "10 00 05 00 01",
        "1 registers from 5 acknowledged, expected 2 from 5",
    ),
    (
        "write registers 5 to 6",
        "10 00 06 00 02",
        "2 registers from 6 acknowledged, expected 2 from 5",
    ),
    (
        "write registers 5 to 6",
        "06 00 05 00 07",
        "an answer with function 6, expected function 16",
    ),
]


@pytest.mark.parametrize(("what", "answer", "found"), WRONG)
async def test_a_wrong_answer_is_named_and_costs_the_link(
    what: str, answer: str, found: str, wire: Wire, device_log: DeviceLog, running: Running
) -> None:
    ask = REQUESTS[what][0]
    plc = wire.plc()
    async with running(plc.run()):
        await wire.greeted()
        await device_log.until("device is up")
        asked = asyncio.ensure_future(ask(plc))
        await wire.asked()
        wire.answer(bytes.fromhex(answer))
        with pytest.raises(PlcError) as caught:
            await asked
        assert str(caught.value) == f"plc gate: {what}: found {found}"
        gone = await device_log.until("device is away")
        assert gone["detail"] == f"{what}: {found}".split(", expected", maxsplit=1)[0]


async def test_bits_that_only_fill_the_last_byte_are_not_looked_at(
    wire: Wire, device_log: DeviceLog, running: Running
) -> None:
    plc = wire.plc()
    async with running(plc.run()):
        await wire.greeted()
        await device_log.until("device is up")
        reading = asyncio.ensure_future(plc.read(COIL, 0, 3))
        await wire.asked()
        wire.answer(b"\x01\x01\xfa")
        assert await reading == [0, 1, 0]


async def test_requests_wait_for_one_another_and_keep_their_order(
    wire: Wire, device_log: DeviceLog, running: Running
) -> None:
    plc = wire.plc()
    async with running(plc.run()):
        await wire.greeted()
        await device_log.until("device is up")
        coil = plc.write_coil(1, True)
        reading = asyncio.ensure_future(plc.read(INPUT, 0, 2))
        assert await wire.asked() == b"\x05\x00\x01\xff\x00"
        assert not reading.done()
        wire.answer(b"\x05\x00\x01\xff\x00")
        assert await wire.asked() == READ
        assert coil.done()
        wire.answer(b"\x04\x04\x00\x01\x00\x02")
        assert await reading == [1, 2]


async def test_a_mute_device_fails_every_waiting_request_and_nothing_is_sent_twice(
    wire: Wire, device_log: DeviceLog, running: Running
) -> None:
    plc = wire.plc(timeout_ms=300)
    async with running(plc.run()):
        await wire.greeted()
        await device_log.until("device is up")
        requests = [plc.write_coil(n, True) for n in range(3)]
        assert await wire.asked() == b"\x05\x00\x00\xff\x00"
        errors = await asyncio.gather(*requests, return_exceptions=True)
        assert str(errors[0]) == (
            "plc gate: write coil 0 on: found no answer within 300 ms, expected one"
        )
        assert str(errors[1]) == (
            "plc gate: write coil 1 on: found a connection lost before the answer, "
            "expected an answer"
        )
        assert isinstance(errors[2], PlcError)
        gone = await device_log.until("device is away")
        assert gone["detail"] == "write coil 0 on: no answer within 300 ms"
        assert await wire.is_quiet(), "the others were not sent, and the first not again"
        assert plc.state.link is Link.DOWN


async def test_an_answer_after_its_time_is_not_taken_for_the_next_ones(
    wire: Wire, device_log: DeviceLog, running: Running
) -> None:
    plc = wire.plc(timeout_ms=300)
    async with running(plc.run()):
        await wire.greeted()
        await device_log.until("device is up")
        reading = asyncio.ensure_future(plc.read(INPUT, 0, 2))
        assert await wire.asked() == READ
        with pytest.raises(PlcError, match="no answer within 300 ms"):
            await reading
        wire.answer(b"\x04\x04\x00\x01\x00\x01")
        await wire.greeted()
        await device_log.until("device is up", times=2)
        reading = asyncio.ensure_future(plc.read(INPUT, 0, 2))
        assert await wire.asked() == READ
        wire.answer(b"\x04\x04\x00\x02\x00\x02")
        assert await reading == [2, 2]


async def test_the_answer_to_a_caller_that_gave_up_is_not_taken_for_the_next_ones(
    wire: Wire, device_log: DeviceLog, running: Running
) -> None:
    plc = wire.plc()
    async with running(plc.run()):
        await wire.greeted()
        await device_log.until("device is up")
        given_up = asyncio.ensure_future(plc.read(INPUT, 0, 2))
        await wire.asked()
        given_up.cancel()
        reading = asyncio.ensure_future(plc.read(INPUT, 0, 2))
        await asyncio.sleep(0)
        wire.answer(b"\x04\x04\x00\x01\x00\x01")
        await wire.asked()
        wire.answer(b"\x04\x04\x00\x02\x00\x02")
        assert await reading == [2, 2]
        assert plc.state.losses == 0


async def test_a_request_that_nobody_waits_for_any_more_is_not_sent(
    wire: Wire, device_log: DeviceLog, running: Running
) -> None:
    plc = wire.plc()
    async with running(plc.run()):
        await wire.greeted()
        await device_log.until("device is up")
        first = plc.write_coil(1, True)
        given_up = plc.write_coil(2, True)
        last = plc.write_coil(3, True)
        await wire.asked()
        given_up.cancel()
        wire.answer(b"\x05\x00\x01\xff\x00")
        assert await wire.asked() == b"\x05\x00\x03\xff\x00"
        wire.answer(b"\x05\x00\x03\xff\x00")
        await asyncio.gather(first, last)


async def test_a_lost_line_fails_the_waiting_request_at_once(
    wire: Wire, device_log: DeviceLog, running: Running
) -> None:
    plc = wire.plc(timeout_ms=10_000)
    async with asyncio.timeout(5), running(plc.run()):
        await wire.greeted()
        await device_log.until("device is up")
        reading = asyncio.ensure_future(plc.read(INPUT, 0, 2))
        await wire.asked()
        wire.drop()
        with pytest.raises(PlcError, match="a connection lost before the answer"):
            await reading
        await device_log.until("device is away")
        with pytest.raises(PlcError, match=r"write coil 1 on: found no connection \(.*\), exp"):
            await plc.write_coil(1, True)


async def test_a_driver_that_is_stopped_leaves_no_request_waiting(
    wire: Wire, device_log: DeviceLog, running: Running
) -> None:
    plc = wire.plc(timeout_ms=10_000)
    async with asyncio.timeout(5):
        async with running(plc.run()):
            await wire.greeted()
            await device_log.until("device is up")
            writing = plc.write_registers(0, [1])
            await wire.asked()
        with pytest.raises(PlcError):
            await writing


@pytest.mark.parametrize("table", Table)
@pytest.mark.parametrize(("address", "count"), [(0, 0), (0, 2_001), (65_535, 2), (-1, 1)])
async def test_an_impossible_read_is_the_callers_fault(
    table: Table, address: int, count: int, wire: Wire
) -> None:
    most = 2_000 if table.is_bits else 125
    with pytest.raises(ValueError, match=f"expected 1 to {most} within 0 to 65535"):
        await wire.plc().read(table, address, count)


@pytest.mark.parametrize("values", [[], [0] * 124, [65_536], [-1]])
async def test_an_impossible_write_is_the_callers_fault(values: list[int], wire: Wire) -> None:
    with pytest.raises(ValueError, match="expected"):
        await wire.plc().write_registers(0, values)


@pytest.mark.parametrize("address", [-1, 65_536])
async def test_an_impossible_coil_is_the_callers_fault(address: int, wire: Wire) -> None:
    with pytest.raises(ValueError, match="expected 1 to 1 within 0 to 65535"):
        await wire.plc().write_coil(address, True)
