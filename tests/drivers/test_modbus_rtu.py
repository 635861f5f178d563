import asyncio
import time
from typing import Any

import pytest
from pydantic import ValidationError

from drivers import registry
from drivers.plc.modbus_rtu import Config, silence_s
from drivers.protocols import Link, PlcError, Table
from tests.drivers.counterparts import Cable, DeviceLog, Running
from tests.drivers.modbus_wires import ECHO_TEST, READ, RtuWire, framed
from tests.drivers.rtu_server import RtuServer

ANSWER = b"\x04\x04\x12\x34\x56\x78"


async def test_a_device_is_read_and_written(
    cable: Cable, device_log: DeviceLog, running: Running
) -> None:
    cable.plug()
    server = RtuServer(cable, unit=17)
    config = Config(url=f"{cable.url}?baud=19200&parity=E", device_id=17)
    plc = registry.build_plc("gate", config)
    async with running(server.run()), running(plc.run()):
        await device_log.until("device is up")
        await plc.write_registers(5, [7, 65_535])
        assert await plc.read(Table.HOLDING, 4, 4) == [0, 7, 65_535, 0]
        assert await plc.read(Table.INPUT, 0, 125) == [1_000 + n for n in range(125)]
        await plc.write_coil(9, True)
        assert await plc.read(Table.COIL, 0, 11) == [0] * 9 + [1, 0]
        assert await plc.read(Table.DISCRETE, 0, 9) == [0, 1] * 4 + [0]
        with pytest.raises(PlcError, match=r"exception 2 \(illegal data address\)"):
            await plc.read(Table.INPUT, 199, 2)
        assert plc.state.losses == 0


async def test_frames_are_those_of_the_standard(
    rtu_wire: RtuWire, cable: Cable, device_log: DeviceLog, running: Running
) -> None:
    assert framed(b"\x07", unit=2) == b"\x02\x07\x41\x12", "the example of 6.2.2"
    plc = rtu_wire.plc()
    async with running(plc.run()):
        await rtu_wire.greeted()
        await device_log.until("device is up")
        reading = asyncio.ensure_future(plc.read(Table.HOLDING, 0, 10))
        assert await cable.receive(8) == b"\x01\x03\x00\x00\x00\x0a\xc5\xcd"
        reading.cancel()


async def test_an_answer_cut_into_bytes_is_one(
    rtu_wire: RtuWire, device_log: DeviceLog, running: Running
) -> None:
    plc = rtu_wire.plc()
    async with running(plc.run()):
        await rtu_wire.greeted()
        await device_log.until("device is up")
        reading = asyncio.ensure_future(plc.read(Table.INPUT, 0, 2))
        assert await rtu_wire.asked() == READ
        for byte in framed(ANSWER):
            rtu_wire.send_bytes(bytes([byte]))
            await asyncio.sleep(0)
        assert await reading == [0x1234, 0x5678]


DAMAGED = {
    "a wrong CRC": framed(ANSWER)[:-1] + b"\x00",
    "a byte count that says less": framed(b"\x04\x02\x12\x34\x56\x78"),
    "an exception with a wrong CRC": framed(b"\x84\x02")[:-1] + b"\x00",
}


@pytest.mark.parametrize("sent", DAMAGED.values(), ids=DAMAGED)
async def test_a_damaged_answer_is_named_and_costs_the_link(
    sent: bytes, rtu_wire: RtuWire, device_log: DeviceLog, running: Running
) -> None:
    plc = rtu_wire.plc()
    async with running(plc.run()):
        await rtu_wire.greeted()
        await device_log.until("device is up")
        reading = asyncio.ensure_future(plc.read(Table.INPUT, 0, 2))
        await rtu_wire.asked()
        rtu_wire.send_bytes(sent)
        with pytest.raises(PlcError) as caught:
            await reading
        assert str(caught.value) == (
            f"plc gate: read input registers 0 to 1: found a damaged frame ({sent.hex(' ')}), "
            "expected an answer"
        )
        await device_log.until("device is away")


UNFINISHED = {
    "a byte count that says more": framed(b"\x04\x06\x12\x34\x56\x78"),
    "the beginning of an answer": framed(ANSWER)[:5],
    "noise": b"\xff\x00\xff",
}


@pytest.mark.parametrize("sent", UNFINISHED.values(), ids=UNFINISHED)
async def test_an_answer_that_does_not_end_is_named(
    sent: bytes, rtu_wire: RtuWire, device_log: DeviceLog, running: Running
) -> None:
    plc = rtu_wire.plc(timeout_ms=300)
    async with running(plc.run()):
        await rtu_wire.greeted()
        await device_log.until("device is up")
        reading = asyncio.ensure_future(plc.read(Table.INPUT, 0, 2))
        await rtu_wire.asked()
        rtu_wire.send_bytes(sent)
        expected = f"no answer within 300 ms, only {len(sent)} bytes that make no frame"
        with pytest.raises(PlcError, match=expected):
            await reading


async def test_another_devices_answer_is_passed_over_for_the_right_one(
    rtu_wire: RtuWire, device_log: DeviceLog, running: Running
) -> None:
    plc = rtu_wire.plc()
    async with running(plc.run()):
        await rtu_wire.greeted()
        await device_log.until("device is up")
        reading = asyncio.ensure_future(plc.read(Table.INPUT, 0, 2))
        await rtu_wire.asked()
        rtu_wire.send(b"\x04\x04\x00\x01\x00\x01", unit=2)
        await asyncio.sleep(0.01)
        rtu_wire.send(ANSWER)
        assert await reading == [0x1234, 0x5678]


async def test_another_devices_answer_is_named_when_no_right_one_comes(
    rtu_wire: RtuWire, device_log: DeviceLog, running: Running
) -> None:
    plc = rtu_wire.plc(timeout_ms=300)
    async with running(plc.run()):
        await rtu_wire.greeted()
        await device_log.until("device is up")
        reading = asyncio.ensure_future(plc.read(Table.INPUT, 0, 2))
        await rtu_wire.asked()
        rtu_wire.send(ANSWER, unit=2)
        with pytest.raises(PlcError, match="no answer within 300 ms, only an answer of device 2"):
            await reading


async def test_noise_while_nothing_is_asked_harms_nothing(
    rtu_wire: RtuWire, device_log: DeviceLog, running: Running
) -> None:
    plc = rtu_wire.plc()
    async with running(plc.run()):
        await rtu_wire.greeted()
        await device_log.until("device is up")
        for noise in (b"\x00", b"\x01\x04\x04", framed(b"\x04\x04\x00\x01\x00\x01"), b"\xff" * 90):
            rtu_wire.send_bytes(noise)
            await asyncio.sleep(0.01)
            reading = asyncio.ensure_future(plc.read(Table.INPUT, 0, 2))
            assert await rtu_wire.asked() == READ
            rtu_wire.answer(ANSWER)
            assert await reading == [0x1234, 0x5678]
        assert plc.state.losses == 0


# --- late answers ------------------------------------------------------------------------------


async def _left_unanswered(
    plc: Any, rtu_wire: RtuWire, device_log: DeviceLog, *, up: int = 1
) -> None:
    """A read is asked for and times out."""
    await device_log.until("device is up", times=up)
    reading = asyncio.ensure_future(plc.read(Table.INPUT, 0, 2))
    assert await rtu_wire.asked() == READ
    with pytest.raises(PlcError, match="no answer"):
        await reading


async def _reads_right(plc: Any, rtu_wire: RtuWire) -> None:
    reading = asyncio.ensure_future(plc.read(Table.INPUT, 0, 2))
    assert await rtu_wire.asked() == READ
    rtu_wire.answer(ANSWER)
    assert await reading == [0x1234, 0x5678]


LATE = b"\x04\x04\x00\x00\x00\x00"


async def test_an_answer_that_comes_after_the_port_was_opened_anew_is_not_taken_for_the_next(
    rtu_wire: RtuWire, device_log: DeviceLog, running: Running
) -> None:
    plc = rtu_wire.plc(timeout_ms=300)
    async with running(plc.run()):
        await rtu_wire.greeted()
        await _left_unanswered(plc, rtu_wire, device_log)
        test = await rtu_wire.asked()
        assert test.startswith(ECHO_TEST), "nothing else is asked before the device has answered"
        rtu_wire.send(LATE)
        await asyncio.sleep(0)
        assert plc.state.link is Link.DOWN
        rtu_wire.answer(test)
        await device_log.until("device is up", times=2)
        await _reads_right(plc, rtu_wire)


async def test_late_echoes_are_known_by_their_number(
    rtu_wire: RtuWire, device_log: DeviceLog, running: Running
) -> None:
    plc = rtu_wire.plc(timeout_ms=300)
    async with running(plc.run()):
        first = await rtu_wire.asked()
        second = await rtu_wire.asked()
        assert first != second
        rtu_wire.send(first)
        await asyncio.sleep(0.02)
        assert plc.state.link is Link.DOWN
        rtu_wire.send(second)
        await device_log.until("device is up")
        await _reads_right(plc, rtu_wire)


async def test_a_device_without_the_echo_test_is_left_in_peace_until_nothing_late_can_come(
    rtu_wire: RtuWire, device_log: DeviceLog, running: Running
) -> None:
    plc = rtu_wire.plc(timeout_ms=300, settle_ms=400)
    async with running(plc.run()):
        for up in (1, 2):
            assert (await rtu_wire.asked()).startswith(ECHO_TEST)
            refused = time.monotonic()
            rtu_wire.answer(b"\x88\x01")
            rtu_wire.send(LATE)
            assert (await rtu_wire.asked()).startswith(ECHO_TEST)
            assert time.monotonic() - refused >= 0.4
            rtu_wire.answer(b"\x88\x01")
            await device_log.until("device is up", times=up)
            await _reads_right(plc, rtu_wire)
            if up == 1:
                await _left_unanswered(plc, rtu_wire, device_log)


async def test_what_waits_in_the_port_when_it_is_opened_is_thrown_away(
    rtu_wire: RtuWire, cable: Cable, device_log: DeviceLog, running: Running
) -> None:
    plc = rtu_wire.plc(timeout_ms=300)
    async with running(plc.run()):
        await rtu_wire.greeted()
        await _left_unanswered(plc, rtu_wire, device_log)
        await device_log.until("device is away")
        cable.send(framed(LATE) * 20)
        await rtu_wire.greeted()
        await device_log.until("device is up", times=2)
        await _reads_right(plc, rtu_wire)


async def test_a_port_on_which_nothing_answers_is_not_up(
    rtu_wire: RtuWire, device_log: DeviceLog, running: Running
) -> None:
    plc = rtu_wire.plc(timeout_ms=20)
    async with running(plc.run()):
        await device_log.until("device is still away", times=2)
        assert plc.state.link is Link.DOWN
        assert plc.state.detail == (
            f"{rtu_wire.url} is open but plc gate: echo test: found no answer within 20 ms, "
            "expected one; is device_id = 1 right, baud and parity as the device's, A and B not "
            "swapped, and the device running?"
        )
    assert device_log.count("device is away", "warning") == 1


async def test_a_port_that_was_unplugged_is_used_again_when_it_is_back(
    cable: Cable, device_log: DeviceLog, running: Running
) -> None:
    wire = RtuWire(cable)
    plc = wire.plc()
    async with running(plc.run()):
        gone = await device_log.until("device is away")
        assert "is it plugged in?" in gone["detail"]
        cable.plug()
        await wire.greeted()
        await device_log.until("device is up")
        await _reads_right(plc, wire)


# --- the silence between frames ----------------------------------------------------------------


async def test_the_line_is_silent_for_3_5_characters_before_each_request(
    cable: Cable, device_log: DeviceLog, running: Running
) -> None:
    cable.plug()
    wire = RtuWire(cable)
    plc = registry.build_plc("gate", Config(url=f"{cable.url}?baud=1200"))
    async with running(plc.run()):
        await wire.greeted()
        await device_log.until("device is up")
        first, second = plc.write_coil(0, True), plc.write_coil(0, True)
        asked = await wire.asked()
        answered = time.monotonic()
        wire.answer(asked)
        await first
        assert await wire.asked() == asked
        assert time.monotonic() - answered >= 3.5 * 11 / 1_200
        wire.answer(asked)
        await second


@pytest.mark.parametrize(
    ("baud", "expected_us"),
    [(1_200, 32_083), (9_600, 4_010), (19_200, 2_005), (38_400, 1_750), (115_200, 1_750)],
)
def test_the_silence_is_that_of_the_standard(baud: int, expected_us: int) -> None:
    assert round(silence_s(baud) * 1e6) == expected_us


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ({"url": "tcp://h:502"}, "expected serial:///dev/..."),
        ({"url": "serial:///dev/ttyUSB0?bits=7"}, "has bits=7, expected 8"),
        ({"url": "serial:///dev/ttyUSB0?baud=9601"}, "has baud='9601'"),
        ({"url": "serial:///dev/ttyUSB0", "device_id": 0}, "greater than or equal to 1"),
        ({"url": "serial:///dev/ttyUSB0", "device_id": 248}, "less than or equal to 247"),
    ],
)
def test_a_fault_in_the_configuration_is_told(keys: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Config.model_validate(keys)
    assert fault in str(caught.value)
