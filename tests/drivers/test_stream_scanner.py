import asyncio
import re
import time
import tomllib
from typing import Any

import pytest
from pydantic import ValidationError

from drivers import registry
from drivers.protocols import CodeReader, Link, LinkFault, ScannerFrame
from drivers.scanners import stream_scanner
from drivers.scanners.stream_scanner import Config
from tests.drivers.counterparts import Cable, DeviceLog, Running, TcpPeer

EXAMPLES = re.findall(
    r"^    (\[devices.*?)(?=\n\n|\Z)", stream_scanner.__doc__ or "", re.MULTILINE | re.DOTALL
)


def scanner(**keys: Any) -> CodeReader:
    if "idle_ms" not in keys:
        keys.setdefault("suffix", "\r")
    return registry.build_reader("units", Config(**keys))


class Reads:
    """What a scanner handed over."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[ScannerFrame] = asyncio.Queue()

    def __call__(self, frame: ScannerFrame) -> None:
        self.queue.put_nowait(frame)

    async def next(self) -> ScannerFrame:
        return await self.queue.get()

    async def texts(self, count: int) -> list[str | None]:
        return [(await self.next()).text for _ in range(count)]


@pytest.fixture
def reads() -> Reads:
    return Reads()


async def test_a_code_on_a_serial_port_is_one_read_stamped_on_arrival(
    cable: Cable, reads: Reads, device_log: DeviceLog, running: Running
) -> None:
    cable.plug()
    units = scanner(url=cable.url)
    async with running(units.run(reads)):
        await device_log.until("device is up")
        before_us = time.monotonic_ns() // 1000
        cable.send(b"0104012345678901\x1d21A\r")
        read = await reads.next()
        assert read == ScannerFrame("0104012345678901\x1d21A", read.received_us)
        assert before_us <= read.received_us <= time.monotonic_ns() // 1000


async def test_a_code_split_over_20_packets_is_one_read(
    peer: TcpPeer, reads: Reads, running: Running
) -> None:
    async with running(scanner(url=peer.url).run(reads)):
        _, writer = await peer.accepted()
        for character in b"0104012345678901217\r":
            writer.write(bytes([character]))
            await asyncio.sleep(0)
        assert await reads.texts(1) == ["0104012345678901217"]
        assert reads.queue.empty()


async def test_two_codes_in_one_packet_are_two_reads(
    peer: TcpPeer, reads: Reads, running: Running
) -> None:
    async with running(scanner(url=peer.url, suffix=["\r\n", "\r", "\n"]).run(reads)):
        _, writer = await peer.accepted()
        writer.write(b"A\r\nB\n")
        assert await reads.texts(2) == ["A", "B"]


async def test_empty_reads_are_no_reads(peer: TcpPeer, reads: Reads, running: Running) -> None:
    async with running(scanner(url=peer.url, suffix=["\r\n", "\r", "\n"]).run(reads)):
        _, writer = await peer.accepted()
        writer.write(b"\r\n\r\n\r\nA\r\n")
        assert await reads.texts(1) == ["A"]


async def test_a_line_of_10_mb_is_one_defect_and_the_next_code_is_read(
    peer: TcpPeer, reads: Reads, running: Running
) -> None:
    units = scanner(url=peer.url)
    async with running(units.run(reads)):
        _, writer = await peer.accepted()
        writer.write(b"x" * 10_000_000)
        first = await reads.next()
        assert first.text == "x" * 80
        assert first.defect == "longer than max_bytes = 1024 without its end"
        writer.write(b"\rGOOD\r")
        assert await reads.texts(1) == ["GOOD"]
        assert units.state.dropped_bytes == 10_000_000 - 1024
        assert units.state.link is Link.UP


async def test_bytes_that_are_not_utf8_are_a_defect_with_a_printable_beginning(
    peer: TcpPeer, reads: Reads, running: Running
) -> None:
    async with running(scanner(url=peer.url).run(reads)):
        _, writer = await peer.accepted()
        writer.write(b"AB\xff\xfe\x1d\x00\\C\rGOOD\r")
        garbage = await reads.next()
        assert garbage.text == r"AB\xff\xfe\x1d\x00\\C"
        assert garbage.defect == "not UTF-8 at byte 3"
        assert await reads.texts(1) == ["GOOD"]


async def test_the_no_read_string_is_a_read_of_nothing(
    peer: TcpPeer, reads: Reads, running: Running
) -> None:
    units = scanner(url=peer.url, no_read=["NOREAD", "ERROR"])
    async with running(units.run(reads)):
        _, writer = await peer.accepted()
        writer.write(b"NOREAD\rERROR\rNOREADS\r")
        assert await reads.texts(3) == [None, None, "NOREADS"]


async def test_the_aim_id_becomes_the_symbology(
    peer: TcpPeer, reads: Reads, running: Running
) -> None:
    units = scanner(url=peer.url, aim_id=True, no_read="NOREAD")
    async with running(units.run(reads)):
        _, writer = await peer.accepted()
        writer.write(b"]d20104012345678901\r]C100123\rNOREAD\r")
        code, carton, nothing = [await reads.next() for _ in range(3)]
        assert (code.symbology, code.text) == ("]d2", "0104012345678901")
        assert (carton.symbology, carton.text) == ("]C1", "00123")
        assert (nothing.symbology, nothing.text, nothing.defect) == (None, None, None)


async def test_a_code_without_its_configured_aim_id_is_a_defect(
    peer: TcpPeer, reads: Reads, running: Running
) -> None:
    async with running(scanner(url=peer.url, aim_id=True).run(reads)):
        _, writer = await peer.accepted()
        writer.write(b"0104012345678901\r]d2\r")
        bare, empty = [await reads.next() for _ in range(2)]
        assert bare.text == "0104012345678901"
        assert bare.defect
        assert "expected one such as ]d2" in bare.defect
        assert empty.defect == "nothing after the symbology identifier ]d2"


async def test_a_prefix_guards_against_noise(
    cable: Cable, reads: Reads, device_log: DeviceLog, running: Running
) -> None:
    cable.plug()
    units = scanner(url=cable.url, prefix="\x02", suffix="\x03")
    async with running(units.run(reads)):
        await device_log.until("device is up")
        cable.send(b"\xffnoise\x02A\x03\x02B\x03")
        assert await reads.texts(2) == ["A", "B"]
        assert units.state.dropped_bytes == 6


async def test_without_a_suffix_silence_ends_each_code(
    peer: TcpPeer, reads: Reads, running: Running
) -> None:
    async with running(scanner(url=peer.url, idle_ms=150).run(reads)):
        _, writer = await peer.accepted()
        for code in (b"FIRST", b"SECOND"):
            before_us = time.monotonic_ns() // 1000
            writer.write(code[:2])
            await asyncio.sleep(0)
            writer.write(code[2:])
            read = await reads.next()
            assert read.text == code.decode()
            ended_us = time.monotonic_ns() // 1000
            assert before_us <= read.received_us <= ended_us - 150_000, "when it arrived, not ended"


async def test_a_busy_process_does_not_tear_a_code_that_arrived_in_time(
    cable: Cable, reads: Reads, device_log: DeviceLog, running: Running
) -> None:
    cable.plug()
    async with running(scanner(url=cable.url, idle_ms=150).run(reads)):
        await device_log.until("device is up")
        cable.send(b"ONE ")
        waiting = asyncio.get_running_loop().create_future()

        def busy() -> None:
            cable.send(b"CODE")
            time.sleep(0.2)
            waiting.set_result(None)

        asyncio.get_running_loop().call_later(0.005, busy)
        await waiting
        assert await reads.texts(1) == ["ONE CODE"]


async def test_trigger_and_answers_reach_the_scanner(
    cable: Cable, reads: Reads, device_log: DeviceLog, running: Running
) -> None:
    cable.plug()
    units = scanner(url=cable.url, trigger="LON\r", accept="ACK\r", reject="NAK\r")
    assert not units.trigger(), "not connected yet"
    async with running(units.run(reads)):
        await device_log.until("device is up")
        assert units.trigger()
        assert await cable.receive(4) == b"LON\r"
        assert units.answer(accepted=True)
        assert await cable.receive(4) == b"ACK\r"
        assert units.answer(accepted=False)
        assert await cable.receive(4) == b"NAK\r"
    assert not units.answer(accepted=True), "closed"


async def test_a_code_sent_at_the_moment_of_connecting_can_be_answered(
    peer: TcpPeer, running: Running
) -> None:
    units = scanner(url=peer.url, accept="ACK\r")
    sent: list[bool] = []
    async with running(units.run(lambda _: sent.append(units.answer(accepted=True)))):
        reader, writer = await peer.accepted()
        writer.write(b"EARLY\r")
        assert await reader.readexactly(4) == b"ACK\r"
        assert sent == [True]


async def test_a_scanner_without_a_trigger_says_so_and_without_an_answer_has_nothing_to_send(
    peer: TcpPeer, reads: Reads, device_log: DeviceLog, running: Running
) -> None:
    units = scanner(url=peer.url, accept="\x07")
    async with running(units.run(reads)):
        reader, _ = await peer.accepted()
        await device_log.until("device is up")
        assert not units.trigger()
        assert units.answer(accepted=False)
        assert units.answer(accepted=True)
        assert await reader.readexactly(1) == b"\x07"


async def test_an_unplugged_scanner_is_read_again_after_replug(
    cable: Cable, reads: Reads, device_log: DeviceLog, running: Running
) -> None:
    cable.plug()
    units = scanner(url=cable.url, trigger="LON\r")
    async with running(units.run(reads)):
        await device_log.until("device is up")
        cable.send(b"BEFORE\rHALF")
        assert await reads.texts(1) == ["BEFORE"]
        cable.unplug()
        await device_log.until("device is away")
        assert units.state.link is Link.DOWN
        assert not units.trigger()
        cable.plug()
        await device_log.until("device is up", times=2)
        assert (units.state.link, units.state.losses) == (Link.UP, 1)
        assert units.state.dropped_bytes == 4, "the half code is not joined to the next one"
        cable.send(b"AFTER\r")
        assert await reads.texts(1) == ["AFTER"]
    assert device_log.count("device is away", "warning") == 1
    assert device_log.count("device is up", "info") == 2


async def test_a_dropped_tcp_scanner_is_read_again_when_it_is_back(
    peer: TcpPeer, reads: Reads, device_log: DeviceLog, running: Running
) -> None:
    units = scanner(url=peer.url)
    async with running(units.run(reads)):
        _, writer = await peer.accepted()
        writer.write(b"BEFORE\r")
        assert await reads.texts(1) == ["BEFORE"]
        await peer.stop()
        await device_log.until("device is away")
        await device_log.until("device is still away")
        assert units.state.link is Link.DOWN
        assert "is the port right" in units.state.detail
        assert units.state.fault is LinkFault.REFUSED
        await peer.start()
        _, writer = await peer.accepted()
        writer.write(b"AFTER\r")
        assert await reads.texts(1) == ["AFTER"]
        await device_log.until("device is up", times=2)
        assert (units.state.link, units.state.losses) == (Link.UP, 1)
    assert device_log.count("device is away", "warning") == 1
    assert device_log.count("device is up", "info") == 2


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ({}, "neither suffix nor idle time"),
        ({"suffix": "\r", "idle_ms": 20}, "both suffix and idle time"),
        ({"suffix": "\r", "url": "tcp://host"}, "expected tcp://host:port"),
        ({"suffix": ""}, "at least 1 character"),
        ({"suffix": []}, "neither suffix nor idle time"),
        ({"suffix": "\r", "max_bytes": 100_000}, "less than or equal to 8192"),
        ({"suffix": "\r", "sufix": "\r"}, "not permitted"),
        ({"suffix": ["\r", "\r\n"], "prefix": "\n"}, "cannot be taken for the end"),
    ],
)
def test_a_fault_in_the_configuration_is_told(keys: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Config.model_validate({"url": "tcp://127.0.0.1:9004"} | keys)
    assert fault in str(caught.value)


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_documented_configurations_work(example: str) -> None:
    devices = tomllib.loads(example.replace("\n    ", "\n"))["devices"]
    for section in devices.values():
        assert section.pop("kind") in registry.KINDS
        config = Config.model_validate(section)
        assert config.trigger
        assert config.trigger[-1] in "\r\n\x03"


def test_each_make_has_its_example() -> None:
    assert len(EXAMPLES) == 4
