"""The plant as a process, watched by a small agent over its real transports."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
import zxingcpp
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from drivers.gate.map import GateMap
from drivers.gate.registers import STATUS_WORDS, VERDICT_WORDS, Fate, Status, Word
from drivers.sim.script import Fault, write_script
from drivers.sim.truth import load_truth
from tests.sim.plant_process import PlantProcess, plant

SLOTS = 256
MAP = GateMap()


@asynccontextmanager
async def modbus(port: int) -> AsyncIterator[AsyncModbusTcpClient]:
    client = AsyncModbusTcpClient("127.0.0.1", port=port, retries=0, timeout=2)
    assert await client.connect()
    try:
        yield client
    finally:
        client.close()


async def judge(
    client: AsyncModbusTcpClient,
    items: int,
    verdict: Callable[[int, int], tuple[int, int, int] | None],
) -> None:
    """Keep a session, and answer each item that the PLC counts with `verdict(number, start)`, until
    `items` have gone through the gate."""
    judged = beat = 0
    while True:
        status = (await client.read_holding_registers(MAP.status, count=STATUS_WORDS)).registers
        beat += 1
        await client.write_registers(MAP.commands, [1, beat, 1])
        for number in range(judged + 1, status[Status.ITEMS] + 1):
            if words := verdict(number, status[Status.START]):
                at = MAP.verdicts + VERDICT_WORDS * (number % SLOTS)
                await client.write_registers(at, list(words))
        judged = status[Status.ITEMS]
        if status[Status.SETTLED] == items:
            return
        await asyncio.sleep(0.005)


def pass_all(number: int, start: int) -> tuple[int, int, int]:
    return number, Word.PASS, start


async def accept_labels(port: int, refusals: int = 0) -> list[str]:
    """Answer every label, the first `refusals` scans with NAK, until the plant hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    labels: list[str] = []
    try:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                labels.append((await reader.readuntil(b"\r")).decode().strip())
                writer.write(b"NAK\r" if len(labels) <= refusals else b"ACK\r")
    finally:
        writer.close()
    return labels


async def look(port: int, seen: list[str], refusals: int = 0) -> None:
    """Watch the packer's camera: say red to the first `refusals` cases, then green to each that can
    be read, until cancelled. `seen` gets what was read on each box, a box at a time."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /stream HTTP/1.1\r\n\r\n")
    here = ""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            if b"Content-Length" not in head:
                continue
            length = int(head.split(b"Content-Length: ")[1])
            jpeg = np.frombuffer(await reader.readexactly(length), np.uint8)
            found = zxingcpp.read_barcodes(
                cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE), text_mode=zxingcpp.TextMode.Plain
            )
            if found and not here:
                seen.append(here := found[0].text)
                await switch(port, "reject" if len(seen) <= refusals else "accept")
            elif not found:
                here = ""
    finally:
        writer.close()


async def switch(port: int, lamp: str) -> bytes:
    """What the camera answers when its lamp is switched."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"GET /%s HTTP/1.1\r\n\r\n" % lamp.encode())
        return await reader.read()
    finally:
        writer.close()


async def read_lines(path: Path, lines: int) -> list[bytes]:
    """What a host that opens the serial device reads."""
    device = os.open(path, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
    loop, received, complete = asyncio.get_running_loop(), bytearray(), asyncio.Event()

    def arrived() -> None:
        data = os.read(device, 1024)
        received.extend(data)
        if not data or received.count(b"\r") >= lines:
            complete.set()

    loop.add_reader(device, arrived)
    try:
        await complete.wait()
    finally:
        loop.remove_reader(device)
        os.close(device)
    return bytes(received).split(b"\r")[:-1]


async def test_with_no_agent_every_item_is_ejected(tmp_path: Path) -> None:
    async with plant(tmp_path, units=5, rate=1_200) as line:
        await line.start_belt()
        truth = await line.done()
    assert [item.number for item in truth.items] == [1, 2, 3, 4, 5]
    assert {item.outcome for item in truth.items} == {"ejected"}
    assert truth.complete and not truth.cases


async def test_a_pass_in_time_lets_its_item_through_and_no_other(tmp_path: Path) -> None:
    """Even numbers get their PASS; odd ones REJECT, nothing, or a PASS that names another item."""

    def verdict(number: int, start: int) -> tuple[int, int, int] | None:
        if number % 2 == 0:
            return number, Word.PASS, start
        return {1: (number, Word.REJECT, start), 3: None, 5: (number + SLOTS, Word.PASS, start)}[
            number % 6
        ]

    async with plant(tmp_path, units=12, rate=1_200) as line, modbus(line.modbus_port) as client:
        await line.start_belt()
        await judge(client, 12, verdict)
        truth = await line.done()
        shown = (await client.read_holding_registers(MAP.outcomes + 2, count=24)).registers
    expected = {n: "passed" if n % 2 == 0 else "ejected" for n in range(1, 13)}
    assert {item.number: item.outcome for item in truth.items} == expected
    outcomes = {
        number: Fate(word % 256).name.lower()
        for number, word in zip(shown[::2], shown[1::2], strict=True)
    }
    assert outcomes == expected


async def test_items_are_never_fed_closer_than_48_ms(tmp_path: Path) -> None:
    async with plant(tmp_path, units=30, rate=1_240) as line:
        await line.start_belt()
        truth = await line.done()
    times = [item.at_ms for item in truth.items]
    assert min(b - a for a, b in pairwise(times)) >= 47.9  # rounding


async def test_the_scanner_sends_what_the_seed_says(tmp_path: Path) -> None:
    faults = frozenset({Fault.MALFORMED, Fault.WRONG_PRODUCT, Fault.DUPLICATE})
    script = write_script(20, 1_200, 11, faults)
    async with plant(tmp_path, units=20, rate=1_200, seed=11, faults=",".join(faults)) as line:
        device = os.open(line.link, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
        await line.start_belt()
        truth = await line.done()
        sent = os.read(device, 4_096)
        os.close(device)
    # On a busy machine the plant may be late; its scanner then keeps silent, and says so.
    spoken = [
        unit.sent
        for unit, item in zip(script.units, truth.items, strict=True)
        if "timers-late" not in item.during
    ]
    assert spoken and sent.split(b"\r") == [*spoken, b""]
    assert [(item.printed, item.fault) for item in truth.items] == [
        (unit.printed, unit.fault) for unit in script.units
    ]


async def test_passed_units_fill_cases_and_cases_pallets_in_order(tmp_path: Path) -> None:
    async with (
        plant(tmp_path, units=11, rate=1_200, case_size=2, pallet_size=2) as line,
        modbus(line.modbus_port) as client,
    ):
        packing = asyncio.create_task(accept_labels(line.packing_port, refusals=1))
        boxes: list[str] = []
        watching = asyncio.create_task(look(line.camera_port, boxes, refusals=2))
        await line.start_belt()
        await judge(client, 11, pass_all)
        truth = await line.done()
        watching.cancel()
        await asyncio.wait((watching,))
    labels = await packing
    units = [item.key for item in truth.items]
    assert [case.contents for case in truth.cases] == [units[i : i + 2] for i in range(0, 11, 2)]
    assert [case.acknowledged for case in truth.cases] == [True] * 5 + [False]
    cases = [case.code for case in truth.cases[:5]]
    assert [pallet.contents for pallet in truth.pallets] == [cases[:2], cases[2:4], cases[4:]]
    assert truth.cases[0].scans == 3
    assert boxes == [cases[0], cases[0], *cases]
    first, second = (pallet.code for pallet in truth.pallets[:2])
    assert labels == [first, first, second]


async def wait_for_link(path: Path, present: bool) -> None:
    while path.is_symlink() is not present:
        await asyncio.sleep(0.01)


async def test_replugged_the_scanner_is_another_device_behind_the_same_link(tmp_path: Path) -> None:
    # With this seed the plug is pulled before the ninth of forty products.
    async with plant(tmp_path, units=40, rate=1_200, seed=2, faults="scanner-unplug") as line:
        first = os.open(line.link, os.O_RDONLY | os.O_NOCTTY)
        await line.start_belt()
        await wait_for_link(line.link, present=False)
        with contextlib.suppress(OSError):  # a device that is gone answers with its end or EIO
            while os.read(first, 1024):
                pass
        await wait_for_link(line.link, present=True)
        assert len(await read_lines(line.link, 1)) == 1
        os.close(first)
        truth = await line.done()
    assert truth.outages == {"scanner-unplug": 1}
    assert 10 <= sum("scanner-unplug" in item.during for item in truth.items) <= 25


async def refused(port: int) -> None:
    """Until a connection is refused: the outage is shorter than a client's patience."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            return
        writer.close()
        await writer.wait_closed()
        await asyncio.sleep(0.02)


async def test_a_dropped_plc_refuses_connections_then_answers_on_the_same_port(
    tmp_path: Path,
) -> None:
    async with (
        plant(tmp_path, units=30, rate=1_200, faults="plc-drop", case_size=100) as line,
        modbus(line.modbus_port) as client,
    ):
        await line.start_belt()
        refusal = asyncio.create_task(refused(line.modbus_port))
        with pytest.raises(ModbusException):
            await judge(client, 30, pass_all)
        async with asyncio.timeout(30):
            await refusal
        truth = await line.done()
        async with modbus(line.modbus_port) as again:
            status = (await again.read_holding_registers(MAP.status, count=STATUS_WORDS)).registers
            assert status[Status.ITEMS] == status[Status.SETTLED] == 30
    assert truth.outages == {"plc-drop": 1}
    affected = [item.outcome for item in truth.items if "plc-drop" in item.during]
    assert affected and "ejected" in affected


async def stopped(line: PlantProcess) -> int:
    line.process.send_signal(signal.SIGTERM)
    return await line.process.wait()


async def test_stopped_early_the_plant_still_tells_what_was_true(tmp_path: Path) -> None:
    async with plant(tmp_path, units=500, rate=1_200) as line:
        await line.start_belt()
        while (await line.said()).get("items", 0) < 5:
            pass
        assert await stopped(line) == 1
    truth = load_truth(tmp_path / "truth.json")
    assert len(truth.items) >= 5 and not truth.complete


async def test_the_plant_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    async with plant(tmp_path, units=500, rate=1_200) as line:
        await line.start_belt()
        assert line.process.stdin is not None
        line.process.stdin.close()
        assert await line.process.wait() == 1
    assert not (tmp_path / "dev" / "unit-scanner").is_symlink()
