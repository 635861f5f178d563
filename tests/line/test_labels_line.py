"""A whole line role that labels cases: scanner and printer on sockets, the codes read on paper."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import zxingcpp

from drivers.sim.zpl_printer import ZplPrinter, picture
from edge_agent import control
from edge_agent.control import ControlError
from edge_agent.ledger.journal import create_ledger
from tests.line.conftest import LineProcess, TcpScanner, unit

CONFIG = """
[line]
name = "bench"
data_dir = "{dir}/data"
run_dir = "{dir}/run"
[[products]]
gtin = "06971234567802"
name = "清风 抽纸"
[[levels]]
name = "unit"
[[levels.codes]]
kind = "gs1"
requires = ["01", "21"]
[[levels]]
name = "case"
capacity = 2
by_scan = true
waiting = 3
[[levels.codes]]
kind = "gs1"
requires = ["00"]
[levels.label]
template = "case"
printer = "zebra"
sscc = {{ prefix = "6971234", first = 1, last = 999 }}
[printers.zebra]
url = "tcp://127.0.0.1:{port}"
poll_s = 0.1
answer_ms = 5000
[devices.handheld]
kind = "scanner"
url = "{url}"
suffix = "\\r\\n"
accept = "ACK\\n"
reject = "NAK\\n"
[[stations]]
name = "bench"
scanner = "handheld"
reads = ["unit", "case"]
reread_ms = 0
"""


class Bench:
    """A line with a scanner in the hand and a printer on the table."""

    def __init__(self, path: Path, printer: ZplPrinter) -> None:
        self.printer = printer
        self._scanner = TcpScanner()
        config = path / "bench.toml"
        config.write_text(CONFIG.format(dir=path, port=printer.port, url=self._scanner.url))
        self.line = LineProcess(config, path / "line.log")
        create_ledger(self.line.config.ledger_path)

    async def start(self) -> None:
        await asyncio.to_thread(self.line.start)
        await asyncio.to_thread(self._scanner.accept)

    async def scan(self, text: str) -> bool:
        """Whether it was accepted."""
        return await asyncio.to_thread(self._scanner.scan, text) == "ACK"

    async def fill(self, case: int) -> None:
        for number in (2 * case, 2 * case + 1):
            assert await self.scan(unit(number))

    async def label(self, number: int) -> str:
        """What the bars of the `number`-th label on the table say."""
        label = (await self.printer.printed(number))[-1]
        found = zxingcpp.read_barcodes(picture(label), text_mode=zxingcpp.TextMode.Plain)
        (said,) = (symbol.text for symbol in found if symbol.symbology_identifier == "]C1")
        return said

    async def until(self, kind: str, count: int = 1) -> list[dict[str, Any]]:
        """The first `count` events of `kind`, when they are in the ledger."""
        holds = lambda status: status["tally"].get(kind, 0) >= count  # noqa: E731
        await asyncio.to_thread(self.line.wait_until, holds)
        return self.events(kind)[:count]

    async def ask(self, command: str, **args: Any) -> dict[str, Any]:
        path = self.line.config.control_path("line")
        return await asyncio.to_thread(partial(control.ask, path, command, **args))

    async def edit(self, person: str, role: str, by: str | None) -> None:
        new = {"name": person, "role": role}
        await self.ask("edit", subject="person", id=person, new=new, by=by, why="test")

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.line.events() if event["kind"] == kind]

    def close(self) -> None:
        self.line.close()
        self._scanner.close()


@pytest.fixture
async def printer() -> AsyncIterator[ZplPrinter]:
    printer = ZplPrinter(repeats_after_roll=True)
    await printer.start()
    yield printer
    printer.power_off()


@pytest.fixture
async def bench(tmp_path: Path, printer: ZplPrinter) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path, printer)
    try:
        await bench.start()
        yield bench
    finally:
        bench.close()


async def test_a_full_case_gets_its_label_and_is_closed_by_scanning_it(bench: Bench) -> None:
    await bench.fill(1)
    said = await bench.label(1)
    await bench.until("label_printed")
    assert await bench.scan(said)
    (queued,), (closed,) = bench.events("label_queued"), await bench.until("closed")
    assert queued["key"] == closed["key"] == said
    assert len(closed["children"]) == 2
    assert (await bench.until("label_verified"))[0]["key"] == said


async def test_labels_one_off_after_a_new_roll_are_caught_at_the_first(bench: Bench) -> None:
    await bench.fill(1)
    first = await bench.label(1)
    assert await bench.scan(first)
    bench.printer.new_roll()
    assert await bench.label(2) == first, "the printer did the last one once more"
    await bench.fill(2)
    second = await bench.label(3)
    # The label of the case before lies on the next case.
    assert not await bench.scan(first)
    assert len(bench.events("closed")) == 1
    assert await bench.scan(second)
    assert [event["key"] for event in await bench.until("closed", 2)] == [first, second]


async def test_a_line_killed_between_commit_and_print_gives_no_number_twice(bench: Bench) -> None:
    bench.printer.power_off()
    await bench.fill(1)
    (queued,) = await bench.until("label_queued")
    bench.line.kill()
    await bench.printer.start()
    await bench.start()
    (failed,) = await bench.until("label_failed")
    assert failed["job"] == queued["job"]
    # Nobody knows whether it came out: a person asks for it again.
    assert await bench.scan("EA:REPRINT")
    assert await bench.scan(unit(2))
    said = await bench.label(1)
    assert said == queued["key"]
    assert await bench.scan(said)
    await bench.fill(2)
    assert await bench.label(2) != said
    numbers = [event.get("number") for event in bench.events("label_queued")]
    assert numbers == [1, None, 2]


async def test_a_label_once_more_from_the_office_takes_leave_and_is_marked(bench: Bench) -> None:
    await bench.fill(1)
    said = await bench.label(1)
    await bench.until("label_printed")
    await bench.edit("li", "supervisor", None)
    await bench.edit("chen", "auditor", "li")
    asked = {"station": "bench", "key": said, "why": "torn"}
    for by in (None, "chen", "nobody"):
        with pytest.raises(ControlError, match=r"by is|may not do this|is not known, or revoked"):
            await bench.ask("reprint", **asked, by=by)
    assert (await bench.ask("reprint", **asked, by="li"))["shown"]["tone"] == "good"
    assert await bench.label(2) == said
    queued = (await bench.until("label_queued", 2))[-1]
    assert (queued["key"], queued["copy"], queued["by"], queued["why"]) == (said, 2, "li", "torn")
    assert await bench.scan(said)


async def test_a_test_label_takes_leave_and_is_recorded_with_what_became_of_it(
    bench: Bench,
) -> None:
    await bench.edit("li", "supervisor", None)
    await bench.edit("te", "technician", "li")
    for by in (None, "li"):
        with pytest.raises(ControlError, match=r"by is missing|may not do this"):
            await bench.ask("test-label", printer="zebra", by=by)
    with pytest.raises(ControlError, match="no level has its label printed on moon"):
        await bench.ask("test-label", printer="moon", by="te")
    assert (await bench.ask("test-label", printer="zebra", by="te"))["recorded"] == 1
    sample = await bench.label(1)
    (queued,), (printed,) = await bench.until("label_queued"), await bench.until("label_printed")
    assert (queued["by"], queued["copy"], printed["job"]) == ("te", 0, queued["job"])
    # It took no number: the first case gets the same, and nothing of a reprint.
    await bench.fill(1)
    assert await bench.label(2) == sample
    first = (await bench.until("label_queued", 2))[-1]
    assert (first["key"], first["copy"], first["fields"]["mark"]) == (sample, 1, "")
    assert await bench.scan(sample)


async def test_a_probe_tells_of_a_printer_whether_it_can_print(
    bench: Bench, printer: ZplPrinter
) -> None:
    bench.line.stop()
    command = [sys.executable, "-m", "edge_agent", "check", str(bench.line.path), "--probe"]

    async def probe() -> str:
        """What is said of the printer."""
        environment = {"COLUMNS": "200", "PATH": "/usr/bin:/bin"}
        running = partial(subprocess.run, command, capture_output=True, text=True, timeout=60)
        out = (await asyncio.to_thread(running, env=environment)).stdout
        return next(row for row in out.splitlines() if "zebra" in row)

    assert " up " in await probe()
    printer.paused = True
    said = await probe()
    assert " down " in said and "the printer is paused" in said
    printer.power_off()
    assert " down " in await probe()


async def test_a_printer_that_is_off_stops_nobody(bench: Bench) -> None:
    bench.printer.power_off()
    for case in (1, 2, 3):
        await bench.fill(case)
    queued = [event["key"] for event in await bench.until("label_queued", 3)]
    assert bench.events("label_failed") == []
    await bench.printer.start()
    assert [await bench.label(number) for number in (1, 2, 3)] == queued
    for key in queued:
        assert await bench.scan(key)
