"""Print jobs: real drivers and a simulated printer; the codes are read back from the paper."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import zxingcpp

from drivers.printers.zpl import ZplPrinter
from drivers.protocols import PrinterFault
from drivers.sim.zpl_printer import ZplPrinter as SimPrinter
from drivers.sim.zpl_printer import picture
from edge_agent.core.effects import Print
from edge_agent.core.inputs import PrinterWord
from edge_agent.core.labels import FAULTS, Labels, texts
from edge_agent.core.names import JobId, StationName
from edge_agent.core.sscc import SsccRange, key_of
from edge_agent.labels.template import load_template
from edge_agent.labels.typesetting import Typeface
from edge_agent.line.print_link import WAITING_LIMIT, PrintLink, left_behind
from edge_agent.station_config import Hmi
from tests.core.test_labels import Desk

BENCH = StationName("bench")
NUMBERS = SsccRange("6971234", 0, 1, 9_999)
PRODUCT, ORDER = {"name": "清风原木纯品 抽纸 24包"}, {"batch": "B20261122", "expiry": "2028-11-21"}


def job(number: int, **fields: str) -> Print:
    sscc = NUMBERS.sscc(number)
    said = (
        texts(PRODUCT, ORDER, gtin="06971234567802", count=24, units=24) | {"sscc": sscc} | fields
    )
    return Print(BENCH, JobId(number), "zebra", "case", key_of(sscc), said, 1)


def codes(label: bytes) -> list[str]:
    """What a scanner reads on the paper, sorted."""
    found = zxingcpp.read_barcodes(picture(label), text_mode=zxingcpp.TextMode.Plain)
    return sorted(symbol.text for symbol in found)


class Line:
    """What the link told the line, and a printer to work with."""

    def __init__(self, url: str, answer_ms: int = 5_000) -> None:
        self.words: list[PrinterWord] = []
        self.takes = True
        self.void: set[int] = set()
        self.refused = 0
        self._news = asyncio.Event()
        self.printer = ZplPrinter("zebra", url, poll_s=0.02, answer_ms=answer_ms)
        self.link = PrintLink(
            "zebra",
            self.printer,
            dpmm=8,
            templates={"case": load_template("case", None)},
            typeface=Typeface(Hmi().font),
            tell=self._tell,
            is_void=lambda job: job in self.void,
        )

    def _tell(self, word: PrinterWord) -> bool:
        if self.takes:
            self.words.append(word)
        else:
            self.refused += 1
        self._news.set()
        return self.takes

    async def told(self, count: int) -> list[tuple[int, str]]:
        """Job and failure of the first `count` words."""
        while len(self.words) < count:
            await self.heard()
        return [(word.job, word.failure) for word in self.words[:count]]

    async def heard(self) -> None:
        self._news.clear()
        await self._news.wait()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            task = group.create_task(self.link.run())
            yield
            assert not task.done()
            task.cancel()


@pytest.fixture
async def sim() -> AsyncIterator[SimPrinter]:
    sim = SimPrinter()
    await sim.start()
    yield sim
    sim.power_off()


@pytest.fixture
def line(sim: SimPrinter) -> Line:
    return Line(f"tcp://127.0.0.1:{sim.port}")


async def test_what_is_on_the_paper_is_what_the_ledger_has(sim: SimPrinter, line: Line) -> None:
    async with line.running():
        for number in (1, 2, 3):
            line.link.offer(job(number))
        assert await line.told(3) == [(1, ""), (2, ""), (3, "")]
    for number, label in zip((1, 2, 3), sim.labels, strict=True):
        key = job(number).key
        assert key in codes(label)
        assert f"{key}02069712345678023724\x1d1728112110B20261122" in codes(label)


async def test_a_label_goes_over_a_serial_line_as_well(tmp_path: Path) -> None:
    sim = SimPrinter()
    sim.plug(tmp_path / "printer")
    line = Line(f"serial://{tmp_path / 'printer'}")
    try:
        async with line.running():
            line.link.offer(job(5))
            assert await line.told(1) == [(5, "")]
        assert job(5).key in codes(sim.labels[0])
    finally:
        sim.power_off()


async def test_jobs_wait_for_a_faulty_printer_and_go_out_in_order(sim: SimPrinter) -> None:
    line = Line(f"tcp://127.0.0.1:{sim.port}", answer_ms=300)
    sim.head_open = True
    async with line.running():
        for number in (1, 2, 3):
            line.link.offer(job(number))
        while line.link.fault is not PrinterFault.SILENT:
            await asyncio.sleep(0.01)
        assert (line.link.waiting, line.words) == (3, [])
        sim.head_open = False
        assert await line.told(3) == [(1, ""), (2, ""), (3, "")]
    assert [codes(label)[0] for label in sim.labels] == [job(n).key for n in (1, 2, 3)]


async def test_a_label_cut_off_in_the_middle_is_failed_and_those_behind_it_are_printed(
    sim: SimPrinter, line: Line
) -> None:
    async with line.running():
        await line.printer.ready()
        sim.die_after(5_000)
        for number in (1, 2):
            line.link.offer(job(number))
        assert await line.told(1) == [(1, "broken")]
        await sim.start()
        assert await line.told(2) == [(1, "broken"), (2, "")]
    assert [codes(label)[0] for label in sim.labels] == [job(2).key]


async def test_too_many_jobs_are_told_and_none_is_lost(sim: SimPrinter, line: Line) -> None:
    sim.paused = True
    async with line.running():
        for number in range(1, WAITING_LIMIT + 3):
            line.link.offer(job(number))
        over = await line.told(2)
        assert over == [(WAITING_LIMIT + 1, "queue-full"), (WAITING_LIMIT + 2, "queue-full")]
        assert line.link.waiting == WAITING_LIMIT


async def test_a_word_that_the_line_cannot_take_now_is_told_again(
    sim: SimPrinter, line: Line
) -> None:
    line.takes = False
    async with line.running():
        line.link.offer(job(1))
        while line.refused < 2:
            await line.heard()
        line.takes = True
        assert await line.told(1) == [(1, "")]


async def test_a_label_that_cannot_be_drawn_says_why_and_holds_nothing_up(
    sim: SimPrinter, line: Line
) -> None:
    async with line.running():
        line.link.offer(job(1, batch="批号"))
        line.link.offer(job(2))
        (bad, why), good = await line.told(2)
    assert (bad, good) == (1, (2, ""))
    assert "(10) cannot say '批号'" in why
    assert [codes(label)[0] for label in sim.labels] == [job(2).key]


async def test_a_label_that_is_void_when_its_turn_comes_does_not_come_out(
    sim: SimPrinter,
) -> None:
    line = Line(f"tcp://127.0.0.1:{sim.port}", answer_ms=300)
    sim.head_open = True
    async with line.running():
        for number in (1, 2):
            line.link.offer(job(number))
        while line.link.fault is not PrinterFault.SILENT:
            await asyncio.sleep(0.01)
        line.void.add(1)  # its case was repaired meanwhile
        sim.head_open = False
        assert await line.told(2) == [(1, "void"), (2, "")]
    assert [codes(label)[0] for label in sim.labels] == [job(2).key]
    assert "void" in FAULTS


async def test_a_reprint_is_marked_on_the_paper(sim: SimPrinter, line: Line) -> None:
    async with line.running():
        line.link.offer(job(1))
        line.link.offer(job(1, mark="补打 REPRINT 2"))
        await line.told(2)
    first, second = sim.labels
    assert codes(first) == codes(second)
    # White letters on a black field, where the first label has nothing.
    field = (330, 20, 600, 48)
    assert picture(first).crop(field).getextrema() == (255, 255)
    assert picture(second).crop(field).getextrema() == (0, 255)


def test_every_fault_of_a_printer_has_words() -> None:
    for fault in PrinterFault:
        assert fault.value in FAULTS, fault


def test_jobs_under_way_at_the_end_are_told_at_the_start() -> None:
    desk = Desk()
    first, second = desk.queue(1)[0], desk.queue(2)[0]
    assert isinstance(first, int)
    desk.say(JobId(first))
    read_back = Labels.from_json(desk.labels.to_json())
    assert [(word.job, word.failure) for word in left_behind(read_back)] == [(second, "restarted")]
    assert left_behind(replace(read_back, jobs={})) == []
