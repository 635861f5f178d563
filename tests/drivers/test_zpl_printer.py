import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from drivers.printers.zpl import MAX_JOB_BYTES, ZplPrinter, parse_host_status
from drivers.protocols import Link, PrinterError, PrinterFault
from drivers.sim.zpl_printer import ZplPrinter as SimPrinter
from tests.drivers.counterparts import DeviceLog, Running, TcpPeer

GOOD = ["030,0,0,1199,000,0,0,0,000,0,0,0", "000,0,0,0,0,2,6,0,00000000,1,000", "1234,0"]


def label(number: int) -> bytes:
    return b"^XA^FO10,10^GB%d,9,3^FS^XZ\n" % (100 + number)


def number_of(zpl: bytes) -> int:
    return int(zpl.split(b"^GB")[1].split(b",")[0]) - 100


@pytest.fixture
async def sim() -> AsyncIterator[SimPrinter]:
    sim = SimPrinter()
    await sim.start()
    yield sim
    sim.power_off()


def driver(url: str, answer_ms: int = 5_000, poll_s: float = 0.02) -> ZplPrinter:
    return ZplPrinter("zebra", url, poll_s=poll_s, answer_ms=answer_ms)


def url_of(sim: SimPrinter) -> str:
    return f"tcp://127.0.0.1:{sim.port}"


async def until_fault(printer: ZplPrinter, fault: PrinterFault | None) -> None:
    while printer.fault is not fault:
        await asyncio.sleep(0.005)


# --- ~HS -----------------------------------------------------------------------------------


def status(one: str = GOOD[0], two: str = GOOD[1], three: str = GOOD[2]) -> list[bytes]:
    return [one.encode(), two.encode(), three.encode()]


def test_a_printer_that_reports_nothing_is_good() -> None:
    found = parse_host_status(status())
    assert (found.fault, found.waiting) == (None, 0)


@pytest.mark.parametrize(
    ("strings", "fault"),
    [
        (status(one="030,1,0,1199,000,0,0,0,000,0,0,0"), PrinterFault.MEDIA_OUT),
        (status(one="030,0,1,1199,000,0,0,0,000,0,0,0"), PrinterFault.PAUSED),
        (status(one="030,0,0,1199,000,1,0,0,000,0,0,0"), PrinterFault.BUFFER_FULL),
        (status(one="030,0,0,1199,000,0,0,0,000,1,0,0"), PrinterFault.MEMORY_LOST),
        (status(one="030,0,0,1199,000,0,0,0,000,0,1,0"), PrinterFault.TOO_COLD),
        (status(one="030,0,0,1199,000,0,0,0,000,0,0,1"), PrinterFault.TOO_HOT),
        (status(two="000,0,1,0,0,2,6,0,00000000,1,000"), PrinterFault.HEAD_OPEN),
        (status(two="000,0,0,1,0,2,6,0,00000000,1,000"), PrinterFault.RIBBON_OUT),
        # A printer that is out of labels is paused as well: what must be mended is told.
        (status(one="030,1,1,1199,000,0,0,0,000,0,0,0"), PrinterFault.MEDIA_OUT),
    ],
)
def test_each_flag_of_the_manual_is_its_fault(strings: list[bytes], fault: PrinterFault) -> None:
    assert parse_host_status(strings).fault is fault


@pytest.mark.parametrize(
    ("strings", "waiting"),
    [
        (status(one="030,0,0,1199,002,0,0,0,000,0,0,0"), 2),
        (status(one="030,0,0,1199,000,0,0,1,000,0,0,0"), 1),
        (status(two="000,0,0,0,0,2,6,0,00000003,1,000"), 3),
    ],
)
def test_what_is_not_on_paper_yet_is_counted(strings: list[bytes], waiting: int) -> None:
    assert parse_host_status(strings).waiting == waiting


@pytest.mark.parametrize(
    "strings", [[b"1", b"2", b"3"], status()[:2], status(one=GOOD[0].replace("1199", "wide"))]
)
def test_another_answer_is_refused_with_what_was_found(strings: list[bytes]) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse_host_status(strings)


# --- printing ------------------------------------------------------------------------------


async def test_labels_come_out_in_order_and_each_is_told_when_it_is_out(
    sim: SimPrinter, running: Running
) -> None:
    printer = driver(url_of(sim))
    async with running(printer.run()):
        await printer.ready()
        for number in (1, 2, 3):
            await printer.print(label(number))
            assert number_of(sim.labels[-1]) == number
        assert printer.state.link is Link.UP


async def test_a_label_goes_over_a_serial_line(tmp_path: Path, running: Running) -> None:
    sim = SimPrinter()
    sim.plug(tmp_path / "printer")
    printer = driver(f"serial://{tmp_path / 'printer'}")
    try:
        async with running(printer.run()):
            await printer.ready()
            await printer.print(label(7))
            assert [number_of(each) for each in sim.labels] == [7]
    finally:
        sim.power_off()


POLLS = 50


@pytest.mark.parametrize("wire", ["tcp", "serial"])
async def test_a_healthy_printer_drops_no_bytes_however_often_it_is_asked(
    wire: str, tmp_path: Path, running: Running
) -> None:
    """Behind each string of an answer come CR and LF, which belong to it."""
    sim = SimPrinter()
    if wire == "tcp":
        await sim.start()
        url = url_of(sim)
    else:
        sim.plug(tmp_path / "printer")
        url = f"serial://{tmp_path / 'printer'}"
    printer = driver(url, poll_s=0.002)
    try:
        async with running(printer.run()):
            await printer.ready()
            await printer.print(label(1))
            while sim.received_bytes < POLLS * len(b"~HS\r\n"):
                await asyncio.sleep(0.005)
            assert printer.state.dropped_bytes == 0
            assert printer.state.losses == 0
    finally:
        sim.power_off()


async def test_what_a_printer_says_beside_its_answers_is_counted_and_a_new_connection_adds_to_it(
    peer: TcpPeer, running: Running
) -> None:
    answer = b"".join(b"\x02" + each.encode() + b"\x03\r\n" for each in GOOD)
    printer = driver(peer.url, answer_ms=300, poll_s=60)
    async with running(printer.run()):
        for count in (1, 2):
            reader, writer = await peer.accepted()
            await reader.readuntil(b"~HS\r\n")
            writer.write(b"noise" + answer)
            await printer.ready()
            assert printer.state.dropped_bytes == count * len(b"noise")
            writer.close()
            await until_fault(printer, PrinterFault.AWAY)


async def test_silence_is_a_fault_with_its_mend(
    sim: SimPrinter, running: Running, device_log: DeviceLog
) -> None:
    printer = driver(url_of(sim), answer_ms=300)
    async with running(printer.run()):
        await printer.ready()
        sim.head_open = True
        gone = await device_log.until("device is away")
        assert "labels and ribbon" in gone["detail"]
        assert printer.fault is PrinterFault.SILENT
        with pytest.raises(PrinterError) as caught:
            await printer.print(label(1))
        assert (caught.value.fault, caught.value.handed_over) == (PrinterFault.SILENT, False)
        sim.head_open = False
        await printer.ready()
        await printer.print(label(2))
        assert [number_of(each) for each in sim.labels] == [2]


async def test_a_fault_that_is_reported_is_shown_and_nothing_is_sent(
    sim: SimPrinter, running: Running
) -> None:
    sim.silent_in_fault = False
    printer = driver(url_of(sim))
    async with running(printer.run()):
        await printer.ready()
        sim.labels_left = 0
        await until_fault(printer, PrinterFault.MEDIA_OUT)
        assert "media-out" in printer.state.detail
        with pytest.raises(PrinterError) as caught:
            await printer.print(label(1))
        assert (caught.value.fault, caught.value.handed_over) == (PrinterFault.MEDIA_OUT, False)
        sim.new_roll()
        await printer.ready()
        await printer.print(label(2))
        assert [number_of(each) for each in sim.labels] == [2]


async def test_a_printer_that_falls_silent_with_a_label_in_it_may_have_printed_it(
    sim: SimPrinter, running: Running
) -> None:
    printer = driver(url_of(sim), answer_ms=300, poll_s=60)
    async with running(printer.run()):
        await printer.ready()
        sim.print_s = 60
        printing = asyncio.create_task(printer.print(label(1)))
        await sim.buffered(1)
        sim.ribbon_out = True
        with pytest.raises(PrinterError) as caught:
            await printing
        assert (caught.value.fault, caught.value.handed_over) == (PrinterFault.SILENT, True)


async def test_power_lost_in_the_middle_of_a_label_is_told_as_unknown(
    sim: SimPrinter, running: Running
) -> None:
    printer = driver(url_of(sim))
    async with running(printer.run()):
        await printer.ready()
        sim.die_after(10_000)
        with pytest.raises(PrinterError) as caught:
            await printer.print(b"^XA" + b" " * 20_000 + b"^XZ")
        assert (caught.value.fault, caught.value.handed_over) == (PrinterFault.BROKEN, True)
        assert not sim.labels
        await sim.start()
        await printer.ready()
        await printer.print(label(3))
        assert [number_of(each) for each in sim.labels] == [3]


async def test_a_late_answer_is_not_taken_for_the_next_one(peer: TcpPeer, running: Running) -> None:
    """A printer that was deaf says at last that all is well: that was before the label."""
    answer = b"".join(b"\x02" + each.encode() + b"\x03\r\n" for each in GOOD)
    printer = driver(peer.url, answer_ms=300, poll_s=60)
    async with running(printer.run()):
        reader, writer = await peer.accepted()
        await reader.readuntil(b"~HS\r\n")
        writer.write(answer)
        await printer.ready()
        with pytest.raises(PrinterError) as caught:
            await printer.print(label(1))
        assert (caught.value.fault, caught.value.handed_over) == (PrinterFault.SILENT, False)
        writer.write(answer)
        reader, writer = await peer.accepted()
        await reader.readuntil(b"~HS\r\n")
        assert printer.fault is PrinterFault.SILENT
        writer.write(answer)
        await printer.ready()


async def test_something_else_on_the_port_is_no_printer(peer: TcpPeer, running: Running) -> None:
    printer = driver(peer.url)
    async with running(printer.run()):
        reader, writer = await peer.accepted()
        await reader.readuntil(b"~HS\r\n")
        writer.write(b"\x02hello\x03" * 3)
        await until_fault(printer, PrinterFault.GARBLED)
        assert "expected three strings" in printer.state.detail


async def test_a_label_that_no_wire_could_take_is_refused(
    sim: SimPrinter, running: Running
) -> None:
    printer = driver(url_of(sim))
    async with running(printer.run()):
        await printer.ready()
        with pytest.raises(ValueError, match="expected at most"):
            await printer.print(b" " * (MAX_JOB_BYTES + 1))


# --- the simulated printer -----------------------------------------------------------------


async def test_after_a_new_roll_each_label_is_one_off(sim: SimPrinter, running: Running) -> None:
    habit = SimPrinter(labels_left=2, repeats_after_roll=True)
    await habit.start()
    printer = driver(url_of(habit), answer_ms=300)
    try:
        async with running(printer.run()):
            await printer.ready()
            await printer.print(label(1))
            # The last of the roll is out, but the printer says nothing more.
            with pytest.raises(PrinterError) as caught:
                await printer.print(label(2))
            assert (caught.value.fault, caught.value.handed_over) == (PrinterFault.SILENT, True)
            habit.new_roll()
            await printer.ready()
            await printer.print(label(3))
            assert [number_of(each) for each in habit.labels] == [1, 2, 2, 3]
    finally:
        habit.power_off()
